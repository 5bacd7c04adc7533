/* turn_allocation.h — an allocation: a relayed transport address granted to a client (RFC 8656 §6).
 *
 *   OPENING    the relay socket is being opened; the Allocate is not yet answered
 *   CLAIMING   the relay is open, the registry is asked whether the five-tuple is ours
 *   LIVE       relays; ends by Refresh with lifetime 0 or when its lifetime runs out
 *   RESTORING  was live in a former process; its relay socket is being opened again
 *
 * The generation of an object counts its uses, so that a late event of a former
 * one is recognised (struct turn_relay_id).
 */
#ifndef RELAY_TURN_ALLOCATION_H
#define RELAY_TURN_ALLOCATION_H

#include "deadline_heap.h"
#include "err.h"
#include "hash_index.h"
#include "pool.h"
#include "siphash.h"
#include "stun_message.h"
#include "transport_addr.h"
#include "turn_command.h"
#include "turn_credential.h"
#include "turn_ports.h"
#include "turn_reservation.h"
#include "turn_user.h"

#include <stdbool.h>
#include <stdint.h>

enum turn_allocation_state {
    TURN_ALLOCATION_FREE,
    TURN_ALLOCATION_OPENING,
    TURN_ALLOCATION_CLAIMING,
    TURN_ALLOCATION_LIVE,
    TURN_ALLOCATION_RESTORING,
};

struct turn_channel;

/* What the answer needs; wiped after it. */
struct turn_opening {
    struct turn_key key; /* of the request, for the answer's integrity */
    bool integrity_sha256;
    bool fingerprint;
    bool port_is_reserved; /* from a RESERVATION-TOKEN: no other port will do */
    enum turn_port_want want;
    uint32_t attempts;
    struct mono_time restored_until; /* RESTORING: its expiry */
};

struct turn_allocation {
    /* The first two cache lines are what the packet path reads. */
    struct hash_link by_five_tuple; /* first: a link is its allocation */
    struct five_tuple five_tuple;
    uint32_t generation;
    uint8_t state; /* enum turn_allocation_state */
    uint8_t families;
    uint16_t port;
    struct turn_channel *channels; /* all of them, latest first */
    struct turn_channel *last_up;  /* the channel found last, each way: trains of one flow */
    struct turn_channel *last_down;
    uint32_t channel_count;
    struct turn_user *user;
    struct deadline expiry;
    /* To answer a retransmitted Allocate once more (RFC 8656 §7.2). */
    uint8_t transaction_id[STUN_TRANSACTION_ID_LEN];
    uint32_t granted_lifetime_sec;
    uint8_t missing_families; /* asked for additionally, and not to be had */
    bool has_token;
    bool dont_fragment;
    bool unclaimed; /* made while the registry was away */
    uint8_t key_check[TURN_KEY_CHECK_LEN];
    struct mono_time created;
    uint8_t token[TURN_RESERVATION_TOKEN_LEN];
    struct turn_opening opening;
};

struct turn_allocation_table {
    struct pool pool;
    struct hash_index by_five_tuple;
    struct deadline_heap deadlines;
    struct siphash_key hash_key;
    struct turn_allocation *found_last; /* by turn_allocation_find_again */
};

/* turn_allocation_table_init reserves |capacity| allocations: ERR_OK or ERR_NO_MEMORY. */
enum err turn_allocation_table_init(struct turn_allocation_table *table, uint32_t capacity,
                                    struct siphash_key hash_key) MUST_CHECK;
void turn_allocation_table_deinit(struct turn_allocation_table *table);

/* turn_allocation_find: NULL when the five-tuple has none. O(1). */
struct turn_allocation *turn_allocation_find(const struct turn_allocation_table *table,
                                             const struct five_tuple *five_tuple);

/* turn_allocation_find_again finds as turn_allocation_find does, by one compare when it is the one
 * that it found last: data comes in trains of one client. */
struct turn_allocation *turn_allocation_find_again(struct turn_allocation_table *table,
                                                   const struct five_tuple *five_tuple);

/* turn_allocation_at: NULL when |relay_id| names no allocation that lives now. O(1). */
struct turn_allocation *turn_allocation_at(const struct turn_allocation_table *table,
                                           struct turn_relay_id relay_id);

/* turn_allocation_new makes one in state OPENING, all else zero. The five-tuple
 * must have none. NULL when the table is full. */
struct turn_allocation *turn_allocation_new(struct turn_allocation_table *table,
                                            const struct five_tuple *five_tuple);

/* turn_allocation_end takes it out of the table. Its channels, port and user are
 * the caller's to end before. Wipes its keys. */
void turn_allocation_end(struct turn_allocation_table *table, struct turn_allocation *allocation);

struct turn_relay_id turn_allocation_relay_id(const struct turn_allocation_table *table,
                                              const struct turn_allocation *allocation);

/* turn_allocation_of_deadline: the allocation whose |expiry| that is. */
struct turn_allocation *turn_allocation_of_deadline(struct deadline *deadline);

#endif
