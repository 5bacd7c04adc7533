/* ownership_local_leases.h — the leases of shards in the embedded registry. */
#ifndef RELAY_OWNERSHIP_LOCAL_LEASES_H
#define RELAY_OWNERSHIP_LOCAL_LEASES_H

#include "ownership.h"
#include "ownership_local_table.h"

/* The last lease of a shard, as it is remembered. */
struct local_lease {
    struct local_head head; /* |until|: it holds until then; 0 when it was ended */
    struct bytes value;     /* until the table is changed */
};

/* local_lease_find finds the lease of |owner|; false when there is none that can be read. */
bool local_lease_find(struct local_table *table, struct mono_time now, const char *owner,
                      struct local_lease *ret);

/* local_lease_parse reads what is stored of a lease. ERR_OK, ERR_MALFORMED, or ERR_EXPIRED (it is
 * remembered no more). */
enum err local_lease_parse(struct bytes stored, struct mono_time now,
                           struct local_lease *ret) MUST_CHECK;

/* local_lease_is_live: does the lease of |owner| hold? */
bool local_lease_is_live(struct local_table *table, struct mono_time now, const char *owner);

/* local_lease_check: may |writer| write? DONE, or STALE; then |*ret_is_lost| tells that nothing is
 * remembered of its lease at all. */
enum ownership_outcome local_lease_check(struct local_table *table, struct mono_time now,
                                         const struct owner *owner, uint64_t epoch,
                                         bool *ret_is_lost);

/* local_lease_take writes |lease| with a new epoch, into |lease| too; |ret_former| is the one
 * before, with *ret_has_former. DONE, or HELD. */
enum ownership_outcome local_lease_take(struct local_table *table, struct turn_now now,
                                        struct shard_lease *lease, struct shard_lease *ret_former,
                                        bool *ret_has_former);

/* local_lease_write writes |lease| again under its epoch, until |until|: DONE, or STALE as
 * local_lease_check. */
enum ownership_outcome local_lease_write(struct local_table *table, struct mono_time now,
                                         const struct shard_lease *lease, struct mono_time until,
                                         bool *ret_is_lost);

#endif
