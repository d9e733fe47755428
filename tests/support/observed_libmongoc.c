/* SPDX-License-Identifier: Apache-2.0 */
/* observed_libmongoc.c - a TLS connection by the MongoDB C driver. */
#include <mongoc/mongoc.h>
#include <stdio.h>

#include "observed.h"

CONNECT_BY_LIBRARY
{
    char text[400];
    bson_error_t error;
    bson_t ping = BSON_INITIALIZER;
    mongoc_init();
    snprintf(text, sizeof text,
             "mongodb://%s:%u/"
             "?tls=true&tlsInsecure=true&serverSelectionTimeoutMS=1000&connectTimeoutMS=1000",
             host, port);
    mongoc_client_t *client = mongoc_client_new(text);
    BSON_APPEND_INT32(&ping, "ping", 1);
    if (client)
        mongoc_client_command_simple(client, "admin", &ping, NULL, NULL, &error);
}
