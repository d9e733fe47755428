/* SPDX-License-Identifier: Apache-2.0 */
/* kerberos.c - tickets by libkrb5, and the cause in plain words where there is none. */
#include "kerberos.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kerberos_library.h"
#include "kerberos_meaning.h"

enum { RESERVE_MS = 60, SKEW_MAXIMUM_S = 300, NAME_SIZE = 256 };

/* A thread of its own gets them, because libkrb5 has a patience of its own. */
struct job {
    const struct kerberos_login *login;
    const struct endpoint *endpoint;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool done;
    bool for_service; /* it is about the service's ticket, not ours */
    krb5_error_code code;
    char words[NAME_SIZE];
    char service[NAME_SIZE]; /* "kafka/broker@REALM" */
    long ahead_s;            /* of the KDC's clock against ours */
};

/* The last one that came to a good end; brokers that refuse it do not say why. */
static char ticket_service[NAME_SIZE];
static long ticket_ahead_s;

/* Our own ticket, into the cache. */
static krb5_error_code get_own(krb5_context context, const struct job *job, krb5_principal *self,
                               krb5_ccache *cache, long *ahead_s)
{
    krb5_keytab keytab = NULL;
    krb5_creds creds;
    memset(&creds, 0, sizeof creds);
    krb5_error_code code = krb5.krb5_parse_name(context, job->login->principal, self);
    if (!code && job->login->keytab)
        code = krb5.krb5_kt_resolve(context, getenv("KRB5_CLIENT_KTNAME"), &keytab);
    if (!code)
        code = keytab
                   ? krb5.krb5_get_init_creds_keytab(context, &creds, *self, keytab, 0, NULL, NULL)
                   : krb5.krb5_get_init_creds_password(context, &creds, *self, job->login->password,
                                                       NULL, NULL, 0, NULL, NULL);
    if (!code)
        *ahead_s = (long)creds.times.authtime - (long)time(NULL);
    if (!code)
        code = krb5.krb5_cc_resolve(context, KERBEROS_CACHE, cache);
    if (!code)
        code = krb5.krb5_cc_initialize(context, *cache, *self);
    if (!code)
        code = krb5.krb5_cc_store_cred(context, *cache, &creds);
    if (keytab)
        krb5.krb5_kt_close(context, keytab);
    return code;
}

static krb5_error_code get_service(krb5_context context, struct job *job, krb5_principal self,
                                   krb5_ccache cache)
{
    krb5_creds wanted;
    krb5_creds *got = NULL;
    char *name = NULL;
    memset(&wanted, 0, sizeof wanted);
    wanted.client = self;
    krb5_error_code code = krb5.krb5_sname_to_principal(
        context, job->endpoint->host, job->login->service, KRB5_NT_SRV_HST, &wanted.server);
    if (!code && krb5.krb5_unparse_name(context, wanted.server, &name) == 0) {
        snprintf(job->service, sizeof job->service, "%s", name);
        krb5.krb5_free_unparsed_name(context, name);
    }
    if (!code)
        code = krb5.krb5_get_credentials(context, 0, cache, &wanted, &got);
    return code;
}

static void *get_tickets(void *argument)
{
    struct job *job = argument;
    krb5_context context = NULL;
    krb5_principal self = NULL;
    krb5_ccache cache = NULL;
    bool for_service = false;
    long ahead_s = 0;
    char words[NAME_SIZE] = "";
    krb5_error_code code = krb5.krb5_init_context(&context);
    if (!code)
        code = get_own(context, job, &self, &cache, &ahead_s);
    if (!code) {
        for_service = true;
        code = get_service(context, job, self, cache);
    }
    if (code)
        kerberos_tell(context, code, words, sizeof words);
    pthread_mutex_lock(&job->lock);
    job->code = code;
    job->for_service = for_service;
    job->ahead_s = ahead_s;
    snprintf(job->words, sizeof job->words, "%s", words);
    job->done = true;
    pthread_cond_signal(&job->changed);
    pthread_mutex_unlock(&job->lock);
    return NULL;
}

static bool explain(struct probe *side, const struct job *job, struct error *err)
{
    struct error network = ERROR_INIT;
    struct kerberos_meaning meaning = {.text = ""};
    bool known = kerberos_find_meaning(job->login, job->code, &meaning);
    bool unreachable = job->code == KRB5_KDC_UNREACH && !probe_observed(side, &network);
    error_set(err, REASON_KERBEROS_FAILED,
              "no Kerberos ticket %s%s for \"%s\": %s%s\"%s\" (%ld)%s%s",
              job->for_service ? "for " : "", job->for_service ? job->service : "",
              job->login->principal, meaning.text, known ? ": " : "", job->words, (long)job->code,
              unreachable ? ": " : "", unreachable ? network.message : "");
    if (known) {
        error_remedy(err, "%s", meaning.remedy);
        error_property(err, meaning.property);
    }
    return false;
}

static bool wait_for(struct job *job, struct deadline deadline)
{
    int64_t at_us = deadline.at_us - RESERVE_MS * 1000;
    struct timespec until = {.tv_sec = at_us / 1000000, .tv_nsec = at_us % 1000000 * 1000};
    pthread_mutex_lock(&job->lock);
    while (!job->done)
        if (pthread_cond_clockwait(&job->changed, &job->lock, CLOCK_MONOTONIC, &until) != 0)
            break;
    bool done = job->done;
    pthread_mutex_unlock(&job->lock);
    return done;
}

/* The KDC's connections are seen in a side: they are not the broker's. */
static bool run(struct probe *side, const struct endpoint *endpoint, void *argument,
                struct error *err)
{
    /* Never freed: the thread may outlive us. */
    struct job *job = calloc(1, sizeof *job);
    pthread_t thread;
    if (!job)
        abort();
    job->login = argument;
    job->endpoint = endpoint;
    pthread_mutex_init(&job->lock, NULL);
    pthread_cond_init(&job->changed, NULL);
    if (pthread_create(&thread, NULL, get_tickets, job) != 0)
        return error_set(err, REASON_INTERNAL, "no thread for libkrb5");
    pthread_detach(thread);
    if (!wait_for(job, probe_deadline(side)))
        return probe_timed_out(side, -1, "a ticket from the Kerberos KDC", err);
    if (job->code)
        return explain(side, job, err);
    snprintf(ticket_service, sizeof ticket_service, "%s", job->service);
    ticket_ahead_s = job->ahead_s;
    return true;
}

bool kerberos_get_tickets(struct probe *probe, const struct kerberos_login *login,
                          const struct endpoint *endpoint, struct error *err)
{
    if (!probe_beside(probe, endpoint, run, (void *)(uintptr_t)login, err))
        return false;
    probe_note(probe, "ticket_for", "%s", ticket_service);
    if (labs(ticket_ahead_s) > SKEW_MAXIMUM_S)
        probe_finding(probe, SEVERITY_WARNING, "clock-skew", NULL,
                      "the KDC's clock is %ld s %s that of this host; Kerberos tolerates %d",
                      labs(ticket_ahead_s), ticket_ahead_s > 0 ? "ahead of" : "behind",
                      SKEW_MAXIMUM_S);
    return true;
}

void kerberos_describe_ticket(char *out, size_t size)
{
    if (labs(ticket_ahead_s) > SKEW_MAXIMUM_S)
        snprintf(
            out, size,
            "our ticket for %s begins %ld s %s by the clock of this host: the clocks of KDC and "
            "service differ",
            ticket_service, labs(ticket_ahead_s),
            ticket_ahead_s > 0 ? "in the future" : "in the past");
    else
        snprintf(out, size,
                 "our ticket is for %s and fresh: the service has no such key (another service or "
                 "host name, an old keytab), or its clock is off",
                 ticket_service);
}
