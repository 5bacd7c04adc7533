/* ownership_redis_sentinel.h — asks the sentinels for the primary that they know by a name. */
#ifndef RELAY_OWNERSHIP_REDIS_SENTINEL_H
#define RELAY_OWNERSHIP_REDIS_SENTINEL_H

#include "err.h"
#include "ownership_redis_target.h"

#include <stdint.h>

struct event_base;
struct redis_sentinel;

/* The primary is at |host|, an address or a name, and |port|; or |host| is NULL and |why| a clause
 * that says what the last sentinel said. */
typedef void redis_primary_handler(void *context, const char *host, uint16_t port, const char *why);

/*
 * redis_sentinel_new makes a client of the sentinels of |target|, which must outlive it, as |base|
 * and |context| must. A sentinel that has not answered in |timeout_msec| is passed over.
 * NULL without memory.
 */
struct redis_sentinel *redis_sentinel_new(struct event_base *base,
                                          const struct redis_target *target, uint32_t timeout_msec,
                                          redis_primary_handler *handler, void *context);

/* redis_sentinel_free gives up what is under way. NULL is fine. */
void redis_sentinel_free(struct redis_sentinel *sentinel);

/* redis_sentinel_ask asks them in turn, beginning with the one that answered last; |handler| is
 * called once, maybe before this returns. Whoever asks again gives the former question up. */
void redis_sentinel_ask(struct redis_sentinel *sentinel);

#endif
