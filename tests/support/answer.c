/* answer.c — reads what the server sent to a client. */
#include "answer.h"

#include "stun_integrity.h"
#include "wire.h"

#include <stdio.h>

static const struct {
    uint16_t type;
    const char *name;
} names[] = {
    {STUN_ATTR_MAPPED_ADDRESS, "MAPPED-ADDRESS"},
    {STUN_ATTR_USERNAME, "USERNAME"},
    {STUN_ATTR_MESSAGE_INTEGRITY, "MESSAGE-INTEGRITY"},
    {STUN_ATTR_ERROR_CODE, "ERROR-CODE"},
    {STUN_ATTR_UNKNOWN_ATTRIBUTES, "UNKNOWN-ATTRIBUTES"},
    {STUN_ATTR_LIFETIME, "LIFETIME"},
    {STUN_ATTR_REALM, "REALM"},
    {STUN_ATTR_NONCE, "NONCE"},
    {STUN_ATTR_XOR_RELAYED_ADDRESS, "XOR-RELAYED-ADDRESS"},
    {STUN_ATTR_MESSAGE_INTEGRITY_SHA256, "MESSAGE-INTEGRITY-SHA256"},
    {STUN_ATTR_XOR_MAPPED_ADDRESS, "XOR-MAPPED-ADDRESS"},
    {STUN_ATTR_RESERVATION_TOKEN, "RESERVATION-TOKEN"},
    {STUN_ATTR_ADDRESS_ERROR_CODE, "ADDRESS-ERROR-CODE"},
    {STUN_ATTR_SOFTWARE, "SOFTWARE"},
    {STUN_ATTR_FINGERPRINT, "FINGERPRINT"},
};

const char *attr_name(uint16_t type)
{
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        if (names[i].type == type)
            return names[i].name;
    }
    return "?";
}

bool answer_has(const struct answer *answer, uint16_t type)
{
    for (size_t i = 0; i < answer->attr_count; i++) {
        if (answer->attrs[i] == type)
            return true;
    }
    return false;
}

static bool read_text(struct bytes value, char ret[static ANSWER_TEXT_MAX])
{
    if (value.len == 0 || value.len >= ANSWER_TEXT_MAX || memchr(value.data, 0, value.len))
        return false;
    memcpy(ret, value.data, value.len);
    ret[value.len] = 0;
    return true;
}

/* RFC 8489 §14.2, written out here apart from the core's own decoder. */
static bool read_address(struct bytes value, const uint8_t *transaction_id,
                         struct transport_addr *ret)
{
    uint8_t mask[16] = {0x21, 0x12, 0xA4, 0x42};
    memcpy(mask + 4, transaction_id, STUN_TRANSACTION_ID_LEN);
    if (value.len < 4 || value.data[0] != 0)
        return false;
    size_t ip_len = value.data[1] == 1 ? 4 : 16;
    if (value.data[1] < 1 || value.data[1] > 2 || value.len != 4 + ip_len)
        return false;
    uint8_t ip[16] = {0};
    for (size_t i = 0; i < ip_len; i++)
        ip[i] = value.data[4 + i] ^ mask[i];
    uint16_t port = wire_load_u16(value.data + 2) ^ 0x2112;
    *ret = ip_len == 4 ? transport_addr_v4(ip, port) : transport_addr_v6(ip, port);
    return true;
}

/* ERROR-CODE and ADDRESS-ERROR-CODE: the latter's family in the first byte. */
static bool read_error(struct bytes value, bool address, uint8_t *ret_family, uint16_t *ret_code,
                       char ret_phrase[static ANSWER_TEXT_MAX])
{
    if (value.len < 4 || value.data[1] != 0 || value.data[2] < 3 || value.data[2] > 6 ||
        value.data[3] > 99)
        return false;
    if (address ? value.data[0] < 1 || value.data[0] > 2 : value.data[0] != 0)
        return false;
    *ret_family = value.data[0];
    *ret_code = (uint16_t)(value.data[2] * 100 + value.data[3]);
    ret_phrase[0] = 0;
    struct bytes phrase = {.data = value.data + 4, .len = value.len - 4};
    return phrase.len == 0 || read_text(phrase, ret_phrase);
}

static bool read_unknown(struct bytes value, struct answer *ret)
{
    if (value.len == 0 || value.len % 2 != 0 || value.len / 2 > ANSWER_UNKNOWN_MAX)
        return false;
    for (size_t i = 0; i < value.len; i += 2)
        ret->unknown[ret->unknown_count++] = wire_load_u16(value.data + i);
    return true;
}

static bool read_value(uint16_t type, struct bytes value, struct answer *ret)
{
    uint8_t family;
    char phrase[ANSWER_TEXT_MAX];
    switch (type) {
    case STUN_ATTR_SOFTWARE:
        return read_text(value, ret->software);
    case STUN_ATTR_REALM:
        return read_text(value, ret->realm);
    case STUN_ATTR_NONCE:
        ret->nonce_len = value.len;
        if (value.len == 0 || value.len > sizeof(ret->nonce))
            return false;
        memcpy(ret->nonce, value.data, value.len);
        return true;
    case STUN_ATTR_ERROR_CODE:
        return read_error(value, false, &family, &ret->error_code, ret->phrase);
    case STUN_ATTR_ADDRESS_ERROR_CODE:
        return read_error(value, true, &ret->address_error_family, &ret->address_error_code,
                          phrase);
    case STUN_ATTR_UNKNOWN_ATTRIBUTES:
        return read_unknown(value, ret);
    case STUN_ATTR_XOR_MAPPED_ADDRESS:
        return read_address(value, ret->transaction_id, &ret->mapped);
    case STUN_ATTR_XOR_RELAYED_ADDRESS:
        return ret->relayed_count < ANSWER_RELAYED_MAX &&
               read_address(value, ret->transaction_id, &ret->relayed[ret->relayed_count++]);
    case STUN_ATTR_LIFETIME:
        ret->lifetime_sec = value.len == 4 ? wire_load_u32(value.data) : 0;
        return value.len == 4;
    case STUN_ATTR_RESERVATION_TOKEN:
        if (value.len == sizeof(ret->token))
            memcpy(ret->token, value.data, value.len);
        return value.len == sizeof(ret->token);
    case STUN_ATTR_MESSAGE_INTEGRITY:
        return value.len == SHA1_LEN;
    case STUN_ATTR_MESSAGE_INTEGRITY_SHA256:
        return value.len == SHA256_LEN;
    case STUN_ATTR_FINGERPRINT:
        return value.len == 4;
    default:
        return false;
    }
}

static bool is_integrity(uint16_t type)
{
    return type == STUN_ATTR_MESSAGE_INTEGRITY || type == STUN_ATTR_MESSAGE_INTEGRITY_SHA256;
}

/* What may follow what: the order that RFC 8489 §14.5–14.7 leaves. */
static const char *check_order(const struct answer *answer, uint16_t type)
{
    if (answer->attr_count == ANSWER_ATTRS_MAX)
        return "too many attributes";
    if (type != STUN_ATTR_XOR_RELAYED_ADDRESS && answer_has(answer, type))
        return "an attribute twice";
    if (answer->attr_count > 0) {
        uint16_t last = answer->attrs[answer->attr_count - 1];
        if (last == STUN_ATTR_FINGERPRINT)
            return "an attribute behind FINGERPRINT";
        if (is_integrity(last) && type != STUN_ATTR_FINGERPRINT)
            return "an attribute behind the integrity attribute";
        if (type == STUN_ATTR_SOFTWARE)
            return "SOFTWARE is not first";
    }
    return NULL;
}

const char *answer_read(struct bytes datagram, struct answer *ret)
{
    struct stun_message message;
    *ret = (struct answer){.len = datagram.len};
    if (datagram.len < STUN_HEADER_LEN ||
        wire_load_u16(datagram.data + 2) != datagram.len - STUN_HEADER_LEN)
        return "the length field is not that of the datagram";
    if (stun_message_parse(datagram, &message) != ERR_OK)
        return "not a STUN message";
    if (!stun_fingerprint_ok(&message))
        return "wrong FINGERPRINT";
    ret->class = message.class;
    ret->method = message.method;
    memcpy(ret->transaction_id, message.transaction_id, sizeof(ret->transaction_id));
    if (ret->class != STUN_SUCCESS && ret->class != STUN_ERROR)
        return "not a response";

    struct wire_reader r = wire_reader_of(datagram);
    wire_read_bytes(&r, STUN_HEADER_LEN);
    while (r.left > 0) {
        uint16_t type = wire_read_u16(&r);
        struct bytes value = wire_read_bytes(&r, wire_read_u16(&r));
        for (size_t pad = (4 - value.len % 4) % 4; pad > 0; pad--) {
            if (wire_read_u8(&r) != 0)
                return "padding that is not zero"; /* CVE-2020-4067 leaked memory there */
        }
        const char *wrong = check_order(ret, type);
        if (wrong)
            return wrong;
        ret->attrs[ret->attr_count++] = type;
        if (r.failed || !read_value(type, value, ret))
            return attr_name(type);
    }
    if ((ret->class == STUN_ERROR) != (ret->error_code != 0))
        return "ERROR-CODE belongs into error responses";
    return NULL;
}

bool answer_integrity_ok(struct crypto *crypto, struct bytes datagram, const struct turn_key *key)
{
    struct stun_message message;
    struct bytes bytes = {.data = key->bytes, .len = sizeof(key->bytes)};
    if (stun_message_parse(datagram, &message) != ERR_OK)
        return false;
    if (message.integrity_sha256_offset != 0)
        return stun_integrity_check_sha256(crypto, &message, bytes) == ERR_OK;
    return stun_integrity_check(crypto, &message, bytes) == ERR_OK;
}

char *answer_describe(const struct answer *answer, char *text, size_t size)
{
    int len = answer->class == STUN_ERROR
                  ? snprintf(text, size, "error %u %s of method %#x [", answer->error_code,
                             answer->phrase, answer->method)
                  : snprintf(text, size, "success of method %#x [", answer->method);
    for (size_t i = 0; i < answer->attr_count && len > 0 && (size_t)len < size; i++)
        len += snprintf(text + len, size - (size_t)len, "%s%s", i ? " " : "",
                        attr_name(answer->attrs[i]));
    if (len > 0 && (size_t)len < size)
        snprintf(text + len, size - (size_t)len, "]");
    return text;
}
