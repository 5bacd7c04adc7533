/* membership.h — a shard's part in its deployment: the registry, and all that hangs on it.
 *
 *     relay_commands ── CLAIM, RECORD, FORGET ──► registrar ──┐
 *     datapath ──────── NOT_MINE ───────────────► handover ───┼──► ownership registry
 *     start ───────────────────────────────────► restore ─────┘
 *
 * Puts the three together with the registry's client, the event loop and the log.
 */
#ifndef RELAY_MEMBERSHIP_H
#define RELAY_MEMBERSHIP_H

#include "bytes.h"
#include "err.h"
#include "mono_time.h"
#include "options.h"
#include "problem.h"
#include "redirect.h"
#include "state_dir.h"
#include "turn_server.h"

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

struct membership;
struct ownership;

struct membership_config {
    const struct relay_options *options; /* all must outlive it */
    const struct state_dir *dir;
    struct event_base *base;
    struct turn_server *server;
    struct redirect *redirect;
    uint32_t capacity; /* allocations that the server can have */
    uint64_t *values;  /* of the counter page */
    /* Begins a round of the event loop, or returns the instant of the open one. */
    struct turn_now (*begin)(void *context);
    /* The core has commands to be carried out, which no datagram led to. */
    void (*on_commands)(void *context, struct turn_now now);
    /* |datagram| is for this shard to deal with (TURN_ARRIVAL_SETTLED). */
    void (*on_settled)(void *context, struct turn_now now, const struct five_tuple *five_tuple,
                       struct bytes datagram);
    /* What was recorded is there again, as far as the registry tells it: serve. Once. */
    void (*on_ready)(void *context, struct turn_now now);
    void *context;
};

/*
 * membership_new opens the registry that the options name. That it is away is no error.
 *   ERR_OK, or what ownership_open says, or ERR_NO_MEMORY; |problem| is written.
 */
enum err membership_new(const struct membership_config *config, struct turn_now now,
                        struct membership **ret, struct problem *problem) MUST_CHECK;

/* membership_free leaves everything recorded, for the next process. NULL is fine. */
void membership_free(struct membership *membership);

/* membership_registry: the registry's client, for questions; until membership_free. */
struct ownership *membership_registry(const struct membership *membership);

/* membership_seen: may anything be sent in this wake-up (registrar_seen)? At its beginning. */
bool membership_seen(struct membership *membership, struct turn_now now);

/* membership_command carries out a CLAIM, RECORD or FORGET. |datagram| is what led to it, which
 * |hops| shards have handed over. */
void membership_command(struct membership *membership, struct turn_now now,
                        const struct turn_command *command, struct bytes datagram, uint8_t hops);

/* membership_not_mine deals with a datagram that the core called so (handover_datagram). */
void membership_not_mine(struct membership *membership, struct turn_now now,
                         const struct five_tuple *five_tuple, struct bytes datagram,
                         uint32_t shard);

/* membership_set_draining: this shard makes no new allocations, or does so again: the core, the
 * handover and, once all its relay ports are open, the lease are told. */
void membership_set_draining(struct membership *membership, bool is_draining);

/* membership_flush: before answers are sent in the middle of a round (registrar_flush). */
void membership_flush(struct membership *membership);

/* membership_run does what is due, and returns when it wants to be called next. At the end of
 * every round, before answers are sent. |may_send| is what membership_seen said. */
struct mono_time membership_run(struct membership *membership, struct turn_now now, bool may_send);

#endif
