/* test_turn_allocation.c — allocations by five-tuple and by relay id. */
#include "unit.h"

#include "turn_allocation.h"

#include <string.h>

enum { CAPACITY = 50 };

static const struct siphash_key key = {.k0 = 9, .k1 = 10};

static struct five_tuple tuple(uint16_t port)
{
    const uint8_t client[4] = {192, 0, 2, 1}, server[4] = {203, 0, 113, 9};
    return (struct five_tuple){.client = transport_addr_v4(client, port),
                               .server = transport_addr_v4(server, 3478)};
}

static struct turn_allocation *make(struct turn_allocation_table *table, uint16_t port)
{
    struct five_tuple t = tuple(port);
    return turn_allocation_new(table, &t);
}

static struct turn_allocation *find(const struct turn_allocation_table *table, uint16_t port)
{
    struct five_tuple t = tuple(port);
    return turn_allocation_find(table, &t);
}

static void found_by_five_tuple(void **state)
{
    (void)state;
    struct turn_allocation_table table;
    assert_int_equal(turn_allocation_table_init(&table, CAPACITY, key), ERR_OK);
    for (uint16_t i = 0; i < CAPACITY; i++) {
        struct turn_allocation *a = make(&table, (uint16_t)(1000 + i));
        assert_non_null(a);
        assert_int_equal(a->state, TURN_ALLOCATION_OPENING);
    }
    assert_null(make(&table, 999)); /* the table is full */
    for (uint16_t i = 0; i < CAPACITY; i++) {
        const struct turn_allocation *a = find(&table, (uint16_t)(1000 + i));
        assert_non_null(a);
        assert_int_equal(a->five_tuple.client.port, 1000 + i);
    }
    assert_null(find(&table, 999));
    struct five_tuple other = tuple(1000);
    other.server.ip[3]++;
    assert_null(turn_allocation_find(&table, &other)); /* both ends count */
    turn_allocation_table_deinit(&table);
}

static void found_again_while_it_lives(void **state)
{
    (void)state;
    struct turn_allocation_table table;
    struct five_tuple first = tuple(1000), second = tuple(1001);
    assert_int_equal(turn_allocation_table_init(&table, 2, key), ERR_OK);
    assert_null(turn_allocation_find_again(&table, &first));
    struct turn_allocation *a = make(&table, 1000), *b = make(&table, 1001);
    for (int i = 0; i < 2; i++) {
        assert_ptr_equal(turn_allocation_find_again(&table, &first), a);
        assert_ptr_equal(turn_allocation_find_again(&table, &first), a);
        assert_ptr_equal(turn_allocation_find_again(&table, &second), b);
    }
    turn_allocation_end(&table, b);
    assert_null(turn_allocation_find_again(&table, &second));
    assert_ptr_equal(turn_allocation_find_again(&table, &first), a);
    turn_allocation_end(&table, a);
    assert_null(turn_allocation_find_again(&table, &first));
    b = make(&table, 1001); /* in the place of the former */
    assert_null(turn_allocation_find_again(&table, &first));
    assert_ptr_equal(turn_allocation_find_again(&table, &second), b);
    turn_allocation_end(&table, b);
    turn_allocation_table_deinit(&table);
}

static void relay_ids_have_generations(void **state)
{
    (void)state;
    struct turn_allocation_table table;
    assert_int_equal(turn_allocation_table_init(&table, 1, key), ERR_OK);
    struct turn_relay_id ids[5];
    for (uint16_t i = 0; i < 5; i++) {
        struct turn_allocation *a = make(&table, (uint16_t)(1000 + i));
        assert_non_null(a);
        ids[i] = turn_allocation_relay_id(&table, a);
        assert_ptr_equal(turn_allocation_at(&table, ids[i]), a);
        for (uint16_t k = 0; k < i; k++) {
            assert_int_equal(ids[k].index, ids[i].index);
            assert_null(turn_allocation_at(&table, ids[k]));
        }
        turn_allocation_end(&table, a);
        assert_null(turn_allocation_at(&table, ids[i]));
        assert_null(find(&table, (uint16_t)(1000 + i)));
    }
    assert_null(turn_allocation_at(&table, (struct turn_relay_id){.index = 7, .generation = 1}));
    turn_allocation_table_deinit(&table);
}

static void keys_are_wiped(void **state)
{
    (void)state;
    static const struct turn_opening zeros;
    struct turn_allocation_table table;
    assert_int_equal(turn_allocation_table_init(&table, 1, key), ERR_OK);
    struct turn_allocation *a = make(&table, 1000);
    assert_non_null(a);
    memset(&a->opening, 0xEE, sizeof(a->opening));
    turn_allocation_end(&table, a);
    /* The memory is the pool's, and still there. */
    assert_memory_equal(&a->opening, &zeros, sizeof(zeros));
    turn_allocation_table_deinit(&table);
}

static void deadlines_know_their_allocation(void **state)
{
    (void)state;
    struct turn_allocation_table table;
    assert_int_equal(turn_allocation_table_init(&table, 2, key), ERR_OK);
    struct turn_allocation *a = make(&table, 1000), *b = make(&table, 1001);
    assert_non_null(a);
    assert_non_null(b);
    deadline_heap_set(&table.deadlines, &a->expiry, (struct mono_time){.usec = 20});
    deadline_heap_set(&table.deadlines, &b->expiry, (struct mono_time){.usec = 10});
    assert_ptr_equal(turn_allocation_of_deadline(deadline_heap_first(&table.deadlines)), b);
    turn_allocation_end(&table, b); /* takes its deadline along */
    assert_ptr_equal(turn_allocation_of_deadline(deadline_heap_first(&table.deadlines)), a);
    turn_allocation_end(&table, a);
    assert_null(deadline_heap_first(&table.deadlines));
    turn_allocation_table_deinit(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(found_by_five_tuple),
        cmocka_unit_test(found_again_while_it_lives),
        cmocka_unit_test(relay_ids_have_generations),
        cmocka_unit_test(keys_are_wiped),
        cmocka_unit_test(deadlines_know_their_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
