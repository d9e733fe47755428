/* SPDX-License-Identifier: Apache-2.0 */
/* url_rule.h - the table of URL parameters that are known, of all vendors. */
#ifndef URL_RULE_H
#define URL_RULE_H

enum parameter_use {
    USE_PASS,       /* to the driver, as PASSED_AS */
    USE_NAME,       /* the name or DN that the server's certificate has to have */
    USE_REFUSE,     /* a class, a file, a socket, statements to run */
    USE_CREDENTIAL, /* a login, which belongs into the properties */
    USE_KEY,        /* the same of AWS */
    USE_TIME,       /* a time limit: the test has its own */
    USE_IDLE        /* known, and without effect on a test */
};

struct parameter_rule {
    const char *vendors; /* blank-separated subprotocols */
    const char *name;    /* without case */
    enum parameter_use use;
    const char *passed_as; /* of what is refused: the property to use instead, or NULL */
};

/* The rule for the parameter NAME of a URL of SUBPROTOCOL; NULL: it is unknown here (url_tls.c has
 * those about TLS). */
const struct parameter_rule *url_rule_find(const char *subprotocol, const char *name);

#endif
