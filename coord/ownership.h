/* ownership.h — the registry of who owns which allocation, one interface for every backend.
 *
 *     local                                         LMDB in the state directory
 *     redis://[user:password@]host[:port][/db]      one Redis
 *     redis+unix:///path[?db=N]                     the same over a socket of this host
 *     redis+sentinel://[user:password@]host[:port][,host[:port]…]/NAME[/db]
 *                                                   the primary that Sentinel names
 *
 * Asynchronous: an operation is queued, carried out at the latest by the next
 * ownership_flush or by the event loop, and its |done| is called exactly once, from
 * ownership_flush or from the event loop, never from inside the operation itself.
 * Operations of one caller on one five-tuple are carried out in their order.
 * Nothing waits for the registry: what has no answer within the time-out is answered AWAY.
 *
 *     shard                                  registry
 *       │ take_lease ───────────────────────► a new epoch, larger than all before
 *       │ renew_lease, every now and then ──► until the lease ends, its claims hold
 *       │ claim ────────────────────────────► one atomic step: DONE, or HELD by whom
 *       │ record, forget ───────────────────► only for what this owner holds
 *       │ find ─────────────────────────────► who holds it
 *
 * Every write carries the epoch of its writer, and a writer whose epoch has been succeeded, or
 * whose lease is not there any more, writes nothing (STALE).
 */
#ifndef RELAY_OWNERSHIP_H
#define RELAY_OWNERSHIP_H

#include "err.h"
#include "mono_time.h"
#include "problem.h"
#include "record.h"
#include "state_dir.h"
#include "turn_record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event_base;
struct ownership;

enum {
    /* Operations under way at a time; more are refused with ERR_LIMIT. Room for the largest
     * allocation as a whole, and as much again. */
    OWNERSHIP_PENDING_MAX = 8192,
    COORDINATION_URL_MAX = 1024,
};

enum ownership_outcome {
    OWNERSHIP_DONE,
    OWNERSHIP_HELD,  /* somebody else's, |owner| says whose; nothing was written */
    OWNERSHIP_QUOTA, /* claim: the username has as many allocations as it may */
    OWNERSHIP_PORT,  /* claim: the relay port is that of an allocation of another shard */
    OWNERSHIP_NONE,  /* there is no such record, or none that can be read */
    OWNERSHIP_STALE, /* the epoch has been succeeded, or the lease is not there; nothing was
                        written */
    OWNERSHIP_AWAY,  /* no answer in time: whether it was carried out is unknown */
};

/* Given to |done|; views and pointers live until it returns. */
struct ownership_answer {
    enum ownership_outcome outcome;
    struct owner owner;               /* HELD; find: DONE */
    bool owner_is_live;               /* find: its lease holds */
    uint64_t epoch;                   /* take_lease: DONE */
    const struct shard_lease *former; /* take_lease: DONE; the lease before, NULL when there was
                                         none */
};
typedef void ownership_done(void *context, const struct ownership_answer *answer);

struct ownership_config {
    const char *url;             /* copied */
    const struct state_dir *dir; /* local: where the store is; must outlive the registry */
    struct event_base *base;     /* must outlive it */
    uint32_t timeout_msec;       /* 0 = 250 */
    /* local: who only looks makes no store. One that is not there, damaged, or of another boot, is
     * away to them, and left as it is: it is the relay's to judge. */
    bool only_looks;
    /* May be NULL. Called when the registry goes away (|why| is a sentence for the log, without
     * secrets) and when it is back, once each; also for a store that came back empty or was
     * replaced. After a return the caller takes a new lease and claims again what it has. */
    void (*on_change)(void *context, bool is_available, const char *why);
    void *context;
};

/* ownership_check_url: is |url| one of the forms above? ERR_OK, or ERR_MALFORMED with
 * |problem| naming the rule. Opens nothing. */
enum err ownership_check_url(const char *url, struct problem *problem) MUST_CHECK;

/*
 * ownership_open makes the registry's client. That the service behind is away is no error.
 *   ERR_OK, ERR_MALFORMED (url), ERR_NO_MEMORY, ERR_IO (local: the directory);
 *   |problem| is written with every error.
 */
enum err ownership_open(const struct ownership_config *config, struct ownership **ret,
                        struct problem *problem) MUST_CHECK;

/* ownership_close answers what is under way with AWAY and frees everything. NULL is fine. */
void ownership_close(struct ownership *ownership);

/* ownership_flush carries out what is queued, as far as that needs no waiting: the local
 * backend commits all of it in one transaction. Call it at the end of a wake-up, before
 * answers that promise something are sent. */
void ownership_flush(struct ownership *ownership);

/* ownership_is_available: false from on_change(false) to on_change(true), and before the first
 * contact. */
bool ownership_is_available(const struct ownership *ownership);

/*
 * Operations. Each returns ERR_OK when it is queued, or ERR_LIMIT (too many are under way;
 * |done| is not called). Arguments are copied. |now| is the caller's clock.
 *
 * take_lease      makes |lease| the one of its owner, whoever had it, with a new epoch, and
 *                 gives back the former one. DONE; HELD when a live lease of the same owner was
 *                 made on another boot (two hosts with one instance name); AWAY.
 * renew_lease     writes |lease| again, under its epoch: DONE, STALE, AWAY.
 * end_lease       ends it early, so that its claims no longer hold: DONE, STALE, AWAY.
 */
enum err ownership_take_lease(struct ownership *ownership, struct turn_now now,
                              const struct shard_lease *lease, ownership_done *done,
                              void *context) MUST_CHECK;
enum err ownership_renew_lease(struct ownership *ownership, struct turn_now now,
                               const struct shard_lease *lease, ownership_done *done,
                               void *context) MUST_CHECK;
enum err ownership_end_lease(struct ownership *ownership, struct turn_now now,
                             const struct shard_lease *lease, ownership_done *done,
                             void *context) MUST_CHECK;

/* Who writes: the owner and the epoch of its lease. */
struct ownership_writer {
    struct owner owner;
    uint64_t epoch;
};

/*
 * claim  makes the five-tuple of |record|, an allocation, its writer's, in one atomic step
 *        with everything that is recorded of it:
 *          - nobody's, the writer's own already, or of an owner whose lease is over   DONE
 *          - of a live owner                                                          HELD
 *            but DONE when that one was made while the registry was away (|unclaimed|) and this
 *            one is older
 *          - not |keep|, and another shard of this host has recorded the relay port    PORT
 *            (whose process may be about to open it again)
 *          - |quota| > 0 and the username has that many others                        QUOTA
 *        |keep| leaves the channels and permissions that are recorded beneath in place (for
 *        adoption and publishing again) when it is this very allocation that is recorded, by its
 *        port and transaction id; else they go. Or STALE, AWAY. The record expires by
 *        itself some time after |expires|.
 */
enum err ownership_claim(struct ownership *ownership, struct turn_now now,
                         const struct ownership_writer *writer, const struct turn_record *record,
                         uint32_t quota, bool keep, ownership_done *done, void *context) MUST_CHECK;

/*
 * record  writes an allocation (its new expiry), a channel or a permission of a five-tuple that
 *         the writer holds: DONE, HELD, NONE (the allocation is not recorded, or another one, as
 *         above), STALE, AWAY.
 * forget  removes what |record| names (five-tuple, kind, and number or peer); an allocation
 *         goes with all that is beneath. DONE, also when it was not there; HELD, STALE, AWAY.
 */
enum err ownership_record(struct ownership *ownership, struct turn_now now,
                          const struct ownership_writer *writer, const struct turn_record *record,
                          ownership_done *done, void *context) MUST_CHECK;
enum err ownership_forget(struct ownership *ownership, struct turn_now now,
                          const struct ownership_writer *writer, const struct turn_record *record,
                          ownership_done *done, void *context) MUST_CHECK;

/* find tells who owns |five_tuple|: DONE with owner and owner_is_live, NONE, AWAY.
 * find_records gives, by |each|, also all that is recorded of it; find_port those records of the
 * allocation that has relay port |port| of |host|. Both DONE with owner and owner_is_live, NONE,
 * AWAY. */
typedef void ownership_each_record(void *context, const struct owner *owner,
                                   const struct turn_record *record);
enum err ownership_find(struct ownership *ownership, struct turn_now now,
                        const struct five_tuple *five_tuple, ownership_done *done,
                        void *context) MUST_CHECK;
enum err ownership_find_records(struct ownership *ownership, struct turn_now now,
                                const struct five_tuple *five_tuple, ownership_each_record *each,
                                ownership_done *done, void *context) MUST_CHECK;
enum err ownership_find_port(struct ownership *ownership, struct turn_now now, const char *host,
                             uint16_t port, ownership_each_record *each, ownership_done *done,
                             void *context) MUST_CHECK;

/*
 * list calls |each| for every record of |owner|, an allocation before what is beneath it, and
 * then |done|: DONE, or AWAY in the middle. Records that cannot be read are left out and
 * counted by |each| being given a NULL record. May take several steps and never blocks
 * the loop for longer than a few hundred records.
 */
enum err ownership_list(struct ownership *ownership, struct turn_now now, const struct owner *owner,
                        ownership_each_record *each, ownership_done *done,
                        void *context) MUST_CHECK;

/* leases calls |each| for the last lease of every shard that the registry remembers, |host|'s
 * or, when NULL, everybody's. |is_live|: it holds. */
typedef void ownership_each_lease(void *context, const struct shard_lease *lease, bool is_live);
enum err ownership_leases(struct ownership *ownership, struct turn_now now, const char *host,
                          ownership_each_lease *each, ownership_done *done,
                          void *context) MUST_CHECK;

#endif
