/* test_draining.c — a draining shard among others: who makes the allocations that it does not, and
 * who answers whom. */
#include "counter_page.h"
#include "host_fixture.h"

#include "unit.h"

enum { SHARDS = 3, LOOK_MSEC = 250 };

static struct host host;

static int setup(void **state)
{
    (void)state;
    host_init(&host, SHARDS);
    for (uint32_t i = 0; i < SHARDS; i++)
        host_start(&host, i);
    host_run(&host, 5000);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    host_deinit(&host);
    return 0;
}

static void drain(uint32_t shard, bool is_draining)
{
    process_set_draining(host.slots[shard].process, is_draining);
    host_run(&host, LOOK_MSEC);
}

/* Which shard has an allocation of |client|; fails unless it is exactly one. */
static uint32_t holder(unsigned client)
{
    uint32_t found = SHARDS;

    for (uint32_t i = 0; i < SHARDS; i++)
        if (host_has(&host, i, client)) {
            assert_int_equal(found, SHARDS);
            found = i;
        }
    assert_in_range(found, 0, SHARDS - 1);
    assert_int_equal(host_owner(&host, client), found);
    return found;
}

static void another_shard_makes_it_and_serves_it(void **state)
{
    (void)state;
    drain(0, true);
    assert_int_equal(host_allocate(&host, 0, 0), 0);
    uint32_t by = holder(0);

    assert_int_not_equal(by, 0);
    assert_int_equal(host_count(&host, 0, SHARD_COUNT_DRAIN_HANDED_ON), 1);
    /* At once, although its five-tuple was nobody's a moment ago. */
    assert_int_equal(host_bind(&host, 0, 0), 0);
    host_send(&host, 0, 0);
    host_run(&host, 10);
    assert_int_equal(host.relayed, 1);
    assert_int_equal(host_ask(&host, 0, 0, TURN_REFRESH, NO_ATTRS), 0);
    assert_int_equal(host_allocate(&host, 0, 0), 437);
    assert_int_equal(host_ask(&host, 0, 0, TURN_REFRESH, ATTRS(LIFETIME(0))), 0);
    host_run(&host, 2000);
    assert_int_equal(host_owner(&host, 0), -1);
    /* And once more. */
    assert_int_equal(host_allocate(&host, 0, 0), 0);
    assert_int_equal(holder(0), by);
}

static void retransmissions_meet(void **state)
{
    (void)state;
    drain(0, true);
    (void)host_ask(&host, 0, 0, TURN_ALLOCATE, ATTRS(UDP));
    /* Slow enough for several to be under way. */
    host.delay_usec = 40000;
    struct message message = client_message(&host.clients[0], TURN_ALLOCATE, ATTRS(UDP));
    const struct queued head = {.five_tuple = host.clients[0].tuple};

    client_build(&host.clients[0], host.crypto, &message);
    for (int i = 0; i < 10; i++) {
        datagram_queue_add(
            &host.slots[0].listener, &head,
            (struct bytes){.data = host.clients[0].request, .len = host.clients[0].request_len});
        host_run(&host, 30);
    }
    host_run(&host, 500);
    assert_int_equal(host.error, 0);
    assert_int_not_equal(holder(0), 0);
}

static void what_it_has_is_answered_here(void **state)
{
    (void)state;
    assert_int_equal(host_allocate(&host, 0, 0), 0);
    drain(0, true);
    assert_int_equal(host_bind(&host, 0, 0), 0);
    host_send(&host, 0, 0);
    host_run(&host, 10);
    assert_int_equal(host.relayed, 1);
    assert_int_equal(host_allocate(&host, 0, 0), 437);
    /* Also when it comes over another shard. */
    assert_int_equal(host_allocate(&host, 0, 1), 437);
    assert_int_equal(host_bind(&host, 0, 1), 0);
    assert_int_equal(holder(0), 0);
    assert_int_equal(host_count(&host, 0, SHARD_COUNT_DRAIN_HANDED_ON), 0);
}

static void an_allocate_goes_to_its_owner(void **state)
{
    (void)state;
    for (unsigned client = 0; client < HOST_CLIENTS; client++)
        assert_int_equal(host_allocate(&host, client, 1), 0);
    drain(0, true);
    /* Whoever would be chosen for a new one. */
    for (unsigned client = 0; client < HOST_CLIENTS; client++) {
        assert_int_equal(host_allocate(&host, client, 0), 437);
        assert_int_equal(holder(client), 1);
    }
    assert_int_equal(host_count(&host, 0, SHARD_COUNT_DRAIN_HANDED_ON), 0);
}

static void an_owner_that_drains_too_is_still_the_owner(void **state)
{
    (void)state;
    assert_int_equal(host_allocate(&host, 0, 1), 0);
    drain(0, true);
    drain(1, true);
    assert_int_equal(host_allocate(&host, 0, 0), 437);
    assert_int_equal(holder(0), 1);
    assert_int_equal(host_bind(&host, 0, 0), 0);
}

static void nobody_is_left(void **state)
{
    (void)state;
    assert_int_equal(host_allocate(&host, 1, 2), 0);
    for (uint32_t i = 0; i < SHARDS; i++)
        drain(i, true);
    for (uint32_t i = 0; i < SHARDS; i++)
        assert_int_equal(host_allocate(&host, 0, i), 508);
    assert_int_equal(host_count(&host, 2, SHARD_COUNT_DRAIN_REFUSED), 1);
    assert_int_equal(host_owner(&host, 0), -1);
    assert_int_equal(host_bind(&host, 1, 2), 0);
    drain(1, false);
    assert_int_equal(host_allocate(&host, 0, 0), 0);
    assert_int_equal(holder(0), 1);
}

/* It was chosen, and has not made the allocation: it began to drain a moment before. */
static void who_was_chosen_drains_too(void **state)
{
    (void)state;
    drain(0, true);
    assert_int_equal(host_allocate(&host, 0, 0), 0);
    uint32_t first = holder(0), second = 3 - first;

    assert_int_equal(host_ask(&host, 0, 0, TURN_REFRESH, ATTRS(LIFETIME(0))), 0);
    process_set_draining(host.slots[first].process, true);
    assert_int_equal(host_allocate(&host, 0, 0), HOST_NO_ANSWER);
    assert_int_equal(host_count(&host, first, SHARD_COUNT_REDIRECT_HOP_LIMIT), 1);
    /* The client asks again. */
    assert_int_equal(host_allocate(&host, 0, 0), 0);
    assert_int_equal(holder(0), second);
    assert_int_equal(host_bind(&host, 0, 0), 0);
}

static void who_was_chosen_is_gone(void **state)
{
    (void)state;
    drain(0, true);
    assert_int_equal(host_allocate(&host, 0, 0), 0);
    uint32_t first = holder(0);

    /* It comes back with what it had. */
    host_kill(&host, first);
    host_run(&host, LOOK_MSEC);
    assert_int_equal(host_allocate(&host, 0, 0), HOST_NO_ANSWER);
    host_start(&host, first);
    host_run(&host, 1000);
    assert_int_equal(host_allocate(&host, 0, 0), 437);
    assert_int_equal(holder(0), first);
    /* New ones do not go to a shard that is not there. */
    host_kill(&host, first);
    host_run(&host, LOOK_MSEC);
    for (unsigned client = 1; client < HOST_CLIENTS; client++) {
        assert_int_equal(host_allocate(&host, client, 0), 0);
        assert_int_equal(holder(client), 3 - first);
    }
}

static void without_the_registry(void **state)
{
    (void)state;
    assert_int_equal(host_allocate(&host, 0, 0), 0);
    drain(0, true);
    host.network.is_away = true;
    for (uint32_t i = 0; i < SHARDS; i++)
        host_link(&host, i, false);
    assert_int_equal(host_allocate(&host, 1, 0), 0);
    assert_int_equal(host_bind(&host, 1, 0), 0);
    assert_int_equal(host_allocate(&host, 0, 0), 437);
    assert_false(host_has(&host, 0, 1));
    host.network.is_away = false;
    for (uint32_t i = 0; i < SHARDS; i++)
        host_link(&host, i, true);
    host_run(&host, 8000);
    assert_int_equal(holder(0), 0);
    assert_int_not_equal(holder(1), 0);
    assert_int_equal(host_bind(&host, 1, 0), 0);
}

static void it_ends(void **state)
{
    (void)state;
    drain(0, true);
    assert_int_equal(host_allocate(&host, 0, 0), 0);
    uint32_t by = holder(0);

    drain(0, false);
    assert_int_equal(host_bind(&host, 0, 0), 0);
    assert_int_equal(host_allocate(&host, 0, 0), 437);
    assert_int_equal(holder(0), by);
    assert_int_equal(host_allocate(&host, 1, 0), 0);
    assert_int_equal(holder(1), 0);
}

static void the_lease_says_so(void **state)
{
    const struct shard_lease *lease = &host.network.store.leases[0].lease;

    (void)state;
    drain(0, true);
    assert_int_equal(lease->owner.shard, 0);
    assert_int_equal(lease->state, SHARD_STATE_DRAINING);
    drain(0, false);
    assert_int_equal(lease->state, SHARD_STATE_SERVING);
    /* Not before its relay ports are open. */
    host_kill(&host, 0);
    host_start(&host, 0);
    process_set_draining(host.slots[0].process, true);
    assert_int_not_equal(lease->state, SHARD_STATE_DRAINING);
    host_run(&host, 1000);
    assert_int_equal(lease->state, SHARD_STATE_DRAINING);
}

/* Who starts with other slices waits for those whose relay ports are not open yet, and for no
 * others. */
static void nobody_waits_for_one_that_is_dead_and_was_draining(void **state)
{
    (void)state;
    host.shards = 4;
    host_start(&host, 3);
    for (uint32_t i = 0; i < SHARDS; i++)
        host_kill(&host, i);
    host.shards = 2;
    host_start(&host, 1);
    host_run(&host, 5000);
    drain(1, true);
    host_kill(&host, 1);
    host_start(&host, 0);
    host_run(&host, 100);
    assert_true(host.slots[0].process->is_ready);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
        TEST(another_shard_makes_it_and_serves_it),
        TEST(retransmissions_meet),
        TEST(what_it_has_is_answered_here),
        TEST(an_allocate_goes_to_its_owner),
        TEST(an_owner_that_drains_too_is_still_the_owner),
        TEST(nobody_is_left),
        TEST(who_was_chosen_drains_too),
        TEST(who_was_chosen_is_gone),
        TEST(without_the_registry),
        TEST(it_ends),
        TEST(the_lease_says_so),
        TEST(nobody_waits_for_one_that_is_dead_and_was_draining),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
