/* ownership_read.h — finds out what the shards of a host own: from the registry, else from the
 * shards themselves. */
#ifndef RELAY_OWNERSHIP_READ_H
#define RELAY_OWNERSHIP_READ_H

#include "err.h"
#include "ownership_view.h"
#include "problem.h"
#include "relay_place.h"

#include <stdint.h>

enum ownership_part {
    PART_SHARDS,      /* the shards only */
    PART_ALLOCATIONS, /* these and all that they own */
    PART_PORT,        /* these and the allocation with one relay port */
};

/*
 * ownership_read gathers |part| of what the relay at |place| owns, of relay port |port| with
 * PART_PORT. While the registry is away the shards are asked over their control sockets; what
 * a shard that hangs owns is missing then, which the view says. Waits some seconds at most for
 * each that does not answer.
 *
 *   ERR_OK           |view|, zeroed before, is there: view_free it
 *   ERR_UNAVAILABLE  neither the registry nor any shard tells anything
 *   ERR_NO_MEMORY, ERR_IO
 * |problem| is written with every error.
 */
enum err ownership_read(const struct relay_place *place, enum ownership_part part, uint16_t port,
                        struct ownership_view *view, struct problem *problem) MUST_CHECK;

#endif
