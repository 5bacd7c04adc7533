/* registrar_internal.h — what the files of the registrar share.
 *
 *     registrar.c          made, told of changes, run
 *     registrar_lease.c    the lease, and the doubt after a pause
 *     registrar_claims.c   claims under way, and what came of them
 *     registrar_records.c  records under way
 *     registrar_publish.c  everything once more, and what is left over removed
 */
#ifndef RELAY_REGISTRAR_INTERNAL_H
#define RELAY_REGISTRAR_INTERNAL_H

#include "registrar.h"

#include "counter_page.h"
#include "lease.h"
#include "pool.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    /* Between two attempts to get a lease, or to have written what was not. */
    RETRY_MSEC = 500,
    /* When the others, too, have published what they hold. */
    PUBLISH_AGAIN_SEC = 2,
    /* Records under way: as many as one operation each. */
    WRITES = OWNERSHIP_PENDING_MAX,
};

struct claim;
struct loss;

enum publishing {
    PUBLISHING_NOTHING,
    PUBLISHING_CLAIMS, /* going through what the core holds */
    AWAITING_ANSWERS,
    COMPARING, /* removing what it does not hold */
};

struct registrar {
    struct registrar_config config;
    struct lease_clock lease;
    uint64_t epoch; /* of the lease; 0 when there is none */
    bool is_available;
    bool is_taking;
    bool is_renewing;
    bool is_restored;
    bool has_told_of_rival;
    bool was_leased;
    bool is_held_elsewhere;    /* another host has the lease, and the log says so */
    struct mono_time asked_at; /* the lease, last */
    struct mono_time retry_at;
    struct mono_time seen_by; /* lease_seen is due */
    struct mono_time doubt_until;
    struct mono_time doubt_at; /* the last doubt arose then, */
    uint64_t doubt_epoch;      /* about this lease */
    uint64_t first_epoch;      /* of the lease under which is restored */

    struct pool claims;
    struct pool datagrams;
    struct pool writes;
    struct claim *first_answered;
    struct claim *last_answered;
    struct loss *losses;
    uint32_t pending;  /* operations under way */
    bool has_queued;   /* since the last flush */
    bool was_answered; /* something, so that more may be due */

    enum publishing publishing;
    struct turn_publication publication;
    struct mono_time publication_began_at;
    uint32_t publication_claims; /* under way */
    bool is_inside_publication;  /* what the core says now is published */
    bool wants_all;              /* something was not written */
    bool wants_unclaimed;
    bool wants_comparison;
    struct mono_time publish_at; /* the earliest */
    struct mono_time again_at;   /* NEVER, or when everything is published a second time */
};

static inline void registrar_count(struct registrar *registrar, enum shard_counter counter)
{
    registrar->config.values[counter]++;
}

static inline struct mono_time after_msec(struct turn_now now, int64_t msec)
{
    return mono_time_add_usec(now.mono, msec * 1000);
}

/* An answer came: what follows from it is done at the end of a round. */
static inline struct turn_now registrar_begin(struct registrar *registrar)
{
    return registrar->config.begin(registrar->config.context);
}

static inline bool registrar_can_write(const struct registrar *registrar)
{
    return registrar->is_available && registrar->lease.is_held;
}

/* registrar_submitted: an operation is under way. registrar_answered notes what every answer can
 * say besides; |epoch| is that under which it was asked. */
static inline void registrar_submitted(struct registrar *registrar)
{
    registrar->pending++;
    registrar->has_queued = true;
}
void registrar_answered(struct registrar *registrar, uint64_t epoch,
                        enum ownership_outcome outcome);

/* registrar_lose_lease: the registry has none of this shard. registrar_keep_lease takes or renews
 * it when that is due. registrar_put_off_doubt: after a pause the registry has answered something.
 */
void registrar_lose_lease(struct registrar *registrar);
void registrar_keep_lease(struct registrar *registrar, struct turn_now now);
void registrar_put_off_doubt(struct registrar *registrar, struct turn_now now);

/* registrar_claims_init and _deinit make and free what claims under way need. */
enum err registrar_claims_init(struct registrar *registrar) MUST_CHECK;
void registrar_claims_deinit(struct registrar *registrar);

/* registrar_deliver_claims gives the core the results that are there. */
void registrar_deliver_claims(struct registrar *registrar, struct turn_now now);

/* registrar_records_init and _deinit make and free what records under way need. */
enum err registrar_records_init(struct registrar *registrar) MUST_CHECK;
void registrar_records_deinit(struct registrar *registrar);

/* registrar_write_record writes or forgets |record|; what cannot be is published later. */
void registrar_write_record(struct registrar *registrar, struct turn_now now, bool is_record,
                            const struct turn_record *record);

/* registrar_deliver_losses ends in the core what turned out to be somebody else's. */
void registrar_deliver_losses(struct registrar *registrar, struct turn_now now);

/* registrar_publish goes on with what is to be published. */
void registrar_publish(struct registrar *registrar, struct turn_now now);

#endif
