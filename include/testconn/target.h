/* SPDX-License-Identifier: Apache-2.0 */
/* target.h - what a test reaches: the definition, understood. Made by resolve, read by drivers. */
#ifndef TESTCONN_TARGET_H
#define TESTCONN_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(default)

/* A host name, IPv4 or IPv6 address (without brackets) and a port. IDN names are in ASCII form. */
struct endpoint {
    char *host;
    uint16_t port;
};

/* One honoured URL parameter or driver property, percent-decoded. */
struct parameter {
    char *name;
    char *value;
};

/*
 * A file that the definition names. The worker fetches it in the stage `credentials`: a path,
 * file://, and with the AWS module s3://.
 */
struct target_file {
    const char *name;     /* "keystore"; static */
    const char *property; /* "ConnectionProperties.KAFKA_CLIENT_KEYSTORE"; static */
    char *location;       /* as written */
    char *content;        /* NULL until fetched, unless it stood inline. Wiped by target_free() */
    size_t length;
};

/* A secret value beside user and password. */
struct target_secret {
    const char *name;     /* "keystore_password"; static */
    const char *property; /* "ConnectionProperties.KAFKA_CLIENT_KEYSTORE_PASSWORD"; static */
    char *value;          /* wiped by target_free() */
    bool encrypted;       /* VALUE is ciphertext still; the worker decrypts it */
};

/*
 * What the definition asks of TLS (design, section 5). The kinds in use:
 *   off            no field set
 *   opportunistic  attempt                            (JDBC_ENFORCE_SSL=false)
 *   encrypted      attempt, require                   (sslmode=require)
 *   verified CA    attempt, require, verify_chain     (sslmode=verify-ca)
 *   enforced       all four                           (JDBC_ENFORCE_SSL=true, sslmode=verify-full)
 */
struct tls_policy {
    bool attempt;      /* TLS is tried */
    bool require;      /* no TLS, no login */
    bool verify_chain; /* an untrusted chain ends the test; otherwise it is a finding */
    bool verify_name;  /* a wrong name ends the test; otherwise it is a finding */
    char *ca_location; /* CUSTOM_JDBC_CERT as written; NULL: the system's roots */
    char *ca_pem;      /* its content, filled in by the worker; NULL: the system's roots */
    size_t ca_pem_length;
    bool skip_ca_rules;   /* SKIP_CUSTOM_JDBC_CERT_VALIDATION */
    char *expected_name;  /* CUSTOM_JDBC_CERT_STRING where it is a domain; NULL: the host's name */
    char *expected_dn;    /* CUSTOM_JDBC_CERT_STRING where it is a distinguished name; or NULL */
    const char *property; /* what decides whether TLS is wanted; static, or NULL */
    const char *ca_property;   /* "ConnectionProperties.CUSTOM_JDBC_CERT": what to blame; static */
    const char *name_property; /* the property that names the host; static */
};

/* Who makes the password where the definition has none. */
enum aws_login {
    AWS_LOGIN_NONE,
    AWS_LOGIN_REDSHIFT, /* GetClusterCredentials */
    AWS_LOGIN_RDS       /* a signed token */
};

/* The agent's own AWS identity, or the role it has assumed for this connection. */
struct aws_identity {
    char *access_key; /* NULL: this test has none */
    char *secret_key;
    char *session_token; /* NULL: none */
    char *region;        /* REGION of the definition, else the operator's; NULL: none */
    char *from;          /* for people: "the environment" */
    char *document;      /* it and the settings of the calls, as the module aws reads them */
};

struct target {
    char *driver;          /* "postgresql": the module's name */
    char *connection_type; /* "JDBC" */
    char *subprotocol;     /* of the JDBC URL, or the JDBC_ENGINE: "redshift"; may be NULL */
    struct endpoint *endpoints;
    size_t endpoint_count;    /* at least 1, in the order of the definition */
    char *database;           /* NULL: none named */
    char *user;               /* NULL: none named */
    char *password;           /* NULL: none; "" is a password. Wiped by target_free() */
    char *secret_id;          /* SECRET_ID or SecretArn when the login comes from it; or NULL */
    bool write_back;          /* tokens that come of the test are kept: probe_keep_secret() */
    bool secret_is_own;       /* the driver reads it itself: it need not hold user and password */
    bool host_in_secret;      /* it has to name the host of the one endpoint ... */
    bool port_in_secret;      /* ... and may name its port */
    bool host_in_aws;         /* both are told by the service that makes the password */
    char *encrypted_password; /* ENCRYPTED_PASSWORD when it decides; NULL otherwise */
    /* What the secret holds (JSON), for drivers that read it themselves: put here by whoever
     * fetches SECRET_ID, or by the definition itself. NULL: none yet. Wiped by target_free() */
    char *secret_content;
    struct tls_policy tls;
    struct parameter *parameters; /* what the driver is to honour, in the order of the URL */
    size_t parameter_count;
    struct target_file *files;
    size_t file_count;
    struct target_secret *secrets;
    size_t secret_count;
    bool asks_web;          /* by HTTPS: through the operator's proxy, where there is one */
    char *proxy;            /* its URL, wiped by target_free(); NULL: there is none */
    char *proxy_exceptions; /* who is asked without it, as NO_PROXY; or NULL */
    bool needs_aws;         /* something of it lies in AWS, or AWS itself is tested */
    enum aws_login aws_login;
    char *role_arn;            /* ROLE_ARN: assumed for it; NULL: none */
    struct aws_identity aws;   /* filled in by the worker where it is needed */
    const char *host_property; /* where the host came from: "ConnectionProperties.HOST"; static */
    const char *database_property; /* likewise */
    const char *user_property;
    const char *password_property;
};

/* The value of the parameter of that NAME (case counts), or NULL. */
const char *target_parameter(const struct target *target, const char *name);

/* The file called NAME, or NULL when the definition names none. */
const struct target_file *target_file(const struct target *target, const char *name);

/* The secret value called NAME, or NULL when the definition has none. */
const char *target_secret(const struct target *target, const char *name);

#pragma GCC visibility pop

#endif
