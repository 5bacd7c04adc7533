/* event_queue.c — what will happen in the simulated world, earliest first. */
#include "event_queue.h"

#include <stdlib.h>

static bool before(const struct event *a, const struct event *b)
{
    return a->at_usec != b->at_usec ? a->at_usec < b->at_usec : a->order < b->order;
}

static void swap(struct event_queue *queue, size_t a, size_t b)
{
    struct event kept = queue->events[a];
    queue->events[a] = queue->events[b];
    queue->events[b] = kept;
}

void event_queue_add(struct event_queue *queue, const struct event *event, const void *bytes)
{
    if (queue->count == queue->capacity) {
        queue->capacity = queue->capacity ? queue->capacity * 2 : 64;
        queue->events = realloc(queue->events, queue->capacity * sizeof(*queue->events));
        if (!queue->events)
            abort();
    }
    size_t at = queue->count++;
    struct event *added = &queue->events[at];
    *added = *event;
    added->order = queue->added++;
    /* Headroom in front, so that a peer's datagram can be handed on as it is. */
    added->bytes = malloc(event->len + TURN_HEADROOM);
    if (!added->bytes)
        abort();
    if (event->len > 0)
        memcpy(added->bytes + TURN_HEADROOM, bytes, event->len);
    for (; at > 0 && before(&queue->events[at], &queue->events[(at - 1) / 2]); at = (at - 1) / 2)
        swap(queue, at, (at - 1) / 2);
}

struct event event_queue_take(struct event_queue *queue)
{
    struct event first = queue->events[0];
    queue->events[0] = queue->events[--queue->count];
    for (size_t at = 0;;) {
        size_t least = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2; child++) {
            if (child < queue->count && before(&queue->events[child], &queue->events[least]))
                least = child;
        }
        if (least == at)
            return first;
        swap(queue, at, least);
        at = least;
    }
}

int64_t event_queue_next(const struct event_queue *queue)
{
    return queue->count ? queue->events[0].at_usec : INT64_MAX;
}

void event_queue_deinit(struct event_queue *queue)
{
    for (size_t i = 0; i < queue->count; i++)
        free(queue->events[i].bytes);
    free(queue->events);
    *queue = (struct event_queue){0};
}
