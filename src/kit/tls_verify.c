/* SPDX-License-Identifier: Apache-2.0 */
/* tls_verify.c - trust and name of a server's chain, decided in one place for all libraries. */
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certificate.h"
#include "net_lookup.h"
#include "net_observer.h"
#include "text.h"
#include "tls_observer.h"

/* The name that the peer of SSL has to prove. */
static void find_expected(const struct probe *probe, const SSL *ssl, char out[TLS_NAME_MAXIMUM])
{
    const struct tls_policy *policy = probe->tls->policy;
    const char *name = policy ? policy->expected_name : NULL;
    const char *indicated = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    const struct net_connection *connection = net_observer_connection(probe, SSL_get_fd(ssl));
    char host[TLS_NAME_MAXIMUM] = "";
    /* Several names may have the same address: the library's SNI says which is meant. */
    if (!name && connection)
        net_observer_name(probe, indicated, connection->address, connection->port, host,
                          sizeof host);
    if (!name && host[0])
        name = host;
    /* A library may know "localhost" without asking: then its SNI has the name. */
    if (!name)
        name = indicated;
    if (!name && connection)
        name = connection->address;
    if (!name && probe->endpoint)
        name = probe->endpoint->host;
    snprintf(out, TLS_NAME_MAXIMUM, "%s", name ? name : "");
}

static bool matches(X509 *leaf, const struct tls_policy *policy, const char *expected)
{
    if (!policy || !policy->expected_dn)
        return certificate_matches_name(leaf, expected);
    char *subject = certificate_name(X509_get_subject_name(leaf));
    bool equal = certificate_dn_equal(subject, policy->expected_dn);
    free(subject);
    return equal;
}

static void verify_chain(const struct tls_observer *tls, X509_STORE_CTX *c,
                         struct tls_record *record)
{
    X509_STORE_CTX *own = X509_STORE_CTX_new();
    X509_STORE_CTX_init(own, tls->store, X509_STORE_CTX_get0_cert(c),
                        X509_STORE_CTX_get0_untrusted(c));
    X509_STORE_CTX_set_default(own, "ssl_server");
    X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(own), 2);
    /* A CA file may name an intermediate: what the user trusts is trusted, root or not. */
    X509_VERIFY_PARAM_set_flags(X509_STORE_CTX_get0_param(own), X509_V_FLAG_PARTIAL_CHAIN);
    X509_verify_cert(own);
    record->chain_error = X509_STORE_CTX_get_error(own);
    record->chain_error_depth = X509_STORE_CTX_get_error_depth(own);
    X509 *at = X509_STORE_CTX_get_current_cert(own);
    if (at && X509_up_ref(at))
        record->chain_error_certificate = at;
    X509_STORE_CTX_free(own);
}

static void record_chain(X509_STORE_CTX *c, struct tls_record *record)
{
    STACK_OF(X509) *sent = X509_STORE_CTX_get0_untrusted(c);
    X509 *leaf = X509_STORE_CTX_get0_cert(c);
    sk_X509_pop_free(record->chain, X509_free);
    record->chain = sent ? X509_chain_up_ref(sent) : sk_X509_new_null();
    if (sk_X509_num(record->chain) == 0 && leaf && X509_up_ref(leaf))
        sk_X509_push(record->chain, leaf);
}

/* What was agreed on before the certificate came. */
static void record_protocol(const SSL *ssl, struct tls_record *record)
{
    const SSL_CIPHER *cipher = SSL_get_pending_cipher(ssl);
    if (!cipher)
        cipher = SSL_get_current_cipher(ssl);
    snprintf(record->version, sizeof record->version, "%s", SSL_get_version(ssl));
    snprintf(record->cipher, sizeof record->cipher, "%s",
             cipher ? SSL_CIPHER_get_name(cipher) : "");
}

/* What the policy refuses in RECORD, X509_V_OK when nothing. */
static int find_refusal(const struct tls_policy *policy, const struct tls_record *record)
{
    if (policy->verify_chain && record->chain_error != X509_V_OK)
        return record->chain_error;
    return policy->verify_name && !record->name_matches ? X509_V_ERR_HOSTNAME_MISMATCH : X509_V_OK;
}

int tls_verify(X509_STORE_CTX *c, void *unused)
{
    struct probe *probe = probe_here();
    SSL *ssl = X509_STORE_CTX_get_ex_data(c, SSL_get_ex_data_X509_STORE_CTX_idx());
    (void)unused;
    if (!probe || !probe->tls || !probe->tls->policy)
        return X509_verify_cert(c);
    struct tls_observer *tls = probe->tls;
    /* A library that tries again after a failure is verified as well; the first failure stays on
     * record. */
    struct tls_record again = {.ssl = ssl};
    pthread_mutex_lock(&tls->lock);
    struct tls_record *record = tls->record.ssl == ssl ? &tls->record : &again;
    ERR_set_mark();
    record->verify_ran = true;
    record_protocol(ssl, record);
    record_chain(c, record);
    find_expected(probe, ssl, record->expected);
    verify_chain(tls, c, record);
    record->name_matches = matches(X509_STORE_CTX_get0_cert(c), tls->policy, record->expected);
    ERR_pop_to_mark();
    int error = find_refusal(tls->policy, record);
    /* The library may not verify at all: what is refused here has to end the handshake. */
    if (error != X509_V_OK)
        SSL_set_verify(ssl, SSL_VERIFY_PEER, NULL);
    tls_record_clear(&again);
    pthread_mutex_unlock(&tls->lock);
    X509_STORE_CTX_set_error(c, error);
    return error == X509_V_OK;
}
