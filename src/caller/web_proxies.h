/* SPDX-License-Identifier: Apache-2.0 */
/* web_proxies.h - HTTPS_PROXY and its like. */
#ifndef WEB_PROXIES_H
#define WEB_PROXIES_H

#include <jansson.h>

/* What ENVIRONMENT, NAME to value, says of proxies: {"proxy"?, "proxy_plain"? (for http://),
 * "no_proxy"?}. */
json_t *web_proxies(const json_t *environment);

/* The same of this process's own environment. */
json_t *web_proxies_here(void);

#endif
