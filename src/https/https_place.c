/* SPDX-License-Identifier: Apache-2.0 */
/* https_place.c - URLs taken apart by libcurl, which will be given them. */
#include "https_place.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

/* "[::1]" -> "::1" */
static char *without_brackets(const char *host)
{
    size_t length = strlen(host);
    if (length > 2 && host[0] == '[' && host[length - 1] == ']')
        return xstrndup(host + 1, length - 2);
    return xstrdup(host);
}

static bool read_parts(CURLU *parts, bool plain, struct https_place *place, struct error *err)
{
    char *scheme = NULL;
    char *host = NULL;
    char *port = NULL;
    unsigned long number = 0;
    bool known = curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
                 curl_url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK && *host &&
                 curl_url_get(parts, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK &&
                 text_to_number(port, 1, 65535, &number);
    place->is_tls = known && strcmp(scheme, "https") == 0;
    if (!known)
        error_set(err, REASON_INVALID_INPUT,
                  "the URL names no host, or no port between 1 and 65535");
    else if (!place->is_tls && (!plain || strcmp(scheme, "http") != 0))
        error_set(err, REASON_INVALID_INPUT, "the URL begins with %.20s:// in place of %s", scheme,
                  plain ? "http:// or https://" : "https://");
    else
        place->endpoint = (struct endpoint){without_brackets(host), (uint16_t)number};
    curl_free(scheme);
    curl_free(host);
    curl_free(port);
    return place->endpoint.host != NULL;
}

bool https_place_read(const char *url, bool plain, bool proxy, struct https_place *place,
                      struct error *err)
{
    CURLU *parts = curl_url();
    unsigned flags = proxy ? CURLU_GUESS_SCHEME : CURLU_DISALLOW_USER;
    CURLUcode code = curl_url_set(parts, CURLUPART_URL, url,
                                  flags | CURLU_NON_SUPPORT_SCHEME | CURLU_PATH_AS_IS);
    *place = HTTPS_PLACE_INIT;
    bool read = code == CURLUE_OK ? read_parts(parts, plain, place, err)
                                  : error_set(err, REASON_INVALID_INPUT, "the URL is none: %s",
                                              curl_url_strerror(code));
    curl_url_cleanup(parts);
    return read;
}

void https_place_release(struct https_place *place)
{
    free(place->endpoint.host);
    *place = HTTPS_PLACE_INIT;
}

bool https_place_equal(const struct https_place *a, const struct https_place *b)
{
    return a->is_tls == b->is_tls && a->endpoint.port == b->endpoint.port &&
           text_equal_nocase(a->endpoint.host, b->endpoint.host);
}
