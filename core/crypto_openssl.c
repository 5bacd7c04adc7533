/* crypto_openssl.c — the few functions that the protocol needs, by OpenSSL 3's libcrypto. */
#include "crypto.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdlib.h>
#include <string.h>

struct digest {
    EVP_MD *algorithm;
    EVP_MD_CTX *state;
};

struct crypto {
    struct digest md5;
    struct digest sha256;
    EVP_MAC_CTX *hmac_sha1;
    EVP_MAC_CTX *hmac_sha256;
};

static bool digest_init(struct digest *digest, const char *name)
{
    digest->algorithm = EVP_MD_fetch(NULL, name, NULL);
    digest->state = EVP_MD_CTX_new();
    return digest->algorithm && digest->state;
}

/* The digest is named here once: to name it in each EVP_MAC_init would fetch it each time. */
static EVP_MAC_CTX *hmac_new(EVP_MAC *hmac, const char *digest_name)
{
    char name[16];
    size_t len = strlen(digest_name);
    if (len >= sizeof name)
        return NULL;
    memcpy(name, digest_name, len + 1);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, len),
        OSSL_PARAM_construct_end(),
    };
    EVP_MAC_CTX *state = EVP_MAC_CTX_new(hmac);
    if (state && !EVP_MAC_CTX_set_params(state, params)) {
        EVP_MAC_CTX_free(state);
        return NULL;
    }
    return state;
}

enum err crypto_new(struct crypto **ret_crypto)
{
    struct crypto *crypto = calloc(1, sizeof *crypto);
    if (!crypto)
        return ERR_NO_MEMORY;
    /* Each state holds its own reference to the algorithm. */
    EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    if (hmac) {
        crypto->hmac_sha1 = hmac_new(hmac, "SHA1");
        crypto->hmac_sha256 = hmac_new(hmac, "SHA256");
        EVP_MAC_free(hmac);
    }
    if (!crypto->hmac_sha1 || !crypto->hmac_sha256 || !digest_init(&crypto->md5, "MD5") ||
        !digest_init(&crypto->sha256, "SHA256")) {
        crypto_free(crypto);
        return ERR_CRYPTO;
    }
    *ret_crypto = crypto;
    return ERR_OK;
}

void crypto_free(struct crypto *crypto)
{
    if (!crypto)
        return;
    EVP_MD_CTX_free(crypto->md5.state);
    EVP_MD_free(crypto->md5.algorithm);
    EVP_MD_CTX_free(crypto->sha256.state);
    EVP_MD_free(crypto->sha256.algorithm);
    EVP_MAC_CTX_free(crypto->hmac_sha1);
    EVP_MAC_CTX_free(crypto->hmac_sha256);
    free(crypto);
}

static enum err digest(struct digest *digest, const struct bytes *parts, size_t count, uint8_t *ret)
{
    if (!EVP_DigestInit_ex2(digest->state, digest->algorithm, NULL))
        return ERR_CRYPTO;
    for (size_t i = 0; i < count; i++) {
        if (parts[i].len > 0 && !EVP_DigestUpdate(digest->state, parts[i].data, parts[i].len))
            return ERR_CRYPTO;
    }
    return EVP_DigestFinal_ex(digest->state, ret, NULL) ? ERR_OK : ERR_CRYPTO;
}

static enum err hmac(EVP_MAC_CTX *state, struct bytes key, const struct bytes *parts, size_t count,
                     uint8_t *ret, size_t ret_len)
{
    /* EVP_MAC_init without a key means "the key of the last call" to OpenSSL. */
    if (key.len == 0 || !EVP_MAC_init(state, key.data, key.len, NULL))
        return ERR_CRYPTO;
    for (size_t i = 0; i < count; i++) {
        if (parts[i].len > 0 && !EVP_MAC_update(state, parts[i].data, parts[i].len))
            return ERR_CRYPTO;
    }
    size_t len = 0;
    return EVP_MAC_final(state, ret, &len, ret_len) && len == ret_len ? ERR_OK : ERR_CRYPTO;
}

enum err crypto_md5(struct crypto *crypto, const struct bytes *parts, size_t count,
                    uint8_t ret[static MD5_LEN])
{
    return digest(&crypto->md5, parts, count, ret);
}

enum err crypto_sha256(struct crypto *crypto, const struct bytes *parts, size_t count,
                       uint8_t ret[static SHA256_LEN])
{
    return digest(&crypto->sha256, parts, count, ret);
}

enum err crypto_hmac_sha1(struct crypto *crypto, struct bytes key, const struct bytes *parts,
                          size_t count, uint8_t ret[static SHA1_LEN])
{
    return hmac(crypto->hmac_sha1, key, parts, count, ret, SHA1_LEN);
}

enum err crypto_hmac_sha256(struct crypto *crypto, struct bytes key, const struct bytes *parts,
                            size_t count, uint8_t ret[static SHA256_LEN])
{
    return hmac(crypto->hmac_sha256, key, parts, count, ret, SHA256_LEN);
}

bool crypto_equal(const void *a, const void *b, size_t len)
{
    return len == 0 || CRYPTO_memcmp(a, b, len) == 0;
}

void crypto_wipe(void *data, size_t len)
{
    if (len > 0)
        OPENSSL_cleanse(data, len);
}
