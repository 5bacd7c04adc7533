/* registrar.h — what a shard tells the ownership registry, and whether it may go on serving.
 *
 *     core ── CLAIM ──────────► registrar_claim ─┐
 *          ── RECORD, FORGET ─► registrar_write ─┴─► registry
 *          ◄─ turn_server_claim_result ── registrar_run ◄─ answers
 *
 * It keeps the shard's lease, and everything that the core holds recorded under it:
 *
 *     no lease ──► taken ──► restored ──► published ──► in order
 *        ▲                   (restore.h)      ▲             │ something was not written
 *        └── the registry says it is gone     └─────────────┘ or the lease is a new one
 *
 * Nothing waits for the registry. While it is away claims are answered UNAVAILABLE at once, and
 * the rest is left out; on its return a new lease is taken and all that the core holds is
 * published. A while later it is published once more: a shard whose allocation an older
 * one has overruled meanwhile learns of it then. At last what the registry has and the core has
 * not is removed.
 *
 * After a pause that the lease did not survive (lease.h) nothing may be sent until
 * the registry has said what was lost: registrar_seen. No socket, no clock, no event loop.
 */
#ifndef RELAY_REGISTRAR_H
#define RELAY_REGISTRAR_H

#include "err.h"
#include "ownership.h"
#include "turn_server.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    REGISTRAR_DATAGRAM_MAX = 2048, /* an Allocate that is kept to be handed over */
    REGISTRAR_DATAGRAMS = 512,     /* kept at a time */
    REGISTRAR_WINDOW = 1024,       /* operations under way beyond which nothing more is published */
};

struct registrar;

struct registrar_config {
    struct ownership *ownership; /* must outlive it, as the next one */
    struct turn_server *server;
    struct shard_lease lease; /* of this shard; epoch and times are filled in here */
    uint32_t quota;           /* allocations of one username in the deployment; 0 = no limit */
    uint32_t capacity;        /* allocations that the core can have */
    uint64_t *values;         /* of the counter page */
    /* Begins a round of the event loop, or returns the instant of the one that is open: at its
     * end registrar_run is called. */
    struct turn_now (*begin)(void *context);
    /* The core has commands to be carried out. */
    void (*on_commands)(void *context, struct turn_now now);
    /* The first lease: rebuild from what is recorded, then call registrar_restored. |former| is
     * the lease before, NULL when there was none. */
    void (*on_leased)(void *context, struct turn_now now, const struct shard_lease *former);
    /* |owner| has the five-tuple of an Allocate that came as |datagram| after |hops| hops; the
     * datagram is empty when there was no room to keep it. */
    void (*on_held)(void *context, struct turn_now now, const struct five_tuple *five_tuple,
                    const struct owner *owner, struct bytes datagram, uint8_t hops);
    void *context;
};

/* registrar_new: ERR_OK or ERR_NO_MEMORY. */
enum err registrar_new(const struct registrar_config *config, struct turn_now now,
                       struct registrar **ret) MUST_CHECK;

/* registrar_free: after ownership_close, which answers what is under way. NULL is fine. */
void registrar_free(struct registrar *registrar);

/* registrar_change is for ownership_config.on_change: the registry went, or is back. */
void registrar_change(struct registrar *registrar, bool is_available);

/*
 * registrar_seen: a wake-up begins. May anything be sent in it? No after a pause that the
 * lease may not have survived, until the registry has told what is left.
 */
bool registrar_seen(struct registrar *registrar, struct turn_now now);

/* registrar_claim carries out a CLAIM of the core. |datagram| is the Allocate that led to it,
 * empty for what is published; |hops| how many shards have handed it over. Both are copied. */
void registrar_claim(struct registrar *registrar, struct turn_now now,
                     const struct turn_command *command, struct bytes datagram, uint8_t hops);

/* registrar_write carries out a RECORD or FORGET of the core. */
void registrar_write(struct registrar *registrar, struct turn_now now,
                     const struct turn_command *command);

/* registrar_restored: what was recorded is rebuilt. |rewrite|: not as it was recorded. */
void registrar_restored(struct registrar *registrar, bool rewrite);

/* registrar_claim_unclaimed has the allocations claimed that are not yet. */
void registrar_claim_unclaimed(struct registrar *registrar);

/* registrar_set_state puts a state (enum shard_state) into the lease, with the next round. */
void registrar_set_state(struct registrar *registrar, uint32_t state);

/*
 * registrar_flush writes what is queued, so that answers may be sent after it. It changes
 * nothing in the core: what comes of it waits for registrar_run.
 */
void registrar_flush(struct registrar *registrar);

/*
 * registrar_run does what is due, writes what is queued and gives the core the results that
 * are there. At the end of every round. Returns when it wants to be called next.
 */
struct mono_time registrar_run(struct registrar *registrar, struct turn_now now);

/* registrar_writer: in whose name is written. Its epoch is 0 while there is no lease. */
struct ownership_writer registrar_writer(const struct registrar *registrar);

#endif
