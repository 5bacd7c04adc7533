/* ownership_local_expiry.h — removes what is over from the embedded registry, a few at a time. */
#ifndef RELAY_OWNERSHIP_LOCAL_EXPIRY_H
#define RELAY_OWNERSHIP_LOCAL_EXPIRY_H

#include "mono_time.h"
#include "ownership_local_table.h"

/* local_expiry_sweep removes some allocations and leases that are over at |now|, with all that
 * belongs to them; the rest is for the next transaction. */
void local_expiry_sweep(struct local_table *table, struct mono_time now);

#endif
