/* SPDX-License-Identifier: Apache-2.0 */
/* template.h - a process that has loaded one driver and clones workers on request. */
#ifndef TEMPLATE_H
#define TEMPLATE_H

#include <stdbool.h>
#include <sys/types.h>

#include "worker_process.h"

enum { TEMPLATE_FD = 3 }; /* where a template finds its control socket */

struct template
{
    char *module_path;
    pid_t pid;   /* 0: not running */
    int control; /* -1: not running */
    unsigned starts;
    struct worker_process *ready;
    size_t ready_count;
    struct template *next;
};

/* A template for the module at MODULE_PATH; nothing is started yet. */
struct template *template_new(const char *module_path);

/* Take a ready worker, or have one cloned. False with ERR set to BUSY or INTERNAL. */
bool template_take(struct template *template, struct worker_process *worker, struct error *err);

/* Have up to READY workers waiting. */
void template_fill(struct template *template, int ready);

/* Kill and reap all that is there, and free. */
void template_free(struct template *template);

#endif
