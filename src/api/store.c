/* SPDX-License-Identifier: Apache-2.0 */
/* store.c - the catalog process: started, asked, replaced. */
#include "store.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "catalog_message.h"
#include "catalog_process.h"
#include "fd.h"
#include "folder.h"
#include "hide.h"
#include "log.h"
#include "testconn/deadline.h"
#include "text.h"

enum { ANSWER_MS = 15000, PAUSE_MS = 200, YOUNG_MS = 1000, CLOSE_MS = 2000, LOOK_MS = 5 };

struct question {
    TAILQ_ENTRY(question) entry;
    json_t *message;
    store_done *done;
    void *argument;
    struct deadline deadline;
};
TAILQ_HEAD(questions, question);

struct store {
    struct event_base *base;
    char *url;
    char *key_file;
    pid_t pid; /* 0: none runs */
    struct bufferevent *io;
    struct event *restart;
    struct event *watch;      /* the oldest question's time */
    struct questions asked;   /* in the process's order */
    struct questions unasked; /* while none runs */
    bool opening, open;
    bool foreign; /* as the last one to open it said */
    int64_t began_us;
    unsigned starts;
    struct error failure; /* why it could not be opened */
    struct error told;    /* the same, as the log has it */
};

static void start(struct store *store);

/* posix_spawn() of this program in the role of the catalog process. */
static pid_t spawn(int socket)
{
    char front[24];
    char program[] = "testconn";
    char role[] = "catalog-process";
    char *arguments[] = {program, role, front, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    pid_t pid = 0;
    sigemptyset(&none);
    snprintf(front, sizeof front, "%ld", (long)getpid());
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", 0, 0);
    posix_spawn_file_actions_adddup2(&actions, socket, CATALOG_PROCESS_FD);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    errno = posix_spawn(&pid, folder_program(), &actions, &attributes, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return errno ? 0 : pid;
}

static void free_question(struct question *question)
{
    json_decref(question->message);
    free(question);
}

static void end_question(struct question *question, enum catalog_result result,
                         const json_t *answer, const struct error *err)
{
    if (question->done)
        question->done(question->argument, result, answer, err);
    free_question(question);
}

static bool is_write(const struct question *question)
{
    const char *call = json_string_value(json_object_get(question->message, "call"));
    return strcmp(call, "create") == 0 || strcmp(call, "update") == 0 ||
           strcmp(call, "delete") == 0 || strcmp(call, "batch_delete") == 0;
}

static void watch_oldest(struct store *store)
{
    struct question *oldest = TAILQ_FIRST(&store->asked);
    if (!oldest)
        oldest = TAILQ_FIRST(&store->unasked);
    event_del(store->watch);
    if (!oldest)
        return;
    int left_ms = deadline_left_ms(oldest->deadline);
    struct timeval left = {.tv_sec = left_ms / 1000, .tv_usec = left_ms % 1000 * 1000};
    event_add(store->watch, &left);
}

static void send_question(struct store *store, struct question *question)
{
    char *text = json_dumps(question->message, JSON_COMPACT);
    bufferevent_write(store->io, text, strlen(text));
    bufferevent_write(store->io, "\n", 1);
    text_wipe_free(text);
    TAILQ_INSERT_TAIL(&store->asked, question, entry);
}

static void ask_waiting(struct store *store)
{
    struct question *question;
    while ((question = TAILQ_FIRST(&store->unasked))) {
        TAILQ_REMOVE(&store->unasked, question, entry);
        send_question(store, question);
    }
    watch_oldest(store);
}

/* The process is gone, or is to be: what it had not answered is asked again, or ends with RESULT
 * for the reason WHY. */
static void stop(struct store *store, enum catalog_result result, const char *why)
{
    struct questions failed = TAILQ_HEAD_INITIALIZER(failed);
    struct question *question;
    if (store->io)
        bufferevent_free(store->io);
    store->io = NULL;
    store->open = store->opening = false;
    if (store->pid > 0) {
        kill(store->pid, SIGKILL);
        while (waitpid(store->pid, NULL, 0) < 0 && errno == EINTR)
            continue;
    }
    store->pid = 0;
    while ((question = TAILQ_LAST(&store->asked, questions))) {
        TAILQ_REMOVE(&store->asked, question, entry);
        if (is_write(question))
            TAILQ_INSERT_HEAD(&failed, question, entry);
        else
            TAILQ_INSERT_HEAD(&store->unasked, question, entry);
    }
    while ((question = TAILQ_FIRST(&failed))) {
        struct error err = ERROR_INIT;
        TAILQ_REMOVE(&failed, question, entry);
        error_set(&err, result == CATALOG_BUSY ? REASON_BUSY : REASON_INTERNAL,
                  "%s before it said whether this was written: look before you repeat it", why);
        end_question(question, result, NULL, &err);
    }
}

static void see_restart(evutil_socket_t fd, short what, void *argument)
{
    (void)fd;
    (void)what;
    start(argument);
}

/* At once, unless the last one lived but shortly. */
static void start_again(struct store *store)
{
    bool young = clock_now_us() - store->began_us < YOUNG_MS * 1000 && store->starts > 1;
    struct timeval pause = {.tv_usec = young ? PAUSE_MS * 1000 : 0};
    event_add(store->restart, &pause);
}

/* Everything that waits fails by ERR. */
static void fail_waiting(struct store *store, enum catalog_result result, const struct error *err)
{
    struct questions failed = TAILQ_HEAD_INITIALIZER(failed);
    struct question *question;
    TAILQ_CONCAT(&failed, &store->unasked, entry);
    while ((question = TAILQ_FIRST(&failed))) {
        TAILQ_REMOVE(&failed, question, entry);
        end_question(question, result, NULL, err);
    }
}

static void take_opened(struct store *store, const json_t *answer)
{
    store->opening = false;
    if (catalog_message_result(answer, &store->failure) == CATALOG_OK) {
        store->failure = ERROR_INIT;
        store->told = ERROR_INIT;
        store->open = true;
        store->foreign = json_is_true(json_object_get(answer, "foreign"));
        ask_waiting(store);
        return;
    }
    struct error err = store->failure;
    /* The first time, who starts the service says it. */
    if (store->starts > 1 && strcmp(store->told.message, err.message) != 0)
        log_line(LOG_ERROR, "the catalog cannot be opened", "reason", err.message, NULL);
    store->told = err;
    stop(store, CATALOG_FAILED, "the catalog process ended");
    fail_waiting(store, CATALOG_FAILED, &err);
    start_again(store);
}

static void take_answer(struct store *store, const json_t *answer)
{
    struct error err = ERROR_INIT;
    struct question *question = TAILQ_FIRST(&store->asked);
    if (!question)
        return;
    TAILQ_REMOVE(&store->asked, question, entry);
    end_question(question, catalog_message_result(answer, &err), answer, &err);
}

static void see_answers(struct bufferevent *io, void *argument)
{
    struct store *store = argument;
    char *line;
    size_t length;
    while (store->io == io &&
           (line = evbuffer_readln(bufferevent_get_input(io), &length, EVBUFFER_EOL_LF))) {
        json_t *answer = json_loadb(line, length, 0, NULL);
        text_wipe(line, length);
        free(line);
        if (store->opening)
            take_opened(store, answer);
        else
            take_answer(store, answer);
        json_decref(answer);
    }
    watch_oldest(store);
}

static void see_end(struct bufferevent *io, short what, void *argument)
{
    struct store *store = argument;
    (void)io;
    (void)what;
    log_line(LOG_WARN, "the catalog process ended, another is started", NULL);
    stop(store, CATALOG_FAILED, "the catalog process ended");
    start_again(store);
    watch_oldest(store);
}

/* The oldest question has waited too long: whatever the process waits for, it is replaced. */
static void see_time(evutil_socket_t fd, short what, void *argument)
{
    struct store *store = argument;
    struct error err = ERROR_INIT;
    (void)fd;
    (void)what;
    error_set(&err, REASON_BUSY, "the catalog did not answer within %d s", ANSWER_MS / 1000);
    log_line(LOG_WARN, "the catalog process is ended for its silence", NULL);
    stop(store, CATALOG_BUSY, "the catalog process was ended for its silence");
    fail_waiting(store, CATALOG_BUSY, &err);
    start_again(store);
}

static void start(struct store *store)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
        error_set(&store->failure, REASON_BUSY, "no socket for the catalog process: %s",
                  strerror(errno));
        start_again(store);
        return;
    }
    store->began_us = clock_now_us();
    store->starts++;
    store->pid = spawn(pair[1]);
    close(pair[1]);
    evutil_make_socket_nonblocking(pair[0]);
    store->io = bufferevent_socket_new(store->base, pair[0], BEV_OPT_CLOSE_ON_FREE);
    bufferevent_setcb(store->io, see_answers, NULL, see_end, store);
    bufferevent_enable(store->io, EV_READ | EV_WRITE);
    store->opening = true;
    json_t *message = json_pack("{s:s, s:s}", "call", "open", "url", store->url);
    if (store->key_file)
        json_object_set_new(message, "key_file", json_string(store->key_file));
    char *text = json_dumps(message, JSON_COMPACT);
    json_decref(message);
    bufferevent_write(store->io, text, strlen(text));
    bufferevent_write(store->io, "\n", 1);
    text_wipe_free(text);
}

struct store *store_new(struct event_base *base, const struct store_settings *settings,
                        struct error *err)
{
    struct store *store = xcalloc(1, sizeof *store);
    struct deadline deadline = deadline_in_ms(ANSWER_MS);
    store->base = base;
    store->url = xstrdup(settings->url);
    store->key_file = settings->key_file ? xstrdup(settings->key_file) : NULL;
    store->restart = evtimer_new(base, see_restart, store);
    store->watch = evtimer_new(base, see_time, store);
    TAILQ_INIT(&store->asked);
    TAILQ_INIT(&store->unasked);
    start(store);
    struct timeval most = {.tv_sec = ANSWER_MS / 1000};
    event_add(store->watch, &most);
    while (!store->open && store->failure.reason == REASON_NONE && !deadline_passed(deadline))
        event_base_loop(base, EVLOOP_ONCE);
    if (store->open)
        return store;
    *err = store->failure;
    if (err->reason == REASON_NONE) {
        char *shown = hide_in_url(settings->url);
        error_set(err, REASON_TIMED_OUT, "the catalog %s could not be opened within %d s", shown,
                  ANSWER_MS / 1000);
        free(shown);
    }
    store_free(store);
    return NULL;
}

/* Let the process put its file in order, which it does once nobody speaks to it any more. */
static void let_close(struct store *store)
{
    struct deadline most = deadline_in_ms(CLOSE_MS);
    if (store->pid <= 0 || !store->open || !TAILQ_EMPTY(&store->asked))
        return;
    shutdown(bufferevent_getfd(store->io), SHUT_RDWR);
    while (!deadline_passed(most)) {
        pid_t ended = waitpid(store->pid, NULL, WNOHANG);
        if (ended == store->pid || (ended < 0 && errno != EINTR)) {
            store->pid = 0;
            return;
        }
        usleep(LOOK_MS * 1000);
    }
}

void store_free(struct store *store)
{
    struct question *question;
    if (!store)
        return;
    let_close(store);
    TAILQ_FOREACH(question, &store->asked, entry)
    {
        question->done = NULL;
    }
    stop(store, CATALOG_FAILED, "the catalog process ended");
    while ((question = TAILQ_FIRST(&store->unasked))) {
        TAILQ_REMOVE(&store->unasked, question, entry);
        free_question(question);
    }
    event_free(store->restart);
    event_free(store->watch);
    free(store->url);
    free(store->key_file);
    free(store);
}

void store_ask(struct store *store, json_t *message, store_done *done, void *argument)
{
    struct question *question = xcalloc(1, sizeof *question);
    json_object_set_new(message, "asked_us", json_integer(clock_now_us()));
    *question = (struct question){.message = message,
                                  .done = done,
                                  .argument = argument,
                                  .deadline = deadline_in_ms(ANSWER_MS)};
    if (store->open)
        send_question(store, question);
    else
        TAILQ_INSERT_TAIL(&store->unasked, question, entry);
    watch_oldest(store);
}

bool store_is_ready(const struct store *store)
{
    return store->open;
}

bool store_is_foreign(const struct store *store)
{
    return store->foreign;
}

bool store_is_idle(const struct store *store)
{
    return TAILQ_EMPTY(&store->asked) && TAILQ_EMPTY(&store->unasked);
}

unsigned store_restarts(const struct store *store)
{
    return store->starts ? store->starts - 1 : 0;
}
