/* test_deadline_heap.c — tests of deadline_heap.h. */
#include "deadline_heap.h"

#include "unit.h"

enum { NODES = 200, STEPS = 20000 };
#define SEED UINT64_C(20240601)

static struct mono_time at(int64_t usec)
{
    return (struct mono_time){.usec = usec};
}

/* Every element knows its place, and none is earlier than its parent. */
static void check_invariants(const struct deadline_heap *heap)
{
    assert_true(heap->count <= heap->capacity);
    for (size_t position = 1; position <= heap->count; position++) {
        const struct deadline *node = heap->nodes[position - 1];
        assert_int_equal(node->position, position);
        if (position > 1)
            assert_false(mono_time_before(node->at, heap->nodes[position / 2 - 1]->at));
    }
}

/* The model: look at every node. */
static void check_against_nodes(const struct deadline_heap *heap, const struct deadline *nodes,
                                const bool *is_in)
{
    size_t count = 0;
    struct mono_time earliest = MONO_TIME_NEVER;
    for (size_t i = 0; i < NODES; i++) {
        assert_int_equal(deadline_is_set(&nodes[i]), is_in[i]);
        if (!is_in[i])
            continue;
        count++;
        if (mono_time_before(nodes[i].at, earliest))
            earliest = nodes[i].at;
    }
    assert_int_equal(heap->count, count);
    const struct deadline *first = deadline_heap_first(heap);
    if (count == 0)
        assert_null(first);
    else
        assert_true(first->at.usec == earliest.usec);
}

static void random_operations(void **state)
{
    (void)state;
    uint64_t seed = SEED;
    print_message("seed %llu\n", (unsigned long long)seed);
    struct deadline_heap heap = {0};
    assert_int_equal(deadline_heap_init(&heap, NODES), ERR_OK);
    struct deadline nodes[NODES] = {0};
    bool is_in[NODES] = {false};
    for (size_t step = 0; step < STEPS; step++) {
        size_t i = random_below(&seed, NODES);
        switch (random_below(&seed, 4)) {
        case 0:
            deadline_heap_cancel(&heap, &nodes[i]);
            is_in[i] = false;
            break;
        case 1:
            if (heap.count > 0) {
                i = (size_t)(deadline_heap_first(&heap) - nodes);
                deadline_heap_cancel(&heap, &nodes[i]);
                is_in[i] = false;
            }
            break;
        default: {
            /* Few different instants, so that many are equal. */
            struct mono_time when = at((int64_t)random_below(&seed, 50) - 10);
            deadline_heap_set(&heap, &nodes[i], when);
            assert_true(nodes[i].at.usec == when.usec);
            is_in[i] = true;
        }
        }
        check_invariants(&heap);
        check_against_nodes(&heap, nodes, is_in);
    }
    deadline_heap_deinit(&heap);
}

static void comes_out_in_order(void **state)
{
    (void)state;
    uint64_t seed = SEED;
    struct deadline_heap heap = {0};
    assert_int_equal(deadline_heap_init(&heap, NODES), ERR_OK);
    struct deadline nodes[NODES] = {0};
    for (size_t i = 0; i < NODES; i++)
        deadline_heap_set(&heap, &nodes[i], at((int64_t)random_below(&seed, 1000)));
    assert_int_equal(heap.count, heap.capacity);
    struct mono_time last = at(INT64_MIN);
    for (size_t i = 0; i < NODES; i++) {
        struct deadline *first = deadline_heap_first(&heap);
        assert_false(mono_time_before(first->at, last));
        last = first->at;
        deadline_heap_cancel(&heap, first);
        assert_false(deadline_is_set(first));
    }
    assert_null(deadline_heap_first(&heap));
    deadline_heap_deinit(&heap);
}

static void cancel_twice_is_nothing(void **state)
{
    (void)state;
    struct deadline_heap heap = {0};
    assert_int_equal(deadline_heap_init(&heap, 1), ERR_OK);
    struct deadline node = {0};
    deadline_heap_cancel(&heap, &node);
    deadline_heap_set(&heap, &node, at(0));
    assert_true(deadline_is_set(&node));
    deadline_heap_cancel(&heap, &node);
    deadline_heap_cancel(&heap, &node);
    assert_null(deadline_heap_first(&heap));
    deadline_heap_deinit(&heap);
}

static void too_large_a_heap_is_refused(void **state)
{
    (void)state;
    struct deadline_heap heap = {0};
    assert_int_equal(deadline_heap_init(&heap, SIZE_MAX), ERR_NO_MEMORY);
    assert_null(heap.nodes);
    deadline_heap_deinit(&heap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_operations),
        cmocka_unit_test(comes_out_in_order),
        cmocka_unit_test(cancel_twice_is_nothing),
        cmocka_unit_test(too_large_a_heap_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
