/* turn_nonce.c — stateless nonces, good on every shard and after a restart. */
#include "turn_nonce.h"

#include "crypto.h"
#include "turn_limits.h"

#include <string.h>

enum { TIME_CHARS = 6, MAC_CHARS = TURN_NONCE_LEN - TIME_CHARS, BITS_PER_CHAR = 6 };

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* Writes the low 6 * |count| bits of |value|, highest first. */
static void write_chars(uint8_t *out, size_t count, uint64_t value)
{
    for (size_t i = count; i-- > 0; value >>= BITS_PER_CHAR)
        out[i] = (uint8_t)alphabet[value & 63];
}

static bool read_chars(const uint8_t *in, size_t count, uint64_t *ret)
{
    uint64_t value = 0;
    for (size_t i = 0; i < count; i++) {
        const char *found = in[i] ? strchr(alphabet, in[i]) : NULL;
        if (!found)
            return false;
        value = value << BITS_PER_CHAR | (uint64_t)(found - alphabet);
    }
    *ret = value;
    return true;
}

static void make_at(const struct siphash_key *key, uint64_t sec,
                    const struct transport_addr *client, uint8_t ret[static TURN_NONCE_LEN])
{
    struct {
        uint64_t sec;
        struct transport_addr client;
    } covered = {.sec = sec, .client = *client};
    _Static_assert(sizeof covered == 32, "hashed as bytes, without padding");

    write_chars(ret, TIME_CHARS, sec);
    write_chars(ret + TIME_CHARS, MAC_CHARS, siphash(key, &covered, sizeof covered));
}

void turn_nonce_make(const struct siphash_key *key, struct mono_time now,
                     const struct transport_addr *client, uint8_t ret[static TURN_NONCE_LEN])
{
    make_at(key, (uint64_t)(now.usec / USEC_PER_SEC), client, ret);
}

bool turn_nonce_valid(const struct siphash_key *key, struct mono_time now,
                      const struct transport_addr *client, struct bytes nonce)
{
    uint64_t made;
    if (nonce.len != TURN_NONCE_LEN || !read_chars(nonce.data, TIME_CHARS, &made))
        return false;
    uint64_t sec = (uint64_t)(now.usec / USEC_PER_SEC);
    if (made > sec || sec - made > TURN_NONCE_LIFETIME_SEC)
        return false;
    uint8_t expected[TURN_NONCE_LEN];
    make_at(key, made, client, expected);
    return crypto_equal(expected, nonce.data, TURN_NONCE_LEN);
}
