/* SPDX-License-Identifier: Apache-2.0 */
/* salesforce_choice.c - whom the token may be shown to. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "salesforce_instance.h"

/* The host of a https URL into OUT, without port; false when it is none. */
static bool read_host(const char *url, char out[HOST_MAXIMUM])
{
    if (!url || strncasecmp(url, "https://", 8) != 0 || strcspn(url, "@?#") != strlen(url))
        return false;
    const char *authority = url + 8;
    size_t length = *authority == '[' ? strcspn(authority, "]") + 1 : strcspn(authority, ":/");
    if (length == 0 || length >= HOST_MAXIMUM)
        return false;
    memcpy(out, authority, length);
    out[length] = '\0';
    return true;
}

static bool ends_in(const char *host, const char *end)
{
    size_t length = strlen(host);
    size_t size = strlen(end);
    return length > size && strcasecmp(host + length - size, end) == 0;
}

/* The domain that somebody registered: its last two labels, three where the second is as short as
 * those of "co.uk"; NULL for addresses. */
static const char *registered_domain(const char *host)
{
    const char *dots[3] = {NULL};
    if (*host == '[' || strspn(host, "0123456789.") == strlen(host))
        return NULL;
    for (const char *at = host; *at; at++)
        if (*at == '.') {
            dots[0] = dots[1];
            dots[1] = dots[2];
            dots[2] = at;
        }
    if (!dots[2])
        return NULL;
    if (!dots[1])
        return host;
    if (dots[2] - dots[1] > 4)
        return dots[1] + 1;
    return dots[0] ? dots[0] + 1 : host;
}

/* Whether the token of TOKEN_HOST may be shown to HOST: the same one, the same owner's, or both
 * Salesforce's. */
static bool is_trusted(const char *token_host, const char *host)
{
    static const char *const families[] = {".salesforce.com", ".force.com", ".salesforce.mil",
                                           ".cloudforce.com"};
    const char *domain = registered_domain(token_host);
    const char *other = registered_domain(host);
    bool ours = false;
    bool theirs = false;
    if (strcasecmp(token_host, host) == 0)
        return true;
    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        ours = ours || ends_in(token_host, families[i]);
        theirs = theirs || ends_in(host, families[i]);
    }
    return (ours && theirs) || (domain && other && strcasecmp(domain, other) == 0);
}

static void set_base(struct instance *instance, const char *url)
{
    size_t length = 8 + strcspn(url + 8, "/?#");
    const char *authority = url + 8;
    snprintf(instance->base, sizeof instance->base, "%.*s", (int)length, url);
    const char *after_address = strchr(instance->base, ']');
    bool has_port = strchr(after_address ? after_address : instance->base + 8, ':') != NULL;
    snprintf(instance->host, sizeof instance->host, "%.*s%s", (int)(length - 8), authority,
             has_port ? "" : ":443");
}

bool salesforce_choose(struct instance *instance, const struct target *target, struct error *err)
{
    const struct oauth2 *oauth2 = instance->oauth2;
    const char *named = target_parameter(target, "instance_url");
    const char *answered = oauth2_answer(oauth2, "instance_url");
    char named_host[HOST_MAXIMUM] = "";
    char answered_host[HOST_MAXIMUM] = "";
    char token_host[HOST_MAXIMUM] = "";
    char *shown = scrub_copy(&oauth2->scrub, answered, 200);
    read_host(oauth2->token_url, token_host);
    read_host(named, named_host);
    bool usable = read_host(answered, answered_host);
    bool chosen = true;
    if (named) {
        set_base(instance, named);
        if (answered && strcasecmp(named_host, answered_host) != 0) {
            snprintf(instance->other, sizeof instance->other, "%s", shown);
            probe_finding(instance->probe, SEVERITY_WARNING, "instance-differs",
                          INSTANCE_URL_PROPERTY,
                          "INSTANCE_URL is %s, the token's host names \"%s\": the token was shown "
                          "to the first only",
                          named, shown);
        }
    } else if (!answered) {
        chosen = error_set(err, REASON_PROTOCOL_ERROR,
                           "%s names no instance_url beside the token, and the definition none "
                           "either: there is nothing to prove the token by",
                           oauth2->where);
        error_remedy(err, "give INSTANCE_URL (https://NAME.my.salesforce.com) in "
                          "ConnectionProperties");
    } else if (!usable || !is_trusted(token_host, answered_host)) {
        chosen = error_set(err, REASON_PROTOCOL_ERROR,
                           "%s names \"%s\" as instance_url, %s: the token was not sent there",
                           oauth2->where, shown,
                           usable ? "which has nothing to do with it" : "which is no https://HOST");
        error_remedy(err,
                     "check TokenUrl; if the instance is the right one, give it as INSTANCE_URL "
                     "in ConnectionProperties");
        error_property(err, TOKEN_URL_PROPERTY);
    } else {
        set_base(instance, answered);
        instance->answered = true;
    }
    free(shown);
    return chosen;
}
