/* SPDX-License-Identifier: Apache-2.0 */
/* probe.h - the running test as a driver sees it: stages, facts, findings, time, and what the
 * observers saw. */
#ifndef TESTCONN_PROBE_H
#define TESTCONN_PROBE_H

#include <stdbool.h>
#include <stddef.h>

#include "testconn/deadline.h"
#include "testconn/error.h"
#include "testconn/target.h"

#pragma GCC visibility push(default)

enum stage {
    STAGE_INPUT,
    STAGE_CREDENTIALS,
    STAGE_CERTIFICATE,
    STAGE_DNS,
    STAGE_TCP,
    STAGE_TLS,
    STAGE_LOGIN,
    STAGE_QUERY,
    STAGE_COUNT
};

enum { ARRIVAL_MAXIMUM = 4096 + 64 }; /* bytes that are looked at before a library has them */

enum severity { SEVERITY_NOTE, SEVERITY_WARNING, SEVERITY_ERROR };

struct probe; /* one running test; opaque to drivers */

/* "dns"; never NULL for a stage. */
const char *stage_name(enum stage stage);

/*
 * Say that STAGE begins now; the one before it is thereby passed. Entering the stage at hand or an
 * earlier one again (a library that reconnects by itself) does nothing. A driver announces `login`
 * and `query`; `dns`, `tcp` and `tls` are announced by the observers. A stage that was passed
 * before begins again by probe_attempt() only.
 */
void probe_stage(struct probe *probe, enum stage stage);

/*
 * What ends the test at the stage at hand belongs to STAGE, before it: a login that the service
 * breaks off because it wants TLS. To be called right before the test is given up.
 */
void probe_failed_at(struct probe *probe, enum stage stage);

/* The stage entered last. */
enum stage probe_current_stage(const struct probe *probe);

/*
 * Begin a new attempt at ENDPOINT (borrowed for the test's lifetime), at stage DNS: what the stages
 * from there on said before belongs to an earlier attempt. The observers forget what they saw.
 * FIRST is where the attempt starts over: STAGE_DNS, or STAGE_TCP for another try at the same host.
 */
void probe_attempt(struct probe *probe, const struct endpoint *endpoint, enum stage first);

/*
 * What is done while ON is aside of the test: to learn more of a failure that is already known. No
 * stage, fact or finding of it is reported.
 */
void probe_aside(struct probe *probe, bool on);

/*
 * A connection beside the test's own: to an address that the service named, or to ask again in
 * another way. A side is a probe with stages and observers of its own; what is noted and found in
 * it is not reported, its outcome is the caller's to judge.
 */
struct probe_side {
    struct endpoint endpoint; /* where to; its host is borrowed */
    void *argument;           /* the function's */
    bool reached;             /* out: what the function returned */
    enum stage stage;         /* out: the stage it had come to */
    struct error error;       /* out: why it failed */
    char address[64];         /* out: the address that accepted TCP; "": none */
};

/* True: SIDE's endpoint works. False: ERR says why. */
typedef bool probe_side_function(struct probe *side, const struct endpoint *endpoint,
                                 void *argument, struct error *err);

/*
 * Call FUNCTION for each of COUNT sides, side by side in threads (at most 64 at a time, and then
 * each has its share of the time), and return when all are done: by probe_deadline() if the
 * function keeps to the deadline of its side.
 */
void probe_sides(struct probe *probe, struct probe_side *sides, size_t count,
                 probe_side_function *function);

/*
 * The same for one side, in the calling thread. What threads of a client library do from now on
 * belongs to that side as well, also after the return. False with ERR set as the function did.
 */
bool probe_beside(struct probe *probe, const struct endpoint *endpoint,
                  probe_side_function *function, void *argument, struct error *err);

/*
 * What a library opens in SIDE goes as far as POINT and waits there, at most to the deadline, until
 * a later point is named: it may come up beside the test's own connection, and log in only once
 * that was accepted.
 */
enum probe_point { POINT_CONNECT, POINT_TCP, POINT_TLS, POINT_NONE };
void probe_hold(struct probe *side, enum probe_point point);

/*
 * One attempt at ENDPOINT, over TLS or in the clear as TLS says. True: it works. False: ERR says
 * why, and the stage at hand says where.
 */
typedef bool probe_attempt_function(struct probe *probe, const struct target *target,
                                    const struct endpoint *endpoint, bool tls, struct error *err);

/*
 * Try each endpoint of TARGET in order by ATTEMPT until one works; each gets a fair share of the
 * time. One that works is success; those that did not before it are findings. If none works, ERR is
 * that of the one that got furthest, the first of equals, and the report shows that attempt. After
 * a refused login (LOGIN_*, KERBEROS_FAILED, OAUTH_REFUSED) no other is tried.
 *
 * Where the target's policy wants TLS it is tried first, with probe_tls_expect() called. Where the
 * policy does not require it, TLS has a third of the time left to come up, and when it fails by its
 * own means a finding says so and one attempt in the clear decides.
 */
bool probe_each_endpoint(struct probe *probe, const struct target *target,
                         probe_attempt_function *attempt, struct error *err);

/*
 * The service offers no TLS (ERR says it), and the policy does not require it: a finding, and the
 * same attempt goes on in the clear with all of its time. Clears ERR.
 */
void probe_without_tls(struct probe *probe, struct error *err);

/*
 * Put behind ERR's message what TLS failed by before this attempt in the clear, where it did: for a
 * refusal that may be for want of it. probe_each_endpoint() does so for TLS_REQUIRED.
 */
void probe_tell_over_tls(const struct probe *probe, struct error *err);

/*
 * Called in connect() with the socket of each TCP connection to the endpoint, before the library
 * reads or writes a byte. It may wait for the service's greeting (probe_await, probe_peek). False
 * with ERR set: the library is refused this connection and every other of the attempt, and
 * probe_observed() tells ERR.
 */
typedef bool probe_connected_function(struct probe *probe, int fd, void *argument,
                                      struct error *err);

/*
 * For a library that connects and logs in in one blocking call: until the next attempt CONNECTED
 * (may be NULL) is called with ARGUMENT as above; `login` begins by itself as soon as TLS is up, or
 * as TCP is where TLS is not expected and there is no CONNECTED; and at probe_deadline() the
 * connection is shut down, so that the library comes back and probe_observed() tells why.
 */
void probe_guard(struct probe *probe, bool tls, probe_connected_function *connected,
                 void *argument);

enum { PROBE_ADDRESSES = 32 }; /* of one host, at most */

/* One address of a host, and what became of the connection to it. */
struct probe_address {
    char address[64];     /* "192.0.2.7" */
    int fd;               /* connected, non-blocking, the caller's to close; -1: not connected */
    double round_trip_ms; /* when connected */
    const char *speaks; /* what its service turned out to speak, if the driver found out; static */
};

/*
 * Look the host of ENDPOINT up and connect to all of its addresses at once (stages dns and tcp).
 * At least one connected: true, the addresses are in ADDRESSES, *COUNT of them, and the first that
 * is connected is the report's. Those that fail beside it are findings; they are waited for a
 * moment after it answered, not for the whole of the time. Otherwise false, and ERR says why.
 */
bool probe_reach(struct probe *probe, const struct endpoint *endpoint,
                 struct probe_address addresses[PROBE_ADDRESSES], size_t *count, struct error *err);

/* Another connection to an address that was reached, aside of the test and non-blocking: it may
 * be under way still. -1: none. */
int probe_reach_again(struct probe *probe, const struct probe_address *address);

/* The fact `addresses` of the stage tcp: of each its outcome, round-trip time and what it speaks.
 */
void probe_reach_note(struct probe *probe, const struct probe_address *addresses, size_t count);

/*
 * Wait until COUNT bytes can be read from FD or it was closed, at most to probe_deadline(), and
 * peek. False with ERR set (TIMED_OUT, as by probe_timed_out()): WHAT did not come.
 */
bool probe_await(struct probe *probe, int fd, size_t count, const char *what, struct error *err);

/*
 * Whether the service at ENDPOINT, which left without a word, is PostgreSQL, or speaks TLS from the
 * first byte: both answer only when asked in their own way. Asked on a connection beside the test,
 * for a moment.
 */
bool probe_is_postgresql(struct probe *probe, const struct endpoint *endpoint);
bool probe_is_tls(struct probe *probe, const struct endpoint *endpoint);

/* Facts of the stage at hand, in snake case; the last of equal keys counts. Never a secret. */
void probe_note(struct probe *probe, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void probe_note_integer(struct probe *probe, const char *key, long long value);
void probe_note_number(struct probe *probe, const char *key, double value);
void probe_note_boolean(struct probe *probe, const char *key, bool value);
void probe_note_list(struct probe *probe, const char *key, const char *const *values, size_t count);

/* One value of a list of objects. */
struct fact {
    const char *key; /* "port" */
    enum fact_kind { FACT_TEXT, FACT_INTEGER, FACT_BOOLEAN } kind;
    const char *text;
    long long integer;
    bool boolean;
};

/* A list of ROWS objects of COLUMNS facts each, row by row in FACTS. A text that is NULL is left
 * out. */
void probe_note_table(struct probe *probe, const char *key, const struct fact *facts,
                      size_t columns, size_t rows);

/*
 * Something worth knowing that does not decide the test, found in the stage at hand. RULE is a
 * short stable name ("certificate-expires-soon"), PROPERTY the property concerned or NULL.
 */
void probe_finding(struct probe *probe, enum severity severity, const char *rule,
                   const char *property, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/*
 * CONTENT, JSON with tokens that the service has given us, is what the target's secret should hold
 * from now on. It is written there once the driver is done, whatever its verdict, where the target
 * says write_back; otherwise nothing is kept.
 */
void probe_keep_secret(struct probe *probe, const char *content);

/* What the service says it is. VERSION may be NULL. */
void probe_server(struct probe *probe, const char *product, const char *version);

/* By when the driver has to return, with the time for saying why kept back; within an attempt of
 * probe_each_endpoint() the share of that endpoint. */
struct deadline probe_deadline(const struct probe *probe);

/*
 * What follows in this attempt ends at DEADLINE where that is earlier, until probe_unbound(), and
 * until TLS is up: so that something is left for finding out why.
 */
void probe_bound(struct probe *probe, struct deadline deadline);
void probe_unbound(struct probe *probe);

/*
 * Whether the outbound policy lets somebody else, a proxy, connect us with ENDPOINT: by its name,
 * or where that is an address by that; what the name resolves to is the proxy's to know. False with
 * ERR set to POLICY_DENIED.
 */
bool probe_allows(const struct probe *probe, const struct endpoint *endpoint, struct error *err);

/* Have SIDE (or the test) end at DEADLINE where that is earlier. */
void probe_hurry(struct probe *side, struct deadline deadline);

/* Whether --trace asks for the path also on success. */
bool probe_trace_wanted(const struct probe *probe);

/*
 * A driver's library failed: let the observers say why. They know name resolution, TCP and TLS
 * better than any library. When one of them saw the cause, ERR is set, the stage is put right and
 * false is returned; true means that they saw nothing wrong, and the driver classifies on.
 */
bool probe_observed(struct probe *probe, struct error *err);

/*
 * The deadline has passed while FD (the service's socket; -1 when there is none yet) was waiting
 * for WHAT ("its answer to the login"). Asks the kernel what became of our packets (TCP_INFO),
 * notes the numbers as a finding, and sets ERR to TIMED_OUT with the cause. Returns false.
 */
bool probe_timed_out(struct probe *probe, int fd, const char *what, struct error *err);

/*
 * Look at the first bytes that the peer of FD has sent, without taking them. To be called before
 * a library reads from a connection on which the service should speak only when spoken to, and
 * whenever a library waits; cheap. The first bytes seen of an attempt are kept.
 */
void probe_peek(struct probe *probe, int fd);

/* The same for bytes that a library has read and deciphered. */
void probe_peer_heard(struct probe *probe, const void *bytes, size_t length);

/* What has come from a peer. */
struct arrival {
    size_t length;
    unsigned char bytes[ARRIVAL_MAXIMUM];
};

/*
 * What has come by FD and its library has not read yet, without taking it and without waiting,
 * deciphered where SSL (OpenSSL's, of the library's connection) is not NULL; no bytes: nothing has.
 * False with ERR set: it cannot be deciphered, which the library would not be told again.
 */
bool probe_look(struct probe *probe, int fd, void *ssl, struct arrival *arrival, struct error *err);

/* TLS came up, and what comes over it is broken, as WORDS of a library say. Returns false. */
bool probe_tls_broke(struct probe *probe, const char *words, struct error *err);

/*
 * Whether the service at FD has sent more than any login and any answer to a harmless request take:
 * what a library would read on and on, and keep. True with ERR set; USER logs in.
 */
bool probe_flooded(struct probe *probe, int fd, const char *user, struct error *err);

/*
 * What protocol the first bytes of the peer belong to, for messages: "SSH", "MySQL", "HTTP", "TLS",
 * "PostgreSQL", "SMTP", "Redis", ...; NULL when nothing was seen or it is not known. Uses what
 * probe_peek() kept of this attempt.
 */
const char *probe_peer_protocol(const struct probe *probe);

/* The same for LENGTH bytes that a driver has read itself. */
const char *probe_protocol_of(const unsigned char *bytes, size_t length);

/* How many first bytes were kept of this attempt, and the bytes themselves. */
size_t probe_peer_bytes(const struct probe *probe, const unsigned char **bytes);

/*
 * Have the TLS observer watch what OpenSSL does from now on. The worker has called it, but for a
 * driver that has `tls_at_need`: that one calls it before it makes an SSL_CTX.
 */
bool probe_tls_prepare(void);

/*
 * The TLS observer decides trust and name by POLICY from now on, for each handshake of this
 * process. probe_each_endpoint() has called it; a driver calls it for policies of its own making.
 * NULL: the observer only watches, and the library decides by itself.
 */
bool probe_tls_expect(struct probe *probe, const struct tls_policy *policy, struct error *err);

/* What the observer knows of the TLS of this attempt. */
enum tls_state {
    TLS_STATE_NONE,    /* no handshake was begun */
    TLS_STATE_STARTED, /* begun and not done */
    TLS_STATE_UP,      /* done; no fatal alert afterwards */
    TLS_STATE_FAILED,  /* by alert, verification or a protocol fault */
};
enum tls_state probe_tls_state(const struct probe *probe);

/* Whether the peer answered a handshake with TLS, be it an alert. */
bool probe_tls_spoken(const struct probe *probe);

/*
 * A handshake that was made aside of the test came up and belongs into the report after all: the
 * stage `tls` with its facts and findings, the certificate chain.
 */
void probe_tls_adopt(struct probe *probe);

/* Whether TLS is up and chain and name were found good, whatever the policy demanded. */
bool probe_tls_verified(const struct probe *probe);

#pragma GCC visibility pop

#endif
