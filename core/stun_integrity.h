/* stun_integrity.h — MESSAGE-INTEGRITY, -SHA256 and FINGERPRINT (RFC 8489 §14.5–14.7).
 *
 * The HMAC covers the header, with its length set to end at the integrity
 * attribute, and everything before that attribute. The received datagram is
 * never written to.
 */
#ifndef RELAY_STUN_INTEGRITY_H
#define RELAY_STUN_INTEGRITY_H

#include "crypto.h"
#include "stun_message.h"
#include "stun_writer.h"

/*
 * stun_integrity_check and _sha256 compare the message's integrity attribute
 * with |key| in constant time. The SHA-256 form may be truncated to 16..32
 * bytes, in steps of 4 (RFC 8489 §14.6).
 *   ERR_OK, ERR_AUTH (no match), ERR_NOT_FOUND (attribute absent), ERR_CRYPTO
 *   (also for an empty key).
 */
enum err stun_integrity_check(struct crypto *crypto, const struct stun_message *message,
                              struct bytes key) MUST_CHECK;
enum err stun_integrity_check_sha256(struct crypto *crypto, const struct stun_message *message,
                                     struct bytes key) MUST_CHECK;

/* stun_fingerprint_ok: the FINGERPRINT is right, or there is none. */
bool stun_fingerprint_ok(const struct stun_message *message);

/* Append the attribute to a message under construction. A crypto failure, and so an empty
 * key, fails the writer. The SHA-256 form comes after the other one (RFC 8489 §14.6). */
void stun_add_integrity(struct stun_writer *writer, struct crypto *crypto, struct bytes key);
void stun_add_integrity_sha256(struct stun_writer *writer, struct crypto *crypto, struct bytes key);
/* Must be the last attribute. */
void stun_add_fingerprint(struct stun_writer *writer);

#endif
