/* SPDX-License-Identifier: Apache-2.0 */
/* credential_process.c - spawn, read a bounded output, reap. */
#include "credential_process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fd.h"
#include "text.h"

enum { OUTPUT_MAXIMUM = 64 << 10, PROGRAM_SHOWN = 200 };

struct credential_process {
    pid_t pid;
    int fd;
    char *program; /* for messages: never its arguments */
    struct text_buffer output;
    struct event *reading, *timer;
    credential_process_done *done;
    void *argument;
};

/* Take the word at *AT over into *OUT, unquoted; false: a quote is not closed. */
static bool take_word(const char **at, char **out)
{
    char quote = '\0';
    for (; **at && (quote || !strchr(" \t\r\n", **at)); (*at)++) {
        char c = **at;
        if (quote ? c == quote : c == '"' || c == '\'') {
            quote = quote ? '\0' : c;
            continue;
        }
        if (c == '\\' && quote != '\'' && (*at)[1])
            c = *++*at;
        *(*out)++ = c;
    }
    *(*out)++ = '\0';
    return !quote;
}

char **credential_process_words(const char *command)
{
    size_t count = 0;
    char *text = xmalloc(strlen(command) + 2);
    char *out = text;
    char **words = xcalloc(strlen(command) / 2 + 2, sizeof *words);
    bool whole = true;
    for (;;) {
        command += strspn(command, " \t\r\n");
        if (!*command || !whole)
            break;
        words[count++] = out;
        whole = take_word(&command, &out);
    }
    if (whole && count > 0)
        return words;
    free(text);
    free(words);
    return NULL;
}

/* In the child: become the program, which goes when we go. */
static _Noreturn void become(char **words, int output, pid_t front, int failure)
{
    struct sigaction act = {.sa_handler = SIG_DFL};
    sigset_t none;
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    sigemptyset(&none);
    for (int number = 1; number < SIGRTMIN; number++)
        sigaction(number, &act, NULL);
    sigprocmask(SIG_SETMASK, &none, NULL);
    /* A group of its own, so that what it starts goes with it. */
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() == front && dup2(null, STDIN_FILENO) >= 0 && dup2(output, STDOUT_FILENO) >= 0 &&
        dup2(null, STDERR_FILENO) >= 0)
        execvp(words[0], words);
    int error = errno;
    if (write(failure, &error, sizeof error) < 0)
        _exit(126);
    _exit(127);
}

/* Fork and exec; what failed in the child comes by a pipe that a successful exec closes. */
static bool spawn(struct credential_process *process, char **words, int output)
{
    int failure[2];
    int error = 0;
    pid_t front = getpid();
    if (pipe2(failure, O_CLOEXEC) < 0)
        return false;
    process->pid = fork();
    if (process->pid == 0)
        become(words, output, front, failure[1]);
    if (process->pid < 0) {
        error = errno;
        process->pid = 0;
    }
    close(failure[1]);
    ssize_t got;
    while (!error && (got = read(failure[0], &error, sizeof error)) < 0 && errno == EINTR)
        continue;
    close(failure[0]);
    errno = error;
    return error == 0;
}

/* Kill what is left of it; its status as waitpid(2) gives it. */
static int end(struct credential_process *process, bool kill_it)
{
    int status = -1;
    if (process->pid <= 0)
        return status;
    if (kill_it)
        kill(-process->pid, SIGKILL);
    while (waitpid(process->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    process->pid = 0;
    return status;
}

void credential_process_free(struct credential_process *process)
{
    if (!process)
        return;
    end(process, true);
    fd_close(&process->fd);
    if (process->reading)
        event_free(process->reading);
    if (process->timer)
        event_free(process->timer);
    if (process->output.data)
        text_wipe(process->output.data, process->output.length);
    text_buffer_release(&process->output);
    free(process->program);
    free(process);
}

static void finish(struct credential_process *process, const struct error *err)
{
    bool failed = err->reason != REASON_NONE;
    process->done(process->argument, failed ? NULL : process->output.data, process->output.length,
                  err);
    credential_process_free(process);
}

static bool see_status(const struct credential_process *process, int status, struct error *err)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    return error_set(err, REASON_AWS_CREDENTIALS_MISSING,
                     "no AWS credentials: the credential process %s ended with %s %d",
                     process->program, WIFSIGNALED(status) ? "signal" : "status",
                     WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

static void read_output(evutil_socket_t fd, short what, void *argument)
{
    struct credential_process *process = argument;
    struct error err = ERROR_INIT;
    char piece[4096];
    (void)what;
    ssize_t got = read(fd, piece, sizeof piece);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got > 0) {
        text_append_bytes(&process->output, piece, (size_t)got);
        text_wipe(piece, sizeof piece);
        if (process->output.length <= OUTPUT_MAXIMUM)
            return;
        error_set(&err, REASON_AWS_CREDENTIALS_MISSING,
                  "no AWS credentials: the credential process %s prints more than %d bytes",
                  process->program, (int)OUTPUT_MAXIMUM);
        finish(process, &err);
        return;
    }
    text_append(&process->output, "");
    see_status(process, end(process, false), &err);
    finish(process, &err);
}

static void run_out(evutil_socket_t fd, short what, void *argument)
{
    struct credential_process *process = argument;
    struct error err = ERROR_INIT;
    (void)fd;
    (void)what;
    error_set(&err, REASON_TIMED_OUT,
              "no AWS credentials: the credential process %s did not end within the time of the "
              "test",
              process->program);
    finish(process, &err);
}

static void watch(struct credential_process *process, struct event_base *base,
                  struct deadline deadline)
{
    int left_ms = deadline_left_ms(deadline);
    struct timeval left = {.tv_sec = left_ms / 1000, .tv_usec = left_ms % 1000 * 1000};
    process->reading = event_new(base, process->fd, EV_READ | EV_PERSIST, read_output, process);
    process->timer = evtimer_new(base, run_out, process);
    event_add(process->reading, NULL);
    event_add(process->timer, &left);
}

struct credential_process *credential_process_start(struct event_base *base, const char *command,
                                                    struct deadline deadline,
                                                    credential_process_done *done, void *argument,
                                                    struct error *err)
{
    int pair[2];
    struct credential_process *process = xcalloc(1, sizeof *process);
    char **words = credential_process_words(command);
    *process = (struct credential_process){.fd = -1, .done = done, .argument = argument};
    process->program = text_format("%.*s", PROGRAM_SHOWN, words ? words[0] : "");
    bool started = false;
    if (!words) {
        error_set(err, REASON_AWS_CREDENTIALS_MISSING,
                  "no AWS credentials: credential_process is no command: a quote is not closed");
    } else if (pipe2(pair, O_CLOEXEC) < 0) {
        error_set(err, REASON_BUSY, "no pipe for the credential process: %s", strerror(errno));
    } else {
        started = spawn(process, words, pair[1]);
        if (!started)
            error_set(err, REASON_AWS_CREDENTIALS_MISSING,
                      "no AWS credentials: the credential process %s cannot be started: %s",
                      process->program, strerror(errno));
        close(pair[1]);
        process->fd = pair[0];
    }
    if (words)
        free(words[0]);
    free(words);
    if (started) {
        fd_set_nonblocking(process->fd, true);
        watch(process, base, deadline);
        return process;
    }
    credential_process_free(process);
    return NULL;
}
