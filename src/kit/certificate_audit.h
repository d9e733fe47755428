/* SPDX-License-Identifier: Apache-2.0 */
/* certificate_audit.h - a file of certificates looked at as a whole: each of them, how they stand
 * to each other, and what a TLS client would make of them. */
#ifndef CERTIFICATE_AUDIT_H
#define CERTIFICATE_AUDIT_H

#include "certificate.h"

/* How the certificates of a file follow each other. */
enum certificate_order {
    ORDER_SINGLE,
    ORDER_LEAF_FIRST, /* each is signed by the next: what a TLS server has to send */
    ORDER_ROOT_FIRST, /* each signs the next */
    ORDER_MIXED,      /* a chain, but not in order */
    ORDER_BUNDLE      /* several that do not belong together: a list of roots */
};

struct certificate_audit {
    STACK_OF(X509) * list; /* NULL: the file is unreadable, ERROR says why */
    int *signers;          /* of each: the index (from 1) of who signed it, itself for a self-signed
                              one, 0: nobody in the file */
    int leaf;              /* index of the one that is no CA, the first of such; 0: none */
    enum certificate_order order;
    bool verified; /* the leaf's chain leads to a root of the file or of this system */
    struct certificate_fault *faults;
    size_t fault_count;
    struct error error; /* the first fault that is an error; REASON_NONE: all is well */
};

/*
 * Look at the LENGTH bytes of the file NAME by RULES. HOST: whether the leaf, or the only
 * certificate, is for this host or address; NULL: not asked. True: nothing is wrong with it. The
 * caller ends with certificate_audit_release() in either case. Offline: nothing is fetched.
 */
bool certificate_audit(const char *name, const void *data, size_t length,
                       enum certificate_rules rules, const char *host,
                       struct certificate_audit *audit);
void certificate_audit_release(struct certificate_audit *audit);

/* Add a fault that is not of one certificate's own making; FORMAT is its whole message. */
void certificate_audit_add(struct certificate_audit *audit, enum severity severity,
                           const char *rule, enum reason reason, int index, const char *format, ...)
    __attribute__((format(printf, 6, 7)));

/* Find out who signed whom: signers, leaf and order of AUDIT, and what is wrong with them. */
void certificate_chain_check(struct certificate_audit *audit);

/* Whether CERTIFICATE is signed by its own key. */
bool certificate_is_self_signed(X509 *certificate);

/* Element INDEX (from 1) of the audit for programs: as certificate_to_json(), and serial,
 * days_to_expiry, ca, path_length, key_usage, extended_key_usage, self_signed, signed_by and the
 * rules it obeys. */
json_t *certificate_audit_to_json(const struct certificate_audit *audit, int index);

#endif
