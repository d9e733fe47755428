/* SPDX-License-Identifier: Apache-2.0 */
/* url_parameter.c - one table for the URL parameters of all vendors. */
#include "url_parameter.h"

#include <stdlib.h>
#include <string.h>

#include "resolve.h"
#include "text.h"
#include "url_refused.h"
#include "url_tls.h"
#include "vendors.h"

enum parameter_use {
    USE_PASS,       /* to the driver, as PASSED_AS */
    USE_NAME,       /* the name or DN that the server's certificate has to have */
    USE_REFUSE,     /* a class, a file, a socket, statements to run */
    USE_CREDENTIAL, /* a login, which belongs into the properties */
    USE_KEY,        /* the same of AWS */
    USE_TIME,       /* a time limit: the test has its own */
    USE_IDLE        /* known, and without effect on a test */
};

#define PG "postgresql redshift"
#define MY "mysql mariadb aurora"
#define MG "mongodb mongodb+srv"

/* Beside these and the ones about TLS (url_tls.c) all are unknown, and a note. */
static const struct parameter_rule {
    const char *vendors; /* blank-separated subprotocols */
    const char *name;    /* without case */
    enum parameter_use use;
    const char *passed_as; /* of what is refused: the property to use instead, or NULL */
} rules[] = {
    {PG, "ApplicationName", USE_PASS, "application_name"},
    {PG, "options", USE_PASS, "options"},
    {PG, "currentSchema", USE_PASS, "search_path"},
    {"redshift", "DbUser", USE_PASS, "db_user"},
    {"redshift", "ClusterID", USE_PASS, "cluster_id"},
    {"redshift", "Region", USE_PASS, "region"},
    {"redshift", "AutoCreate", USE_PASS, "auto_create"},
    {"redshift", "DbGroups", USE_PASS, "db_groups"},
    {"redshift", "serverlessWorkGroup", USE_PASS, "serverless_workgroup"},
    {"redshift", "isServerless", USE_IDLE, NULL},
    {"redshift", "serverlessAcctId", USE_IDLE, NULL},
    {"redshift", "IAMDuration", USE_IDLE, NULL},
    {"redshift", "ForceLowercase", USE_IDLE, NULL},
    {"redshift", "AllowDBUserOverride", USE_IDLE, NULL},
    {"redshift", "plugin_name", USE_REFUSE, NULL},
    {"redshift", "Profile", USE_REFUSE, NULL},
    {"redshift", "AccessKeyID", USE_KEY, NULL},
    {"redshift", "SecretAccessKey", USE_KEY, NULL},
    {"redshift", "SessionToken", USE_KEY, NULL},
    {PG, "wrapperPlugins", USE_PASS, "wrapper_plugins"},
    {MY, "wrapperPlugins", USE_PASS, "wrapper_plugins"},
    {MY, "credentialType", USE_PASS, "credential_type"},
    {"postgresql", "targetServerType", USE_PASS, "target_session_attrs"},
    {"postgresql", "channelBinding", USE_PASS, "channel_binding"},
    {PG, "connectTimeout", USE_TIME, NULL},
    {PG, "loginTimeout", USE_TIME, NULL},
    {PG, "socketTimeout", USE_TIME, NULL},
    {PG, "cancelSignalTimeout", USE_TIME, NULL},
    {PG, "sslrootcert", USE_REFUSE, NULL},
    {PG, "sslcert", USE_REFUSE, NULL},
    {PG, "sslkey", USE_REFUSE, NULL},
    {PG, "sslcrl", USE_REFUSE, NULL},
    {PG, "sslhostnameverifier", USE_REFUSE, NULL},
    {PG, "loggerFile", USE_REFUSE, NULL},
    {PG, "passfile", USE_REFUSE, NULL},
    {PG, "service", USE_REFUSE, NULL},
    {PG, "jaasApplicationName", USE_REFUSE, NULL},
    {PG, "DSILogLevel", USE_REFUSE, NULL},
    {PG, "LogPath", USE_REFUSE, NULL},
    {PG, "xmlFactoryFactory", USE_REFUSE, NULL},
    {PG, "localSocketAddress", USE_REFUSE, NULL},
    {PG, "sslpassword", USE_CREDENTIAL, NULL},
    {MY, "connectTimeout", USE_TIME, NULL},
    {MY, "socketTimeout", USE_TIME, NULL},
    {MY, "loginTimeout", USE_TIME, NULL},
    {MY, "netTimeoutForStreamingResults", USE_TIME, NULL},
    {MY, "allowLoadLocalInfile", USE_REFUSE, NULL},
    {MY, "allowLoadLocalInfileInPath", USE_REFUSE, NULL},
    {MY, "allowUrlInLocalInfile", USE_REFUSE, NULL},
    {MY, "allowLocalInfile", USE_REFUSE, NULL},
    {MY, "autoDeserialize", USE_REFUSE, NULL},
    {MY, "propertiesTransform", USE_REFUSE, NULL},
    {MY, "sessionVariables", USE_REFUSE, NULL},
    {MY, "localSocket", USE_REFUSE, NULL},
    {MY, "localSocketAddress", USE_REFUSE, NULL},
    {MY, "pipe", USE_REFUSE, NULL},
    {MY, "namedPipePath", USE_REFUSE, NULL},
    {MY, "serverSslCert", USE_REFUSE, NULL},
    {MY, "serverRSAPublicKeyFile", USE_REFUSE, NULL},
    {MY, "serverRsaPublicKeyFile", USE_REFUSE, NULL},
    {MY, "profilerEventHandler", USE_REFUSE, NULL},
    {MY, "logger", USE_REFUSE, NULL},
    {MY, "connectionLifecycleInterceptors", USE_REFUSE, NULL},
    {MY, "queryInterceptors", USE_REFUSE, NULL},
    {MY, "exceptionInterceptors", USE_REFUSE, NULL},
    {MY, "statementInterceptors", USE_REFUSE, NULL},
    {MY, "loadBalanceStrategy", USE_REFUSE, NULL},
    {MY, "loadBalanceExceptionChecker", USE_REFUSE, NULL},
    {MY, "haLoadBalanceStrategy", USE_REFUSE, NULL},
    {MY, "clientInfoProvider", USE_REFUSE, NULL},
    {MY, "tlsSocketType", USE_REFUSE, NULL},
    {MY, "trustCertificateKeyStoreUrl", USE_REFUSE, NULL},
    {MY, "clientCertificateKeyStoreUrl", USE_REFUSE, NULL},
    {MY, "ociConfigFile", USE_REFUSE, NULL},
    {MY, "initSQL", USE_REFUSE, NULL},
    {MY, "useConfigs", USE_REFUSE, NULL},
    {MY, "authenticationWebAuthnCallbackHandler", USE_REFUSE, NULL},
    {MY, "sharedMemory", USE_REFUSE, NULL},
    {MY, "password1", USE_CREDENTIAL, NULL},
    {MY, "password2", USE_CREDENTIAL, NULL},
    {MY, "password3", USE_CREDENTIAL, NULL},
    {MY, "trustCertificateKeyStorePassword", USE_CREDENTIAL, NULL},
    {MY, "clientCertificateKeyStorePassword", USE_CREDENTIAL, NULL},
    {"sqlserver", "instanceName", USE_PASS, "instance"},
    {"sqlserver", "applicationName", USE_PASS, "application_name"},
    {"sqlserver", "applicationIntent", USE_PASS, "application_intent"},
    {"sqlserver", "workstationID", USE_PASS, "workstation"},
    {"sqlserver", "multiSubnetFailover", USE_PASS, "multi_subnet_failover"},
    {"sqlserver", "authentication", USE_PASS, "authentication"},
    {"sqlserver", "authenticationScheme", USE_PASS, "authentication_scheme"},
    {"sqlserver", "integratedSecurity", USE_PASS, "integrated_security"},
    {"sqlserver", "domain", USE_PASS, "domain"},
    {"sqlserver", "realm", USE_PASS, "realm"},
    {"sqlserver", "serverSpn", USE_PASS, "server_spn"},
    {"sqlserver", "hostNameInCertificate", USE_NAME, NULL},
    {"sqlserver", "loginTimeout", USE_TIME, NULL},
    {"sqlserver", "socketTimeout", USE_TIME, NULL},
    {"sqlserver", "queryTimeout", USE_TIME, NULL},
    {"sqlserver", "lockTimeout", USE_TIME, NULL},
    {"sqlserver", "cancelQueryTimeout", USE_TIME, NULL},
    {"sqlserver", "trustStore", USE_REFUSE, NULL},
    {"sqlserver", "trustStoreType", USE_REFUSE, NULL},
    {"sqlserver", "serverCertificate", USE_REFUSE, NULL},
    {"sqlserver", "socketFactoryConstructorArg", USE_REFUSE, NULL},
    {"sqlserver", "trustManagerConstructorArg", USE_REFUSE, NULL},
    {"sqlserver", "jaasConfigurationName", USE_REFUSE, NULL},
    {"sqlserver", "useDefaultJaasConfig", USE_REFUSE, NULL},
    {"sqlserver", "clientCertificate", USE_REFUSE, NULL},
    {"sqlserver", "clientKey", USE_REFUSE, NULL},
    {"sqlserver", "keyStoreAuthentication", USE_REFUSE, NULL},
    {"sqlserver", "keyVaultProviderClientId", USE_REFUSE, NULL},
    {"sqlserver", "accessTokenCallbackClass", USE_REFUSE, NULL},
    {"sqlserver", "trustStorePassword", USE_CREDENTIAL, NULL},
    {"sqlserver", "clientKeyPassword", USE_CREDENTIAL, NULL},
    {"sqlserver", "accessToken", USE_CREDENTIAL, NULL},
    {"sqlserver", "AADSecurePrincipalSecret", USE_CREDENTIAL, NULL},
    {"sqlserver", "keyVaultProviderClientKey", USE_CREDENTIAL, NULL},
    {"oracle", "SID", USE_PASS, "sid"},
    {"oracle", "SERVER", USE_PASS, "server"},
    {"oracle", "INSTANCE_NAME", USE_PASS, "instance"},
    {"oracle", "SSL_SERVER_CERT_DN", USE_NAME, NULL},
    {"oracle", "CONNECT_TIMEOUT", USE_TIME, NULL},
    {"oracle", "TRANSPORT_CONNECT_TIMEOUT", USE_TIME, NULL},
    {"oracle", "RETRY_COUNT", USE_TIME, NULL},
    {"oracle", "RETRY_DELAY", USE_TIME, NULL},
    {"oracle", "RECV_TIMEOUT", USE_TIME, NULL},
    {"oracle", "EXPIRE_TIME", USE_TIME, NULL},
    {"oracle", "TNS_ADMIN", USE_REFUSE, NULL},
    {"oracle", "MY_WALLET_DIRECTORY", USE_REFUSE, NULL},
    {"oracle", "WALLET_LOCATION", USE_REFUSE, NULL},
    {"oracle", "USE_SNI_FILE", USE_REFUSE, NULL},
    {"oracle", "IFILE", USE_REFUSE, NULL},
    {"oracle", "HTTPS_PROXY", USE_REFUSE, NULL},
    {"oracle", "TOKEN_LOCATION", USE_REFUSE, NULL},
    {"oracle", "ORACLE_HOME", USE_REFUSE, NULL},
    {"oracle", "PROGRAM", USE_REFUSE, NULL},
    {"oracle", "ENVS", USE_REFUSE, NULL},
    {"oracle", "ARGV0", USE_REFUSE, NULL},
    {"oracle", "ARGS", USE_REFUSE, NULL},
    {"snowflake", "db", USE_PASS, "database"},
    {"snowflake", "schema", USE_PASS, "schema"},
    {"snowflake", "warehouse", USE_PASS, "warehouse"},
    {"snowflake", "role", USE_PASS, "role"},
    {"snowflake", "account", USE_PASS, "account"},
    {"snowflake", "authenticator", USE_PASS, "authenticator"},
    {"snowflake", "application", USE_PASS, "application"},
    {"snowflake", "loginTimeout", USE_TIME, NULL},
    {"snowflake", "networkTimeout", USE_TIME, NULL},
    {"snowflake", "queryTimeout", USE_TIME, NULL},
    {"snowflake", "connectionTimeout", USE_TIME, NULL},
    {"snowflake", "private_key_file", USE_REFUSE, NULL},
    {"snowflake", "tracing", USE_REFUSE, NULL},
    {"snowflake", "client_config_file", USE_REFUSE, NULL},
    {"snowflake", "ocspCacheServerUrl", USE_REFUSE, NULL},
    {"snowflake", "private_key_pwd", USE_CREDENTIAL, NULL},
    {"snowflake", "private_key_base64", USE_CREDENTIAL, NULL},
    {"snowflake", "token", USE_CREDENTIAL, NULL},
    {"snowflake", "passcode", USE_CREDENTIAL, NULL},
    {"snowflake", "proxyPassword", USE_CREDENTIAL, NULL},
    {MG, "authSource", USE_PASS, "authSource"},
    {MG, "authMechanism", USE_PASS, "authMechanism"},
    {MG, "authMechanismProperties", USE_PASS, "authMechanismProperties"},
    {MG, "replicaSet", USE_PASS, "replicaSet"},
    {MG, "directConnection", USE_PASS, "directConnection"},
    {MG, "loadBalanced", USE_PASS, "loadBalanced"},
    {MG, "readPreference", USE_PASS, "readPreference"},
    {MG, "appName", USE_PASS, "appName"},
    {MG, "connectTimeoutMS", USE_PASS, "connectTimeoutMS"},
    {MG, "socketTimeoutMS", USE_PASS, "socketTimeoutMS"},
    {MG, "serverSelectionTimeoutMS", USE_PASS, "serverSelectionTimeoutMS"},
    {MG, "srvServiceName", USE_PASS, "srvServiceName"},
    {MG, "srvMaxHosts", USE_PASS, "srvMaxHosts"},
    {MG, "tlsCAFile", USE_REFUSE, "CUSTOM_JDBC_CERT"},
    {MG, "sslCertificateAuthorityFile", USE_REFUSE, "CUSTOM_JDBC_CERT"},
    {MG, "ssl_ca_certs", USE_REFUSE, "CUSTOM_JDBC_CERT"},
    {MG, "tlsCertificateKeyFile", USE_REFUSE, "MONGODB_CLIENT_CERT"},
    {MG, "sslClientCertificateKeyFile", USE_REFUSE, "MONGODB_CLIENT_CERT"},
    {MG, "ssl_certfile", USE_REFUSE, "MONGODB_CLIENT_CERT"},
    {MG, "ssl_keyfile", USE_REFUSE, "MONGODB_CLIENT_CERT"},
    {MG, "tlsCRLFile", USE_REFUSE, NULL},
    {MG, "ssl_crlfile", USE_REFUSE, NULL},
    {MG, "proxyHost", USE_REFUSE, NULL},
    {MG, "proxyPort", USE_REFUSE, NULL},
    {MG, "tlsCertificateKeyFilePassword", USE_CREDENTIAL, NULL},
    {MG, "sslClientCertificateKeyPassword", USE_CREDENTIAL, NULL},
    {MG, "ssl_pem_passphrase", USE_CREDENTIAL, NULL},
    {MG, "proxyUsername", USE_CREDENTIAL, NULL},
    {MG, "proxyPassword", USE_CREDENTIAL, NULL},
    {MG, "retryWrites", USE_IDLE, NULL},
    {MG, "retryReads", USE_IDLE, NULL},
    {MG, "w", USE_IDLE, NULL},
    {MG, "wTimeoutMS", USE_IDLE, NULL},
    {MG, "journal", USE_IDLE, NULL},
    {MG, "fsync", USE_IDLE, NULL},
    {MG, "safe", USE_IDLE, NULL},
    {MG, "slaveOk", USE_IDLE, NULL},
    {MG, "readConcernLevel", USE_IDLE, NULL},
    {MG, "readPreferenceTags", USE_IDLE, NULL},
    {MG, "maxStalenessSeconds", USE_IDLE, NULL},
    {MG, "compressors", USE_IDLE, NULL},
    {MG, "zlibCompressionLevel", USE_IDLE, NULL},
    {MG, "maxPoolSize", USE_IDLE, NULL},
    {MG, "minPoolSize", USE_IDLE, NULL},
    {MG, "maxIdleTimeMS", USE_IDLE, NULL},
    {MG, "maxLifeTimeMS", USE_IDLE, NULL},
    {MG, "maxConnecting", USE_IDLE, NULL},
    {MG, "waitQueueTimeoutMS", USE_IDLE, NULL},
    {MG, "waitQueueMultiple", USE_IDLE, NULL},
    {MG, "heartbeatFrequencyMS", USE_IDLE, NULL},
    {MG, "localThresholdMS", USE_IDLE, NULL},
    {MG, "uuidRepresentation", USE_IDLE, NULL},
    {MG, "serverSelectionTryOnce", USE_IDLE, NULL},
    {MG, "socketCheckIntervalMS", USE_IDLE, NULL},
    {MG, "serverMonitoringMode", USE_IDLE, NULL},
    {MG, "timeoutMS", USE_IDLE, NULL},
    {MG, "enableUtf8Validation", USE_IDLE, NULL},
    {MG, "tlsDisableOCSPEndpointCheck", USE_IDLE, NULL},
    {MG, "tlsDisableCertificateRevocationCheck", USE_IDLE, NULL},
    {"*", "user", USE_CREDENTIAL, NULL},
    {"*", "username", USE_CREDENTIAL, NULL},
    {"*", "password", USE_CREDENTIAL, NULL},
    {"*", "UID", USE_CREDENTIAL, NULL},
    {"*", "PWD", USE_CREDENTIAL, NULL},
};

static const struct parameter_rule *find_rule(const char *subprotocol, const char *name)
{
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (is_vendor_of(rules[i].vendors, subprotocol) && text_equal_nocase(rules[i].name, name))
            return &rules[i];
    return NULL;
}

static bool is_refused(const char *subprotocol, const char *name)
{
    const struct parameter_rule *rule = find_rule(subprotocol, name);
    return rule ? rule->use == USE_REFUSE : url_refused_name(name);
}

enum { VALUES_MAXIMUM = 9 };

/* Of parameters with a closed list of values; the vendor's own driver refuses any other. */
static const struct {
    const char *passed_as;
    const char *values[VALUES_MAXIMUM]; /* without case; NULL ends them */
} closed[] = {
    {"channel_binding", {"disable", "prefer", "require", NULL}},
    {"target_session_attrs",
     {"any", "primary", "secondary", "master", "slave", "preferPrimary", "preferSecondary",
      "preferSlave", NULL}},
};

static bool is_value(const char *const *values, const char *value)
{
    while (*values && !text_equal_nocase(*values, value))
        values++;
    return *values;
}

static bool has_odd_value(const struct parameter_rule *rule, const struct parameter *parameter,
                          const char *path, struct problems *problems)
{
    size_t i = 0;
    while (i < sizeof closed / sizeof *closed && strcmp(closed[i].passed_as, rule->passed_as) != 0)
        i++;
    if (i == sizeof closed / sizeof *closed || is_value(closed[i].values, parameter->value))
        return false;
    struct text_buffer words = TEXT_BUFFER_INIT;
    for (const char *const *value = closed[i].values; *value; value++)
        text_append_format(&words, "%s%s", words.length ? ", " : "", *value);
    problems_add(problems, path, "url-parameter",
                 "has the parameter %s with a value that is none of %s", rule->name, words.data);
    text_buffer_release(&words);
    return true;
}

/* The property CUSTOM_JDBC_CERT_STRING says the same, and goes before the URL. */
static void expect_name(const struct parameter *parameter, struct target *target)
{
    struct tls_policy *tls = &target->tls;
    if (tls->expected_name || tls->expected_dn || !*parameter->value)
        return;
    if (strchr(parameter->value, '='))
        tls->expected_dn = xstrdup(parameter->value);
    else
        tls->expected_name = xstrdup(parameter->value);
}

static void refuse(const char *name, const struct parameter_rule *rule, const char *path,
                   struct problems *problems)
{
    const char *instead = rule ? rule->passed_as : NULL;
    problems_add(problems, path, "url-parameter-refused",
                 "has the parameter %.60s, which is refused: it names code to load, a file or "
                 "socket to open, or statements to run%s%s",
                 name, instead ? "; the property for it is " : "", instead ? instead : "");
}

/* Some driver, wrapper or proxy takes a value apart once more. */
static void refuse_within(const char *text, const struct jdbc_url *url, const char *path,
                          struct problems *problems)
{
    char *name = url_refused_within(text, url->subprotocol, is_refused);
    if (name)
        refuse(name, find_rule(url->subprotocol, name), path, problems);
    free(name);
}

/* What stands behind a password, and what has no value, may be the rest of a password. */
static void note_unknown(const struct jdbc_url *url, size_t index, const char *path,
                         struct problems *problems)
{
    bool shown = *url->parameters[index].value != '\0';
    if (url->standing == JDBC_OTHER)
        return; /* nobody knows those here */
    for (size_t i = 0; i < index && shown; i++) {
        const struct parameter_rule *rule = find_rule(url->subprotocol, url->parameters[i].name);
        shown = !rule || (rule->use != USE_CREDENTIAL && rule->use != USE_KEY);
    }
    if (shown)
        problems_add_note(
            problems, path, "url-parameter-unknown",
            "has the parameter %.60s, which testconn does not know and does not pass on",
            url->parameters[index].name);
    else
        problems_add_note(problems, path, "url-parameter-unknown",
                          "has a parameter, its number %zu, which testconn does not know and does "
                          "not pass on",
                          index + 1);
}

static void apply(const struct jdbc_url *url, size_t index, const char *path, struct target *target,
                  struct problems *problems)
{
    const struct parameter *parameter = &url->parameters[index];
    if (url_tls_knows(url->subprotocol, parameter->name))
        return;
    const struct parameter_rule *rule = find_rule(url->subprotocol, parameter->name);
    if (is_refused(url->subprotocol, parameter->name)) {
        refuse(parameter->name, rule, path, problems);
    } else if (!rule) {
        note_unknown(url, index, path, problems);
    } else if (rule->use == USE_PASS) {
        if (!has_odd_value(rule, parameter, path, problems))
            target_add_parameter(target, rule->passed_as, parameter->value);
    } else if (rule->use == USE_NAME) {
        expect_name(parameter, target);
    } else if (rule->use == USE_IDLE) {
        problems_add_note(problems, path, "url-parameter-idle",
                          "has the parameter %s, which has no effect on a test", rule->name);
    } else if (rule->use == USE_KEY) {
        problems_add_note(
            problems, path, "credentials-in-url",
            "holds a key of AWS (parameter %s), which is ignored: testconn asks AWS as itself, or "
            "as ROLE_ARN. Take it out of the URL: others can read it there",
            rule->name);
    } else if (rule->use == USE_CREDENTIAL) {
        problems_add_note(
            problems, path, "credentials-in-url",
            "holds a login (parameter %s), which is ignored: USERNAME and PASSWORD, or SECRET_ID, "
            "count. Take it out of the URL: others can read it there",
            rule->name);
    } else {
        problems_add_note(
            problems, path, "url-parameter-time",
            "has the parameter %s, which is not used: the test has its own deadline (--timeout)",
            rule->name);
    }
}

void url_parameters_apply(const struct jdbc_url *url, const char *path, bool enforced,
                          struct target *target, struct problems *problems)
{
    url_tls_apply(url, path, enforced, target, problems);
    for (size_t i = 0; i < url->parameter_count; i++)
        refuse_within(url->parameters[i].value, url, path, problems);
    if (url->database)
        refuse_within(url->database, url, path, problems);
    for (size_t i = 0; i < url->parameter_count; i++)
        apply(url, i, path, target, problems);
}
