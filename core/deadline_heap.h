/* deadline_heap.h — the earliest of many deadlines, in a binary heap.
 *
 * Each element holds its own position, so moving and cancelling need no search.
 */
#ifndef RELAY_DEADLINE_HEAP_H
#define RELAY_DEADLINE_HEAP_H

#include "err.h"
#include "mono_time.h"

#include <stdbool.h>
#include <stddef.h>

/* Embedded in what has a deadline. All zero = not in a heap. */
struct deadline {
    struct mono_time at;
    size_t position; /* 1-based place in the heap; 0 = not in it */
};

struct deadline_heap {
    struct deadline **nodes;
    size_t count;
    size_t capacity;
};

/* deadline_heap_init reserves |capacity| >= 1 places: ERR_OK or ERR_NO_MEMORY. Memory of
 * places that are never needed is never touched. */
enum err deadline_heap_init(struct deadline_heap *heap, size_t capacity) MUST_CHECK;

/* deadline_heap_deinit frees the heap, not the elements. A zeroed heap is fine. */
void deadline_heap_deinit(struct deadline_heap *heap);

/* deadline_heap_set puts |node| in, or moves it, to |at| (not NEVER). The heap
 * must have room: its capacity is the number of elements that can exist. O(log n). */
void deadline_heap_set(struct deadline_heap *heap, struct deadline *node, struct mono_time at);

/* deadline_heap_cancel takes |node| out if it is in. O(log n). */
void deadline_heap_cancel(struct deadline_heap *heap, struct deadline *node);

/* deadline_heap_first returns the earliest element, one of them when several are equal, NULL
 * when empty. It stays in the heap. O(1). */
struct deadline *deadline_heap_first(const struct deadline_heap *heap);

/* deadline_is_set: |node| is in a heap. */
static inline bool deadline_is_set(const struct deadline *node)
{
    return node->position != 0;
}

#endif
