/* shard_ready.h — the line that says with what a shard serves. */
#ifndef RELAY_SHARD_READY_H
#define RELAY_SHARD_READY_H

#include "options.h"
#include "shard_resources.h"

/* shard_log_ready logs "shard ready" with the ports, the addresses and the limits in effect. */
void shard_log_ready(const struct relay_options *options, const struct shard_resources *resources);

#endif
