/* ownership_redis_records.h — reads records and leases out of replies of Redis.
 *
 * Whatever the replies hold: what cannot be read is left out.
 */
#ifndef RELAY_OWNERSHIP_REDIS_RECORDS_H
#define RELAY_OWNERSHIP_REDIS_RECORDS_H

#include "ownership.h"

#include <stdbool.h>

struct redisReply;

/* What is recorded of one five-tuple. */
struct redis_allocation {
    struct bytes key;                /* CLIENT>SERVER */
    const struct redisReply *fields; /* names and values in turn */
    struct owner owner;
    struct turn_record record; /* of the allocation */
};

/* redis_allocation_read reads whose it is, and the allocation; the views must outlive |ret|.
 * ERR_OK, ERR_NOT_FOUND (there are no fields), or ERR_MALFORMED. */
enum err redis_allocation_read(struct bytes key, const struct redisReply *fields,
                               struct redis_allocation *ret) MUST_CHECK;

/* redis_allocation_give gives the allocation to |each|, then what is beneath it: NULL for each
 * record that cannot be read. */
void redis_allocation_give(const struct redis_allocation *allocation, ownership_each_record *each,
                           void *context);

/* redis_lease_read reads the lease of |owner|. ERR_OK, or ERR_MALFORMED. */
enum err redis_lease_read(const struct owner *owner, struct bytes epoch, struct bytes lease,
                          struct shard_lease *ret) MUST_CHECK;

#endif
