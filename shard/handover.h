/* handover.h — finds the owner of each misrouted datagram and has it handed over.
 *
 *     core: NOT_MINE ──► handover_datagram ──► known: to the owner (redirect.h)
 *                                           │  nobody's: back to the core, which answers
 *                                           └  kept ──► registry ──► to the owner, or back
 *     claim: HELD ────► handover_allocate ──► to the owner
 *     draining: an Allocate that is nobody's ──► to a shard that takes new ones
 *
 * Whose a five-tuple is, is a matter of misrouted.h; here the look-ups are carried out. An owner
 * whose lease is over may still be there, when it was the registry that stood still: so it
 * counts as long as its process lives. So does one beyond the number of shards, while that is
 * being changed. When it has gone, the shard that adopts what it had is sent the datagrams as
 * long as it is starting; until one that serves has adopted them they are dropped, since its
 * answer, 437, would make the client give up an allocation that is about to come back.
 */
#ifndef RELAY_HANDOVER_H
#define RELAY_HANDOVER_H

#include "bytes.h"
#include "err.h"
#include "misrouted.h"
#include "ownership.h"
#include "redirect.h"
#include "restore.h"
#include "siphash.h"
#include "takers.h"
#include "transport_addr.h"

#include <stdint.h>

struct handover;

struct handover_config {
    struct ownership *ownership; /* must outlive it, as the next one */
    struct redirect *redirect;
    struct owner self;
    uint32_t shards;        /* of this host */
    struct siphash_key key; /* nobody else knows it */
    uint32_t owners;        /* that are remembered, and the bytes in which datagrams wait; */
    uint32_t room_len;      /* 0 = as in misrouted.h */
    uint64_t *values;       /* of the counter page */
    /* Begins a round, or returns the instant of the open one: at its end handover_run is called. */
    struct turn_now (*begin)(void *context);
    /* What the process of shard |shard| of this host does. */
    enum shard_process_state (*process)(void *context, uint32_t shard);
    /* Has the core all that was recorded of this shard? */
    bool (*is_restored)(void *context);
    /* |datagram| is for this shard to deal with (TURN_ARRIVAL_SETTLED). */
    void (*on_settled)(void *context, struct turn_now now, const struct five_tuple *five_tuple,
                       struct bytes datagram);
    void *context;
};

/* handover_new: ERR_OK or ERR_NO_MEMORY. */
enum err handover_new(const struct handover_config *config, struct handover **ret) MUST_CHECK;

/* handover_free drops what is kept. After ownership_close. NULL is fine. */
void handover_free(struct handover *handover);

/* handover_run deals with what was kept and whose owner is known by now. The core may be given
 * datagrams: so not while it has commands, and not while nothing may be sent. */
void handover_run(struct handover *handover, struct turn_now now);

/* handover_datagram deals with a datagram that the core called NOT_MINE; |shard| as in turn_relay.
 * The view need not outlive the call, but on_settled is called from inside it. */
void handover_datagram(struct handover *handover, struct turn_now now,
                       const struct five_tuple *five_tuple, struct bytes datagram, uint32_t shard);

/* handover_allocate deals with an Allocate whose five-tuple |owner| has claimed; |datagram| is
 * empty when it was not kept. */
void handover_allocate(struct handover *handover, struct turn_now now,
                       const struct five_tuple *five_tuple, const struct owner *owner,
                       struct bytes datagram, uint8_t hops);

/*
 * handover_set_draining: this shard makes no new allocations. An Allocate that the core calls
 * NOT_MINE, whose five-tuple nobody owns, as far as the registry tells, is handed to
 * the shard that takers.h chooses, which is taken for the owner from then on: the client's next
 * requests go there. When no shard takes new ones, it is settled here, and the core refuses it.
 */
void handover_set_draining(struct handover *handover, bool is_draining);

/* handover_claimed: |five_tuple| is this shard's from now on. */
void handover_claimed(struct handover *handover, const struct five_tuple *five_tuple);

#endif
