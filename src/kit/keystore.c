/* SPDX-License-Identifier: Apache-2.0 */
/* keystore.c - a client keystore of any form: the one key in it. */
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certificate.h"
#include "identity_state.h"
#include "keystore_entry.h"
#include "text.h"

enum { ROUNDS_MAXIMUM = 5000000, NAMED_MAXIMUM = 8 };

bool keystore_may_spend(const struct keystore *store, long rounds)
{
    unsigned most = store->rounds_maximum ? store->rounds_maximum : ROUNDS_MAXIMUM;
    return rounds >= 0 && rounds <= (long)most;
}

bool keystore_refuse(const struct keystore *store, const char *property, struct error *err,
                     const char *what)
{
    error_set(err, REASON_KEYSTORE_INVALID, "the keystore %s: %s", store->name, what);
    return error_property(err, property);
}

bool keystore_add(struct keystore_content *content, const char *alias, size_t length,
                  X509_SIG *locked, EVP_PKEY *key)
{
    if (content->count == KEYSTORE_ENTRIES_MAXIMUM) {
        X509_SIG_free(locked);
        EVP_PKEY_free(key);
        return false;
    }
    content->aliases[content->count] = xstrndup(alias, length);
    content->locked[content->count] = locked;
    content->keys[content->count++] = key;
    return true;
}

static void release(struct keystore_content *content)
{
    for (size_t i = 0; i < content->count; i++) {
        free(content->aliases[i]);
        X509_SIG_free(content->locked[i]);
        EVP_PKEY_free(content->keys[i]);
    }
    sk_X509_pop_free(content->certificates, X509_free);
}

/* A form of keystores: its first bytes, and how it is read. */
struct form {
    const char *name;
    const char *magic;
    bool (*read)(const struct keystore *store, struct keystore_content *content, struct error *err);
    EVP_PKEY *(*unlock)(const struct keystore *store, const X509_SIG *locked, const char *password);
};

static const struct form forms[] = {
    {"JKS", "\xFE\xED\xFE\xED", keystore_read_java, keystore_unlock_java},
    {"JCEKS", "\xCE\xCE\xCE\xCE", keystore_read_java, keystore_unlock_java},
    {"PKCS#12", "\x30", keystore_read_pkcs12, keystore_unlock_pkcs12},
};

static const struct form *find_form(const struct keystore *store)
{
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (store->length >= strlen(forms[i].magic) &&
            memcmp(store->data, forms[i].magic, strlen(forms[i].magic)) == 0)
            return &forms[i];
    return NULL;
}

/* None or several keys: which is meant is not ours to guess. */
static bool tell_count(const struct keystore *store, const struct keystore_content *content,
                       struct error *err)
{
    struct text_buffer list = TEXT_BUFFER_INIT;
    if (content->count == 0)
        text_append_format(&list,
                           "it holds no private key (%d certificates): a broker that demands a "
                           "client certificate will refuse us",
                           sk_X509_num(content->certificates) + content->trusted);
    else
        text_append_format(&list, "it holds %zu private keys, and which one is meant is not said:",
                           content->count);
    for (size_t i = 0; i < content->count && i < NAMED_MAXIMUM; i++)
        text_append_format(&list, "%s \"%s\"", i ? "," : "", content->aliases[i]);
    keystore_refuse(store, store->property, err, list.data);
    error_remedy(err, content->count ? "give a keystore with that one entry only (keytool "
                                       "-importkeystore -srcalias ALIAS ...)"
                                     : "give a keystore with a private key and its certificate");
    text_buffer_release(&list);
    return false;
}

static bool tell_locked(const struct keystore *store, const char *alias, struct error *err)
{
    char *what = text_format(
        "the key \"%s\" in it cannot be opened: %s", alias,
        store->key_password ? "the key's password is wrong"
        : store->password   ? "it has a password of its own, which the store's is not, and none is "
                              "given for it"
                            : "it needs a password, and none is given");
    keystore_refuse(store,
                    store->key_password || store->password ? store->key_password_property
                                                           : store->password_property,
                    err, what);
    free(what);
    return false;
}

static void tell_facts(const struct identity *identity, struct keystore_facts *facts)
{
    char *subject = certificate_name(X509_get_subject_name(identity->certificate));
    snprintf(facts->subject, sizeof facts->subject, "%s", subject);
    free(subject);
    char *issuer = certificate_name(X509_get_issuer_name(identity->certificate));
    snprintf(facts->issuer, sizeof facts->issuer, "%s", issuer);
    free(issuer);
    certificate_time(X509_get0_notAfter(identity->certificate), facts->not_after);
    facts->days_left = certificate_days_left(identity->certificate);
    facts->chain = sk_X509_num(identity->chain);
}

/* Open the one key of CONTENT, and find its certificate. */
static struct identity *take_identity(const struct keystore *store, const struct form *form,
                                      struct keystore_content *content, struct error *err)
{
    EVP_PKEY *key = content->keys[0];
    const char *password = store->key_password ? store->key_password : store->password;
    content->keys[0] = NULL;
    if (!key && !content->locked[0]) {
        keystore_refuse(store, store->property, err, "the key in it cannot be read");
        return NULL;
    }
    if (!key && password)
        key = form->unlock(store, content->locked[0], password);
    if (!key) {
        tell_locked(store, content->aliases[0], err);
        return NULL;
    }
    struct identity *identity = identity_new(key, content->certificates);
    if (!identity) {
        EVP_PKEY_free(key);
        keystore_refuse(store, store->property, err, "none of its certificates belongs to its key");
    }
    return identity;
}

static struct identity *open_pem(const struct keystore *store, struct error *err)
{
    struct identity *identity =
        identity_from_pem(store->name, store->data, store->length,
                          store->key_password ? store->key_password : store->password, err);
    if (!identity)
        error_property(err, store->property);
    return identity;
}

static struct identity *open_form(const struct keystore *store, const struct form *form,
                                  struct keystore_facts *facts, struct error *err)
{
    struct keystore_content content = {.certificates = sk_X509_new_null()};
    struct identity *identity = NULL;
    if (form->read(store, &content, err)) {
        if (content.count != 1)
            tell_count(store, &content, err);
        else if ((identity = take_identity(store, form, &content, err)))
            text_one_line(facts->alias, sizeof facts->alias, content.aliases[0],
                          strlen(content.aliases[0]));
    }
    release(&content);
    return identity;
}

struct identity *keystore_open(const struct keystore *store, struct keystore_facts *facts,
                               struct error *err)
{
    struct identity *identity = NULL;
    const struct form *form = find_form(store);
    *facts = (struct keystore_facts){.format = form ? form->name : "PEM"};
    ERR_set_mark();
    if (form)
        identity = open_form(store, form, facts, err);
    else if (memmem(store->data, store->length, "-----BEGIN", strlen("-----BEGIN")))
        identity = open_pem(store, err);
    else
        keystore_refuse(store, store->property, err,
                        store->length ? "it is none: neither PKCS#12, JKS, JCEKS nor PEM"
                                      : "it is empty");
    if (identity)
        tell_facts(identity, facts);
    ERR_pop_to_mark();
    return identity;
}
