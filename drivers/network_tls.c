/* SPDX-License-Identifier: Apache-2.0 */
/* network_tls.c - TLS with whatever answers: the handshake, and what it tells. */
#include "network_tls.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stddef.h>

static void *make_context(void *unused)
{
    (void)unused;
    if (!probe_tls_prepare())
        return NULL;
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    if (context)
        SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
    return context;
}

void network_tls_prepare(struct network_tls *tls)
{
    tls->has_maker = pthread_create(&tls->maker, NULL, make_context, NULL) == 0;
}

static SSL_CTX *find_context(struct network_tls *tls)
{
    void *made = NULL;
    if (tls->context)
        return tls->context;
    if (tls->has_maker)
        pthread_join(tls->maker, &made);
    tls->has_maker = false;
    return tls->context = made ? made : make_context(NULL);
}

static bool is_address(const char *host)
{
    unsigned char address[16];
    return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

SSL *network_tls_new(struct network_tls *tls, int fd)
{
    static const struct tls_policy policy = {.attempt = true,
                                             .name_property = "ConnectionProperties.HOST"};
    struct error ignored = ERROR_INIT;
    SSL_CTX *context = find_context(tls);
    if (!context || !probe_tls_expect(tls->probe, &policy, &ignored))
        return NULL;
    SSL *ssl = SSL_new(context);
    if (!ssl)
        return NULL;
    BIO *nothing = BIO_new(BIO_s_mem());
    BIO_set_mem_eof_return(nothing, -1);
    SSL_set0_rbio(ssl, nothing);
    SSL_set0_wbio(ssl, BIO_new_socket(fd, BIO_NOCLOSE));
    if (!is_address(tls->host))
        SSL_set_tlsext_host_name(ssl, tls->host);
    return ssl;
}

/* Go on with a handshake that the service has answered. */
static bool finish_handshake(SSL *ssl, int64_t wait_us)
{
    int64_t end_us = clock_now_us() + wait_us;
    for (;;) {
        int done = SSL_connect(ssl);
        int wants = done == 1 ? SSL_ERROR_NONE : SSL_get_error(ssl, done);
        struct pollfd wait = {.fd = SSL_get_fd(ssl),
                              .events = wants == SSL_ERROR_WANT_WRITE ? POLLOUT : POLLIN};
        int64_t left_us = end_us - clock_now_us();
        if (done == 1)
            return true;
        if (left_us <= 0 || (wants != SSL_ERROR_WANT_READ && wants != SSL_ERROR_WANT_WRITE) ||
            poll(&wait, 1, (int)(left_us / 1000) + 1) <= 0)
            return false;
    }
}

void network_tls_report(struct network_tls *tls, SSL **ssl, int fd, int64_t wait_us)
{
    struct error why = ERROR_INIT;
    probe_aside(tls->probe, true);
    if (!*ssl)
        *ssl = network_tls_new(tls, fd);
    if (*ssl)
        SSL_set0_rbio(*ssl, BIO_new_socket(fd, BIO_NOCLOSE));
    bool up = *ssl && finish_handshake(*ssl, wait_us);
    bool unseen = !up && probe_observed(tls->probe, &why);
    probe_aside(tls->probe, false);
    if (up) {
        probe_tls_adopt(tls->probe);
        SSL_shutdown(*ssl);
    } else {
        probe_finding(tls->probe, SEVERITY_WARNING, "tls-handshake-failed", NULL, "%s: %s",
                      unseen ? "TIMED_OUT" : reason_name(why.reason),
                      unseen ? "the TLS handshake did not come to its end" : why.message);
    }
}
