/* stun_message.h — parsing of STUN messages into views (RFC 8489 §5, §14).
 *
 *    0                   1                   2                   3
 *   |0 0|  type, 14 bits            |  length of the attributes     |
 *   |  magic cookie 0x2112A442                                      |
 *   |  transaction id, 96 bits                                      |
 *   |  attributes: type 16 | length 16 | value, padded to 4 bytes   | …
 */
#ifndef RELAY_STUN_MESSAGE_H
#define RELAY_STUN_MESSAGE_H

#include "bytes.h"
#include "err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    STUN_HEADER_LEN = 20,
    STUN_ATTR_HEADER_LEN = 4,
    STUN_TRANSACTION_ID_LEN = 12,
};
#define STUN_MAGIC_COOKIE UINT32_C(0x2112A442)

enum stun_class {
    STUN_REQUEST = 0,
    STUN_INDICATION = 1,
    STUN_SUCCESS = 2,
    STUN_ERROR = 3,
};

/* 12-bit methods that this relay knows; others stay plain numbers. */
enum {
    STUN_BINDING = 0x001,
    TURN_ALLOCATE = 0x003,
    TURN_REFRESH = 0x004,
    TURN_SEND = 0x006,
    TURN_DATA = 0x007,
    TURN_CREATE_PERMISSION = 0x008,
    TURN_CHANNEL_BIND = 0x009,
};

/* Attribute types (RFC 8489 §14, RFC 8656 §18). Those below
 * STUN_ATTR_COMPREHENSION_OPTIONAL are comprehension-required. */
enum {
    STUN_ATTR_COMPREHENSION_OPTIONAL = 0x8000,
    STUN_ATTR_MAPPED_ADDRESS = 0x0001,
    STUN_ATTR_USERNAME = 0x0006,
    STUN_ATTR_MESSAGE_INTEGRITY = 0x0008,
    STUN_ATTR_ERROR_CODE = 0x0009,
    STUN_ATTR_UNKNOWN_ATTRIBUTES = 0x000A,
    STUN_ATTR_CHANNEL_NUMBER = 0x000C,
    STUN_ATTR_LIFETIME = 0x000D,
    STUN_ATTR_XOR_PEER_ADDRESS = 0x0012,
    STUN_ATTR_DATA = 0x0013,
    STUN_ATTR_REALM = 0x0014,
    STUN_ATTR_NONCE = 0x0015,
    STUN_ATTR_XOR_RELAYED_ADDRESS = 0x0016,
    STUN_ATTR_REQUESTED_ADDRESS_FAMILY = 0x0017,
    STUN_ATTR_EVEN_PORT = 0x0018,
    STUN_ATTR_REQUESTED_TRANSPORT = 0x0019,
    STUN_ATTR_DONT_FRAGMENT = 0x001A,
    STUN_ATTR_MESSAGE_INTEGRITY_SHA256 = 0x001C,
    STUN_ATTR_XOR_MAPPED_ADDRESS = 0x0020,
    STUN_ATTR_RESERVATION_TOKEN = 0x0022,
    STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY = 0x8000,
    STUN_ATTR_ADDRESS_ERROR_CODE = 0x8001,
    STUN_ATTR_SOFTWARE = 0x8022,
    STUN_ATTR_FINGERPRINT = 0x8028,
};

/* One attribute: |value| is a view without padding; what the padding holds is never looked at
 * (RFC 8489 §14). */
struct stun_attr {
    uint16_t type;
    struct bytes value;
};

/*
 * A parsed message: views into the datagram, valid as long as the datagram is.
 *
 * |attrs| ends before the first integrity attribute, or before FINGERPRINT when
 * there is none: what stands after is not covered and must not be acted upon
 * (RFC 8489 §14.5, §14.6, §14.7). Offsets are from the start of the message to
 * the attribute's header; 0 = absent. Of each kind the first counts;
 * MESSAGE-INTEGRITY does not after MESSAGE-INTEGRITY-SHA256, FINGERPRINT only
 * does as the last attribute. Those that do not count are like any other
 * ignored attribute: walked over, of whatever size.
 */
struct stun_message {
    uint8_t class; /* enum stun_class */
    uint16_t method;
    const uint8_t *transaction_id; /* STUN_TRANSACTION_ID_LEN bytes */
    struct bytes whole;
    struct bytes attrs;
    size_t integrity_offset;        /* MESSAGE-INTEGRITY */
    size_t integrity_sha256_offset; /* MESSAGE-INTEGRITY-SHA256 */
    size_t fingerprint_offset;
};

/*
 * stun_message_parse checks the header and walks every attribute.
 *
 *   ERR_OK         |ret| is filled.
 *   ERR_MALFORMED  the header is readable (20 bytes, two zero bits, cookie) but
 *                  the rest is not: length not a multiple of 4 or not that of
 *                  the datagram, an attribute running past the end, an integrity
 *                  or fingerprint attribute of the wrong size. Class, method
 *                  and transaction id in |ret| are filled, the rest is zero.
 *   ERR_TRUNCATED  not a STUN message at all; |ret| is untouched.
 */
enum err stun_message_parse(struct bytes datagram, struct stun_message *ret) MUST_CHECK;

/*
 * stun_attr_next takes the first attribute off |attrs|, which the caller begins
 * with the |attrs| of a parsed message. False at the end; then nothing changes.
 */
bool stun_attr_next(struct bytes *attrs, struct stun_attr *ret);

/*
 * stun_message_find gives the first attribute of |type| among |attrs|
 * (RFC 8489 §14: later duplicates are ignored). False when there is none.
 */
bool stun_message_find(const struct stun_message *message, uint16_t type, struct stun_attr *ret);

/*
 * stun_message_unknown_required collects the comprehension-required types in
 * |attrs| that are not in |known| (sorted or not), each once, in order of
 * appearance, at most |max| of them. Returns how many.
 */
size_t stun_message_unknown_required(const struct stun_message *message, const uint16_t *known,
                                     size_t known_count, uint16_t *ret_types, size_t max);

/* stun_type joins class and method into the 14-bit message type (RFC 8489 §5). */
uint16_t stun_type(enum stun_class class, uint16_t method);

#endif
