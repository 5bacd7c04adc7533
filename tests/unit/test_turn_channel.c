/* test_turn_channel.c — channels by number and by peer, each allocation's own. */
#include "unit.h"

#include "turn_allocation.h"
#include "turn_channel.h"
#include "turn_limits.h"

static const struct siphash_key key = {.k0 = 11, .k1 = 12};

static struct mono_time at(int64_t sec)
{
    return (struct mono_time){.usec = sec * USEC_PER_SEC};
}

static struct transport_addr peer(uint16_t port)
{
    const uint8_t ip[4] = {8, 8, 8, 8};
    return transport_addr_v4(ip, port);
}

struct both {
    struct turn_allocation allocations[2]; /* not in a table: channels need none */
    struct turn_channel_table table;
};

static void set_up(struct both *b, uint32_t capacity)
{
    *b = (struct both){0};
    assert_int_equal(turn_channel_table_init(&b->table, capacity, key), ERR_OK);
}

static struct turn_channel *bind(struct both *b, size_t allocation, uint16_t number, uint16_t port)
{
    struct transport_addr p = peer(port);
    return turn_channel_new(&b->table, &b->allocations[allocation], number, &p, at(0));
}

static struct turn_channel *by_peer(struct both *b, size_t allocation, uint16_t port)
{
    struct transport_addr p = peer(port);
    return turn_channel_by_peer(&b->table, &b->allocations[allocation], &p);
}

static void found_by_number_and_peer(void **state)
{
    (void)state;
    struct both b;
    set_up(&b, 40);
    for (uint16_t i = 0; i < 20; i++) {
        assert_non_null(bind(&b, 0, (uint16_t)(0x4000 + i), (uint16_t)(100 + i)));
        assert_non_null(bind(&b, 1, (uint16_t)(0x4000 + i), (uint16_t)(119 - i)));
    }
    assert_null(bind(&b, 0, 0x4FFF, 999)); /* the table is full */
    for (size_t k = 0; k < 2; k++) {
        assert_int_equal(b.allocations[k].channel_count, 20);
        for (uint16_t i = 0; i < 20; i++) {
            /* Twice, as the one found last is remembered. */
            for (int again = 0; again < 2; again++) {
                const struct turn_channel *c =
                    turn_channel_by_number(&b.table, &b.allocations[k], (uint16_t)(0x4000 + i));
                assert_non_null(c);
                assert_int_equal(c->peer.port, k == 0 ? 100 + i : 119 - i);
                assert_ptr_equal(by_peer(&b, k, c->peer.port), c);
            }
        }
        assert_null(turn_channel_by_number(&b.table, &b.allocations[k], 0x4020));
        assert_null(by_peer(&b, k, 99));
    }
    turn_channel_table_deinit(&b.table);
}

/* What is remembered for speed must not outlive its channel. */
static void ended_channels_are_not_found(void **state)
{
    (void)state;
    struct both b;
    set_up(&b, 2);
    struct turn_channel *first = bind(&b, 0, 0x4000, 100);
    assert_non_null(first);
    assert_non_null(bind(&b, 0, 0x4001, 101));
    assert_ptr_equal(turn_channel_by_number(&b.table, &b.allocations[0], 0x4000), first);
    assert_ptr_equal(by_peer(&b, 0, 100), first);
    turn_channel_end(&b.table, first);
    assert_null(turn_channel_by_number(&b.table, &b.allocations[0], 0x4000));
    assert_null(by_peer(&b, 0, 100));
    assert_int_equal(b.allocations[0].channel_count, 1);
    /* The same memory, of another allocation now. */
    struct turn_channel *next = bind(&b, 1, 0x4000, 100);
    assert_ptr_equal(next, first);
    assert_null(turn_channel_by_number(&b.table, &b.allocations[0], 0x4000));
    assert_null(by_peer(&b, 0, 100));
    assert_ptr_equal(by_peer(&b, 1, 100), next);
    turn_channel_table_deinit(&b.table);
}

static void lists_hold_together(void **state)
{
    (void)state;
    struct both b;
    uint64_t seed = 12;
    set_up(&b, 30);
    struct turn_channel *channels[30];
    for (uint16_t i = 0; i < 30; i++)
        channels[i] = bind(&b, 0, (uint16_t)(0x4000 + i), (uint16_t)(100 + i));
    for (uint32_t left = 30; left > 0; left--) {
        uint32_t count = 0;
        for (const struct turn_channel *c = b.allocations[0].channels; c; c = c->next) {
            assert_true(!c->next || c->next->previous == c);
            count++;
        }
        assert_int_equal(count, left);
        assert_int_equal(b.allocations[0].channel_count, left);
        size_t end = random_below(&seed, left);
        turn_channel_end(&b.table, channels[end]);
        channels[end] = channels[left - 1];
    }
    assert_null(b.allocations[0].channels);
    assert_null(deadline_heap_first(&b.table.deadlines));
    turn_channel_table_deinit(&b.table);
}

static void life(void **state)
{
    (void)state;
    struct both b;
    set_up(&b, 1);
    struct turn_channel *c = bind(&b, 0, 0x4000, 100);
    assert_non_null(c);
    assert_true(turn_channel_is_bound(c, at(599)));
    assert_false(turn_channel_is_bound(c, at(600)));
    struct deadline *forget = deadline_heap_first(&b.table.deadlines);
    assert_ptr_equal(turn_channel_of_deadline(forget), c);
    assert_int_equal(forget->at.usec, at(900).usec);
    turn_channel_bind_again(&b.table, c, at(700)); /* revived while it was reserved */
    assert_true(turn_channel_is_bound(c, at(1299)));
    assert_false(turn_channel_is_bound(c, at(1300)));
    assert_int_equal(deadline_heap_first(&b.table.deadlines)->at.usec, at(1600).usec);
    turn_channel_table_deinit(&b.table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(found_by_number_and_peer),
        cmocka_unit_test(ended_channels_are_not_found),
        cmocka_unit_test(lists_hold_together),
        cmocka_unit_test(life),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
