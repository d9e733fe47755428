/* SPDX-License-Identifier: Apache-2.0 */
/*
 * https.h - HTTP requests by libcurl in a worker, one at a time, each with the true cause of its
 * failure. For modules: the program does not link it.
 *
 * Name resolution, TCP and TLS pass the observers like those of any library: they decide trust and
 * know why something failed. Nothing comes from the environment, no cookie, cache or TLS session is
 * kept, and no redirect is followed to another place.
 */
#ifndef HTTPS_H
#define HTTPS_H

#include <stdbool.h>
#include <stddef.h>

#include "testconn/error.h"
#include "testconn/probe.h"
#include "testconn/target.h"

enum { HTTPS_BODY_LIMIT = 1 << 20 }; /* bytes of an answer, where the request says nothing else */

struct https; /* connections that are kept open between requests to the same place */

/* The chain and the host's name verified, the system's roots trusted. */
extern const struct tls_policy https_policy;

/* One request. What is not named is none; everything is borrowed for the call. */
struct https_request {
    const char *method;         /* "GET", "HEAD", "POST", "PUT", "DELETE" */
    const char *url;            /* https://HOST[:PORT][/...], sent as written */
    const char *const *headers; /* "Name: value", NULL-ended */
    const void *body;
    size_t body_length;
    size_t body_limit;            /* bytes of the answer's body; 0: HTTPS_BODY_LIMIT */
    const char *what;             /* for messages: "the token request" */
    const char *proxy;            /* "http://[USER:PASSWORD@]HOST:PORT" */
    const struct tls_policy *tls; /* NULL: https_policy */
    const char *property; /* to blame for host and name: "ConnectionProperties.INSTANCE_URL" */
    bool plain;           /* http:// is allowed too */
    bool follow;          /* GET and HEAD follow redirects to the same scheme, host and port */
    /*
     * Aside (a side of the test, probe_sides): no stage begins and nothing is reported, and the
     * request has at most TIMEOUT_MS (0: all that is left). Otherwise the request is the test's own
     * attempt, begun by probe_attempt(): dns, tcp and tls are announced, and STAGE when TLS is up.
     */
    bool aside;
    int timeout_ms;
    enum stage stage;
};

/* An answer. Begin with HTTPS_RESPONSE_INIT, end with https_response_release(). */
struct https_response {
    int status;     /* 200 */
    char **headers; /* "Name: value" as they came, of the last answer; no NUL, CR or LF in them */
    size_t header_count;
    char *body; /* NUL-ended beyond BODY_LENGTH; never NULL after a success */
    size_t body_length;
};
#define HTTPS_RESPONSE_INIT ((struct https_response){0})
void https_response_release(struct https_response *response); /* wipes the body */

/* The value of the first header of that NAME (without case), or NULL. */
const char *https_header(const struct https_response *response, const char *name);

/* One field of a form; a NULL value leaves it out. */
struct https_field {
    const char *name;
    const char *value;
};

/* COUNT fields as application/x-www-form-urlencoded, every byte but letters, digits and "-._~"
 * escaped. The caller wipes and frees it. */
char *https_form(const struct https_field *fields, size_t count);

/* PROXY (NULL: there is none) where URL's host is to be asked by it, and NULL where EXCEPTIONS, as
 * NO_PROXY, name the host: itself, a domain it lies in, or "*". */
const char *https_proxy_of(const char *url, const char *proxy, const char *exceptions);

/* Initialise libcurl; for a driver's preload(). Opens nothing and starts no thread. */
void https_preload(void);

/* A session of PROBE; the caller ends it by https_free(). */
struct https *https_new(struct probe *probe);
void https_free(struct https *https); /* NULL is allowed */

/*
 * Send REQUEST and read the whole answer. True: there is one, whatever its status. False with ERR
 * set:
 *   INVALID_INPUT                      the URL is none, or of a scheme that is not allowed
 *   DNS_*, CONNECT_*, TLS_*            as the observers saw it
 *   TIMED_OUT                          with what the kernel knows of the connection
 *   CONNECTION_CLOSED                  before, or in the middle of, the answer
 *   WRONG_PROTOCOL, PROTOCOL_ERROR     no HTTP, broken HTTP, or more of it than is read
 *   CONNECT_UNREACHABLE                the proxy did not let us through
 * Messages name host and port, never the URL's path, a header or a body.
 */
bool https_send(struct https *https, const struct https_request *request,
                struct https_response *response, struct error *err);

#endif
