/* crypto.h — the few functions that the protocol needs of a crypto library.
 *
 * The only way to libcrypto; crypto_openssl.c is the only file that includes
 * its headers. A context keeps fetched algorithms and digest states, so that a
 * call after start fetches nothing. One context serves one thread.
 */
#ifndef RELAY_CRYPTO_H
#define RELAY_CRYPTO_H

#include "bytes.h"
#include "err.h"

#include <stdbool.h>

enum { MD5_LEN = 16, SHA1_LEN = 20, SHA256_LEN = 32 };

struct crypto;

/*
 * crypto_new makes a context, owned by the caller until crypto_free. ERR_OK,
 * ERR_NO_MEMORY, or ERR_CRYPTO when libcrypto does not offer one of the
 * algorithms (MD5 is in its default provider, but not in its FIPS one).
 */
enum err crypto_new(struct crypto **ret_crypto) MUST_CHECK;

/* crypto_free wipes and frees |crypto|, which may be NULL. */
void crypto_free(struct crypto *crypto);

/*
 * Hashes of |count| parts, one after another as one message. |parts| may hold
 * empty ones. ERR_OK, or ERR_CRYPTO with |ret| undefined.
 *
 * An HMAC with an empty |key| is ERR_CRYPTO: everybody knows that key, so it
 * can only be a mistake. The last key stays in the context until the next one
 * replaces it or crypto_free wipes it. libcrypto takes a little memory from the
 * heap for each call, so none of these belong on the packet path.
 */
enum err crypto_md5(struct crypto *crypto, const struct bytes *parts, size_t count,
                    uint8_t ret[static MD5_LEN]) MUST_CHECK;
enum err crypto_sha256(struct crypto *crypto, const struct bytes *parts, size_t count,
                       uint8_t ret[static SHA256_LEN]) MUST_CHECK;
enum err crypto_hmac_sha1(struct crypto *crypto, struct bytes key, const struct bytes *parts,
                          size_t count, uint8_t ret[static SHA1_LEN]) MUST_CHECK;
enum err crypto_hmac_sha256(struct crypto *crypto, struct bytes key, const struct bytes *parts,
                            size_t count, uint8_t ret[static SHA256_LEN]) MUST_CHECK;

/* crypto_equal compares |len| bytes in time that does not depend on them. Both may be
 * NULL when |len| is 0. */
bool crypto_equal(const void *a, const void *b, size_t len);

/* crypto_wipe zeroes memory in a way the compiler keeps. |data| may be NULL when |len| is 0. */
void crypto_wipe(void *data, size_t len);

#endif
