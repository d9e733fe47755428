/* SPDX-License-Identifier: Apache-2.0 */
/* kerberos_meaning.h - what libkrb5's error codes mean for a login, and what to do. */
#ifndef KERBEROS_MEANING_H
#define KERBEROS_MEANING_H

#include "kerberos.h"

struct kerberos_meaning {
    const char *text;
    const char *remedy;
    const char *property; /* NULL: none is at fault */
};

/* What CODE means, of a ticket that LOGIN wanted; false for a code whose words have to do. */
bool kerberos_find_meaning(const struct kerberos_login *login, long code,
                           struct kerberos_meaning *meaning);

#endif
