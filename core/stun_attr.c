/* stun_attr.c — typed values of attributes (RFC 8489 §14, RFC 8656 §18). */
#include "stun_attr.h"
#include "wire.h"

/* Finds the attribute |type| and checks that its value has |min|..|max| bytes. */
static enum err get(const struct stun_message *message, uint16_t type, size_t min, size_t max,
                    struct bytes *ret)
{
    struct stun_attr attr;
    if (!stun_message_find(message, type, &attr))
        return ERR_NOT_FOUND;
    if (attr.value.len < min || attr.value.len > max)
        return ERR_MALFORMED;
    *ret = attr.value;
    return ERR_OK;
}

/*
 * Length of the UTF-8 character at |p|, 0 when it is not one (RFC 3629 §4): no
 * overlong form, no surrogate, nothing above U+10FFFF.
 */
static size_t utf8_char_len(const uint8_t *p, size_t left)
{
    if (p[0] < 0x80)
        return 1;
    size_t len;
    uint8_t low = 0x80; /* bounds of the second byte; later ones are 80..BF */
    uint8_t high = 0xBF;
    if (p[0] >= 0xC2 && p[0] <= 0xDF) {
        len = 2;
    } else if (p[0] >= 0xE0 && p[0] <= 0xEF) {
        len = 3;
        if (p[0] == 0xE0)
            low = 0xA0;
        else if (p[0] == 0xED)
            high = 0x9F;
    } else if (p[0] >= 0xF0 && p[0] <= 0xF4) {
        len = 4;
        if (p[0] == 0xF0)
            low = 0x90;
        else if (p[0] == 0xF4)
            high = 0x8F;
    } else {
        return 0;
    }
    if (len > left || p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < len; i++) {
        if (p[i] < 0x80 || p[i] > 0xBF)
            return 0;
    }
    return len;
}

static bool is_utf8_without_zero(struct bytes text)
{
    size_t at = 0;
    while (at < text.len) {
        size_t len = utf8_char_len(text.data + at, text.len - at);
        if (len == 0 || text.data[at] == 0)
            return false;
        at += len;
    }
    return true;
}

enum err stun_get_username(const struct stun_message *message, struct bytes *ret)
{
    struct bytes value;
    enum err err = get(message, STUN_ATTR_USERNAME, 1, STUN_USERNAME_MAX, &value);
    if (err != ERR_OK)
        return err;
    if (!is_utf8_without_zero(value))
        return ERR_MALFORMED;
    *ret = value;
    return ERR_OK;
}

enum err stun_get_realm(const struct stun_message *message, struct bytes *ret)
{
    return get(message, STUN_ATTR_REALM, 0, STUN_REALM_MAX, ret);
}

enum err stun_get_nonce(const struct stun_message *message, struct bytes *ret)
{
    return get(message, STUN_ATTR_NONCE, 0, STUN_NONCE_MAX, ret);
}

enum err stun_get_lifetime(const struct stun_message *message, uint32_t *ret_sec)
{
    struct bytes value;
    enum err err = get(message, STUN_ATTR_LIFETIME, 4, 4, &value);
    if (err == ERR_OK)
        *ret_sec = wire_load_u32(value.data);
    return err;
}

enum err stun_get_channel_number(const struct stun_message *message, uint16_t *ret)
{
    struct bytes value;
    enum err err = get(message, STUN_ATTR_CHANNEL_NUMBER, 4, 4, &value);
    if (err == ERR_OK)
        *ret = wire_load_u16(value.data);
    return err;
}

/* The family of a wire code (RFC 8489 §14.1), IP_FAMILY_NONE for any other code. */
static uint8_t family_of(uint8_t code)
{
    return code == 1 ? IP_FAMILY_V4 : code == 2 ? IP_FAMILY_V6 : IP_FAMILY_NONE;
}

enum err stun_decode_xor_address(struct bytes value, const uint8_t *transaction_id,
                                 struct transport_addr *ret)
{
    struct wire_reader r = wire_reader_of(value);
    wire_read_u8(&r); /* zero when sent, ignored when received (RFC 8489 §14.1) */
    uint8_t family = family_of(wire_read_u8(&r));
    uint16_t port = (uint16_t)(wire_read_u16(&r) ^ STUN_MAGIC_COOKIE >> 16);
    size_t ip_len = family == IP_FAMILY_V4 ? 4 : 16;
    if (r.failed || family == IP_FAMILY_NONE || r.left != ip_len)
        return ERR_MALFORMED;

    /* The mask is the cookie followed by the transaction id (RFC 8489 §14.2). */
    uint8_t ip[16] = {0};
    wire_store_u32(ip, STUN_MAGIC_COOKIE);
    memcpy(ip + 4, transaction_id, STUN_TRANSACTION_ID_LEN);
    for (size_t i = 0; i < ip_len; i++)
        ip[i] ^= r.at[i];
    *ret = family == IP_FAMILY_V4 ? transport_addr_v4(ip, port) : transport_addr_v6(ip, port);
    return ERR_OK;
}

enum err stun_get_xor_address(const struct stun_message *message, uint16_t type,
                              struct transport_addr *ret)
{
    struct bytes value;
    enum err err = get(message, type, 8, 20, &value);
    if (err != ERR_OK)
        return err;
    return stun_decode_xor_address(value, message->transaction_id, ret);
}

enum err stun_get_requested_transport(const struct stun_message *message, uint8_t *ret)
{
    struct bytes value;
    enum err err = get(message, STUN_ATTR_REQUESTED_TRANSPORT, 4, 4, &value);
    if (err == ERR_OK)
        *ret = value.data[0];
    return err;
}

enum err stun_get_address_family(const struct stun_message *message, uint16_t type,
                                 uint8_t *ret_family)
{
    struct bytes value;
    enum err err = get(message, type, 4, 4, &value);
    if (err != ERR_OK)
        return err;
    uint8_t family = family_of(value.data[0]);
    if (family == IP_FAMILY_NONE)
        return ERR_MALFORMED;
    *ret_family = family;
    return ERR_OK;
}

enum err stun_get_even_port(const struct stun_message *message, bool *ret_reserve)
{
    struct bytes value;
    enum err err = get(message, STUN_ATTR_EVEN_PORT, 1, 1, &value);
    if (err == ERR_OK)
        *ret_reserve = (value.data[0] & 0x80) != 0;
    return err;
}

enum err stun_get_reservation_token(const struct stun_message *message, struct bytes *ret)
{
    return get(message, STUN_ATTR_RESERVATION_TOKEN, 8, 8, ret);
}

enum err stun_get_dont_fragment(const struct stun_message *message)
{
    struct bytes value;
    return get(message, STUN_ATTR_DONT_FRAGMENT, 0, 0, &value);
}

enum err stun_get_error_code(const struct stun_message *message, uint16_t *ret)
{
    struct bytes value;
    enum err err = get(message, STUN_ATTR_ERROR_CODE, 4, SIZE_MAX, &value);
    if (err != ERR_OK)
        return err;
    /* 21 reserved bits, 3 bits of hundreds, 8 bits of the rest (RFC 8489 §14.8). */
    unsigned class = value.data[2] & 7;
    unsigned number = value.data[3];
    if (class < 3 || class > 6 || number > 99)
        return ERR_MALFORMED;
    *ret = (uint16_t)(class * 100 + number);
    return ERR_OK;
}
