/* ownership_local.h — the ownership registry in an embedded store, for the processes of one host.
 */
#ifndef RELAY_OWNERSHIP_LOCAL_H
#define RELAY_OWNERSHIP_LOCAL_H

#include "ownership.h"

/* ownership_local_open is ownership_open for `local`. A new store has room for |map_size| bytes:
 * LOCAL_MAP_SIZE of ownership_local_store.h, less in tests; 0 makes none. */
enum err ownership_local_open(const struct ownership_config *config, size_t map_size,
                              struct ownership **ret, struct problem *problem) MUST_CHECK;

#endif
