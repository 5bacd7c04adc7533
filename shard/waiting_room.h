/* waiting_room.h — a fixed number of bytes in which datagrams wait in line.
 *
 * Each line is served in its own order. The datagrams of all lines lie one behind the other in a
 * ring, whole, so that they are delivered from where they lie:
 *
 *     | a1 | b1 | a2 | free …                    | c1 | (c2 served) |
 *                     ^ tail                     ^ head
 *
 * Room that was served behind the head is free again when the head has passed it; so lines
 * should not wait for much longer than each other.
 */
#ifndef RELAY_WAITING_ROOM_H
#define RELAY_WAITING_ROOM_H

#include "bytes.h"
#include "err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct waiting_room {
    uint8_t *memory;
    uint32_t len;
    uint32_t head;
    uint32_t tail;
    uint32_t used; /* bytes from head to tail */
};

/* One line. Zero when it is empty. */
struct waiting_line {
    uint32_t count; /* datagrams */
    uint32_t bytes; /* of the room */
    uint32_t first;
    uint32_t last;
};

enum waiting_outcome {
    WAITING_KEPT,
    WAITING_ROOM_FULL,
    WAITING_LINE_FULL, /* this line has as many bytes as a line may */
};

/* waiting_room_init reserves |len| bytes; the pages that are never needed are never touched.
 * ERR_OK or ERR_NO_MEMORY. */
enum err waiting_room_init(struct waiting_room *room, uint32_t len) MUST_CHECK;

/* waiting_room_deinit frees it with what is in it. A zeroed room is fine. */
void waiting_room_deinit(struct waiting_room *room);

/* waiting_room_keep copies |datagram| to the end of |line|, which may have |line_max| bytes of
 * the room, overhead included. O(1). */
enum waiting_outcome waiting_room_keep(struct waiting_room *room, struct waiting_line *line,
                                       uint32_t line_max, struct bytes datagram);

/* waiting_room_first views the first datagram of |line|, which is not empty. */
struct bytes waiting_room_first(const struct waiting_room *room, const struct waiting_line *line);

/* waiting_room_served takes the first datagram of |line|, which is not empty, out. */
void waiting_room_served(struct waiting_room *room, struct waiting_line *line);

#endif
