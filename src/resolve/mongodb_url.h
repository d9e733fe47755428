/* SPDX-License-Identifier: Apache-2.0 */
/* mongodb_url.h - mongodb:// and mongodb+srv:// URLs taken apart. */
#ifndef MONGODB_URL_H
#define MONGODB_URL_H

#include "jdbc_url.h"

#define MONGODB_SRV "mongodb+srv"
enum { MONGODB_PORT = 27017 };

/* Whether TEXT begins as such a URL does. */
bool mongodb_url_is_one(const char *text);

/* A problem: TEXT begins otherwise. */
void mongodb_url_refuse(const char *text, const char *path, struct problems *problems);

/*
 * Take TEXT apart into URL: its subprotocol is "mongodb" or "mongodb+srv", the one endpoint of the
 * latter the name whose SRV records count. As jdbc_url_parse() otherwise.
 */
bool mongodb_url_parse(const char *text, const char *path, struct jdbc_url *url,
                       struct problems *problems);

#endif
