/* ownership_redis.h — the backend of the ownership registry that keeps it in Redis. */
#ifndef RELAY_OWNERSHIP_REDIS_H
#define RELAY_OWNERSHIP_REDIS_H

#include "ownership.h"
#include "ownership_redis_target.h"

/* ownership_redis_open makes the client of the Redis at |target|, which is copied. ERR_OK, or
 * ERR_NO_MEMORY with |problem| written. hiredis writes to sockets that may be closed, so SIGPIPE is
 * ignored from then on, unless the process handles it. */
enum err ownership_redis_open(const struct ownership_config *config,
                              const struct redis_target *target, struct ownership **ret,
                              struct problem *problem) MUST_CHECK;

#endif
