/* SPDX-License-Identifier: Apache-2.0 */
/* keystore_pkcs12.c - PKCS#12, which is what keytool writes since Java 9, with its old ciphers too.
 */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pkcs12.h>
#include <openssl/provider.h>
#include <stdlib.h>
#include <string.h>

#include "keystore_entry.h"
#include "text.h"

/* RC2 and its like are in a provider that is loaded only where a file needs it. */
static OSSL_PROVIDER *providers[2];

static void unload_old_ciphers(void)
{
    for (size_t i = 0; i < sizeof providers / sizeof *providers; i++)
        if (providers[i])
            OSSL_PROVIDER_unload(providers[i]);
}

static void load_old_ciphers(void)
{
    if (providers[0])
        return;
    providers[0] = OSSL_PROVIDER_load(NULL, "default"); /* or "legacy" would be the only one */
    providers[1] = OSSL_PROVIDER_load(NULL, "legacy");
    OPENSSL_atexit(unload_old_ciphers);
}

/* How many rounds of hashing ALGORITHM demands of a password; 0 when that is not known. */
static long find_rounds(const X509_ALGOR *algorithm)
{
    const ASN1_OBJECT *object = NULL;
    int type = V_ASN1_UNDEF;
    const void *value = NULL;
    long rounds = 0;
    X509_ALGOR_get0(&object, &type, &value, algorithm);
    if (type != V_ASN1_SEQUENCE)
        return 0;
    const unsigned char *at = ASN1_STRING_get0_data(value);
    long length = ASN1_STRING_length(value);
    if (OBJ_obj2nid(object) != NID_pbes2) {
        PBEPARAM *simple = d2i_PBEPARAM(NULL, &at, length);
        rounds = simple ? ASN1_INTEGER_get(simple->iter) : 0;
        PBEPARAM_free(simple);
        return rounds;
    }
    PBE2PARAM *both = d2i_PBE2PARAM(NULL, &at, length);
    X509_ALGOR_get0(NULL, &type, &value, both ? both->keyfunc : algorithm);
    if (both && type == V_ASN1_SEQUENCE) {
        at = ASN1_STRING_get0_data(value);
        PBKDF2PARAM *hashing = d2i_PBKDF2PARAM(NULL, &at, ASN1_STRING_length(value));
        rounds = hashing ? ASN1_INTEGER_get(hashing->iter) : 0;
        PBKDF2PARAM_free(hashing);
    }
    PBE2PARAM_free(both);
    return rounds;
}

static bool is_affordable(const struct keystore *store, const X509_ALGOR *algorithm)
{
    return keystore_may_spend(store, find_rounds(algorithm));
}

/* The check sum over the store; a store without one is taken as it is. */
static bool check_password(const struct keystore *store, PKCS12 *file, struct error *err)
{
    const ASN1_INTEGER *rounds = NULL;
    if (!PKCS12_mac_present(file))
        return true;
    PKCS12_get0_mac(NULL, NULL, NULL, &rounds, file);
    if (rounds && !keystore_may_spend(store, ASN1_INTEGER_get(rounds)))
        return keystore_refuse(store, store->property, err,
                               "its check sum demands more rounds of hashing than are done");
    if (PKCS12_verify_mac(file, store->password ? store->password : "", -1) ||
        (!store->password && PKCS12_verify_mac(file, NULL, 0)))
        return true;
    return keystore_refuse(store, store->password_property, err,
                           store->password ? "its password is wrong, or the file is damaged (its "
                                             "check sum does not match)"
                                           : "it needs a password, and none is given");
}

static bool take_bags(const struct keystore *store, STACK_OF(PKCS12_SAFEBAG) * bags,
                      struct keystore_content *content, int depth);

/* Java marks a certificate that stands alone by an attribute of its own. */
static bool is_trusted(const PKCS12_SAFEBAG *bag)
{
    ASN1_OBJECT *mark = OBJ_txt2obj("2.16.840.1.113894.746875.1.1", 1);
    const STACK_OF(X509_ATTRIBUTE) *attributes = PKCS12_SAFEBAG_get0_attrs(bag);
    bool found = attributes && X509at_get_attr_by_OBJ(attributes, mark, -1) >= 0;
    ASN1_OBJECT_free(mark);
    return found;
}

/* One bag; false when there are more than can be. */
static bool take_bag(const struct keystore *store, PKCS12_SAFEBAG *bag,
                     struct keystore_content *content, int depth)
{
    char *alias = NULL;
    bool taken = true;
    const X509_SIG *locked = NULL;
    X509 *certificate = NULL;
    switch (PKCS12_SAFEBAG_get_nid(bag)) {
    case NID_pkcs8ShroudedKeyBag:
        alias = PKCS12_get_friendlyname(bag);
        locked = PKCS12_SAFEBAG_get0_pkcs8(bag);
        taken = keystore_add(content, alias ? alias : "", alias ? strlen(alias) : 0,
                             ASN1_item_dup(ASN1_ITEM_rptr(X509_SIG), locked), NULL);
        break;
    case NID_keyBag:
        alias = PKCS12_get_friendlyname(bag);
        taken = keystore_add(content, alias ? alias : "", alias ? strlen(alias) : 0, NULL,
                             EVP_PKCS82PKEY(PKCS12_SAFEBAG_get0_p8inf(bag)));
        break;
    case NID_certBag:
        certificate = PKCS12_SAFEBAG_get1_cert(bag);
        if (certificate && is_trusted(bag)) {
            content->trusted++;
            X509_free(certificate);
        } else if (certificate) {
            sk_X509_push(content->certificates, certificate);
        }
        break;
    case NID_safeContentsBag:
        taken =
            depth < 4 &&
            take_bags(store, (STACK_OF(PKCS12_SAFEBAG) *)(uintptr_t)PKCS12_SAFEBAG_get0_safes(bag),
                      content, depth + 1);
        break;
    default:
        break;
    }
    OPENSSL_free(alias);
    return taken;
}

static bool take_bags(const struct keystore *store, STACK_OF(PKCS12_SAFEBAG) * bags,
                      struct keystore_content *content, int depth)
{
    for (int i = 0; i < sk_PKCS12_SAFEBAG_num(bags); i++)
        if (!take_bag(store, sk_PKCS12_SAFEBAG_value(bags, i), content, depth))
            return false;
    return true;
}

/* Open one part of the store, with the old ciphers when it needs them. */
static STACK_OF(PKCS12_SAFEBAG) * unpack(const struct keystore *store, PKCS7 *part)
{
    const char *password = store->password ? store->password : "";
    if (PKCS7_type_is_data(part))
        return PKCS12_unpack_p7data(part);
    if (!PKCS7_type_is_encrypted(part) || !part->d.encrypted || !part->d.encrypted->enc_data ||
        !is_affordable(store, part->d.encrypted->enc_data->algorithm))
        return NULL;
    STACK_OF(PKCS12_SAFEBAG) *bags = PKCS12_unpack_p7encdata(part, password, (int)strlen(password));
    if (bags)
        return bags;
    load_old_ciphers();
    return PKCS12_unpack_p7encdata(part, password, (int)strlen(password));
}

bool keystore_read_pkcs12(const struct keystore *store, struct keystore_content *content,
                          struct error *err)
{
    const unsigned char *at = store->data;
    PKCS12 *file = d2i_PKCS12(NULL, &at, (long)store->length);
    if (!file)
        return keystore_refuse(store, store->property, err,
                               "it is none that can be read, or it is cut off (its first byte is "
                               "PKCS#12's)");
    bool read = check_password(store, file, err);
    STACK_OF(PKCS7) *parts = read ? PKCS12_unpack_authsafes(file) : NULL;
    for (int i = 0; i < sk_PKCS7_num(parts) && read; i++) {
        STACK_OF(PKCS12_SAFEBAG) *bags = unpack(store, sk_PKCS7_value(parts, i));
        const char *words = ERR_reason_error_string(ERR_peek_last_error());
        if (!bags || !take_bags(store, bags, content, 0)) {
            char *what =
                text_format("a part of it cannot be opened: %s",
                            bags || !words ? "it is damaged, or has too many entries" : words);
            read = keystore_refuse(store, store->property, err, what);
            free(what);
        }
        sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
    }
    if (read && !parts)
        read = keystore_refuse(store, store->property, err, "it is damaged");
    sk_PKCS7_pop_free(parts, PKCS7_free);
    PKCS12_free(file);
    return read;
}

EVP_PKEY *keystore_unlock_pkcs12(const struct keystore *store, const X509_SIG *locked,
                                 const char *password)
{
    const X509_ALGOR *algorithm = NULL;
    X509_SIG_get0(locked, &algorithm, NULL);
    if (!is_affordable(store, algorithm))
        return NULL;
    PKCS8_PRIV_KEY_INFO *info = PKCS8_decrypt(locked, password, (int)strlen(password));
    if (!info) {
        load_old_ciphers();
        info = PKCS8_decrypt(locked, password, (int)strlen(password));
    }
    EVP_PKEY *key = info ? EVP_PKCS82PKEY(info) : NULL;
    PKCS8_PRIV_KEY_INFO_free(info);
    return key;
}
