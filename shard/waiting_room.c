/* waiting_room.c — a fixed number of bytes in which datagrams wait in line. */
#include "waiting_room.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* In front of each datagram. The same size as the alignment: what is left at the end of the ring
 * always has room for it. */
struct place {
    uint32_t size; /* of the place, this included */
    uint32_t len;  /* of the datagram */
    uint32_t next; /* offset of the next place in the line, unless it is the last */
    uint32_t is_served;
};
enum { PLACE_ALIGN = 16 };
_Static_assert(sizeof(struct place) == PLACE_ALIGN, "no gap at the end of the ring is smaller");

enum err waiting_room_init(struct waiting_room *room, uint32_t len)
{
    *room = (struct waiting_room){.len = len / PLACE_ALIGN * PLACE_ALIGN};
    room->memory = calloc(1, room->len);
    return room->memory != NULL ? ERR_OK : ERR_NO_MEMORY;
}

void waiting_room_deinit(struct waiting_room *room)
{
    free(room->memory);
    *room = (struct waiting_room){0};
}

static struct place *place_at(const struct waiting_room *room, uint32_t offset)
{
    return (struct place *)(void *)(room->memory + offset);
}

/* Puts |place| at the tail, where there is room for it, and returns its offset. */
static uint32_t append(struct waiting_room *room, struct place place)
{
    uint32_t offset = room->tail;

    *place_at(room, offset) = place;
    room->tail = (offset + place.size) % room->len;
    room->used += place.size;
    return offset;
}

/* Makes the tail a place for |size| bytes in one piece. False when there is none. */
static bool find_room(struct waiting_room *room, uint32_t size)
{
    bool is_split = room->used > 0 && room->tail <= room->head;
    uint32_t ahead = (is_split ? room->head : room->len) - room->tail;

    if (size <= ahead)
        return true;
    if (is_split || size > room->head)
        return false;
    /* Not enough at the end of the ring, but at its beginning. */
    (void)append(room, (struct place){.size = ahead, .is_served = 1});
    return true;
}

enum waiting_outcome waiting_room_keep(struct waiting_room *room, struct waiting_line *line,
                                       uint32_t line_max, struct bytes datagram)
{
    if (datagram.len > room->len - sizeof(struct place))
        return WAITING_ROOM_FULL;
    uint32_t size = (uint32_t)((sizeof(struct place) + datagram.len + PLACE_ALIGN - 1) /
                               PLACE_ALIGN * PLACE_ALIGN);

    if (size > line_max || line->bytes > line_max - size)
        return WAITING_LINE_FULL;
    if (!find_room(room, size))
        return WAITING_ROOM_FULL;
    uint32_t offset = append(room, (struct place){.size = size, .len = (uint32_t)datagram.len});

    if (datagram.len > 0)
        memcpy(room->memory + offset + sizeof(struct place), datagram.data, datagram.len);
    if (line->count > 0)
        place_at(room, line->last)->next = offset;
    else
        line->first = offset;
    line->last = offset;
    line->count++;
    line->bytes += size;
    return WAITING_KEPT;
}

struct bytes waiting_room_first(const struct waiting_room *room, const struct waiting_line *line)
{
    assert(line->count > 0);
    const struct place *place = place_at(room, line->first);

    return (struct bytes){.data = (const uint8_t *)(place + 1), .len = place->len};
}

void waiting_room_served(struct waiting_room *room, struct waiting_line *line)
{
    assert(line->count > 0);
    struct place *place = place_at(room, line->first);

    line->first = place->next;
    line->bytes -= place->size;
    line->count--;
    place->is_served = 1;
    while (room->used > 0 && place_at(room, room->head)->is_served) {
        uint32_t size = place_at(room, room->head)->size;

        room->head = (room->head + size) % room->len;
        room->used -= size;
    }
    if (room->used == 0)
        room->head = room->tail = 0;
}
