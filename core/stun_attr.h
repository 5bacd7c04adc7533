/* stun_attr.h — typed values of attributes (RFC 8489 §14, RFC 8656 §18).
 *
 * Each getter looks at the first attribute of its type and returns
 *   ERR_OK         |ret| is set
 *   ERR_NOT_FOUND  the message has none
 *   ERR_MALFORMED  its size or content is wrong: the caller answers 400
 * and leaves |ret| untouched unless ERR_OK. Views live as long as the datagram.
 */
#ifndef RELAY_STUN_ATTR_H
#define RELAY_STUN_ATTR_H

#include "stun_message.h"
#include "transport_addr.h"

/* Longest texts (RFC 8489 §14.3, §14.9, §14.10): bytes. */
enum { STUN_USERNAME_MAX = 508, STUN_REALM_MAX = 763, STUN_NONCE_MAX = 763 };

/* USERNAME: 1..508 bytes of UTF-8 without zero bytes. */
enum err stun_get_username(const struct stun_message *message, struct bytes *ret) MUST_CHECK;

/* REALM and NONCE: any bytes within their longest length. */
enum err stun_get_realm(const struct stun_message *message, struct bytes *ret) MUST_CHECK;
enum err stun_get_nonce(const struct stun_message *message, struct bytes *ret) MUST_CHECK;

/* LIFETIME: seconds. */
enum err stun_get_lifetime(const struct stun_message *message, uint32_t *ret_sec) MUST_CHECK;

/* CHANNEL-NUMBER: the number as sent; its range is the caller's matter. */
enum err stun_get_channel_number(const struct stun_message *message, uint16_t *ret) MUST_CHECK;

/* XOR-PEER-ADDRESS, XOR-MAPPED-ADDRESS, XOR-RELAYED-ADDRESS, by |type|.
 * Families other than 1 and 2 are malformed. */
enum err stun_get_xor_address(const struct stun_message *message, uint16_t type,
                              struct transport_addr *ret) MUST_CHECK;

/* stun_decode_xor_address reads one such value; for messages with several. */
enum err stun_decode_xor_address(struct bytes value, const uint8_t *transaction_id,
                                 struct transport_addr *ret) MUST_CHECK;

/* REQUESTED-TRANSPORT: the protocol number; 17 is UDP. */
enum err stun_get_requested_transport(const struct stun_message *message, uint8_t *ret) MUST_CHECK;

/* REQUESTED-ADDRESS-FAMILY or ADDITIONAL-ADDRESS-FAMILY, by |type|: an
 * enum ip_family. Codes other than 1 and 2 are malformed. */
enum err stun_get_address_family(const struct stun_message *message, uint16_t type,
                                 uint8_t *ret_family) MUST_CHECK;

/* EVEN-PORT: its R bit. */
enum err stun_get_even_port(const struct stun_message *message, bool *ret_reserve) MUST_CHECK;

/* RESERVATION-TOKEN: a view of its 8 bytes. */
enum err stun_get_reservation_token(const struct stun_message *message,
                                    struct bytes *ret) MUST_CHECK;

/* DONT-FRAGMENT: ERR_OK when present with no value. */
enum err stun_get_dont_fragment(const struct stun_message *message) MUST_CHECK;

/* ERROR-CODE (for clients): 300..699. */
enum err stun_get_error_code(const struct stun_message *message, uint16_t *ret) MUST_CHECK;

#endif
