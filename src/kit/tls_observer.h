/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls_observer.h - every OpenSSL handshake of the process: chain, verification, alerts, state.
 *
 * Installed through OpenSSL's ex_data hook on SSL_CTX, so it sees what libpq, libmariadb,
 * librdkafka, libmongoc and libcurl do. Trust, host name and our own rules are decided in it.
 */
#ifndef TLS_OBSERVER_H
#define TLS_OBSERVER_H

#include <openssl/ssl.h>
#include <stdbool.h>

#include "probe_state.h"

enum { TLS_NAME_MAXIMUM = 256, TLS_ALERT_NONE = -1 };

/* What is known of a handshake: the last, or the first that failed. */
struct tls_record {
    enum tls_state state;
    const SSL *ssl;                  /* only compared, never looked into */
    char expected[TLS_NAME_MAXIMUM]; /* the name or address demanded */
    bool verify_ran;
    int chain_error; /* X509_V_*; of the chain alone */
    int chain_error_depth;
    X509 *chain_error_certificate;
    bool name_matches;
    STACK_OF(X509) * chain; /* as sent, leaf first; owned */
    char version[16];       /* "TLSv1.3" once negotiated */
    char cipher[64];
    int hello_version;  /* of the ServerHello: 0x0303; 0: none came */
    int alert_received; /* number, TLS_ALERT_NONE: none; fatal ones only */
    int alert_sent;
    bool certificate_asked;  /* the server asked for a client certificate */
    bool certificate_sent;   /* we had one to send */
    bool heard_afterwards;   /* anything after the handshake: the server is content with it */
    unsigned long error;     /* OpenSSL's, of the failed handshake; 0: none, the peer just left */
    unsigned char header[5]; /* of the first record that came */
    size_t header_length;
    bool told; /* the report has it */
};

struct tls_observer {
    pthread_mutex_t lock;
    const struct tls_policy *policy; /* NULL: nothing is expected, only watched */
    X509_STORE *store;               /* who is trusted by POLICY */
    STACK_OF(X509) * roots;          /* of the configured CA, for messages; or NULL */
    struct tls_record record;
};

/* "OpenSSL 3.0.17 1 Jul 2025" */
const char *tls_library(void);

/* Install the hook, once per process and before a client library makes an SSL_CTX. */
bool tls_observer_install(void);

/* Have OpenSSL read its configuration, providers and algorithms, which it keeps,
 * for processes cloned from this one too: some 2 ms. */
void tls_warm_up(void);

/* Watch for PROBE from now on. */
void tls_observer_start(struct probe *probe);

/* A side is over. */
void tls_observer_free(struct probe *side);

/* Forget what was seen: a new attempt. The policy stays. */
void tls_observer_forget(struct probe *probe);

/* Release what RECORD holds; it is as new. */
void tls_record_clear(struct tls_record *record);

/* Verify the chain of C as the policy demands and record it (the SSL library's callback). */
int tls_verify(X509_STORE_CTX *c, void *unused);

/* A fault of TLS that was seen in this attempt: ERR set, the stage put right, and false; else true.
 */
bool tls_observed(struct probe *probe, struct error *err);

/* What verification said, as an error, whether it decided or not; true when all was good. */
bool tls_verification(const struct tls_observer *tls, const char *where, struct error *err);

/* Likewise of the name alone. */
bool tls_name_verification(const struct tls_observer *tls, const char *where, struct error *err);

/* Put version, cipher and chain into the report, once per handshake. */
void tls_report(struct probe *probe);

/* Whether a handshake came up without the observer's verification having run. */
bool tls_observer_was_bypassed(const struct probe *probe);

#endif
