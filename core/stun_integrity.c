/* stun_integrity.c — MESSAGE-INTEGRITY, -SHA256 and FINGERPRINT (RFC 8489 §14.5–14.7). */
#include "stun_integrity.h"

/* XORed into the CRC so that it differs from a CRC of the application (RFC 8489 §14.7). */
#define FINGERPRINT_XOR UINT32_C(0x5354554E)

/* The bytes that an integrity attribute covers, in two parts: the start of the header with
 * a length that ends at the attribute's |value_len| bytes, and all that follows. */
struct covered {
    uint8_t head[4];
    struct bytes parts[2];
};

static void covered_init(struct covered *covered, const uint8_t *message, size_t offset,
                         size_t value_len)
{
    memcpy(covered->head, message, 2);
    wire_store_u16(covered->head + 2,
                   (uint16_t)(offset - STUN_HEADER_LEN + STUN_ATTR_HEADER_LEN + value_len));
    covered->parts[0] = (struct bytes){.data = covered->head, .len = 4};
    covered->parts[1] = (struct bytes){.data = message + 4, .len = offset - 4};
}

enum err stun_integrity_check(struct crypto *crypto, const struct stun_message *message,
                              struct bytes key)
{
    size_t offset = message->integrity_offset;
    if (offset == 0)
        return ERR_NOT_FOUND;
    struct covered covered;
    covered_init(&covered, message->whole.data, offset, SHA1_LEN);
    uint8_t expected[SHA1_LEN];
    enum err err = crypto_hmac_sha1(crypto, key, covered.parts, 2, expected);
    if (err != ERR_OK)
        return err;
    const uint8_t *value = message->whole.data + offset + STUN_ATTR_HEADER_LEN;
    return crypto_equal(expected, value, SHA1_LEN) ? ERR_OK : ERR_AUTH;
}

enum err stun_integrity_check_sha256(struct crypto *crypto, const struct stun_message *message,
                                     struct bytes key)
{
    size_t offset = message->integrity_sha256_offset;
    if (offset == 0)
        return ERR_NOT_FOUND;
    const uint8_t *attr = message->whole.data + offset;
    size_t value_len = wire_load_u16(attr + 2); /* 16..32: the parser has looked */
    struct covered covered;
    covered_init(&covered, message->whole.data, offset, value_len);
    uint8_t expected[SHA256_LEN];
    enum err err = crypto_hmac_sha256(crypto, key, covered.parts, 2, expected);
    if (err != ERR_OK)
        return err;
    return crypto_equal(expected, attr + STUN_ATTR_HEADER_LEN, value_len) ? ERR_OK : ERR_AUTH;
}

void stun_add_integrity(struct stun_writer *writer, struct crypto *crypto, struct bytes key)
{
    struct wire_writer *w = &writer->wire;
    if (w->failed)
        return;
    struct covered covered;
    covered_init(&covered, w->start, w->len, SHA1_LEN);
    uint8_t value[SHA1_LEN];
    if (crypto_hmac_sha1(crypto, key, covered.parts, 2, value) != ERR_OK)
        w->failed = true;
    else
        stun_add_bytes(writer, STUN_ATTR_MESSAGE_INTEGRITY,
                       (struct bytes){.data = value, .len = sizeof value});
}

void stun_add_integrity_sha256(struct stun_writer *writer, struct crypto *crypto, struct bytes key)
{
    struct wire_writer *w = &writer->wire;
    if (w->failed)
        return;
    struct covered covered;
    covered_init(&covered, w->start, w->len, SHA256_LEN);
    uint8_t value[SHA256_LEN];
    if (crypto_hmac_sha256(crypto, key, covered.parts, 2, value) != ERR_OK)
        w->failed = true;
    else
        stun_add_bytes(writer, STUN_ATTR_MESSAGE_INTEGRITY_SHA256,
                       (struct bytes){.data = value, .len = sizeof value});
}

/* One step of the CRC-32 of ITU-T V.42, reflected, four bits at a time. */
static uint32_t crc32_step(uint32_t crc)
{
    static const uint32_t table[16] = {
        0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC, 0x76DC4190, 0x6B6B51F4,
        0x4DB26158, 0x5005713C, 0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C,
        0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C,
    };
    return crc >> 4 ^ table[crc & 15];
}

static uint32_t crc32(struct bytes in)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < in.len; i++)
        crc = crc32_step(crc32_step(crc ^ in.data[i]));
    return ~crc;
}

bool stun_fingerprint_ok(const struct stun_message *message)
{
    size_t offset = message->fingerprint_offset;
    if (offset == 0)
        return true;
    uint32_t crc = crc32((struct bytes){.data = message->whole.data, .len = offset});
    const uint8_t *value = message->whole.data + offset + STUN_ATTR_HEADER_LEN;
    return wire_load_u32(value) == (crc ^ FINGERPRINT_XOR);
}

void stun_add_fingerprint(struct stun_writer *writer)
{
    struct wire_writer *w = &writer->wire;
    if (w->failed)
        return;
    /* The CRC covers a length that counts FINGERPRINT itself. */
    wire_store_u16(w->start + 2, (uint16_t)(w->len - STUN_HEADER_LEN + STUN_ATTR_HEADER_LEN + 4));
    uint32_t crc = crc32((struct bytes){.data = w->start, .len = w->len});
    stun_add_u32(writer, STUN_ATTR_FINGERPRINT, crc ^ FINGERPRINT_XOR);
}
