/* SPDX-License-Identifier: Apache-2.0 */
/* oauth2_jwt.c - the JWT of the JWT bearer grant (RFC 7523): made and signed, or looked into. */
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "oauth2.h"

/* Salesforce takes no JWT that is good for much longer. */
enum { LIFETIME_S = 180, PART_MAXIMUM = 8192, KEY_BITS_MINIMUM = 2048 };

void oauth2_time(char *out, int64_t seconds)
{
    time_t moment = (time_t)seconds;
    struct tm utc;
    if (!gmtime_r(&moment, &utc) || !strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &utc))
        snprintf(out, 32, "an impossible time");
}

void oauth2_duration(char *out, long seconds)
{
    if (seconds < 120)
        snprintf(out, 32, "%ld s", seconds);
    else if (seconds < 120L * 60)
        snprintf(out, 32, "%ld min", seconds / 60);
    else if (seconds < 48L * 3600)
        snprintf(out, 32, "%ld hours", seconds / 3600);
    else
        snprintf(out, 32, "%ld days", seconds / 86400);
}

/* Base64url without padding; the caller frees it. */
static char *encode(const void *data, size_t length)
{
    char *text = malloc(4 * ((length + 2) / 3) + 1);
    int used = EVP_EncodeBlock((unsigned char *)text, data, (int)length);
    while (used && text[used - 1] == '=')
        text[--used] = '\0';
    for (char *at = text; *at; at++)
        *at = *at == '+' ? '-' : *at == '/' ? '_' : *at;
    return text;
}

/* The JSON object that LENGTH letters of base64url stand for, or NULL. */
static json_t *decode(const char *text, size_t length)
{
    unsigned char padded[PART_MAXIMUM + 4];
    unsigned char bytes[PART_MAXIMUM];
    size_t filled = (length + 3) / 4 * 4;
    if (length == 0 || length % 4 == 1 || filled > PART_MAXIMUM)
        return NULL;
    for (size_t i = 0; i < filled; i++) {
        char letter = i < length ? text[i] : '=';
        padded[i] = (unsigned char)(letter == '-' ? '+' : letter == '_' ? '/' : letter);
    }
    int decoded = EVP_DecodeBlock(bytes, padded, (int)filled);
    if (decoded < 3)
        return NULL;
    json_t *object = json_loadb((const char *)bytes, (size_t)decoded - (filled - length), 0, NULL);
    if (json_is_object(object))
        return object;
    json_decref(object);
    return NULL;
}

/* "SCHEME://HOST[:PORT]" of the token's URL. */
static size_t origin_length(const char *url)
{
    const char *authority = strstr(url, "://");
    authority = authority ? authority + 3 : url;
    return (size_t)(authority - url) + strcspn(authority, "/?#");
}

/* Whom the token's host takes a JWT for: Salesforce's login hosts stand for all of theirs. */
static const char *find_audience(const struct oauth2 *oauth2)
{
    static char origin[300];
    size_t length = origin_length(oauth2->token_url);
    snprintf(origin, sizeof origin, "%.*s", (int)length, oauth2->token_url);
    if (length > 15 && strcasecmp(origin + length - 15, ".salesforce.com") == 0)
        return strcasestr(origin, "test.salesforce") || strcasestr(origin, ".sandbox.")
                   ? "https://test.salesforce.com"
                   : "https://login.salesforce.com";
    return origin;
}

static bool wrong_key(const struct oauth2 *oauth2, const char *what, struct error *err)
{
    error_set(err, REASON_SECRET_FORMAT, "the PRIVATE_KEY in the secret of %s %s",
              oauth2->secret_path, what);
    error_remedy(err,
                 "put the private key of the connected app's certificate into the secret, "
                 "whole and unencrypted: -----BEGIN PRIVATE KEY-----, its lines parted by \\n");
    return error_property(err, oauth2->secret_path);
}

/* A PEM whose line breaks were lost on its way into the secret: "\n" in letters, or blanks. The
 * caller wipes and frees it. */
static char *mend(const char *pem)
{
    size_t length = strlen(pem);
    char *mended = malloc(length + 3);
    char *out = mended;
    const char *label = strstr(pem, "-----BEGIN ");
    const char *head = label ? strstr(label + 11, "-----") : NULL;
    const char *tail = head ? strstr(head + 5, "-----END ") : NULL;
    bool broken = tail && !memchr(head, '\n', (size_t)(tail - head));
    for (const char *at = pem; *at; at++) {
        bool is_body = broken && at >= head + 5 && at < tail;
        if (at[0] == '\\' && at[1] == 'n') {
            *out++ = '\n';
            at++;
        } else {
            *out++ = is_body && *at == ' ' ? '\n' : *at;
        }
    }
    *out = '\0';
    return mended;
}

static EVP_PKEY *read_key(const struct oauth2 *oauth2, struct error *err)
{
    char *pem = mend(oauth2->private_key);
    BIO *bio = BIO_new_mem_buf(pem, -1);
    char no_password[] = "";
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, no_password);
    BIO_free(bio);
    if (!key)
        wrong_key(oauth2,
                  strstr(pem, "ENCRYPTED")    ? "is encrypted, and nothing opens it"
                  : strstr(pem, "-----BEGIN") ? "cannot be read: it is no private key, or was cut"
                                              : "is no PEM text",
                  err);
    else if (EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA)
        wrong_key(oauth2, "is no RSA key, which RS256 needs", err);
    OPENSSL_cleanse(pem, strlen(pem));
    free(pem);
    if (!key || EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA)
        return key;
    EVP_PKEY_free(key);
    return NULL;
}

/* RS256 over TEXT, in base64url; NULL when OpenSSL fails. The caller frees it. */
static char *sign(EVP_PKEY *key, const char *text)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    size_t length = (size_t)EVP_PKEY_get_size(key);
    unsigned char *signature = malloc(length);
    char *encoded = NULL;
    if (EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
        EVP_DigestSign(context, signature, &length, (const unsigned char *)text, strlen(text)) == 1)
        encoded = encode(signature, length);
    free(signature);
    EVP_MD_CTX_free(context);
    return encoded;
}

static const char *make(struct oauth2 *oauth2, EVP_PKEY *key)
{
    static const char header[] = "{\"alg\":\"RS256\",\"typ\":\"JWT\"}";
    char *unsigned_part = NULL;
    char *assertion = NULL;
    oauth2->expires = (int64_t)time(NULL) + LIFETIME_S;
    json_t *object =
        json_pack("{s:s, s:s, s:s, s:I}", "iss", oauth2->client_id, "sub", oauth2->subject, "aud",
                  oauth2->audience, "exp", (json_int_t)oauth2->expires);
    char *claims = object ? json_dumps(object, JSON_COMPACT) : NULL;
    char *first = encode(header, strlen(header));
    char *second = claims ? encode(claims, strlen(claims)) : NULL;
    if (second && asprintf(&unsigned_part, "%s.%s", first, second) > 0) {
        char *signature = sign(key, unsigned_part);
        if (signature && asprintf(&assertion, "%s.%s", unsigned_part, signature) < 0)
            assertion = NULL;
        free(signature);
    }
    free(unsigned_part);
    free(first);
    free(second);
    free(claims);
    json_decref(object);
    return assertion;
}

static bool build(struct probe *probe, struct oauth2 *oauth2, struct error *err)
{
    if (!oauth2->client_id || !oauth2->subject) {
        error_set(err, REASON_SECRET_FORMAT,
                  "no JWT can be made from the PRIVATE_KEY in the secret of %s: it names no %s",
                  oauth2->secret_path,
                  oauth2->client_id ? "user (key USERNAME)" : "client id (key CLIENT_ID)");
        error_remedy(err, "name %s",
                     oauth2->client_id
                         ? "the Salesforce user by the key USERNAME of the secret"
                         : "the consumer key of the connected app in OAuth2ClientApplication");
        return error_property(err, oauth2->secret_path);
    }
    EVP_PKEY *key = read_key(oauth2, err);
    if (!key)
        return false;
    if (EVP_PKEY_get_bits(key) < KEY_BITS_MINIMUM)
        probe_finding(probe, SEVERITY_WARNING, "jwt-key-short", oauth2->secret_path,
                      "the PRIVATE_KEY has %d bits only; %d are asked for today",
                      EVP_PKEY_get_bits(key), KEY_BITS_MINIMUM);
    if (!oauth2->audience)
        oauth2->audience = find_audience(oauth2);
    oauth2->assertion = make(oauth2, key);
    EVP_PKEY_free(key);
    scrub_add(&oauth2->scrub, oauth2->assertion);
    return oauth2->assertion ||
           error_set(err, REASON_INTERNAL, "OpenSSL does not sign the JWT with the PRIVATE_KEY");
}

static void check_times(struct probe *probe, struct oauth2 *oauth2, const json_t *claims)
{
    char when[32];
    char apart[32];
    long now = (long)time(NULL);
    oauth2->expires = (int64_t)json_number_value(json_object_get(claims, "exp"));
    long not_before = (long)json_number_value(json_object_get(claims, "nbf"));
    if (!oauth2->expires) {
        probe_finding(probe, SEVERITY_WARNING, "jwt-expiry", oauth2->secret_path,
                      "the JWT does not say when it expires (exp), which Salesforce demands");
        return;
    }
    oauth2_time(when, oauth2->expires);
    probe_note(probe, "jwt_expires", "%s", when);
    if (oauth2->expires <= now) {
        oauth2_duration(apart, now - (long)oauth2->expires);
        probe_finding(probe, SEVERITY_ERROR, "jwt-expired", oauth2->secret_path,
                      "the JWT expired on %s, %s ago by this host's clock", when, apart);
    }
    if (not_before > now) {
        oauth2_time(when, not_before);
        oauth2_duration(apart, not_before - now);
        probe_finding(probe, SEVERITY_ERROR, "jwt-not-yet-valid", oauth2->secret_path,
                      "the JWT is not valid before %s, in %s by this host's clock", when, apart);
    }
}

/* What the JWT says, held against what it should; the token's host decides all the same. */
static void check_claims(struct probe *probe, struct oauth2 *oauth2, const json_t *header,
                         const json_t *claims)
{
    const char *algorithm = json_string_value(json_object_get(header, "alg"));
    const char *issuer = json_string_value(json_object_get(claims, "iss"));
    const char *audience = json_string_value(json_object_get(claims, "aud"));
    const char *subject = json_string_value(json_object_get(claims, "sub"));
    const char *expected = oauth2->audience ? oauth2->audience : find_audience(oauth2);
    if (!algorithm || strcmp(algorithm, "RS256") != 0)
        probe_finding(probe, SEVERITY_WARNING, "jwt-algorithm", oauth2->secret_path,
                      "the JWT is signed by %.40s; Salesforce takes RS256 only",
                      algorithm ? algorithm : "nothing");
    if (!issuer || (oauth2->client_id && strcmp(issuer, oauth2->client_id) != 0))
        probe_finding(probe, SEVERITY_WARNING, "jwt-issuer", oauth2->secret_path,
                      "the JWT's issuer (iss) is %s%.200s%s; expected is the client id%s%s",
                      issuer ? "\"" : "missing", issuer ? issuer : "", issuer ? "\"" : "",
                      oauth2->client_id ? " " : "", oauth2->client_id ? oauth2->client_id : "");
    if (!audience || strncasecmp(audience, expected, strlen(expected)) != 0)
        probe_finding(probe, SEVERITY_WARNING, "jwt-audience", oauth2->secret_path,
                      "the JWT is made out to \"%.200s\" (aud); expected is \"%s\"",
                      audience ? audience : "", expected);
    oauth2->audience = audience;
    oauth2->subject = subject;
    if (!oauth2->client_id)
        oauth2->client_id = issuer;
    if (subject)
        probe_note(probe, "jwt_subject", "%s", subject);
    check_times(probe, oauth2, claims);
}

static bool look_into(struct probe *probe, struct oauth2 *oauth2, struct error *err)
{
    const char *first = strchr(oauth2->assertion, '.');
    const char *second = first ? strchr(first + 1, '.') : NULL;
    json_t *header = NULL;
    json_t *claims = NULL; /* kept: OAUTH2 borrows from it */
    if (second && !strchr(second + 1, '.')) {
        header = decode(oauth2->assertion, (size_t)(first - oauth2->assertion));
        claims = decode(first + 1, (size_t)(second - first - 1));
    }
    if (!header || !claims) {
        error_set(err, REASON_SECRET_FORMAT,
                  "the JWT_TOKEN in the secret of %s is no JWT: it has to be three parts of "
                  "base64url, parted by dots, the first two JSON",
                  oauth2->secret_path);
        error_remedy(err, "store a signed JWT (header.claims.signature), or a PRIVATE_KEY and a "
                          "USERNAME to make one from");
        json_decref(header);
        json_decref(claims);
        return error_property(err, oauth2->secret_path);
    }
    check_claims(probe, oauth2, header, claims);
    json_decref(header);
    return true;
}

bool oauth2_take_jwt(struct probe *probe, struct oauth2 *oauth2, struct error *err)
{
    return oauth2->assertion ? look_into(probe, oauth2, err) : build(probe, oauth2, err);
}
