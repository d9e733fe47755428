/* SPDX-License-Identifier: Apache-2.0 */
/* observed_libcurl.c - a TLS connection by libcurl. */
#include <curl/curl.h>
#include <stdio.h>

#include "observed.h"

CONNECT_BY_LIBRARY
{
    char url[400];
    CURL *curl = curl_easy_init();
    snprintf(url, sizeof url, "https://%s:%u/", host, port);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, 2000L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_perform(curl);
}
