/* SPDX-License-Identifier: Apache-2.0 */
/* files.c - files read in the worker, where nobody else's secrets are. */
#include "files.h"

#include <stdlib.h>
#include <string.h>

#include "fd.h"
#include "reference.h"
#include "text.h"

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

static char *fill(void *argument, const char *what, const char *path, struct problems *problems)
{
    struct replacing *replacing = argument;
    size_t length = 0;
    (void)problems;
    if (replacing->failed)
        return NULL;
    char *content =
        fd_read_file(what, SECRET_FILE_MAXIMUM, replacing->deadline, &length, replacing->err);
    if (content && memchr(content, '\0', length)) {
        error_set(replacing->err, REASON_FILE_UNREADABLE, "%s: holds a NUL byte", what);
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
    if (!replacing.failed && problems.refused)
        replacing.failed = !error_set(err, REASON_FILE_UNREADABLE, "%s: %s", problems.items[0].path,
                                      problems.items[0].text);
    problems_release(&problems);
    return !replacing.failed;
}

bool files_read(struct target_file *file, struct deadline deadline, struct error *err)
{
    const char *location = file->location;
    if (file->content) /* it stood in the definition */
        return true;
    if (text_starts_nocase(location, "file://"))
        location += strlen("file://");
    file->content = fd_read_file(location, TARGET_FILE_MAXIMUM, deadline, &file->length, err);
    return file->content || error_property(err, file->property);
}

bool files_read_ca(struct tls_policy *policy, struct deadline deadline, struct error *err)
{
    const char *location = policy->ca_location;
    if (!location)
        return true;
    if (text_starts(location, "-----BEGIN")) {
        policy->ca_pem = xstrdup(location);
        policy->ca_pem_length = strlen(location);
        text_wipe_free(policy->ca_location);
        policy->ca_location = xstrdup("the inline certificate");
        return true;
    }
    if (text_starts_nocase(location, "file://"))
        location += strlen("file://");
    policy->ca_pem = fd_read_file(location, CA_FILE_MAXIMUM, deadline, &policy->ca_pem_length, err);
    return policy->ca_pem || blame(err, policy->ca_property);
}
