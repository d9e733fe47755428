/* SPDX-License-Identifier: Apache-2.0 */
/* url_refused.h - names of URL parameters that mean code, files, sockets or statements. */
#ifndef URL_REFUSED_H
#define URL_REFUSED_H

#include <stdbool.h>

/* Whether NAME, of whatever vendor, has a part that says so. */
bool url_refused_name(const char *name);

/*
 * The first refused NAME= within TEXT, a value that some driver or wrapper may take apart again, at
 * "?", "&", ";" or ",". IS_REFUSED says whether the vendor SUBPROTOCOL refuses a name. NULL when
 * there is none; the caller frees it.
 */
typedef bool url_judge(const char *subprotocol, const char *name);
char *url_refused_within(const char *text, const char *subprotocol, url_judge *is_refused);

#endif
