/* SPDX-License-Identifier: Apache-2.0 */
/* words.h - the API's words and limits: property keys, connection types, enumerations, lengths,
 * patterns. */
#ifndef WORDS_H
#define WORDS_H

#include <stdbool.h>
#include <stddef.h>

enum value_kind {
    VALUE_TEXT,
    VALUE_BOOLEAN, /* true or false without case */
    VALUE_PORT,    /* decimal digits only */
    VALUE_HOST,    /* one DNS name, IPv4 or IPv6 address */
    VALUE_LOCATION /* s3://, a path, file://, inline PEM */
};

/* One key of ConnectionProperties. */
struct property_word {
    const char *name;
    enum value_kind kind;
    bool secret; /* never shown */
};

/* The keys of the API document and INSTANCE_URL, ended by a NULL name. */
extern const struct property_word property_words[];

/* The row of KEY (case counts), or NULL. */
const struct property_word *property_word_find(const char *key);

/* Whether a location is no location but the PEM text itself, with whatever stands before it. */
bool location_is_pem(const char *value);

/* The known key nearest to KEY, or NULL. */
const char *property_word_nearest(const char *key);

/* Whether values of KEY are never shown: a secret word, or a key that looks like one. */
bool property_is_secret(const char *key);

/* How the API knows a connection type. */
enum type_standing {
    TYPE_UNKNOWN,
    TYPE_DOCUMENTED, /* one of the ten of the API document */
    TYPE_NEWER       /* of the newest Glue model: stored, and honestly not testable */
};
enum type_standing connection_type_standing(const char *type);
/* The ten, NULL-ended, in the document's order. */
extern const char *const connection_types[];

/* Patterns of the API document; LENGTH bytes, which must be UTF-8 to match. */
bool pattern_single_line(const char *text, size_t length);
bool pattern_multi_line(const char *text, size_t length);
bool pattern_secret_arn(const char *text, size_t length);
bool pattern_token_url(const char *text, size_t length);
bool pattern_no_blank(const char *text, size_t length);
bool pattern_redirect_uri(const char *text, size_t length);

/* A boolean property's value: true or false without case, nothing else. */
bool word_to_boolean(const char *text, bool *value);

#endif
