/* turn_nonce.h — stateless nonces, good on every shard and after a restart.
 *
 *   16 characters of A–Z a–z 0–9 - _, 6 bits each:
 *   | time made, seconds, 36 bits | keyed hash over time and client, 60 bits |
 *
 * The key comes from the deployment's secret; the time is the host's monotonic
 * clock, which all shards share. After a reboot that clock starts anew, so that
 * old nonces are refused as stale, which is what they are. A nonce is bound to
 * the client's address and port. Nothing is stored (RFC 8489 §9.2, RFC 8656 §5).
 */
#ifndef RELAY_TURN_NONCE_H
#define RELAY_TURN_NONCE_H

#include "bytes.h"
#include "mono_time.h"
#include "siphash.h"
#include "transport_addr.h"

#include <stdbool.h>

enum { TURN_NONCE_LEN = 16 };

/* turn_nonce_make writes the nonce for |client| at |now|; not zero-terminated. */
void turn_nonce_make(const struct siphash_key *key, struct mono_time now,
                     const struct transport_addr *client, uint8_t ret[static TURN_NONCE_LEN]);

/* turn_nonce_valid: |nonce| was made with |key| for |client| at most
 * TURN_NONCE_LIFETIME_SEC before |now|. Anything else, and any garbage, is not. */
bool turn_nonce_valid(const struct siphash_key *key, struct mono_time now,
                      const struct transport_addr *client, struct bytes nonce);

#endif
