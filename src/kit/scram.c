/* SPDX-License-Identifier: Apache-2.0 */
/* scram.c - SCRAM for SHA-1, SHA-256 and SHA-512, over OpenSSL's PBKDF2 and HMAC. */
#include "testconn/scram.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "saslprep.h"
#include "text.h"

enum { NONCE_BYTES = 24, SALT_MAXIMUM = 1024, HEADER_LENGTH = 3 };

struct scram {
    const EVP_MD *digest;
    size_t size; /* of a digest */
    char *user;
    char *password; /* prepared */
    char *where;
    char *nonce;
    char *first; /* "n,,n=user,r=nonce" */
    char *last;
    unsigned char signature[EVP_MAX_MD_SIZE]; /* what the server has to send */
};

static const EVP_MD *find_digest(enum scram_hash hash)
{
    switch (hash) {
    case SCRAM_SHA_1:
        return EVP_sha1();
    case SCRAM_SHA_256:
        return EVP_sha256();
    case SCRAM_SHA_512:
    default:
        return EVP_sha512();
    }
}

static char *to_base64(const unsigned char *bytes, size_t length)
{
    char *text = xmalloc(4 * ((length + 2) / 3) + 1);
    EVP_EncodeBlock((unsigned char *)text, bytes, (int)length);
    return text;
}

/* Canonical base64 of LENGTH letters; the number of bytes, 0 when it is none or longer than SIZE.
 */
static size_t from_base64(const char *text, size_t length, unsigned char *out, size_t size)
{
    unsigned char bytes[SALT_MAXIMUM + 3];
    size_t padding = 0;
    if (length == 0 || length % 4 || length / 4 * 3 > sizeof bytes)
        return 0;
    while (padding < 2 && text[length - 1 - padding] == '=')
        padding++;
    if (memchr(text, '=', length - padding) ||
        EVP_DecodeBlock(bytes, (const unsigned char *)text, (int)length) < 0)
        return 0;
    size_t count = length / 4 * 3 - padding;
    if (count > size)
        return 0;
    memcpy(out, bytes, count);
    OPENSSL_cleanse(bytes, sizeof bytes);
    return count;
}

/* A user's name as it stands in a message: the two characters that part it are escaped. */
static char *escape_name(const char *name)
{
    struct text_buffer out = TEXT_BUFFER_INIT;
    for (; *name; name++)
        if (*name == ',')
            text_append(&out, "=2C");
        else if (*name == '=')
            text_append(&out, "=3D");
        else
            text_append_bytes(&out, name, 1);
    return text_take(&out);
}

static char *random_nonce(void)
{
    unsigned char bytes[NONCE_BYTES];
    if (RAND_bytes(bytes, sizeof bytes) != 1)
        return NULL;
    return to_base64(bytes, sizeof bytes);
}

struct scram *scram_new(const struct scram_login *login, struct error *err)
{
    char *password =
        login->prepare ? saslprep(login->password, "the password", err) : xstrdup(login->password);
    char *nonce = login->nonce ? xstrdup(login->nonce) : random_nonce();
    if (!password || !nonce) {
        if (password)
            error_set(err, REASON_INTERNAL, "no random numbers for SCRAM");
        text_wipe_free(password);
        free(nonce);
        return NULL;
    }
    struct scram *scram = xcalloc(1, sizeof *scram);
    char *name = escape_name(login->user);
    scram->digest = find_digest(login->hash);
    scram->size = (size_t)EVP_MD_get_size(scram->digest);
    scram->user = xstrdup(login->user);
    scram->password = password;
    scram->where = xstrdup(login->where);
    scram->nonce = nonce;
    scram->first = text_format("n,,n=%s,r=%s", name, nonce);
    free(name);
    return scram;
}

const char *scram_first(const struct scram *scram)
{
    return scram->first;
}

/* An attribute of a message. */
struct attribute {
    const char *value;
    size_t length;
};

/* Take "K=value" off *AT, where KEY has to stand; false when another does. */
static bool take(const char **at, const char *end, char key, struct attribute *attribute)
{
    if (end - *at < 2 || (*at)[0] != key || (*at)[1] != '=')
        return false;
    attribute->value = *at + 2;
    const char *comma = memchr(attribute->value, ',', (size_t)(end - attribute->value));
    attribute->length = (size_t)((comma ? comma : end) - attribute->value);
    *at = comma ? comma + 1 : end;
    return true;
}

static bool wrong(const struct scram *scram, struct error *err, const char *what)
{
    return error_set(err, REASON_PROTOCOL_ERROR, "%s: the SCRAM login of user \"%s\": %s",
                     scram->where, scram->user, what);
}

static bool refused(const struct scram *scram, const struct attribute *words, struct error *err)
{
    return error_set(err, REASON_LOGIN_REFUSED, "%s refused user \"%s\" (SCRAM): \"%.*s\"",
                     scram->where, scram->user, (int)words->length, words->value);
}

static void hmac(const struct scram *scram, const unsigned char *key, const void *data,
                 size_t length, unsigned char *out)
{
    HMAC(scram->digest, key, (int)scram->size, data, length, out, NULL);
}

/* RFC 5802, section 3: the client's proof into PROOF, what the server must answer into SCRAM. */
static bool prove(struct scram *scram, const unsigned char *salt, size_t salt_length, int rounds,
                  const char *exchange, unsigned char *proof)
{
    unsigned char salted[EVP_MAX_MD_SIZE];
    unsigned char key[EVP_MAX_MD_SIZE];
    unsigned char stored[EVP_MAX_MD_SIZE];
    unsigned char signature[EVP_MAX_MD_SIZE];
    size_t length = strlen(exchange);
    if (PKCS5_PBKDF2_HMAC(scram->password, (int)strlen(scram->password), salt, (int)salt_length,
                          rounds, scram->digest, (int)scram->size, salted) != 1)
        return false;
    hmac(scram, salted, "Client Key", strlen("Client Key"), key);
    bool done = EVP_Digest(key, scram->size, stored, NULL, scram->digest, NULL) == 1;
    hmac(scram, stored, exchange, length, signature);
    for (size_t i = 0; i < scram->size; i++)
        proof[i] = key[i] ^ signature[i];
    hmac(scram, salted, "Server Key", strlen("Server Key"), key);
    hmac(scram, key, exchange, length, scram->signature);
    OPENSSL_cleanse(salted, sizeof salted);
    OPENSSL_cleanse(key, sizeof key);
    OPENSSL_cleanse(stored, sizeof stored);
    return done;
}

/* Put the last message together. */
static const char *answer(struct scram *scram, const char *message, size_t length,
                          const struct attribute *nonce, const unsigned char *salt,
                          size_t salt_length, int rounds, struct error *err)
{
    unsigned char proof[EVP_MAX_MD_SIZE];
    char *without_proof = text_format("c=biws,r=%.*s", (int)nonce->length, nonce->value);
    char *exchange = text_format("%s,%.*s,%s", scram->first + HEADER_LENGTH, (int)length, message,
                                 without_proof);
    if (prove(scram, salt, salt_length, rounds, exchange, proof)) {
        char *encoded = to_base64(proof, scram->size);
        text_wipe_free(scram->last);
        scram->last = text_format("%s,p=%s", without_proof, encoded);
        text_wipe_free(encoded);
    } else {
        error_set(err, REASON_INTERNAL, "%s: the SCRAM proof cannot be computed", scram->where);
    }
    OPENSSL_cleanse(proof, sizeof proof);
    free(without_proof);
    free(exchange);
    return scram->last;
}

/* What the server's first message gives. */
struct offer {
    struct attribute nonce;
    struct attribute salt;
    int rounds;
};

static bool read_rounds(const struct attribute *attribute, int *rounds)
{
    char digits[16];
    unsigned long value;
    if (attribute->length >= sizeof digits)
        return false;
    memcpy(digits, attribute->value, attribute->length);
    digits[attribute->length] = '\0';
    if (!text_to_number(digits, 1, INT32_MAX, &value))
        return false;
    *rounds = (int)value;
    return true;
}

static bool read_offer(const char *message, size_t length, struct offer *offer)
{
    const char *end = message + length;
    struct attribute rounds;
    return take(&message, end, 'r', &offer->nonce) && take(&message, end, 's', &offer->salt) &&
           take(&message, end, 'i', &rounds) && read_rounds(&rounds, &offer->rounds);
}

int scram_rounds(const char *message, size_t length)
{
    struct offer offer;
    return read_offer(message, length, &offer) ? offer.rounds : 0;
}

const char *scram_continue(struct scram *scram, const char *message, size_t length,
                           struct error *err)
{
    const char *at = message;
    const char *end = message + length;
    size_t own = strlen(scram->nonce);
    struct offer offer;
    struct attribute words;
    unsigned char salt[SALT_MAXIMUM];
    if (length > SCRAM_MESSAGE_MAXIMUM || memchr(message, '\0', length)) {
        wrong(scram, err, "the server's first message is too long, or holds a NUL byte");
        return NULL;
    }
    if (take(&at, end, 'e', &words)) {
        refused(scram, &words, err);
        return NULL;
    }
    if (!read_offer(message, length, &offer)) {
        wrong(scram, err, "the server's first message does not give nonce, salt and rounds");
        return NULL;
    }
    if (offer.nonce.length <= own || memcmp(offer.nonce.value, scram->nonce, own) != 0) {
        wrong(scram, err, "the server's nonce does not continue ours");
        return NULL;
    }
    if (offer.rounds > SCRAM_ROUNDS_MAXIMUM) {
        error_set(err, REASON_PROTOCOL_ERROR,
                  "%s: the SCRAM login of user \"%s\": the server demands %d rounds of hashing; at "
                  "most %d are done",
                  scram->where, scram->user, offer.rounds, SCRAM_ROUNDS_MAXIMUM);
        return NULL;
    }
    size_t salt_length = from_base64(offer.salt.value, offer.salt.length, salt, sizeof salt);
    if (salt_length == 0) {
        wrong(scram, err, "the server's salt is not base64, or longer than 1024 bytes");
        return NULL;
    }
    return answer(scram, message, length, &offer.nonce, salt, salt_length, offer.rounds, err);
}

bool scram_verify(struct scram *scram, const char *message, size_t length, struct error *err)
{
    const char *at = message;
    const char *end = message + length;
    struct attribute value;
    unsigned char signature[EVP_MAX_MD_SIZE];
    if (length > SCRAM_MESSAGE_MAXIMUM || memchr(message, '\0', length))
        return wrong(scram, err, "the server's last message is too long, or holds a NUL byte");
    if (take(&at, end, 'e', &value))
        return refused(scram, &value, err);
    if (!take(&at, end, 'v', &value))
        return wrong(scram, err, "the server's last message does not give its signature");
    if (!scram->last ||
        from_base64(value.value, value.length, signature, sizeof signature) != scram->size ||
        CRYPTO_memcmp(signature, scram->signature, scram->size) != 0)
        return wrong(scram, err,
                     "the server's signature is wrong: it took our proof without knowing the "
                     "password (an impostor, or a broken server)");
    return true;
}

void scram_free(struct scram *scram)
{
    if (!scram)
        return;
    OPENSSL_cleanse(scram->signature, sizeof scram->signature);
    free(scram->user);
    text_wipe_free(scram->password);
    free(scram->where);
    free(scram->nonce);
    free(scram->first);
    text_wipe_free(scram->last);
    free(scram);
}
