/* SPDX-License-Identifier: Apache-2.0 */
/* aws_files.c - files that lie in S3. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws_module.h"
#include "sigv4.h"
#include "text.h"

/* Bytes. */
enum { CA_MAXIMUM = 16 << 20, FILE_MAXIMUM = 64 << 20, BUCKET_SHORTEST = 3, BUCKET_LONGEST = 63 };

static const struct aws_reasons reasons = {.denied = REASON_SECRET_DENIED,
                                           .missing = REASON_FILE_UNREADABLE,
                                           .other = REASON_FILE_UNREADABLE};

/* "s3://bucket/key" taken apart. */
struct place {
    char *bucket;
    char *path; /* "/key", percent-encoded */
};

static bool read_place(const char *location, struct place *place)
{
    const char *bucket = location + strlen("s3://");
    size_t length = strcspn(bucket, "/");
    if (length < BUCKET_SHORTEST || length > BUCKET_LONGEST || !bucket[length] ||
        !bucket[length + 1])
        return false;
    place->bucket = xstrndup(bucket, length);
    place->path = sigv4_encode(bucket + length, true);
    return true;
}

/* S3 knows the bucket in another region than we asked. */
static bool is_elsewhere(const struct aws_answer *answer, const char *region)
{
    return !answer->ok && answer->fault.region[0] && aws_is_region(answer->fault.region) &&
           !text_equal(answer->fault.region, region);
}

/* A file being fetched. */
struct fetching {
    struct aws *aws;
    struct probe *probe;
    const char *location;
    const char *property;
    size_t limit;
    char *content;
    size_t length;
};

static bool take_answer(struct fetching *fetching, const struct aws_call *call,
                        struct aws_answer *answer, struct error *err)
{
    if (!answer->ok) {
        aws_explain(fetching->aws, call, answer, &reasons, err);
        return err->reason == REASON_FILE_UNREADABLE && !*err->remedy
                   ? error_remedy(err, "correct bucket and key of the location, or put the file "
                                       "there")
                   : false;
    }
    fetching->content = answer->http.body;
    fetching->length = answer->http.body_length;
    answer->http.body = NULL;
    answer->http.body_length = 0;
    return true;
}

/* More than the limit is no fault of what answers. */
static void tell_size(const struct fetching *fetching, const char *what, struct error *err)
{
    if (err->reason != REASON_PROTOCOL_ERROR || !strstr(err->message, " bytes in answer to "))
        return;
    error_set(err, REASON_FILE_UNREADABLE, "%s: larger than %zu bytes", what, fetching->limit);
    error_property(err, fetching->property);
}

static bool fetch(struct fetching *fetching, struct error *err)
{
    struct place place = {NULL, NULL};
    struct aws_answer answer = AWS_ANSWER_INIT;
    char region[sizeof answer.fault.region];
    char *what = text_format("the file %s", fetching->location);
    struct aws_call call = {.service = AWS_S3,
                            .body_limit = fetching->limit,
                            .what = what,
                            .property = fetching->property};
    bool fetched = read_place(fetching->location, &place);
    if (!fetched) {
        error_set(err, REASON_FILE_UNREADABLE, "%s: not of the form s3://BUCKET/KEY",
                  fetching->location);
        error_property(err, fetching->property);
    }
    call.bucket = place.bucket;
    call.path = place.path;
    fetched = fetched && aws_send(fetching->aws, &call, &answer, err);
    if (fetched && is_elsewhere(&answer, aws_region(fetching->aws))) {
        snprintf(region, sizeof region, "%s", answer.fault.region);
        call.region = region;
        probe_note(fetching->probe, "bucket_region", "%s", region);
        fetched = aws_send(fetching->aws, &call, &answer, err);
    }
    if (fetched)
        fetched = take_answer(fetching, &call, &answer, err);
    else
        tell_size(fetching, what, err);
    aws_answer_release(&answer);
    free(place.bucket);
    free(place.path);
    free(what);
    return fetched;
}

static bool is_s3(const char *location)
{
    return location && text_starts_nocase(location, "s3://");
}

bool aws_fetch_files(struct aws *aws, struct probe *probe, struct target *target, struct error *err)
{
    struct tls_policy *tls = &target->tls;
    for (size_t i = 0; i < target->file_count; i++) {
        struct target_file *file = &target->files[i];
        struct fetching fetching = {aws,  probe, file->location, file->property, FILE_MAXIMUM,
                                    NULL, 0};
        if (!is_s3(file->location) || file->content)
            continue;
        if (!fetch(&fetching, err))
            return false;
        file->content = fetching.content;
        file->length = fetching.length;
    }
    if (!is_s3(tls->ca_location) || tls->ca_pem)
        return true;
    struct fetching fetching = {aws,  probe, tls->ca_location, tls->ca_property, CA_MAXIMUM,
                                NULL, 0};
    if (!fetch(&fetching, err))
        return false;
    tls->ca_pem = fetching.content;
    tls->ca_pem_length = fetching.length;
    return true;
}
