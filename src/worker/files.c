/* SPDX-License-Identifier: Apache-2.0 */
/* files.c - files read in the worker, where nobody else's secrets are. */
#include "files.h"

#include <stdlib.h>
#include <string.h>

#include "fd.h"
#include "jdbc_url_parts.h"
#include "reference.h"
#include "text.h"
#include "words.h"

/* Bytes. */
enum {
    SECRET_FILE_MAXIMUM = 1 << 20,
    CA_FILE_MAXIMUM = 16 << 20,
    TARGET_FILE_MAXIMUM = 4 << 20,
};

struct replacing {
    struct deadline deadline;
    struct error *err;
    bool failed;
};

/* The reason has to suffice by itself: which property named the file. Returns false. */
static bool blame(struct error *err, const char *property)
{
    char *words = xstrdup(err->message);
    error_set(err, err->reason, "%s names a file that cannot be used: %s", property, words);
    free(words);
    return error_property(err, property);
}

/* What is wrong with the content of a file as a value at PATH, NULL: nothing. */
static const char *find_wrong(const char *content, size_t length, const char *path)
{
    if (memchr(content, '\0', length))
        return "holds a NUL byte";
    if (!text_is_utf8(content, length))
        return "is not UTF-8";
    return reference_may_fill(content, path, REFERENCE_FILE)
               ? NULL
               : "holds a reference itself, which is not replaced";
}

static char *fill(void *argument, const char *what, const char *path, struct problems *problems)
{
    struct replacing *replacing = argument;
    size_t length = 0;
    (void)problems;
    if (replacing->failed)
        return NULL;
    char *content =
        fd_read_file(what, SECRET_FILE_MAXIMUM, replacing->deadline, &length, replacing->err);
    const char *wrong = content ? find_wrong(content, length, path) : NULL;
    if (wrong) {
        error_set(replacing->err, REASON_FILE_UNREADABLE, "%s: %s", what, wrong);
        text_wipe(content, length);
        free(content);
        content = NULL;
    }
    if (!content) {
        replacing->failed = true;
        blame(replacing->err, path);
        return NULL;
    }
    if (length && content[length - 1] == '\n')
        content[--length] = '\0';
    if (length && content[length - 1] == '\r')
        content[--length] = '\0';
    return content;
}

bool files_replace(struct connection *connection, struct deadline deadline, struct error *err)
{
    struct replacing replacing = {.deadline = deadline, .err = err};
    struct problems problems = PROBLEMS_INIT;
    reference_replace(connection->document, REFERENCE_FILE, fill, &replacing, &problems);
    connection_refresh(connection);
    if (!replacing.failed && problems.refused)
        replacing.failed = !error_set(err, REASON_FILE_UNREADABLE, "%s: %s", problems.items[0].path,
                                      problems.items[0].text);
    problems_release(&problems);
    return !replacing.failed;
}

/* Nobody sees it in a message. */
static void tell_blank(const char *location, struct error *err)
{
    size_t length = strlen(location);
    if (length == 0 || (location[0] != ' ' && location[length - 1] != ' '))
        return;
    char *words = xstrdup(err->message);
    error_set(err, err->reason, "%s (the location begins or ends with a blank)", words);
    free(words);
}

/* The file at LOCATION, a path or file://[localhost]/PATH with %XX in it. */
static char *read_location(const char *location, size_t limit, struct deadline deadline,
                           size_t *length, struct error *err)
{
    const char *rest = location;
    char *path = NULL;
    if (text_starts_nocase(location, "file:///"))
        rest += strlen("file://");
    else if (text_starts_nocase(location, "file://localhost/"))
        rest += strlen("file://localhost");
    else if (text_starts_nocase(location, "file:/") && location[strlen("file:/")] != '/')
        rest += strlen("file:");
    else if (!text_starts_nocase(location, "file:") && !strstr(location, "://"))
        path = xstrdup(location);
    if (!path && rest == location)
        error_set(
            err, REASON_FILE_UNREADABLE,
            "%s: names no file of this host: a path, file:///PATH and s3://BUCKET/KEY are read",
            location);
    else if (!path && !(path = url_decode(rest, strlen(rest))))
        error_set(err, REASON_FILE_UNREADABLE, "%s: has a broken percent escape", location);
    char *content = path ? fd_read_file(path, limit, deadline, length, err) : NULL;
    if (!content)
        tell_blank(location, err);
    free(path);
    return content;
}

bool files_read(struct target_file *file, struct deadline deadline, struct error *err)
{
    if (file->content) /* it stood in the definition */
        return true;
    file->content =
        read_location(file->location, TARGET_FILE_MAXIMUM, deadline, &file->length, err);
    return file->content || blame(err, file->property);
}

bool files_read_ca(struct tls_policy *policy, struct deadline deadline, struct error *err)
{
    const char *location = policy->ca_location;
    if (!location)
        return true;
    if (location_is_pem(location)) {
        policy->ca_pem = xstrdup(location);
        policy->ca_pem_length = strlen(location);
        text_wipe_free(policy->ca_location);
        policy->ca_location = xstrdup("the inline certificate");
        return true;
    }
    policy->ca_pem =
        read_location(location, CA_FILE_MAXIMUM, deadline, &policy->ca_pem_length, err);
    return policy->ca_pem || blame(err, policy->ca_property);
}
