/* SPDX-License-Identifier: Apache-2.0 */
/* kerberos.h - logins by Kerberos, for modules: tickets by libkrb5 out of a keytab or a password
 * into memory - no kinit, no shell, no default files - and SASL's GSSAPI with them. */
#ifndef KERBEROS_H
#define KERBEROS_H

#include "testconn/driver.h"

/* Who logs in where, and whom to blame. Everything is borrowed, for the life of the process. */
struct kerberos_login {
    const char *principal;            /* "app@EXAMPLE.COM" */
    const char *principal_property;   /* static, as the others */
    const struct target_file *keytab; /* NULL: by the password */
    const char *password;             /* NULL: by the keytab */
    const char *password_property;
    const struct target_file *conf; /* the krb5.conf */
    const char *service;            /* "kafka" */
    const char *service_property;
    const char *service_remedy; /* how another name of the service is given */
};

/*
 * Look into keytab and krb5.conf, and make them what libkrb5 reads in this process: to be called in
 * a driver's prepare(). What a krb5.conf may not say here - other files, plug-ins - is left out,
 * with a finding. False with ERR set; DRIVER_MISSING where the libraries are not installed.
 */
bool kerberos_prepare(struct probe *probe, const struct kerberos_login *login, struct error *err);

/*
 * Get the tickets for ENDPOINT's service: for us, and for it. Ends in time, even where the KDC is
 * silent. False with ERR set to KERBEROS_FAILED or TIMED_OUT.
 */
bool kerberos_get_tickets(struct probe *probe, const struct kerberos_login *login,
                          const struct endpoint *endpoint, struct error *err);

/* What the service's ticket is for and how far its clock is from ours, for a service that refuses
 * it without saying why. */
void kerberos_describe_ticket(char *out, size_t size);

/* Bytes that the service sent; borrowed until the next exchange. */
struct kerberos_token {
    const void *data;
    size_t length;
};

/* Send a token of LENGTH bytes to the service, and take its answer. False with ERR set. */
typedef bool kerberos_exchange(void *argument, const void *token, size_t length,
                               struct kerberos_token *answer, struct error *err);

/* A SASL login by GSSAPI (RFC 4752). */
struct kerberos_dialogue {
    const struct kerberos_login *login;
    const char *where;        /* "db.example:27017", for messages */
    const char *host;         /* of the service */
    const char *authorize_as; /* NULL: whom the ticket is for */
    kerberos_exchange *exchange;
    void *argument;
};

/* Have it, with the tickets that are there. */
bool kerberos_log_in(const struct kerberos_dialogue *dialogue, struct error *err);

#endif
