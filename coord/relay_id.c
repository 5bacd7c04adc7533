/* relay_id.c — the name by which a control plane and its clients know this relay. */
#include "relay_id.h"

#include "crypto.h"

enum { RELAY_ID_LEN = 16 };

static void write_uuid(const uint8_t *bytes, char *ret)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < RELAY_ID_LEN; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *ret++ = '-';
        *ret++ = digits[bytes[i] >> 4];
        *ret++ = digits[bytes[i] & 15];
    }
    *ret = '\0';
}

enum err relay_id_of_secret(struct bytes secret, char ret[static RELAY_ID_TEXT_LEN])
{
    uint8_t digest[SHA256_LEN];
    struct crypto *crypto;
    enum err err = crypto_new(&crypto);

    if (err != ERR_OK)
        return err;
    err = crypto_sha256(crypto, &secret, 1, digest);
    crypto_free(crypto);
    if (err != ERR_OK)
        return err;
    /* RFC 9562 §4: the version and the variant of a random UUID. */
    digest[6] = (uint8_t)((digest[6] & 0x0f) | 0x40);
    digest[8] = (uint8_t)((digest[8] & 0x3f) | 0x80);
    write_uuid(digest, ret);
    return ERR_OK;
}
