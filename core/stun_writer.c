/* stun_writer.c — building a STUN message in the caller's buffer (RFC 8489 §5, §14). */
#include "stun_writer.h"

#include <assert.h>

/* The header's length field counts the attributes and is a multiple of 4. */
#define MESSAGE_MAX (STUN_HEADER_LEN + 0xFFFC)

/* Reserves the attribute's value of |len| bytes, its padding zeroed. NULL when it does not fit. */
static uint8_t *add(struct stun_writer *writer, uint16_t type, size_t len)
{
    struct wire_writer *w = &writer->wire;
    if (len > MESSAGE_MAX) {
        w->failed = true;
        return NULL;
    }
    size_t padding = (4 - len % 4) % 4;
    uint8_t *attr = wire_write_reserve(w, STUN_ATTR_HEADER_LEN + len + padding);
    if (!attr)
        return NULL;
    wire_store_u16(attr, type);
    wire_store_u16(attr + 2, (uint16_t)len);
    memset(attr + STUN_ATTR_HEADER_LEN + len, 0, padding);
    return attr + STUN_ATTR_HEADER_LEN;
}

void stun_writer_begin(struct stun_writer *writer, uint8_t *buf, size_t capacity,
                       enum stun_class class, uint16_t method,
                       const uint8_t transaction_id[static STUN_TRANSACTION_ID_LEN])
{
    struct wire_writer *w = &writer->wire;
    *w = (struct wire_writer){
        .start = buf,
        .capacity = capacity < MESSAGE_MAX ? capacity : MESSAGE_MAX,
    };
    wire_write_u16(w, stun_type(class, method));
    wire_write_u16(w, 0);
    wire_write_u32(w, STUN_MAGIC_COOKIE);
    wire_write_bytes(w, transaction_id, STUN_TRANSACTION_ID_LEN);
}

void stun_add_bytes(struct stun_writer *writer, uint16_t type, struct bytes value)
{
    uint8_t *p = add(writer, type, value.len);
    if (p && value.len > 0)
        memcpy(p, value.data, value.len);
}

void stun_add_u32(struct stun_writer *writer, uint16_t type, uint32_t value)
{
    uint8_t *p = add(writer, type, 4);
    if (p)
        wire_store_u32(p, value);
}

uint8_t stun_family_code(uint8_t family)
{
    assert(family == IP_FAMILY_V4 || family == IP_FAMILY_V6);
    return family == IP_FAMILY_V4 ? 1 : 2;
}

void stun_add_xor_address(struct stun_writer *writer, uint16_t type,
                          const struct transport_addr *addr)
{
    uint8_t code = stun_family_code(addr->family);
    size_t ip_len = addr->family == IP_FAMILY_V4 ? 4 : 16;
    uint8_t *p = add(writer, type, 4 + ip_len);
    if (!p)
        return;
    p[0] = 0;
    p[1] = code;
    wire_store_u16(p + 2, (uint16_t)(addr->port ^ STUN_MAGIC_COOKIE >> 16));
    /* The mask is the cookie followed by the transaction id (RFC 8489 §14.2), as they
     * stand in the header. */
    const uint8_t *mask = writer->wire.start + 4;
    for (size_t i = 0; i < ip_len; i++)
        p[4 + i] = addr->ip[i] ^ mask[i];
}

/* ERROR-CODE and ADDRESS-ERROR-CODE differ in the first byte only. */
static void add_error(struct stun_writer *writer, uint16_t type, uint8_t first, uint16_t code,
                      const char *phrase)
{
    assert(code >= 300 && code <= 699);
    struct bytes text = bytes_of_text(phrase);
    uint8_t *p = add(writer, type, 4 + text.len);
    if (!p)
        return;
    p[0] = first;
    p[1] = 0;
    p[2] = (uint8_t)(code / 100);
    p[3] = (uint8_t)(code % 100);
    memcpy(p + 4, text.data, text.len);
}

void stun_add_error_code(struct stun_writer *writer, uint16_t code, const char *phrase)
{
    add_error(writer, STUN_ATTR_ERROR_CODE, 0, code, phrase);
}

void stun_add_address_error_code(struct stun_writer *writer, uint8_t family, uint16_t code,
                                 const char *phrase)
{
    add_error(writer, STUN_ATTR_ADDRESS_ERROR_CODE, stun_family_code(family), code, phrase);
}

void stun_add_unknown_attributes(struct stun_writer *writer, const uint16_t *types, size_t count)
{
    /* More than fit any message are refused before their size is computed. */
    uint8_t *p =
        add(writer, STUN_ATTR_UNKNOWN_ATTRIBUTES, count <= MESSAGE_MAX / 2 ? count * 2 : SIZE_MAX);
    if (!p)
        return;
    for (size_t i = 0; i < count; i++)
        wire_store_u16(p + 2 * i, types[i]);
}

enum err stun_writer_finish(struct stun_writer *writer, size_t *ret_len)
{
    struct wire_writer *w = &writer->wire;
    if (w->failed)
        return ERR_NO_SPACE;
    wire_store_u16(w->start + 2, (uint16_t)(w->len - STUN_HEADER_LEN));
    *ret_len = w->len;
    return ERR_OK;
}
