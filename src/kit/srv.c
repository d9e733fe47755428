/* SPDX-License-Identifier: Apache-2.0 */
/* srv.c - SRV and TXT records, asked for in a thread of its own, so that a silent resolver cannot
 * hold us. */
#include "testconn/srv.h"

#include <arpa/nameser.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <resolv.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dns_answer.h"
#include "net_lookup.h"
#include "text.h"

enum { ANSWER_MAXIMUM = 65535, RESERVE_MS = 30, PATIENCE_MAXIMUM_S = 5 };

/* One question and its answer. Kept for the life of the process: its thread may outlive the wait.
 */
struct question {
    char *name;
    int type;
    int patience_s; /* of the resolver, for one name server */
    unsigned char answer[ANSWER_MAXIMUM];
    int length;
    int status; /* h_errno; 0: answered */
    int error;  /* errno */
    bool done;
    pthread_mutex_t lock;
    pthread_cond_t arrived;
};

static void *ask(void *argument)
{
    struct question *question = argument;
    struct __res_state state;
    memset(&state, 0, sizeof state);
    int length = -1;
    int status = NO_RECOVERY;
    if (res_ninit(&state) == 0) {
        state.retrans = question->patience_s;
        state.retry = 2;
        errno = 0;
        length = res_nquery(&state, question->name, ns_c_in, question->type, question->answer,
                            sizeof question->answer);
        status = length < 0 ? state.res_h_errno : 0;
    }
    int error = errno;
    res_nclose(&state);
    pthread_mutex_lock(&question->lock);
    question->length = length;
    question->status = status;
    question->error = error;
    question->done = true;
    pthread_cond_signal(&question->arrived);
    pthread_mutex_unlock(&question->lock);
    return NULL;
}

static struct question *answer_by(const char *name, int type, struct deadline deadline)
{
    struct question *question = xcalloc(1, sizeof *question);
    int patience_s = deadline_left_ms(deadline) / 2000;
    int64_t at_us = deadline.at_us - RESERVE_MS * 1000;
    struct timespec until = {.tv_sec = at_us / 1000000, .tv_nsec = at_us % 1000000 * 1000};
    pthread_t thread;
    question->name = xstrdup(name);
    question->type = type;
    question->patience_s = patience_s < 1                    ? 1
                           : patience_s > PATIENCE_MAXIMUM_S ? PATIENCE_MAXIMUM_S
                                                             : patience_s;
    pthread_mutex_init(&question->lock, NULL);
    pthread_cond_init(&question->arrived, NULL);
    if (pthread_create(&thread, NULL, ask, question) != 0)
        return question;
    pthread_detach(thread);
    pthread_mutex_lock(&question->lock);
    while (!question->done)
        if (pthread_cond_clockwait(&question->arrived, &question->lock, CLOCK_MONOTONIC, &until))
            break;
    pthread_mutex_unlock(&question->lock);
    return question;
}

static const char *type_name(int type)
{
    return type == ns_t_srv ? "SRV" : "TXT";
}

/* Why there is no answer; a missing record is for the caller to judge. */
static bool explain(const struct question *question, struct error *err)
{
    struct text_buffer servers = TEXT_BUFFER_INIT;
    net_lookup_servers(&servers);
    const char *asked = servers.length ? servers.data : "none configured";
    const char *type = type_name(question->type);
    const char *code =
        question->done ? dns_answer_code(question->answer, sizeof question->answer) : NULL;
    if (!question->done)
        error_set(
            err, REASON_DNS_UNAVAILABLE,
            "the name servers (%s) gave no answer for the %s record of \"%s\" within the time "
            "of the test",
            asked, type, question->name);
    else if (question->status == HOST_NOT_FOUND)
        error_set(err, REASON_DNS_NOT_FOUND,
                  "the name \"%s\", whose %s record is needed, does not exist (NXDOMAIN; name "
                  "servers: %s)",
                  question->name, type, asked);
    else if (question->status == NO_DATA)
        error_set(err, REASON_DNS_NOT_FOUND, "\"%s\" has no %s record (name servers: %s)",
                  question->name, type, asked);
    else
        error_set(err, REASON_DNS_UNAVAILABLE,
                  "the %s record of \"%s\" could not be looked up: %s (name servers: %s)", type,
                  question->name,
                  code                              ? code
                  : question->error == ECONNREFUSED ? "nothing answers on port 53"
                  : question->error == ETIMEDOUT    ? "no answer"
                                                    : hstrerror(question->status),
                  asked);
    text_buffer_release(&servers);
    return false;
}

void srv_hosts_release(struct srv_hosts *hosts)
{
    for (size_t i = 0; i < hosts->count; i++)
        free(hosts->endpoints[i].host);
    free(hosts->endpoints);
    *hosts = (struct srv_hosts){0};
}

bool srv_lookup(struct probe *probe, const char *name, struct srv_hosts *hosts, struct error *err)
{
    const char *wrong;
    *hosts = (struct srv_hosts){0};
    probe_stage(probe, STAGE_DNS);
    const struct question *question = answer_by(name, ns_t_srv, probe_deadline(probe));
    if (!question->done || question->status)
        return explain(question, err);
    if (!dns_answer_hosts(question->answer, (size_t)question->length, hosts, &wrong))
        return error_set(err, REASON_DNS_UNAVAILABLE,
                         "the answer for the SRV record of \"%s\" cannot be understood", name);
    return hosts->count || error_set(err, REASON_DNS_NOT_FOUND, "the SRV record of \"%s\" has %s",
                                     name, wrong ? wrong : "no host");
}

bool srv_texts(struct probe *probe, const char *name, char ***texts, size_t *count,
               struct error *err)
{
    *texts = NULL;
    *count = 0;
    probe_stage(probe, STAGE_DNS);
    const struct question *question = answer_by(name, ns_t_txt, probe_deadline(probe));
    if (question->done && (question->status == NO_DATA || question->status == HOST_NOT_FOUND))
        return true;
    if (!question->done || question->status)
        return explain(question, err);
    return dns_answer_texts(question->answer, (size_t)question->length, texts, count) ||
           error_set(err, REASON_DNS_UNAVAILABLE,
                     "the answer for the TXT record of \"%s\" cannot be understood", name);
}
