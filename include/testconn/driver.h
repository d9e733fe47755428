/* SPDX-License-Identifier: Apache-2.0 */
/* driver.h - a driver: what it claims, what it accepts beyond the API's words, and one function
 * that tests. */
#ifndef TESTCONN_DRIVER_H
#define TESTCONN_DRIVER_H

#include <stdbool.h>
#include <stdint.h>

#include "testconn/error.h"
#include "testconn/probe.h"
#include "testconn/target.h"

#pragma GCC visibility push(default)

/* Raised when struct driver or the meaning of a function in include/testconn/ changes. */
#define TESTCONN_DRIVER_ABI 5

enum property_kind { PROPERTY_STRING, PROPERTY_BOOLEAN, PROPERTY_NUMBER, PROPERTY_SECRET };

/* One connection property that a driver understands beyond the API's own words. */
struct property {
    const char *name; /* "INSTANCE_URL" */
    enum property_kind kind;
    bool required;
    const char *summary; /* one line, for `testconn drivers` */
};

/* A library that the module loads, and the Debian package that brings it. */
struct library {
    const char *soname;  /* "libpq.so.5" */
    const char *package; /* "libpq5" */
};

struct driver {
    int abi;                           /* TESTCONN_DRIVER_ABI */
    const char *name;                  /* the name of its file: "postgresql" */
    const char *summary;               /* one line for people */
    const char *const *types;          /* connection types claimed, NULL-ended: "JDBC", "NETWORK" */
    const char *const *subprotocols;   /* of JDBC URLs, NULL-ended; may be NULL */
    const char *const *engines;        /* JDBC_ENGINE values, lower case, NULL-ended; may be NULL */
    uint16_t default_port;             /* 0: the definition must say */
    bool ends_at_tcp;                  /* nothing is asked of the service: no login, no query */
    bool tls_at_need;                  /* most tests need no TLS; it calls probe_tls_prepare() */
    const struct property *properties; /* ended by a NULL name; may be NULL */
    const struct library *libraries;   /* ended by a NULL soname; may be NULL */

    /*
     * Called once in a template process, before any worker is made: library initialisers and
     * warm-up. No thread, no descriptor, no connection. May be NULL.
     */
    void (*preload)(void);

    /*
     * TARGET is known, its files and secrets are not there yet: what takes long to load may begin
     * in a thread, which must not change the environment. May be NULL.
     */
    void (*begin)(const struct target *target);

    /*
     * Look into what the definition names, before anything is connected to: keystores, keytabs. The
     * last of the stage `credentials`, with TARGET's files and secrets there. False with ERR set to
     * what is wrong with them. May be NULL.
     */
    bool (*prepare)(struct probe *probe, const struct target *target, struct error *err);

    /*
     * Test TARGET. Runs in a worker process of its own, so it may block, start threads and leak; it
     * has to return before probe_deadline(). True: the service accepted us and a harmless request
     * worked. False: ERR says why, and the stage last entered says where.
     */
    bool (*test)(struct probe *probe, const struct target *target, struct error *err);
};

/* What a module exports, once: TESTCONN_DRIVER_MODULE = { .abi = TESTCONN_DRIVER_ABI, ... }; */
#define TESTCONN_DRIVER_SYMBOL "testconn_driver"
#define TESTCONN_DRIVER_MODULE                                                                     \
    extern const struct driver testconn_driver;                                                    \
    __attribute__((visibility("default"))) const struct driver testconn_driver

#pragma GCC visibility pop

#endif
