/* SPDX-License-Identifier: Apache-2.0 */
/* certificate.c - certificates described: names, keys, algorithms, dates. */
#include "certificate.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "text.h"

/* The text a memory BIO holds, made one line; frees the BIO. */
static char *take_text(BIO *bio)
{
    char *data = NULL;
    long length = BIO_get_mem_data(bio, &data);
    char *line = xmalloc((size_t)length * 4 + 1);
    text_one_line(line, (size_t)length * 4 + 1, data, (size_t)length);
    BIO_free(bio);
    return line;
}

char *certificate_name(const X509_NAME *name)
{
    BIO *bio = BIO_new(BIO_s_mem());
    X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
    return take_text(bio);
}

/* A distinguished name being compared, and what the character before meant. */
struct dn_reader {
    const char *at;
    enum { DN_TEXT, DN_SIGN, DN_ESCAPE } before;
};

/* The next character as it is compared: no case, no blanks around comma and equals sign, which mean
 * nothing (RFC 2253, section 4) unless they are escaped. */
static char next_of_dn(struct dn_reader *reader)
{
    size_t blanks = strspn(reader->at, " \t");
    char next = reader->at[blanks];
    bool escaped = reader->before == DN_ESCAPE;
    if (!escaped && (reader->before == DN_SIGN || next == ',' || next == '='))
        reader->at += blanks;
    char c = *reader->at;
    reader->at += c != '\0';
    reader->before = escaped                ? DN_TEXT
                     : c == '\\'            ? DN_ESCAPE
                     : c == ',' || c == '=' ? DN_SIGN
                                            : DN_TEXT;
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool certificate_dn_equal(const char *a, const char *b)
{
    struct dn_reader left = {a, DN_SIGN};
    struct dn_reader right = {b, DN_SIGN};
    for (;;) {
        char x = next_of_dn(&left);
        char y = next_of_dn(&right);
        if (x != y)
            return false;
        if (!x)
            return true;
    }
}

char *certificate_signature(const X509 *certificate)
{
    int nid = X509_get_signature_nid(certificate);
    int digest = NID_undef;
    int key = NID_undef;
    if (nid == NID_rsassaPss)
        return xstrdup("RSASSA-PSS");
    if (!OBJ_find_sigid_algs(nid, &digest, &key) || digest == NID_undef)
        return xstrdup(nid == NID_undef ? "unknown" : OBJ_nid2sn(nid));
    const char *with = key == NID_rsaEncryption          ? "RSA"
                       : key == NID_X9_62_id_ecPublicKey ? "ECDSA"
                                                         : OBJ_nid2sn(key);
    return text_format("%swith%s", OBJ_nid2sn(digest), with);
}

char *certificate_key(X509 *certificate)
{
    EVP_PKEY *key = X509_get0_pubkey(certificate);
    char group[64];
    if (!key)
        return xstrdup("unreadable");
    if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
        EVP_PKEY_get_group_name(key, group, sizeof group, NULL))
        return text_format("EC %s", group);
    const char *type = EVP_PKEY_get0_type_name(key);
    if (EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA || EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA_PSS)
        return text_format("%s %d", type ? type : "RSA", EVP_PKEY_get_bits(key));
    return xstrdup(type ? type : "unknown");
}

void certificate_time(const ASN1_TIME *time, char out[32])
{
    struct tm parts;
    snprintf(out, 32, "unreadable");
    if (ASN1_TIME_to_tm(time, &parts))
        strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &parts);
}

long certificate_days_left(X509 *certificate)
{
    int days = 0;
    int seconds = 0;
    if (!ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(certificate)))
        return 0;
    return seconds < 0 ? days - 1 : days;
}

static json_t *name_text(const GENERAL_NAME *name)
{
    int type = 0;
    const ASN1_STRING *value = GENERAL_NAME_get0_value(name, &type);
    if (type == GEN_DNS || type == GEN_EMAIL || type == GEN_URI) {
        char line[1024];
        text_one_line(line, sizeof line, (const char *)ASN1_STRING_get0_data(value),
                      (size_t)ASN1_STRING_length(value));
        return json_string(line);
    }
    char address[INET6_ADDRSTRLEN];
    int length = type == GEN_IPADD ? ASN1_STRING_length(value) : 0;
    if (length == 4 && inet_ntop(AF_INET, ASN1_STRING_get0_data(value), address, sizeof address))
        return json_string(address);
    if (length == 16 && inet_ntop(AF_INET6, ASN1_STRING_get0_data(value), address, sizeof address))
        return json_string(address);
    return NULL;
}

json_t *certificate_sans(X509 *certificate)
{
    json_t *list = json_array();
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        json_t *text = name_text(sk_GENERAL_NAME_value(names, i));
        if (text)
            json_array_append_new(list, text);
    }
    GENERAL_NAMES_free(names);
    return list;
}

static void set_taken(json_t *object, const char *key, char *text)
{
    json_object_set_new(object, key, json_string(text));
    free(text);
}

json_t *certificate_to_json(X509 *certificate)
{
    json_t *object = json_object();
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    char time[32];
    set_taken(object, "subject", certificate_name(X509_get_subject_name(certificate)));
    set_taken(object, "issuer", certificate_name(X509_get_issuer_name(certificate)));
    certificate_time(X509_get0_notBefore(certificate), time);
    json_object_set_new(object, "not_before", json_string(time));
    certificate_time(X509_get0_notAfter(certificate), time);
    json_object_set_new(object, "not_after", json_string(time));
    json_object_set_new(object, "sans", certificate_sans(certificate));
    set_taken(object, "signature_algorithm", certificate_signature(certificate));
    set_taken(object, "key", certificate_key(certificate));
    if (X509_digest(certificate, EVP_sha256(), digest, &length)) {
        char hex[2 * EVP_MAX_MD_SIZE + 1];
        for (unsigned i = 0; i < length; i++)
            snprintf(hex + 2 * i, 3, "%02x", digest[i]);
        json_object_set_new(object, "sha256", json_string(hex));
    }
    return object;
}

bool certificate_matches_name(X509 *certificate, const char *name)
{
    unsigned char address[16];
    if (inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1)
        return X509_check_ip_asc(certificate, name, 0) == 1;
    unsigned flags = X509_get_ext_by_NID(certificate, NID_subject_alt_name, -1) >= 0
                         ? X509_CHECK_FLAG_NEVER_CHECK_SUBJECT
                         : 0;
    /* The dot at the end of an absolute name is none of a certificate's. */
    size_t length = strlen(name);
    length -= length > 1 && name[length - 1] == '.';
    return X509_check_host(certificate, name, length, flags, NULL) == 1;
}

char *certificate_names(X509 *certificate)
{
    enum { SHOWN = 12 };
    struct text_buffer names = TEXT_BUFFER_INIT;
    json_t *sans = certificate_sans(certificate);
    for (size_t i = 0; i < json_array_size(sans) && i < SHOWN; i++)
        text_append_format(&names, "%s%s", i ? ", " : "",
                           json_string_value(json_array_get(sans, i)));
    json_decref(sans);
    if (names.length)
        return text_take(&names);
    char *subject = certificate_name(X509_get_subject_name(certificate));
    text_append_format(&names, "no alternative name, only the subject %s", subject);
    free(subject);
    return text_take(&names);
}
