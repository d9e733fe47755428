/* SPDX-License-Identifier: Apache-2.0 */
/* connection.h - what the user stored: a Connection, ConnectionInput or TestConnectionInput,
 * verbatim. */
#ifndef CONNECTION_H
#define CONNECTION_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "problems.h"

/* Which structure of the API a definition came as. */
enum connection_form {
    CONNECTION_FORM_INPUT, /* ConnectionInput: Name, ConnectionType, ConnectionProperties, ... */
    CONNECTION_FORM_TEST_INPUT, /* TestConnectionInput, or the same without a Name */
    CONNECTION_FORM_STORED      /* Connection, as get-connections prints it: status and times too */
};

/* The document is owned, everything else borrows from it. Nothing in it was checked yet. */
struct connection {
    json_t *document; /* an object */
    enum connection_form form;
    const char
        *root;   /* what wrapped it in its file: "ConnectionInput.", "TestConnectionInput.", "" */
    char *label; /* what a report calls it: its Name, or "connection 3", or "" */
    const char *name;       /* NULL: none, or not a string */
    const char *type;       /* ConnectionType; NULL: none, or not a string */
    json_t *properties;     /* ConnectionProperties; NULL: none, or not an object */
    json_t *authentication; /* AuthenticationConfiguration; likewise */
    json_t *physical;       /* PhysicalConnectionRequirements; likewise */
    bool filled;            /* ${key} of its URLs was replaced by what its secret holds */
    json_t *references;     /* property -> "${env:NAME}" or "${file:PATH}", as it came; owned */
    json_t *tags;           /* owned: Tags of the request of CreateConnection it came in; or NULL */
};

/* Take over DOCUMENT, which must be an object. The caller ends with connection_free(). */
struct connection *connection_new(json_t *document, enum connection_form form);
/* After values of the document were replaced: what is borrowed from them is found anew. */
void connection_refresh(struct connection *connection);
void connection_free(struct connection *connection); /* wipes its secrets; NULL is allowed */

/*
 * The value of a connection property, NULL when it is absent, not a string, or empty - an empty
 * value is as good as none. PASSWORD is the exception: given empty it is "".
 */
const char *connection_property(const struct connection *connection, const char *key);

/* Definitions of one input, in its order. */
struct connection_list {
    struct connection **items;
    size_t count;
};
void connection_list_release(struct connection_list *list);

/*
 * Read the definitions out of DOCUMENT (borrowed): one ConnectionInput or TestConnectionInput, a
 * request of CreateConnection or TestConnection, a list of connections, or the output of
 * `aws glue get-connection(s)`. False with PROBLEMS filled when it is none of these.
 * A request of TestConnection that holds ConnectionName alone puts that name into *CATALOG_NAME
 * (borrowed from DOCUMENT) and leaves LIST empty.
 */
bool connection_list_read(json_t *document, struct connection_list *list, const char **catalog_name,
                          struct problems *problems);

#endif
