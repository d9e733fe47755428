/* SPDX-License-Identifier: Apache-2.0 */
/*
 * observed.c - a program that holds the kit and connects through one client library, loaded as a
 * module: `observed MODULE HOST PORT CA [trace]`. It prints the report lines. For the tests of the
 * observers.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ca_policy.h"
#include "net_observer.h"
#include "observed.h"
#include "probe_state.h"
#include "text.h"
#include "tls_observer.h"

static int observe(char **argv, connect_by_library_type *connect_by)
{
    struct error err = ERROR_INIT;
    unsigned long port = 0;
    struct tls_policy tls;
    struct probe *probe = probe_begin(STDOUT_FILENO, deadline_in_ms(4000), false);
    struct endpoint endpoint = {.host = argv[2]};
    if (!text_to_number(argv[3], 1, 65535, &port) || !ca_policy_read(argv[4], &tls, &err))
        return 2;
    endpoint.port = (uint16_t)port;
    net_observer_start(probe);
    tls_observer_start(probe);
    probe_attempt(probe, &endpoint, STAGE_DNS);
    if (!probe_tls_expect(probe, &tls, &err))
        return 2;
    connect_by(argv[2], (unsigned)port);
    if (net_observer_was_bypassed(probe) || tls_observer_was_bypassed(probe))
        error_set(&err, REASON_INTERNAL, "the library passed the observers by");
    else if (probe_observed(probe, &err) && probe_tls_state(probe) == TLS_STATE_UP) {
        probe_verdict_ok(probe);
        return 0;
    }
    if (err.reason == REASON_NONE)
        error_set(&err, REASON_PROTOCOL_ERROR, "nothing was observed");
    probe_verdict_failed(probe, &err, -1);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 5)
        return 2;
    tls_observer_install();
    void *module = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    connect_by_library_type *connect_by = NULL;
    if (module)
        *(void **)&connect_by = dlsym(module, "connect_by_library");
    if (!connect_by) {
        fprintf(stderr, "%s\n", dlerror());
        return 2;
    }
    /* Across a fork, as in a template's worker. */
    pid_t child = fork();
    int status = 1;
    if (child == 0)
        _exit(observe(argv, connect_by));
    return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
