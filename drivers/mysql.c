/* SPDX-License-Identifier: Apache-2.0 */
/* mysql.c - MySQL, MariaDB and Aurora MySQL through MariaDB Connector/C. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "mysql_driver.h"

#define NOWHERE "/nonexistent/testconn"
enum { PACKET_MAXIMUM = 1 << 20 }; /* bytes; an answer to our requests has less than 1 KiB */

const char *mysql_methods(const struct session *session)
{
    return session->tls ? "caching_sha2_password, mysql_native_password, client_ed25519, "
                          "sha256_password, mysql_clear_password, dialog"
                        : "caching_sha2_password, mysql_native_password, client_ed25519, "
                          "sha256_password";
}

const char *mysql_method(const struct session *session)
{
    return session->talk.method[0] ? session->talk.method : session->greeting.plugin;
}

/* The library's tap on what it reads, decrypted: not in its headers, and not in every build of it.
 */
__attribute__((weak)) int ma_pvio_register_callback(
    my_bool on, void (*see)(int writing, MYSQL *mysql, const unsigned char *bytes, size_t length));

static struct session *tapped; /* one at a time */

/* More than a login and an answer take: the library would read on, and keep it all. */
static void stop_flood(struct session *session)
{
    int fd = mysql_get_socket(session->mysql);
    bool flooded = probe_flooded(session->probe, fd, session->target->user, &session->refusal) ||
                   mysql_goes_round(session, &session->refusal);
    if (flooded)
        shutdown(fd, SHUT_RDWR);
}

/* LENGTH may be a failed read's -1. */
static void see_bytes(int writing, MYSQL *mysql, const unsigned char *bytes, size_t length)
{
    if (writing || !tapped || tapped->mysql != mysql || length > PACKET_MAXIMUM)
        return;
    login_talk_read(&tapped->talk, bytes, length);
    if (tapped->refusal.reason == REASON_NONE)
        stop_flood(tapped);
}

static void tap(struct session *session)
{
    static bool done;
    tapped = session;
    if (!done && ma_pvio_register_callback)
        ma_pvio_register_callback(1, see_bytes);
    done = true;
}

static void set_tls_options(struct session *session)
{
    const my_bool on = 1;
    const my_bool off = 0;
    mysql_options(session->mysql, MARIADB_OPT_RESTRICTED_AUTH, mysql_methods(session));
    if (!session->tls)
        return;
    mysql_options(session->mysql, MYSQL_OPT_SSL_ENFORCE, &on);
    /* Trust and name are the TLS observer's, by the policy. */
    mysql_options(session->mysql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &off);
    /* Any folder, so that the library does not load the system's whole bundle (30 ms) for nothing.
     */
    mysql_options(session->mysql, MYSQL_OPT_SSL_CAPATH, NOWHERE);
}

/* The service's greeting came or did not: TLS is asked of a server that offers it, and of no other.
 * A client library that asks the others sends the password in the clear. */
static bool see_greeting(struct probe *probe, int fd, void *argument, struct error *err)
{
    struct session *session = argument;
    if (!session->tls)
        probe_stage(probe, STAGE_LOGIN);
    if (!greeting_read(probe, fd, session, err)) {
        probe_stage(probe, STAGE_LOGIN);
        return false;
    }
    if (session->greeting.is_error) {
        probe_stage(probe, STAGE_LOGIN);
        return true;
    }
    if (session->tls && !session->greeting.offers_tls) {
        error_set(err, REASON_TLS_NOT_OFFERED, "%s (%s) offers no TLS", session->where,
                  session->greeting.version);
        if (session->target->tls.require) {
            probe_stage(probe, STAGE_TLS);
            return false;
        }
        probe_without_tls(probe, err);
        probe_stage(probe, STAGE_LOGIN);
        session->tls = false;
    }
    set_tls_options(session);
    return true;
}

/* Nothing of the user who runs us may leak in; no file is read, no statement run by itself. */
static void set_options(MYSQL *mysql)
{
    const unsigned protocol = MYSQL_PROTOCOL_TCP;
    const unsigned no_files = 0;
    const unsigned long packet = PACKET_MAXIMUM;
    const my_bool off = 0;
    mysql_options(mysql, MYSQL_OPT_PROTOCOL, &protocol);
    mysql_options(mysql, MYSQL_OPT_LOCAL_INFILE, &no_files);
    mysql_options(mysql, MYSQL_OPT_RECONNECT, &off);
    mysql_options(mysql, MYSQL_OPT_MAX_ALLOWED_PACKET, &packet);
    mysql_options(mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    mysql_optionsv(mysql, MYSQL_OPT_CONNECT_ATTR_ADD, "program_name", "testconn");
}

static bool log_in(struct session *session, struct error *err)
{
    const struct target *target = session->target;
    session->mysql = mysql_init(NULL);
    if (!session->mysql)
        return error_set(err, REASON_BUSY, "no memory for a connection");
    set_options(session->mysql);
    tap(session);
    probe_guard(session->probe, session->tls, see_greeting, session);
    return mysql_real_connect(session->mysql, session->endpoint->host, target->user,
                              target->password ? target->password : "", target->database,
                              session->endpoint->port, NULL, 0) != NULL ||
           mysql_explain(session, err);
}

static void tell_login(const struct session *session)
{
    const struct login_talk *talk = &session->talk;
    if (mysql_method(session)[0])
        probe_note(session->probe, "login_method", "%s", mysql_method(session));
    if (talk->cached || talk->full)
        probe_note_boolean(session->probe, "password_was_cached", talk->cached);
    if (talk->key_came && !session->tls)
        probe_finding(
            session->probe, SEVERITY_WARNING, "password-key-unverified", NULL,
            "nothing encrypts the connection to %s, so the password went encrypted with an RSA key "
            "that came from the server and that nothing vouches for: who sits on the way can read "
            "it. TLS avoids that; MySQL's own JDBC driver logs in like this with "
            "allowPublicKeyRetrieval=true only",
            session->where);
}

/* "5.5.5-10.11.6-MariaDB-0+deb12u1" is MariaDB 10.11.6: old replicas wanted a 5 in front. */
static void tell_server(const struct session *session)
{
    const char *version = mysql_get_server_info(session->mysql);
    const char *product = strcasestr(version, "mariadb") ? "MariaDB" : "MySQL";
    char number[64];
    probe_note(session->probe, "server_version", "%s", version);
    if (strncmp(version, "5.5.5-", 6) == 0)
        version += 6;
    const char *tidb = strstr(version, "-TiDB-v");
    if (tidb) {
        product = "TiDB";
        version = tidb + strlen("-TiDB-v");
    }
    snprintf(number, sizeof number, "%.*s", (int)strcspn(version, "-"), version);
    probe_server(session->probe, product, number);
    probe_note(session->probe, "user", "%s", session->target->user);
    if (session->target->database)
        probe_note(session->probe, "database", "%s", session->target->database);
    tell_login(session);
}

/* Harmless, and proof that statements are answered; which account row let us in is worth knowing.
 */
static bool ask(struct session *session, struct error *err)
{
    static const char statement[] = "SELECT 1, CURRENT_USER()";
    probe_stage(session->probe, STAGE_QUERY);
    if (mysql_real_query(session->mysql, statement, sizeof statement - 1) != 0)
        return mysql_explain(session, err);
    MYSQL_RES *result = mysql_store_result(session->mysql);
    if (!result && mysql_errno(session->mysql))
        return mysql_explain(session, err);
    if (!result)
        return error_set(err, REASON_QUERY_FAILED,
                         "%s answered SELECT 1 of user \"%s\" without a row", session->where,
                         session->target->user);
    MYSQL_ROW row = mysql_num_fields(result) == 2 ? mysql_fetch_row(result) : NULL;
    bool answered = row && row[0] && strcmp(row[0], "1") == 0;
    if (answered && row[1])
        probe_note(session->probe, "account", "%s", row[1]);
    mysql_free_result(result);
    return answered || error_set(err, REASON_QUERY_FAILED,
                                 "%s answered SELECT 1 of user \"%s\" with something else",
                                 session->where, session->target->user);
}

static bool attempt(struct probe *probe, const struct target *target,
                    const struct endpoint *endpoint, bool tls, struct error *err)
{
    struct session session = {.probe = probe, .target = target, .endpoint = endpoint, .tls = tls};
    snprintf(session.where, sizeof session.where, strchr(endpoint->host, ':') ? "[%s]:%u" : "%s:%u",
             endpoint->host, endpoint->port);
    bool accepted = log_in(&session, err);
    if (accepted) {
        tell_server(&session);
        accepted = ask(&session, err);
    }
    mysql_close(session.mysql);
    return accepted;
}

static bool mysql_test(struct probe *probe, const struct target *target, struct error *err)
{
    return probe_each_endpoint(probe, target, attempt, err);
}

static void mysql_preload(void)
{
    mysql_library_init(0, NULL, NULL);
}

TESTCONN_DRIVER_MODULE = {
    .abi = TESTCONN_DRIVER_ABI,
    .name = "mysql",
    .summary = "MySQL, MariaDB and Aurora MySQL",
    .types = (const char *const[]){"JDBC", NULL},
    .subprotocols = (const char *const[]){"mysql", "mariadb", "aurora", NULL},
    .engines = (const char *const[]){"mysql", "mariadb", "aurora", "aurora-mysql", NULL},
    .default_port = 3306,
    .libraries = (const struct library[]){{"libmariadb.so.3", "libmariadb3"}, {NULL, NULL}},
    .preload = mysql_preload,
    .test = mysql_test,
};
