/* misrouted.h — what to do with datagrams whose five-tuple has no allocation on this shard.
 *
 *     datagram ──► misrouted_ask ──► TO_SHARD           its owner is known: hand it over
 *                                 │  NOBODY, ELSEWHERE  known too
 *                                 │  KEPT               kept until its look-up is answered
 *                                 └  DROPPED            and counted
 *     answer   ──► misrouted_answer ──► |deliver| for each datagram that was kept, in order
 *
 * No I/O and no clock: the caller carries out the look-ups and brings their answers. Spoofed
 * sources cannot load the registry, nor crowd out what is known: look-ups have a budget for each
 * second, the datagrams that wait have a fixed room of which one five-tuple gets a quarter at
 * most, and what nobody owns is remembered apart from the owners (owner_cache.h).
 *
 * Nothing of a flow that is known ever waits or is dropped here, whatever becomes of the
 * registry: an owner that was learnt is used until an answer says otherwise. It is
 * checked beside the traffic, every OWNER_BELIEVED_SEC while it is used, out of a budget of its
 * own, so that strangers cannot use that up.
 *
 * While datagrams of a five-tuple are kept, later ones are kept behind them: none overtakes.
 */
#ifndef RELAY_MISROUTED_H
#define RELAY_MISROUTED_H

#include "bytes.h"
#include "err.h"
#include "mono_time.h"
#include "owner_cache.h"
#include "siphash.h"
#include "transport_addr.h"
#include "waiting_room.h"

#include <stdint.h>

enum {
    MISROUTED_OWNERS = 16384,     /* 128 bytes each */
    MISROUTED_LOOK_UPS = 512,     /* under way at a time */
    MISROUTED_ROOM_LEN = 1 << 20, /* bytes */
    MISROUTED_LOOK_UPS_PER_SEC = 1000,
};

struct misrouted;

/* A look-up. */
struct misrouted_look_up {
    struct five_tuple five_tuple; /* of whom to ask */
    void *context;                /* of the configuration */
    /* The rest is for misrouted.c. */
    struct hash_link link;
    struct waiting_line kept;
};

/* Is given each kept |datagram|, a view that dies with the call, once it is known who owns it. */
typedef void misrouted_deliver(void *context, struct turn_now now,
                               const struct five_tuple *five_tuple, struct bytes datagram,
                               struct tuple_owner owner);

struct misrouted_config {
    struct siphash_key key; /* nobody else knows it */
    uint32_t owners;        /* that are remembered; 0 = MISROUTED_OWNERS, and so on */
    uint32_t look_ups;
    uint32_t room_len;
    uint32_t look_ups_per_sec;
    uint64_t *values; /* of the counter page; must outlive it */
    misrouted_deliver *deliver;
    void *context;
};

enum misrouted_verdict {
    MISROUTED_TO_SHARD,  /* |shard| owns it */
    MISROUTED_NOBODY,    /* no shard owns it */
    MISROUTED_ELSEWHERE, /* a shard of another host owns it */
    MISROUTED_KEPT,      /* |deliver| is called for it later */
    MISROUTED_DROPPED,   /* it is lost, and counted */
};

struct misrouted_result {
    uint32_t shard; /* TO_SHARD */
    /* With TO_SHARD and KEPT: a look-up to begin, which misrouted_answer must end; or NULL. */
    struct misrouted_look_up *look_up;
};

/* misrouted_new: ERR_OK or ERR_NO_MEMORY. */
enum err misrouted_new(const struct misrouted_config *config, struct misrouted **ret) MUST_CHECK;

/* misrouted_free drops what is kept. No look-up may be answered afterwards. NULL is fine. */
void misrouted_free(struct misrouted *misrouted);

/*
 * misrouted_ask decides about a datagram that the core called NOT_MINE. O(1), no allocation from
 * the heap.
 */
enum misrouted_verdict misrouted_ask(struct misrouted *misrouted, struct mono_time now,
                                     const struct five_tuple *five_tuple, struct bytes datagram,
                                     struct misrouted_result *ret);

/*
 * misrouted_answer ends |look_up|: |owner| has the five-tuple (OWNED_BY_UNKNOWN when the registry
 * did not answer). It is remembered, and |deliver| is called for every kept datagram. |deliver| may
 * call misrouted_ask; what that keeps of this five-tuple is delivered by this call too.
 */
void misrouted_answer(struct misrouted *misrouted, struct turn_now now,
                      struct misrouted_look_up *look_up, struct tuple_owner owner);

/* misrouted_learn remembers whose |five_tuple| is, and misrouted_forget that it is not known any
 * more (claimed here, or refused by whom we took for its owner). O(1). */
void misrouted_learn(struct misrouted *misrouted, struct mono_time now,
                     const struct five_tuple *five_tuple, struct tuple_owner owner);
void misrouted_forget(struct misrouted *misrouted, const struct five_tuple *five_tuple);

#endif
