/* SPDX-License-Identifier: Apache-2.0 */
/* salesforce_instance.h - the instance that a token is shown to. */
#ifndef SALESFORCE_INSTANCE_H
#define SALESFORCE_INSTANCE_H

#include "salesforce.h"

enum { URL_MAXIMUM = 1200, HOST_MAXIMUM = 256 };

/* An instance and what is asked of it. */
struct instance {
    struct probe *probe;
    struct oauth2 *oauth2;
    struct https *https;
    char base[URL_MAXIMUM];   /* "https://acme.my.salesforce.com", no slash at its end */
    char host[HOST_MAXIMUM];  /* "acme.my.salesforce.com:443" */
    bool answered;            /* the token's answer named it, not the definition */
    char other[HOST_MAXIMUM]; /* what the answer named in place of the definition's; "": the same */
    char *authorization;      /* the header */
    char version[16];         /* the newest API version: "61.0" */
};

/* The definition's instance into INSTANCE, or the one that the token's answer names. False with ERR
 * set: there is none, or none that the token may be shown to. */
bool salesforce_choose(struct instance *instance, const struct target *target, struct error *err);

#endif
