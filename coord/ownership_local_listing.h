/* ownership_local_listing.h — the operations that give records or leases, a step at a time. */
#ifndef RELAY_OWNERSHIP_LOCAL_LISTING_H
#define RELAY_OWNERSHIP_LOCAL_LISTING_H

#include "ownership_local_operation.h"

/* local_listing_step gives what comes next, some hundred records at most and one allocation at
 * least; false when that was all, with the answer in |operation|. */
bool local_listing_step(struct local_operation *operation, struct local_table *table);

#endif
