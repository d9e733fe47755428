/* SPDX-License-Identifier: Apache-2.0 */
/* hide.h - secrets taken out of what is shown. */
#ifndef HIDE_H
#define HIDE_H

#include <jansson.h>
#include <stdbool.h>

/*
 * URL with every credential in it replaced by ***: the password before an @ (also of Oracle's
 * user/password@), and each parameter or descriptor entry whose name looks like a secret's. What is
 * not a URL comes back as it is. Rather too much is hidden than too little. The caller frees it.
 */
char *hide_in_url(const char *url);

/* Whether TEXT is a URL out of which hide_in_url() has taken something. */
bool hide_was_done(const char *text);

/* Whether VALUE of a URL's parameter NAME is one to hide. */
bool parameter_is_secret(const char *name, const char *value);

/*
 * Make DOCUMENT, a Connection in the API's shape, what HidePassword asks for: members that hold a
 * password or another secret are removed, URLs that hold one keep the rest. In place.
 */
void hide_passwords(json_t *document);

#endif
