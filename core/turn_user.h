/* turn_user.h — the usernames that hold something, each with its number of allocations.
 *
 * One entry serves all allocations of a username, for the quota (486) and for
 * the ownership check (441). An entry lives while something refers to it.
 */
#ifndef RELAY_TURN_USER_H
#define RELAY_TURN_USER_H

#include "bytes.h"
#include "err.h"
#include "hash_index.h"
#include "pool.h"
#include "siphash.h"
#include "stun_attr.h"

#include <stdbool.h>
#include <stdint.h>

struct turn_user {
    struct hash_link by_name; /* first: a link is its user */
    uint32_t references;      /* allocations and reservations */
    uint32_t allocations;
    uint16_t name_len;
    uint8_t name[STUN_USERNAME_MAX];
};

struct turn_user_table {
    struct pool pool;
    struct hash_index by_name;
    struct siphash_key hash_key;
};

/* turn_user_table_init reserves |capacity| users: ERR_OK or ERR_NO_MEMORY. */
enum err turn_user_table_init(struct turn_user_table *table, uint32_t capacity,
                              struct siphash_key hash_key) MUST_CHECK;
void turn_user_table_deinit(struct turn_user_table *table);

/* turn_user_find: NULL when nothing of |name| lives. */
struct turn_user *turn_user_find(const struct turn_user_table *table, struct bytes name);

/* turn_user_refer adds a reference to the entry of |name| (at most
 * STUN_USERNAME_MAX bytes), making it if need be. NULL when the table is full. */
struct turn_user *turn_user_refer(struct turn_user_table *table, struct bytes name);

/* turn_user_drop gives back one reference; the last one ends the entry. */
void turn_user_drop(struct turn_user_table *table, struct turn_user *user);

/* turn_user_is: |user| has this name. */
bool turn_user_is(const struct turn_user *user, struct bytes name);

#endif
