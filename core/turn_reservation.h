/* turn_reservation.h — ports held for a RESERVATION-TOKEN (RFC 8656 §7.2, §18.10).
 *
 * A token is 8 bytes:
 *
 *   | random, 32 bits | (shard, 16 bits | port, 16 bits) masked by a keyed hash of the random |
 *
 * Any shard of the deployment can tell from it which shard holds the port, and
 * nobody else learns or makes anything of it: the holder compares all of it
 * with what it has stored, for the username it was given to.
 */
#ifndef RELAY_TURN_RESERVATION_H
#define RELAY_TURN_RESERVATION_H

#include "bytes.h"
#include "deadline_heap.h"
#include "err.h"
#include "hash_index.h"
#include "pool.h"
#include "siphash.h"

#include <stdint.h>

enum { TURN_RESERVATION_TOKEN_LEN = 8 };

struct turn_user;

struct turn_reservation {
    struct hash_link by_port; /* first: a link is its reservation */
    struct deadline expiry;
    struct turn_user *user; /* holds a reference */
    uint16_t port;
    uint8_t families; /* of the allocation it was reserved with */
    uint8_t token[TURN_RESERVATION_TOKEN_LEN];
};

struct turn_reservation_table {
    struct pool pool;
    struct hash_index by_port;
    struct deadline_heap deadlines;
};

/* turn_reservation_table_init: ERR_OK or ERR_NO_MEMORY. */
enum err turn_reservation_table_init(struct turn_reservation_table *table,
                                     uint32_t capacity) MUST_CHECK;
void turn_reservation_table_deinit(struct turn_reservation_table *table);

/* turn_reservation_seal makes the token for |port| on |shard| from 4 random bytes. */
void turn_reservation_seal(const struct siphash_key *key, const uint8_t random[static 4],
                           uint16_t shard, uint16_t port,
                           uint8_t ret_token[static TURN_RESERVATION_TOKEN_LEN]);

/* turn_reservation_unseal reads what a token says; whether it is true shows only
 * at the shard it names. */
void turn_reservation_unseal(const struct siphash_key *key,
                             const uint8_t token[static TURN_RESERVATION_TOKEN_LEN],
                             uint16_t *ret_shard, uint16_t *ret_port);

/* turn_reservation_new holds |port| until |until|. The reference to |user| is
 * the table's from then on. NULL when the table is full. */
struct turn_reservation *turn_reservation_new(
    struct turn_reservation_table *table, uint16_t port, uint8_t families, struct turn_user *user,
    const uint8_t token[static TURN_RESERVATION_TOKEN_LEN], struct mono_time until);

/* turn_reservation_find: NULL when |port| is not reserved. */
struct turn_reservation *turn_reservation_find(const struct turn_reservation_table *table,
                                               uint16_t port);

/* turn_reservation_end takes it out; port and user are the caller's again. */
void turn_reservation_end(struct turn_reservation_table *table,
                          struct turn_reservation *reservation);

/* turn_reservation_of_deadline: the reservation whose |expiry| that is. */
struct turn_reservation *turn_reservation_of_deadline(struct deadline *deadline);

#endif
