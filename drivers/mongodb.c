/* SPDX-License-Identifier: Apache-2.0 */
/* mongodb.c - MongoDB and what speaks its protocol: each host by our own few requests, then the set
 * by MongoDB's own library. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mongodb_driver.h"

#define KEY_PASSWORD_PROPERTY "ConnectionProperties.MONGODB_CLIENT_KEY_PASSWORD"

enum { COMMAND_NOT_FOUND = 59 };

/* Of the one test of this process. */
static const struct service *service;
static struct identity *identity;

static void tell_hello(const struct session *session)
{
    const struct hello *hello = &session->hello;
    const char *mechanisms[MECHANISMS_MAXIMUM];
    probe_note(session->probe, "role", "%s", hello_role(hello));
    if (hello->set_name[0])
        probe_note(session->probe, "set_name", "%s", hello->set_name);
    if (hello->me[0])
        probe_note(session->probe, "known_as", "%s", hello->me);
    if (hello->primary[0])
        probe_note(session->probe, "primary", "%s", hello->primary);
    probe_note_integer(session->probe, "wire_version", hello->maximum_wire);
    for (size_t i = 0; i < hello->mechanism_count; i++)
        mechanisms[i] = hello->mechanisms[i];
    if (hello->lists_mechanisms)
        probe_note_list(session->probe, "account_mechanisms", mechanisms, hello->mechanism_count);
}

/* An arbiter votes and does nothing else; it knows who does. */
static bool tell_arbiter(const struct session *session, struct error *err)
{
    const struct hello *hello = &session->hello;
    error_set(err, REASON_QUERY_FAILED,
              "%s is an arbiter of the set \"%s\": it holds no data and knows no accounts, so user "
              "\"%s\" cannot log in there%s%s",
              session->where, hello->set_name, session->target->user,
              hello->primary[0] ? "; the primary is " : "", hello->primary);
    if (hello->primary[0])
        error_remedy(err, "name members that hold data in the URL: %s is the primary",
                     hello->primary);
    else
        error_remedy(err, "name members that hold data in the URL");
    return error_property(err, session->target->host_property);
}

/* A server that cannot have accounts for us yet, or never has. */
static bool can_log_in(const struct session *session, struct error *err)
{
    const struct hello *hello = &session->hello;
    if (hello->uninitiated) {
        error_set(err, REASON_SERVER_STARTING,
                  "%s was started for a replica set that nobody has initiated yet", session->where);
        return error_remedy(err, "initiate the replica set at the server (rs.initiate()), or wait "
                                 "until whoever sets it up has done so");
    }
    return !hello->arbiter || tell_arbiter(session, err);
}

static const char *text_of(const bson_t *document, const char *key)
{
    bson_iter_t iter;
    return bson_iter_init_find(&iter, document, key) && BSON_ITER_HOLDS_UTF8(&iter)
               ? bson_iter_utf8(&iter, NULL)
               : NULL;
}

/* What the server is, as far as it says; who may not ask is not told, and that is fine. */
static void tell_server(struct session *session)
{
    struct answer answer;
    struct error ignored = ERROR_INIT;
    bson_t *command = BCON_NEW("buildInfo", BCON_INT32(1));
    bool told = session_demand(session, "admin", command, "buildInfo", &answer, &ignored);
    bson_destroy(command);
    if (!told)
        return;
    const char *ferretdb = text_of(&answer.document, "ferretdbVersion");
    probe_server(session->probe, "MongoDB", text_of(&answer.document, "version"));
    if (ferretdb)
        probe_note(session->probe, "implementation", "FerretDB %s", ferretdb);
    answer_release(&answer);
}

/* The names of a list of {user or role, db} as "NAME@DB". */
static size_t list_names(const bson_t *document, const char *path, const char *key,
                         char names[][300], const char **list, size_t most)
{
    bson_iter_t whole;
    bson_iter_t found;
    bson_iter_t entry;
    size_t count = 0;
    if (!bson_iter_init(&whole, document) || !bson_iter_find_descendant(&whole, path, &found) ||
        !BSON_ITER_HOLDS_ARRAY(&found) || !bson_iter_recurse(&found, &entry))
        return 0;
    while (count < most && bson_iter_next(&entry)) {
        bson_iter_t inner;
        const char *name = "";
        const char *database = "";
        if (!BSON_ITER_HOLDS_DOCUMENT(&entry) || !bson_iter_recurse(&entry, &inner))
            continue;
        while (bson_iter_next(&inner)) {
            if (!BSON_ITER_HOLDS_UTF8(&inner))
                continue;
            if (strcmp(bson_iter_key(&inner), key) == 0)
                name = bson_iter_utf8(&inner, NULL);
            else if (strcmp(bson_iter_key(&inner), "db") == 0)
                database = bson_iter_utf8(&inner, NULL);
        }
        snprintf(names[count], sizeof names[count], "%s@%s", name, database);
        list[count] = names[count];
        count++;
    }
    return count;
}

/* Whether the server says that we are nobody; what else it says of us is noted. */
static bool is_nobody(struct session *session, const bson_t *document)
{
    enum { NAMES = 16 };
    static const char users_path[] = "authInfo.authenticatedUsers";
    char names[NAMES][300];
    const char *list[NAMES];
    bson_iter_t whole;
    bson_iter_t users;
    size_t count = list_names(document, users_path, "user", names, list, NAMES);
    if (count)
        probe_note(session->probe, "authenticated_as", "%s", names[0]);
    size_t roles =
        list_names(document, "authInfo.authenticatedUserRoles", "role", names, list, NAMES);
    if (roles)
        probe_note_list(session->probe, "roles", list, roles);
    return count == 0 && bson_iter_init(&whole, document) &&
           bson_iter_find_descendant(&whole, users_path, &users);
}

/* The server's own word on who we are: a ping is answered to anybody. */
static bool prove_login(struct session *session, struct error *err)
{
    static const char asked[] = "connectionStatus";
    struct answer answer;
    struct server_error said;
    bson_t *command = BCON_NEW(asked, BCON_INT32(1));
    bool answered = session_ask(session, "admin", command, asked, &answer, err);
    bson_destroy(command);
    if (!answered)
        return false;
    bool good = document_is_ok(&answer.document, &said);
    bool nobody = good && is_nobody(session, &answer.document);
    answer_release(&answer);
    /* Not every service of MongoDB's protocol has the command; it took the login all the same. */
    if (!good)
        return said.code == COMMAND_NOT_FOUND || reason_of_server(session, &said, asked, err);
    return !nobody ||
           error_set(err, REASON_QUERY_FAILED,
                     "%s took the login of user \"%s\", but says that nobody is logged in "
                     "(connectionStatus)",
                     session->where, session->target->user);
}

/* Whether the first batch of a listing has anything in it. */
static bool has_first(const bson_t *document)
{
    bson_iter_t whole;
    bson_iter_t batch;
    bson_iter_t entry;
    return bson_iter_init(&whole, document) &&
           bson_iter_find_descendant(&whole, "cursor.firstBatch", &batch) &&
           BSON_ITER_HOLDS_ARRAY(&batch) && bson_iter_recurse(&batch, &entry) &&
           bson_iter_next(&entry);
}

static bool ping(struct session *session, struct error *err)
{
    struct answer answer;
    bson_t *command = BCON_NEW("ping", BCON_INT32(1));
    bool answered = session_demand(session, "admin", command, "ping", &answer, err);
    bson_destroy(command);
    if (answered)
        answer_release(&answer);
    return answered;
}

/* Names of collections are told to whoever has any right on the database. */
static bool prove_rights(struct session *session, struct error *err)
{
    const char *database = session->target->database;
    struct answer answer;
    bson_t *command = BCON_NEW("listCollections", BCON_INT32(1), "nameOnly", BCON_BOOL(true),
                               "authorizedCollections", BCON_BOOL(true), "cursor", "{", "}");
    static const char asked[] = "listCollections";
    struct server_error said;
    bool answered = session_ask(session, database, command, asked, &answer, err);
    bson_destroy(command);
    if (!answered)
        return false;
    if (!document_is_ok(&answer.document, &said)) {
        answer_release(&answer);
        return said.code == COMMAND_NOT_FOUND ? ping(session, err)
                                              : reason_of_server(session, &said, asked, err);
    }
    if (!has_first(&answer.document))
        probe_finding(
            session->probe, SEVERITY_NOTE, "database-empty", session->target->database_property,
            "the database \"%s\" has no collection that user \"%s\" may see; MongoDB makes "
            "a database when something is first written to it, so a misspelt name looks "
            "the same",
            database, session->target->user);
    answer_release(&answer);
    return true;
}

static bool ask(struct session *session, struct error *err)
{
    probe_stage(session->probe, STAGE_QUERY);
    tell_server(session);
    if (!prove_login(session, err))
        return false;
    if (session->target->database)
        probe_note(session->probe, "database", "%s", session->target->database);
    return session->target->database ? prove_rights(session, err) : ping(session, err);
}

static bool attempt(struct probe *probe, const struct target *target,
                    const struct endpoint *endpoint, bool tls, struct error *err)
{
    struct login login;
    struct session session = {
        .probe = probe, .target = target, .login = &login, .identity = identity, .tls = tls};
    login_read(target, &login);
    if (service) {
        if (service_sets(service, "authSource"))
            login.source_comes = "authSource of the TXT record";
        if (service_sets(service, "replicaSet"))
            login.set_comes = "the TXT record";
        probe_stage(probe, STAGE_DNS);
        service_tell(service, probe);
    }
    bool good = session_open(&session, endpoint, err);
    if (good) {
        tell_hello(&session);
        good = can_log_in(&session, err) && session_log_in(&session, err) && ask(&session, err) &&
               set_check(&session, err);
    }
    session_close(&session);
    return good;
}

/* The client certificate, should the server ask for one. */
static bool read_identity(struct probe *probe, const struct target *target, struct error *err)
{
    const struct target_file *file = target_file(target, "client_certificate");
    if (!file || !file->content)
        return true;
    const char *password = target_secret(target, "client_key_password");
    const struct keystore store = {.name = file->location,
                                   .data = file->content,
                                   .length = file->length,
                                   .password = password,
                                   .key_password = password,
                                   .property = file->property,
                                   .password_property = KEY_PASSWORD_PROPERTY,
                                   .key_password_property = KEY_PASSWORD_PROPERTY};
    struct keystore_facts facts;
    identity = keystore_open(&store, &facts, err);
    if (!identity)
        return false;
    probe_note(probe, "client_certificate", "%s", facts.subject);
    if (facts.days_left < 0)
        probe_finding(probe, SEVERITY_WARNING, "client-certificate-expired", file->property,
                      "the client certificate of \"%s\" expired on %s", facts.subject,
                      facts.not_after);
    return true;
}

static bool mongodb_prepare(struct probe *probe, const struct target *target, struct error *err)
{
    return read_identity(probe, target, err) && gssapi_prepare(probe, target, err);
}

static bool mongodb_test(struct probe *probe, const struct target *target, struct error *err)
{
    if (target->subprotocol && strcmp(target->subprotocol, "mongodb+srv") == 0) {
        service = service_look_up(probe, target, err);
        if (!service)
            return false;
        target = service_target(service);
    }
    if (target_parameter(target, "replicaSet") || target->endpoint_count > 1)
        pool_load_beside();
    return probe_each_endpoint(probe, target, attempt, err);
}

static void mongodb_preload(void)
{
    pool_load();
}

TESTCONN_DRIVER_MODULE = {
    .abi = TESTCONN_DRIVER_ABI,
    .name = "mongodb",
    .summary = "MongoDB, standalone, replica sets and sharded clusters",
    .types = (const char *const[]){"MONGODB", NULL},
    .default_port = 27017,
    .properties =
        (const struct property[]){
            {"MONGODB_CLIENT_CERT", PROPERTY_SECRET, false,
             "client certificate, chain and key: a path or PEM text; for MONGODB-X509"},
            {"MONGODB_CLIENT_KEY_PASSWORD", PROPERTY_SECRET, false,
             "what opens the key of MONGODB_CLIENT_CERT"},
            {"MONGODB_KRB5_CONF", PROPERTY_STRING, false,
             "path of the krb5.conf that names the KDC; for GSSAPI"},
            {"MONGODB_KEYTAB", PROPERTY_STRING, false,
             "path of a keytab, which goes before PASSWORD; for GSSAPI"},
            {NULL, PROPERTY_STRING, false, NULL}},
    .libraries = (const struct library[]){{"libbson-1.0.so.0", "libbson-1.0-0"},
                                          {"libmongoc-1.0.so.0", "libmongoc-1.0-0"},
                                          {"libgssapi_krb5.so.2", "libgssapi-krb5-2"},
                                          {NULL, NULL}},
    .preload = mongodb_preload,
    .prepare = mongodb_prepare,
    .test = mongodb_test,
};
