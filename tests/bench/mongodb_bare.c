/* SPDX-License-Identifier: Apache-2.0 */
/* mongodb_bare.c - the least a program does with MongoDB's C driver: connect, log in, ping. For
 * tests/bench/mongodb: bare URI [CA]; exit code 0 when the ping was answered. */
#include <mongoc/mongoc.h>

int main(int argc, char **argv)
{
    bson_error_t error;
    mongoc_init();
    mongoc_uri_t *uri = argc > 1 ? mongoc_uri_new_with_error(argv[1], &error) : NULL;
    mongoc_client_t *client = uri ? mongoc_client_new_from_uri(uri) : NULL;
    mongoc_ssl_opt_t tls = {.ca_file = argc > 2 ? argv[2] : NULL};
    bson_t *ping = BCON_NEW("ping", BCON_INT32(1));
    if (client && argc > 2)
        mongoc_client_set_ssl_opts(client, &tls);
    return client && mongoc_client_command_simple(client, "admin", ping, NULL, NULL, &error) ? 0
                                                                                             : 1;
}
