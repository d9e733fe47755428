/* SPDX-License-Identifier: Apache-2.0 */
/* kerberos.c - tickets by libkrb5, and the cause in plain words where there is none. */
#include "kerberos.h"

#include <dlfcn.h>
#include <krb5/krb5.h>
#include <profile.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "gss_functions.h"

#define CACHE "MEMORY:testconn"

enum { RESERVE_MS = 60, SKEW_MAXIMUM_S = 300, NAME_SIZE = 256 };

/* What is used of libkrb5. */
struct krb5_functions {
    FUNCTION(krb5_init_context);
    FUNCTION(krb5_free_context);
    FUNCTION(krb5_parse_name);
    FUNCTION(krb5_unparse_name);
    FUNCTION(krb5_free_unparsed_name);
    FUNCTION(krb5_free_principal);
    FUNCTION(krb5_kt_resolve);
    FUNCTION(krb5_kt_start_seq_get);
    FUNCTION(krb5_kt_end_seq_get);
    FUNCTION(krb5_kt_close);
    FUNCTION(krb5_cc_resolve);
    FUNCTION(krb5_cc_initialize);
    FUNCTION(krb5_cc_store_cred);
    FUNCTION(krb5_get_init_creds_keytab);
    FUNCTION(krb5_get_init_creds_password);
    FUNCTION(krb5_sname_to_principal);
    FUNCTION(krb5_get_credentials);
    FUNCTION(krb5_get_error_message);
    FUNCTION(krb5_free_error_message);
};
static struct krb5_functions krb5;
struct gss_functions gss;

struct name {
    const char *name;
    void *function;
};

#define KRB5(function)                                                                             \
    {                                                                                              \
#function, &krb5.function                                                                  \
    }
#define GSS(function)                                                                              \
    {                                                                                              \
#function, &gss.function                                                                   \
    }

static const struct name krb5_names[] = {
    KRB5(krb5_init_context),
    KRB5(krb5_free_context),
    KRB5(krb5_parse_name),
    KRB5(krb5_unparse_name),
    KRB5(krb5_free_unparsed_name),
    KRB5(krb5_free_principal),
    KRB5(krb5_kt_resolve),
    KRB5(krb5_kt_start_seq_get),
    KRB5(krb5_kt_end_seq_get),
    KRB5(krb5_kt_close),
    KRB5(krb5_cc_resolve),
    KRB5(krb5_cc_initialize),
    KRB5(krb5_cc_store_cred),
    KRB5(krb5_get_init_creds_keytab),
    KRB5(krb5_get_init_creds_password),
    KRB5(krb5_sname_to_principal),
    KRB5(krb5_get_credentials),
    KRB5(krb5_get_error_message),
    KRB5(krb5_free_error_message),
    {NULL, NULL},
};
static const struct name gss_names[] = {
    GSS(gss_import_name),  GSS(gss_init_sec_context),   GSS(gss_wrap),
    GSS(gss_unwrap),       GSS(gss_display_status),     GSS(gss_release_buffer),
    GSS(gss_release_name), GSS(gss_delete_sec_context), {NULL, NULL},
};

static bool load(const char *soname, const struct name *names, struct error *err)
{
    void *handle = dlopen(soname, RTLD_LAZY | RTLD_LOCAL);
    bool loaded = handle != NULL;
    for (; loaded && names->name; names++) {
        void *symbol = dlsym(handle, names->name);
        memcpy(names->function, &symbol, sizeof symbol);
        loaded = symbol != NULL;
    }
    if (loaded)
        return true;
    error_set(err, REASON_DRIVER_MISSING,
              "the mechanism GSSAPI needs the library %s, which is not installed", soname);
    return error_remedy(err, "install the package libgssapi-krb5-2 (apt-get install "
                             "libgssapi-krb5-2)");
}

static bool load_libraries(struct error *err)
{
    static bool loaded;
    loaded = loaded ||
             (load("libkrb5.so.3", krb5_names, err) && load("libgssapi_krb5.so.2", gss_names, err));
    return loaded;
}

/* Put PATH of a memory file with DATA into the environment's NAME. */
static bool publish(const char *name, const char *prefix, const void *data, size_t length)
{
    char path[64];
    int fd = memfd_create("testconn", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, length) != (ssize_t)length)
        return false;
    snprintf(path, sizeof path, "%s/proc/self/fd/%d", prefix, fd);
    return setenv(name, path, 1) == 0;
}

static bool begins(const char *line, size_t length, const char *word)
{
    return length >= strlen(word) && strncmp(line, word, strlen(word)) == 0;
}

/* A krb5.conf without the lines that name other files or code; CLEAN_TEXT holds as many bytes. How
 * many lines were left out; *SECTIONS are there. */
static int clean(const char *text, size_t length, char *clean_text, size_t *clean_length,
                 int *sections)
{
    bool skipping = false;
    int left_out = 0;
    *sections = 0;
    *clean_length = 0;
    for (size_t at = 0, size = 0; at < length; at += size) {
        const char *end = memchr(text + at, '\n', length - at);
        const char *line = text + at;
        size = end ? (size_t)(end - line) + 1 : length - at;
        size_t blanks = 0;
        while (blanks < size && (line[blanks] == ' ' || line[blanks] == '\t'))
            blanks++;
        *sections += blanks < size && line[blanks] == '[';
        if (blanks < size && line[blanks] == '[')
            skipping = begins(line + blanks, size - blanks, "[plugins]");
        bool unwanted = skipping || begins(line + blanks, size - blanks, "include") ||
                        begins(line + blanks, size - blanks, "module ");
        if (unwanted) {
            left_out++;
            continue;
        }
        memcpy(clean_text + *clean_length, line, size);
        *clean_length += size;
    }
    return left_out;
}

static void tell(krb5_context context, krb5_error_code code, char *out, size_t size)
{
    const char *words = krb5.krb5_get_error_message(context, code);
    snprintf(out, size, "%s", words ? words : "no words");
    krb5.krb5_free_error_message(context, words);
}

static bool read_conf(struct probe *probe, const struct target_file *file, struct error *err)
{
    krb5_context context = NULL;
    char words[NAME_SIZE];
    size_t length = 0;
    char *text = calloc(1, file->length + 1);
    if (!text)
        abort();
    int sections = 0;
    int left_out = clean(file->content, file->length, text, &length, &sections);
    bool published = publish("KRB5_CONFIG", "", text, length);
    free(text);
    if (left_out)
        probe_finding(probe, SEVERITY_NOTE, "krb5-conf-reduced", file->property,
                      "%d lines of %s are not used: files and plug-ins that it names are not those "
                      "of this test",
                      left_out, file->location);
    if (!published)
        return error_set(err, REASON_INTERNAL, "no memory file for krb5.conf");
    /* The library takes any rubbish for an empty one. */
    krb5_error_code code = sections ? krb5.krb5_init_context(&context) : PROF_SECTION_NOTOP;
    if (code == 0) {
        krb5.krb5_free_context(context);
        return true;
    }
    tell(NULL, code, words, sizeof words);
    error_set(err, REASON_FILE_UNREADABLE, "%s is no krb5.conf: \"%s\" (%ld)", file->location,
              words, (long)code);
    return error_property(err, file->property);
}

static bool read_keytab(const struct target_file *file, struct error *err)
{
    krb5_context context = NULL;
    krb5_keytab keytab = NULL;
    krb5_kt_cursor cursor;
    char words[NAME_SIZE] = "";
    if (!publish("KRB5_CLIENT_KTNAME", "FILE:", file->content, file->length) ||
        krb5.krb5_init_context(&context) != 0)
        return error_set(err, REASON_INTERNAL, "no memory file for the keytab");
    krb5_error_code code = krb5.krb5_kt_resolve(context, getenv("KRB5_CLIENT_KTNAME"), &keytab);
    if (code == 0)
        code = krb5.krb5_kt_start_seq_get(context, keytab, &cursor);
    if (code == 0)
        krb5.krb5_kt_end_seq_get(context, keytab, &cursor);
    else
        tell(context, code, words, sizeof words);
    if (keytab)
        krb5.krb5_kt_close(context, keytab);
    krb5.krb5_free_context(context);
    if (code == 0)
        return true;
    error_set(err, REASON_KEYSTORE_INVALID, "%s is no keytab: \"%s\" (%ld)", file->location, words,
              (long)code);
    error_remedy(err, "give a keytab as ktadd or ktutil write it");
    return error_property(err, file->property);
}

bool kerberos_prepare(struct probe *probe, const struct kerberos_login *login, struct error *err)
{
    setenv("KRB5CCNAME", CACHE, 1);
    return load_libraries(err) && (!login->conf || read_conf(probe, login->conf, err)) &&
           (!login->keytab || read_keytab(login->keytab, err));
}

/* Getting tickets: a thread of its own, because libkrb5 has a patience of its own. */
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
        code = krb5.krb5_cc_resolve(context, CACHE, cache);
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
        tell(context, code, words, sizeof words);
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

/* Whose property a code is about. */
enum blame { BLAME_NOBODY, BLAME_PRINCIPAL, BLAME_KEY, BLAME_SERVICE, BLAME_CONF };

/* What a code means here, and what to do; of a service its login says that. */
static const struct meaning {
    krb5_error_code code;
    enum blame blame;
    const char *text;
    const char *remedy;
} meanings[] = {
    {KRB5KDC_ERR_C_PRINCIPAL_UNKNOWN, BLAME_PRINCIPAL, "the KDC does not know our principal",
     "correct the principal, or have it created"},
    {KRB5_KT_NOTFOUND, BLAME_PRINCIPAL, "the keytab holds no key of our principal",
     "name a principal that the keytab holds (klist -k FILE lists them)"},
    {KRB5KDC_ERR_S_PRINCIPAL_UNKNOWN, BLAME_SERVICE,
     "the KDC does not know the service: its name, or the host's, is another", NULL},
    {KRB5KDC_ERR_NAME_EXP, BLAME_PRINCIPAL, "our principal has expired", "have it prolonged"},
    {KRB5KDC_ERR_KEY_EXP, BLAME_PRINCIPAL, "our principal's key has expired", "have it renewed"},
    {KRB5KDC_ERR_CLIENT_REVOKED, BLAME_PRINCIPAL, "our principal is locked", "have it unlocked"},
    {KRB5KRB_AP_ERR_SKEW, BLAME_NOBODY, "the clocks of this host and the KDC differ too much",
     "set the clocks by NTP"},
    {KRB5_KDCREP_SKEW, BLAME_NOBODY, "the clocks of this host and the KDC differ too much",
     "set the clocks by NTP"},
    {KRB5_REALM_UNKNOWN, BLAME_CONF, "krb5.conf names no KDC for the realm",
     "add the realm with its KDC to [realms] of the krb5.conf"},
    {KRB5_KDC_UNREACH, BLAME_CONF, "no KDC of the realm can be reached",
     "look whether the KDC that krb5.conf names is up and its port 88 let through"},
    {KRB5_CONFIG_NODEFREALM, BLAME_PRINCIPAL,
     "the principal has no realm, and krb5.conf no default_realm",
     "write the principal as NAME@REALM"},
};
static const struct meaning stale_key = {
    0, BLAME_KEY,
    "the key in the keytab is not the principal's current one: it was changed since the keytab was "
    "made",
    "export the keytab again (ktadd -norandkey keeps the key)"};
static const struct meaning wrong_password = {0, BLAME_KEY, "the password is wrong",
                                              "check the password of the principal"};

static const struct meaning *find_meaning(const struct job *job)
{
    if (job->code == KRB5KRB_AP_ERR_BAD_INTEGRITY || job->code == KRB5KDC_ERR_PREAUTH_FAILED)
        return job->login->keytab ? &stale_key : &wrong_password;
    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++)
        if (meanings[i].code == job->code)
            return &meanings[i];
    return NULL;
}

static const char *blamed(const struct kerberos_login *login, enum blame blame)
{
    switch (blame) {
    case BLAME_PRINCIPAL:
        return login->principal_property;
    case BLAME_KEY:
        return login->keytab ? login->keytab->property : login->password_property;
    case BLAME_SERVICE:
        return login->service_property;
    case BLAME_CONF:
        return login->conf ? login->conf->property : NULL;
    case BLAME_NOBODY:
    default:
        return NULL;
    }
}

static bool explain(struct probe *side, const struct job *job, struct error *err)
{
    struct error network = ERROR_INIT;
    const struct meaning *meaning = find_meaning(job);
    bool unreachable = job->code == KRB5_KDC_UNREACH && !probe_observed(side, &network);
    error_set(err, REASON_KERBEROS_FAILED,
              "no Kerberos ticket %s%s for \"%s\": %s%s\"%s\" (%ld)%s%s",
              job->for_service ? "for " : "", job->for_service ? job->service : "",
              job->login->principal, meaning ? meaning->text : "", meaning ? ": " : "", job->words,
              (long)job->code, unreachable ? ": " : "", unreachable ? network.message : "");
    if (meaning) {
        error_remedy(err, "%s", meaning->remedy ? meaning->remedy : job->login->service_remedy);
        error_property(err, blamed(job->login, meaning->blame));
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
