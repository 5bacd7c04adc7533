/* stun_writer.h — building a STUN message in the caller's buffer (RFC 8489 §5, §14).
 *
 * Begin, add attributes, then stun_integrity.h's append functions, then finish.
 * Padding is always zero bytes. Failure is sticky: only finish reports it.
 */
#ifndef RELAY_STUN_WRITER_H
#define RELAY_STUN_WRITER_H

#include "bytes.h"
#include "err.h"
#include "stun_message.h"
#include "transport_addr.h"
#include "wire.h"

struct stun_writer {
    struct wire_writer wire;
};

/*
 * stun_writer_begin starts a message in |buf|, which must stay until finish and
 * may hold anything. No more than 65,552 bytes of it are used: header and
 * attributes that the length field can count. |transaction_id| is copied.
 */
void stun_writer_begin(struct stun_writer *writer, uint8_t *buf, size_t capacity,
                       enum stun_class class, uint16_t method,
                       const uint8_t transaction_id[static STUN_TRANSACTION_ID_LEN]);

/* stun_add_bytes adds an attribute with any value of at most 65528 bytes. */
void stun_add_bytes(struct stun_writer *writer, uint16_t type, struct bytes value);

/* stun_add_u32 adds a 4-byte value: LIFETIME, and, shifted left by the caller's
 * attribute layout, CHANNEL-NUMBER (<<16), REQUESTED-TRANSPORT (<<24),
 * REQUESTED- and ADDITIONAL-ADDRESS-FAMILY (<<24). */
void stun_add_u32(struct stun_writer *writer, uint16_t type, uint32_t value);

/* XOR-PEER-ADDRESS, XOR-RELAYED-ADDRESS, XOR-MAPPED-ADDRESS: |addr| has a family. */
void stun_add_xor_address(struct stun_writer *writer, uint16_t type,
                          const struct transport_addr *addr);

/* ERROR-CODE, 300..699; |phrase| may be "". */
void stun_add_error_code(struct stun_writer *writer, uint16_t code, const char *phrase);

/* ADDRESS-ERROR-CODE (RFC 8656 §18.13) for |family|, an enum ip_family but not none. */
void stun_add_address_error_code(struct stun_writer *writer, uint8_t family, uint16_t code,
                                 const char *phrase);

/* UNKNOWN-ATTRIBUTES (RFC 8489 §14.13); |types| may be NULL when |count| is 0. */
void stun_add_unknown_attributes(struct stun_writer *writer, const uint16_t *types, size_t count);

/*
 * stun_writer_finish writes the final length into the header. ERR_OK with the
 * message's length, or ERR_NO_SPACE when something did not fit or an integrity
 * could not be computed; the buffer's content is then undefined, but nothing
 * past its capacity was written.
 */
enum err stun_writer_finish(struct stun_writer *writer, size_t *ret_len) MUST_CHECK;

/* The code on the wire (RFC 8489 §14.1), 1 or 2, of an enum ip_family but not none. */
uint8_t stun_family_code(uint8_t family);

#endif
