/* ownership_local_room.h — whether the embedded store, and the file system under it, have room.
 *
 * Pages of the store are changed in its map, where a block that the file system does not have is a
 * SIGBUS: so the file system gives the room before a transaction begins. What would be new is
 * refused while there is still enough to change what is there.
 */
#ifndef RELAY_OWNERSHIP_LOCAL_ROOM_H
#define RELAY_OWNERSHIP_LOCAL_ROOM_H

#include "ownership_local_env.h"

#include <stdbool.h>

/* local_room_can_reserve: does the file system of the store give room ahead (fallocate)? */
bool local_room_can_reserve(const struct local_files *files);

/*
 * local_room_reserve: has the file system room for what is written next? It gives that room here
 * rather than in the middle of a transaction: else a store would be there as long as little is
 * written, and away as soon as much is, over and over.
 */
bool local_room_reserve(struct local_env *env);

/*
 * local_room_look tells |table|, of a transaction that has begun to write, whether more is free
 * than what is kept, and, so that a full store does not waver, a quarter more than that. Returns 0,
 * an error of LMDB, or ENOSPC when not even what is there could be changed.
 */
int local_room_look(struct local_env *env, struct local_table *table);

#endif
