/* SPDX-License-Identifier: Apache-2.0 */
/* certificate_json.c - a certificate of an audit for programs: what reports do not need. */
#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "certificate_audit.h"
#include "text.h"

/* The bits of key usage, by their names in RFC 5280. */
static const struct {
    uint32_t bit;
    const char *name;
} usages[] = {
    {KU_DIGITAL_SIGNATURE, "digitalSignature"},
    {KU_NON_REPUDIATION, "nonRepudiation"},
    {KU_KEY_ENCIPHERMENT, "keyEncipherment"},
    {KU_DATA_ENCIPHERMENT, "dataEncipherment"},
    {KU_KEY_AGREEMENT, "keyAgreement"},
    {KU_KEY_CERT_SIGN, "keyCertSign"},
    {KU_CRL_SIGN, "cRLSign"},
};

static const struct {
    uint32_t bit;
    const char *name;
} extended_usages[] = {
    {XKU_SSL_SERVER, "serverAuth"},      {XKU_SSL_CLIENT, "clientAuth"},
    {XKU_SMIME, "emailProtection"},      {XKU_CODE_SIGN, "codeSigning"},
    {XKU_OCSP_SIGN, "OCSPSigning"},      {XKU_TIMESTAMP, "timeStamping"},
    {XKU_ANYEKU, "anyExtendedKeyUsage"},
};

static json_t *serial_of(X509 *certificate)
{
    BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), NULL);
    char *hex = number ? BN_bn2hex(number) : NULL;
    json_t *text = json_string(hex ? hex : "");
    OPENSSL_free(hex);
    BN_free(number);
    return text;
}

static void add_usages(X509 *certificate, json_t *object)
{
    uint32_t flags = X509_get_extension_flags(certificate);
    json_t *list = json_array();
    for (size_t i = 0; flags & EXFLAG_KUSAGE && i < sizeof usages / sizeof *usages; i++)
        if (X509_get_key_usage(certificate) & usages[i].bit)
            json_array_append_new(list, json_string(usages[i].name));
    json_object_set_new(object, "key_usage", list);
    list = json_array();
    for (size_t i = 0;
         flags & EXFLAG_XKUSAGE && i < sizeof extended_usages / sizeof *extended_usages; i++)
        if (X509_get_extended_key_usage(certificate) & extended_usages[i].bit)
            json_array_append_new(list, json_string(extended_usages[i].name));
    json_object_set_new(object, "extended_key_usage", list);
}

/* The properties as whose value it would be accepted. */
static json_t *accepted_by(X509 *certificate)
{
    struct certificate_fault fault;
    json_t *list = json_array();
    if (certificate_check(certificate, 1, 1, CERTIFICATE_RULES_JDBC, &fault, 1) == 0)
        json_array_append_new(list, json_string("jdbc"));
    if (certificate_check(certificate, 1, 1, CERTIFICATE_RULES_KAFKA, &fault, 1) == 0)
        json_array_append_new(list, json_string("kafka"));
    return list;
}

json_t *certificate_audit_to_json(const struct certificate_audit *audit, int index)
{
    X509 *certificate = sk_X509_value(audit->list, index - 1);
    json_t *object = certificate_to_json(certificate);
    long path_length = X509_get_pathlen(certificate);
    int signer = audit->signers[index - 1];
    json_object_set_new(object, "index", json_integer(index));
    json_object_set_new(object, "serial", serial_of(certificate));
    json_object_set_new(object, "days_to_expiry", json_integer(certificate_days_left(certificate)));
    json_object_set_new(object, "ca", json_boolean(X509_check_ca(certificate) != 0));
    if (path_length >= 0)
        json_object_set_new(object, "path_length", json_integer(path_length));
    add_usages(certificate, object);
    json_object_set_new(object, "self_signed", json_boolean(signer == index));
    if (signer && signer != index)
        json_object_set_new(object, "signed_by", json_integer(signer));
    json_object_set_new(object, "accepted_by", accepted_by(certificate));
    return object;
}
