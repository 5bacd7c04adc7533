/* ownership_redis_listing.h — walks an index in Redis and reads what it names, step by step.
 *
 *     scan a part of the index ──► read some of its members ──► … ──► scan the next part …
 *
 * Each step is one request with a time-out of its own and gives a bounded number of records.
 */
#ifndef RELAY_OWNERSHIP_REDIS_LISTING_H
#define RELAY_OWNERSHIP_REDIS_LISTING_H

#include "err.h"
#include "ownership.h"
#include "ownership_redis_request.h"

/* The two walks, as ownership.h says. ERR_OK, or ERR_LIMIT (no place for another request, or no
 * memory). */
enum err redis_list_allocations(struct redis_requests *requests, const struct owner *owner,
                                ownership_each_record *each, ownership_done *done,
                                void *context) MUST_CHECK;
enum err redis_list_leases(struct redis_requests *requests, const char *host,
                           ownership_each_lease *each, ownership_done *done,
                           void *context) MUST_CHECK;

#endif
