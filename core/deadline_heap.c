/* deadline_heap.c — the earliest of many deadlines, in a binary heap. */
#include "deadline_heap.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

enum err deadline_heap_init(struct deadline_heap *heap, size_t capacity)
{
    assert(capacity >= 1);
    if (capacity > SIZE_MAX / sizeof *heap->nodes)
        return ERR_NO_MEMORY;
    /* Never cleared: the pages of places that were never needed stay untouched. */
    struct deadline **nodes = malloc(capacity * sizeof *nodes);
    if (!nodes)
        return ERR_NO_MEMORY;
    *heap = (struct deadline_heap){.nodes = nodes, .capacity = capacity};
    return ERR_OK;
}

void deadline_heap_deinit(struct deadline_heap *heap)
{
    free(heap->nodes);
    *heap = (struct deadline_heap){0};
}

/* Positions are 1-based: the parent of p is p / 2, its children 2p and 2p + 1. */
static struct deadline *node_at(const struct deadline_heap *heap, size_t position)
{
    return heap->nodes[position - 1];
}

static void place(struct deadline_heap *heap, size_t position, struct deadline *node)
{
    heap->nodes[position - 1] = node;
    node->position = position;
}

/* Finds the place of |node|, starting from the free place |position|, and puts it there. */
static void settle(struct deadline_heap *heap, size_t position, struct deadline *node)
{
    while (position > 1 && mono_time_before(node->at, node_at(heap, position / 2)->at)) {
        place(heap, position, node_at(heap, position / 2));
        position /= 2;
    }
    while (position <= heap->count / 2) {
        size_t child = position * 2;
        if (child < heap->count &&
            mono_time_before(node_at(heap, child + 1)->at, node_at(heap, child)->at))
            child++;
        if (!mono_time_before(node_at(heap, child)->at, node->at))
            break;
        place(heap, position, node_at(heap, child));
        position = child;
    }
    place(heap, position, node);
}

static void assert_member(const struct deadline_heap *heap, const struct deadline *node)
{
    assert(node->position <= heap->count && node_at(heap, node->position) == node);
}

void deadline_heap_set(struct deadline_heap *heap, struct deadline *node, struct mono_time at)
{
    assert(!mono_time_is_never(at));
    size_t position = node->position;
    if (position == 0) {
        assert(heap->count < heap->capacity);
        position = ++heap->count;
    } else {
        assert_member(heap, node);
    }
    node->at = at;
    settle(heap, position, node);
}

void deadline_heap_cancel(struct deadline_heap *heap, struct deadline *node)
{
    size_t hole = node->position;
    if (hole == 0)
        return;
    assert_member(heap, node);
    struct deadline *last = node_at(heap, heap->count);
    heap->count--;
    node->position = 0;
    if (last != node)
        settle(heap, hole, last);
}

struct deadline *deadline_heap_first(const struct deadline_heap *heap)
{
    return heap->count > 0 ? node_at(heap, 1) : NULL;
}
