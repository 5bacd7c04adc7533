/* turn_auth.h — the authentication ladder of requests (RFC 8489 §9.2.4).
 *
 *   no integrity attribute, or no NONCE          401
 *   integrity, but no USERNAME or no REALM       400
 *   NONCE unknown, foreign or old                438
 *   USERNAME stands for no key                   401
 *   integrity wrong, or credential expired       401
 *
 * A client may send USERNAME and integrity before it has a NONCE; it is then
 * challenged, and the challenge carries integrity for the key its username
 * stands for (reference clients refuse answers without).
 */
#ifndef RELAY_TURN_AUTH_H
#define RELAY_TURN_AUTH_H

#include "crypto.h"
#include "mono_time.h"
#include "siphash.h"
#include "stun_message.h"
#include "transport_addr.h"
#include "turn_credential.h"

#include <stdbool.h>
#include <stdint.h>

/* What requests are authenticated against. */
struct turn_auth {
    struct turn_credentials credentials;
    struct siphash_key nonce_key;
    struct crypto *crypto;
};

/* What came of it. Wipe it after use. */
struct turn_auth_result {
    uint16_t error;        /* STUN error code, 0 = authenticated */
    struct bytes username; /* a view of the datagram; empty when there is none */
    bool has_key;          /* the answer can carry integrity */
    struct turn_key key;   /* the key that verified, else the first the username stands for */
    bool integrity_sha256; /* the request used MESSAGE-INTEGRITY-SHA256: so must the answer */
};

/*
 * turn_auth_has_valid_nonce: the request carries a nonce that we gave this
 * client. Cheap. Without one the request cannot succeed, and its source may be
 * spoofed: the caller looks at its rate limit before it spends more.
 */
bool turn_auth_has_valid_nonce(const struct turn_auth *auth, struct mono_time now,
                               const struct transport_addr *client,
                               const struct stun_message *request);

/* turn_authenticate climbs the ladder. |nonce_valid| is the answer of the function above. */
void turn_authenticate(const struct turn_auth *auth, struct turn_now now,
                       const struct stun_message *request, bool nonce_valid,
                       struct turn_auth_result *ret);

#endif
