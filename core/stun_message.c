/* stun_message.c — parsing of STUN messages into views (RFC 8489 §5, §14). */
#include "stun_message.h"
#include "wire.h"

enum {
    MESSAGE_INTEGRITY_LEN = 20,
    MESSAGE_INTEGRITY_SHA256_MIN = 16,
    MESSAGE_INTEGRITY_SHA256_MAX = 32,
    FINGERPRINT_LEN = 4,
};

/* The class bits C1 and C0 stand between the method's bits (RFC 8489 §5, figure 3):
 *     M11…M7 C1 M6 M5 M4 C0 M3…M0 */
uint16_t stun_type(enum stun_class class, uint16_t method)
{
    unsigned c = class;
    unsigned m = method;
    return (uint16_t)((m & 0xF80) << 2 | (c & 2) << 7 | (m & 0x070) << 1 | (c & 1) << 4 |
                      (m & 0x00F));
}

static uint8_t class_of(unsigned type)
{
    return (uint8_t)((type >> 7 & 2) | (type >> 4 & 1));
}

static uint16_t method_of(unsigned type)
{
    return (uint16_t)((type >> 2 & 0xF80) | (type >> 1 & 0x070) | (type & 0x00F));
}

/* Reads one attribute with its padding, or fails the reader. */
static struct stun_attr read_attr(struct wire_reader *r)
{
    uint16_t type = wire_read_u16(r);
    uint16_t len = wire_read_u16(r);
    struct bytes value = wire_read_bytes(r, len);
    wire_read_bytes(r, (4u - len % 4u) % 4u);
    return (struct stun_attr){.type = type, .value = value};
}

/* Notes an attribute that protects the message. False when its size is wrong. */
static bool note_protection(struct stun_message *message, const struct stun_attr *attr,
                            size_t offset, bool last)
{
    size_t len = attr->value.len;
    /* Nothing but FINGERPRINT counts after MESSAGE-INTEGRITY-SHA256, and nothing but these
     * two after MESSAGE-INTEGRITY (RFC 8489 §14.5, §14.6). */
    if (attr->type == STUN_ATTR_MESSAGE_INTEGRITY && message->integrity_offset == 0 &&
        message->integrity_sha256_offset == 0) {
        message->integrity_offset = offset;
        return len == MESSAGE_INTEGRITY_LEN;
    }
    if (attr->type == STUN_ATTR_MESSAGE_INTEGRITY_SHA256 && message->integrity_sha256_offset == 0) {
        message->integrity_sha256_offset = offset;
        return len >= MESSAGE_INTEGRITY_SHA256_MIN && len <= MESSAGE_INTEGRITY_SHA256_MAX &&
               len % 4 == 0;
    }
    if (attr->type == STUN_ATTR_FINGERPRINT && last) {
        message->fingerprint_offset = offset;
        return len == FINGERPRINT_LEN;
    }
    return true;
}

/* The end of what may be acted upon, as an offset into the message. */
static size_t end_of_attrs(const struct stun_message *message)
{
    /* MESSAGE-INTEGRITY is never noted after MESSAGE-INTEGRITY-SHA256, so it is the first. */
    if (message->integrity_offset != 0)
        return message->integrity_offset;
    if (message->integrity_sha256_offset != 0)
        return message->integrity_sha256_offset;
    if (message->fingerprint_offset != 0)
        return message->fingerprint_offset;
    return message->whole.len;
}

enum err stun_message_parse(struct bytes datagram, struct stun_message *ret)
{
    struct wire_reader r = wire_reader_of(datagram);
    uint16_t type = wire_read_u16(&r);
    uint16_t attrs_len = wire_read_u16(&r);
    uint32_t cookie = wire_read_u32(&r);
    struct bytes transaction_id = wire_read_bytes(&r, STUN_TRANSACTION_ID_LEN);
    if (r.failed || type >> 14 != 0 || cookie != STUN_MAGIC_COOKIE)
        return ERR_TRUNCATED;

    struct stun_message message = {
        .class = class_of(type),
        .method = method_of(type),
        .transaction_id = transaction_id.data,
    };
    *ret = message;
    /* A length that is not a multiple of 4 ends inside an attribute, which the walk finds. */
    if (attrs_len != r.left)
        return ERR_MALFORMED;

    message.whole = datagram;
    while (r.left > 0) {
        size_t offset = datagram.len - r.left;
        struct stun_attr attr = read_attr(&r);
        if (r.failed || !note_protection(&message, &attr, offset, r.left == 0))
            return ERR_MALFORMED;
    }
    message.attrs = (struct bytes){
        .data = datagram.data + STUN_HEADER_LEN,
        .len = end_of_attrs(&message) - STUN_HEADER_LEN,
    };
    *ret = message;
    return ERR_OK;
}

bool stun_attr_next(struct bytes *attrs, struct stun_attr *ret)
{
    struct wire_reader r = wire_reader_of(*attrs);
    struct stun_attr attr = read_attr(&r);
    if (r.failed)
        return false;
    *attrs = (struct bytes){.data = r.at, .len = r.left};
    *ret = attr;
    return true;
}

bool stun_message_find(const struct stun_message *message, uint16_t type, struct stun_attr *ret)
{
    struct bytes attrs = message->attrs;
    struct stun_attr attr;
    while (stun_attr_next(&attrs, &attr)) {
        if (attr.type == type) {
            *ret = attr;
            return true;
        }
    }
    return false;
}

static bool contains(const uint16_t *types, size_t count, uint16_t type)
{
    for (size_t i = 0; i < count; i++) {
        if (types[i] == type)
            return true;
    }
    return false;
}

size_t stun_message_unknown_required(const struct stun_message *message, const uint16_t *known,
                                     size_t known_count, uint16_t *ret_types, size_t max)
{
    struct bytes attrs = message->attrs;
    struct stun_attr attr;
    size_t count = 0;
    while (count < max && stun_attr_next(&attrs, &attr)) {
        if (attr.type < STUN_ATTR_COMPREHENSION_OPTIONAL &&
            !contains(known, known_count, attr.type) && !contains(ret_types, count, attr.type))
            ret_types[count++] = attr.type;
    }
    return count;
}
