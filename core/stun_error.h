/* stun_error.h — STUN and TURN error codes with their reason phrases, one table. */
#ifndef RELAY_STUN_ERROR_H
#define RELAY_STUN_ERROR_H

#include <stdint.h>

/* X(number, NAME, "reason phrase") — RFC 8489 §14.8, RFC 8656 §19. */
#define STUN_ERRORS(X)                                                                             \
    X(400, BAD_REQUEST, "Bad Request")                                                             \
    X(401, UNAUTHENTICATED, "Unauthenticated")                                                     \
    X(403, FORBIDDEN, "Forbidden")                                                                 \
    X(420, UNKNOWN_ATTRIBUTE, "Unknown Attribute")                                                 \
    X(437, ALLOCATION_MISMATCH, "Allocation Mismatch")                                             \
    X(438, STALE_NONCE, "Stale Nonce")                                                             \
    X(440, ADDRESS_FAMILY_NOT_SUPPORTED, "Address Family not Supported")                           \
    X(441, WRONG_CREDENTIALS, "Wrong Credentials")                                                 \
    X(442, UNSUPPORTED_TRANSPORT, "Unsupported Transport Protocol")                                \
    X(443, PEER_ADDRESS_FAMILY_MISMATCH, "Peer Address Family Mismatch")                           \
    X(486, ALLOCATION_QUOTA_REACHED, "Allocation Quota Reached")                                   \
    X(500, SERVER_ERROR, "Server Error")                                                           \
    X(508, INSUFFICIENT_CAPACITY, "Insufficient Capacity")

enum stun_error {
#define X(number, name, phrase) STUN_##name = number,
    STUN_ERRORS(X)
#undef X
};

/* stun_error_phrase returns the reason phrase, "" for a code not in the table. */
const char *stun_error_phrase(uint16_t code);

#endif
