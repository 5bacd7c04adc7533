/* overload.h — sheds clients' data when more comes to a listening socket than the shard can relay.
 *
 * The buffer of a listening socket is large, so that nothing is lost while a shard is away for a
 * moment. When a shard gets more than it can relay for longer, it is always full: all that gets in
 * waits behind all of it, and requests and the flows that do not flood are lost with the same
 * chance as those that do. So when it overflows for some time and much still waits, data is shed in
 * front of it (shed_filter.h), just so much that little waits: that of the client who sends more
 * than three quarters of it, if there is one, else everybody's. STUN is not shed; if it is STUN
 * that floods, shedding data does not help, and is given up. What has been lost while the shard
 * stood still starts nothing, since no more is lost afterwards.
 */
#ifndef RELAY_OVERLOAD_H
#define RELAY_OVERLOAD_H

#include "mono_time.h"
#include "transport_addr.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    /* So long it overflows before anything is shed: where one client floods, the others wait behind
     * it; where all send too much, it may be the moment in which they all begin. */
    OVERLOAD_WATCH_ONE_USEC = 10 * 1000,
    OVERLOAD_WATCH_ALL_USEC = 100 * 1000,
    OVERLOAD_GAP_USEC = 100 * 1000, /* what is further apart does not belong together */
    OVERLOAD_WATCH_MAX_USEC = 2 * OVERLOAD_WATCH_ALL_USEC, /* then what was counted is too old */
    OVERLOAD_STEP_USEC = 1000,                             /* between two looks at what waits */
    OVERLOAD_EMPTY_USEC = 5 * 1000, /* who empties the socket so often keeps up */
    /* Of the bytes that wait, as the kernel counts them, more are too many and less than half of it
     * too few. Where one client floods, the others are not to wait behind it; where all send too
     * much, a longer queue makes for larger batches, and still takes no ten milliseconds. */
    OVERLOAD_QUEUED_OF_ONE = 192 * 1024,
    OVERLOAD_QUEUED_OF_ALL = 1536 * 1024,
    OVERLOAD_VOTE_USEC = 100 * 1000,
    OVERLOAD_OVER_USEC = 1000 * 1000,      /* nothing had to be shed for so long: it is over */
    OVERLOAD_TOLD_USEC = 10 * 1000 * 1000, /* and is told for so long after that */
};

struct overload {
    int fd; /* -1: no socket */
    enum ip_family family;
    bool is_watching; /* it has overflowed a moment ago, or data is being shed */
    bool is_shedding;
    bool is_one_client; /* whose data is shed: |client|'s alone */
    struct transport_addr client;
    uint32_t pass, applied;   /* of 2^32 messages, while shedding: wanted, and in the socket */
    bool is_stale;            /* the socket's filter is of other clients, or there is none */
    uint32_t queued;          /* bytes that waited at the last look */
    struct mono_time since;   /* the first of the overflows that belong together */
    struct mono_time last;    /* and the last one */
    struct mono_time stepped; /* the last look at what waits */
    struct mono_time unshed;  /* since when all may pass */
    struct mono_time told_until;
    struct mono_time futile_until;     /* shedding data has not helped */
    struct mono_time one_futile_until; /* nor has shedding that of this client */
    struct transport_addr futile_client;
    struct mono_time voted;
    struct mono_time emptied;         /* the socket, the last time */
    uint64_t messages, data, dropped; /* while watched: received, how many of them data, lost */
    /* Datagrams of data since the vote began, and the vote for who sends more than half of them. */
    uint64_t received, votes;
    struct transport_addr candidate;
};

/* overload_init begins with |fd| of |family|, which must outlive |overload|, or -1. What a former
 * process had shed there passes again. One system call. Nothing here can fail: where the kernel
 * takes no filter nothing is shed, and it is tried again. */
void overload_init(struct overload *overload, int fd, enum ip_family family);

/* overload_end has everything pass, for whoever gets the socket next. At most one system call. */
void overload_end(struct overload *overload);

/* overload_dropped: the kernel has dropped |count| messages that came to the socket. A look at what
 * waits, at most every OVERLOAD_STEP_USEC, and some ten microseconds for a filter when it begins.
 */
void overload_dropped(struct overload *overload, struct mono_time now, uint32_t count);

/* overload_vote counts a message while it is watched: see overload_received. */
void overload_vote(struct overload *overload, const struct transport_addr *client,
                   unsigned datagrams);

/* overload_received: a message of |datagrams| of data, 0 when it is STUN, has come from |client|.
 * Free of cost unless it is watched. */
static inline void overload_received(struct overload *overload, const struct transport_addr *client,
                                     unsigned datagrams)
{
    if (overload->is_watching)
        overload_vote(overload, client, datagrams);
}

/* overload_emptied: there was nothing left in the socket. */
static inline void overload_emptied(struct overload *overload, struct mono_time now)
{
    overload->emptied = now;
}

/* overload_run sheds more, less or nothing any more. To be called at the end of every round in
 * which the socket was read; costs two system calls at most every OVERLOAD_STEP_USEC, and nothing
 * while nothing is shed. */
void overload_run(struct overload *overload, struct mono_time now);

/* overload_is_told: more comes at |now| than can be relayed, or did a moment ago. */
static inline bool overload_is_told(const struct overload *overload, struct mono_time now)
{
    return overload->is_shedding || mono_time_before(now, overload->told_until);
}

#endif
