/* stun_vectors.h — sample messages of RFC 5769 and RFC 8489, byte for byte.
 *
 * Texts and addresses inside are beside the bytes in stun_vectors.c. The
 * messages of §2.1 to §2.3 pad with spaces, which receivers must not look at;
 * we send zeros.
 */
#ifndef RELAY_TESTS_STUN_VECTORS_H
#define RELAY_TESTS_STUN_VECTORS_H

#include <stdint.h>

enum {
    STUN_VECTOR_REQUEST_LEN = 108,
    STUN_VECTOR_IPV4_RESPONSE_LEN = 80,
    STUN_VECTOR_IPV6_RESPONSE_LEN = 92,
    STUN_VECTOR_LONG_TERM_REQUEST_LEN = 116,
    STUN_VECTOR_SHA256_REQUEST_LEN = 164,
};

/* RFC 5769 §2.1 to §2.3: short-term credentials, MESSAGE-INTEGRITY and FINGERPRINT.
 * The key is STUN_VECTORS_PASSWORD itself. */
extern const uint8_t stun_vector_request[STUN_VECTOR_REQUEST_LEN];
extern const uint8_t stun_vector_ipv4_response[STUN_VECTOR_IPV4_RESPONSE_LEN];
extern const uint8_t stun_vector_ipv6_response[STUN_VECTOR_IPV6_RESPONSE_LEN];
#define STUN_VECTORS_PASSWORD "VOkJxbRl1RmTxUk/WvJxBt"

/* RFC 5769 §2.4: long-term credentials, MESSAGE-INTEGRITY, no FINGERPRINT. The key is
 * MD5(STUN_VECTORS_LONG_TERM_SECRET). */
extern const uint8_t stun_vector_long_term_request[STUN_VECTOR_LONG_TERM_REQUEST_LEN];

/* RFC 8489 appendix B.1: USERHASH and MESSAGE-INTEGRITY-SHA256. The RFC prints a wrong
 * length and forgets PASSWORD-ALGORITHM; these are the bytes of its verified erratum 6268.
 * The key is SHA-256(STUN_VECTORS_LONG_TERM_SECRET). */
extern const uint8_t stun_vector_sha256_request[STUN_VECTOR_SHA256_REQUEST_LEN];

/* Katakana "matorikkusu", and username ":" realm ":" password after string preparation. */
#define STUN_VECTORS_USERNAME                                                                      \
    "\xe3\x83\x9e\xe3\x83\x88\xe3\x83\xaa\xe3\x83\x83\xe3\x82\xaf\xe3\x82\xb9"
#define STUN_VECTORS_LONG_TERM_SECRET STUN_VECTORS_USERNAME ":example.org:TheMatrIX"

#endif
