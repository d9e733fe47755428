/* SPDX-License-Identifier: Apache-2.0 */
/* kerberos_files.c - krb5.conf and keytab, looked into and made what libkrb5 reads. */
#include <profile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kerberos.h"
#include "kerberos_library.h"

enum { WORDS_SIZE = 256 };

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

static bool read_conf(struct probe *probe, const struct target_file *file, struct error *err)
{
    krb5_context context = NULL;
    char words[WORDS_SIZE];
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
    kerberos_tell(NULL, code, words, sizeof words);
    error_set(err, REASON_FILE_UNREADABLE, "%s is no krb5.conf: \"%s\" (%ld)", file->location,
              words, (long)code);
    return error_property(err, file->property);
}

static bool read_keytab(const struct target_file *file, struct error *err)
{
    krb5_context context = NULL;
    krb5_keytab keytab = NULL;
    krb5_kt_cursor cursor;
    char words[WORDS_SIZE] = "";
    if (!publish("KRB5_CLIENT_KTNAME", "FILE:", file->content, file->length) ||
        krb5.krb5_init_context(&context) != 0)
        return error_set(err, REASON_INTERNAL, "no memory file for the keytab");
    krb5_error_code code = krb5.krb5_kt_resolve(context, getenv("KRB5_CLIENT_KTNAME"), &keytab);
    if (code == 0)
        code = krb5.krb5_kt_start_seq_get(context, keytab, &cursor);
    if (code == 0)
        krb5.krb5_kt_end_seq_get(context, keytab, &cursor);
    else
        kerberos_tell(context, code, words, sizeof words);
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
    setenv("KRB5CCNAME", KERBEROS_CACHE, 1);
    return kerberos_load(err) && (!login->conf || read_conf(probe, login->conf, err)) &&
           (!login->keytab || read_keytab(login->keytab, err));
}
