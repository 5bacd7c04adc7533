/* test_restore.c — tests of restore.h, with the core and the registry around it. */
#include "restore.h"

#include "host_fixture.h"

#include "unit.h"

enum { TOP_OF_FIRST_SLICE = 50011 }; /* of two */

static struct host host;

static int setup(void **state)
{
    (void)state;
    host_init(&host, 2);
    host_start(&host, 0);
    host_start(&host, 1);
    host_run(&host, 100);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    host_deinit(&host);
    return 0;
}

static bool serves(uint32_t shard)
{
    return host.slots[shard].process->is_ready;
}

/* All stop, and |shards| others are about to be started. */
static void stop_all(uint32_t shards)
{
    for (uint32_t i = 0; i < HOST_SHARDS_MAX; i++)
        host_kill(&host, i);
    host.shards = shards;
}

static void a_killed_shard_comes_back_with_all_it_had(void **state)
{
    uint16_t port;

    (void)state;
    assert_int_equal(host_allocate(&host, 0, 1), 0);
    assert_int_equal(host_bind(&host, 0, 1), 0);
    port = host.clients[0].relayed_v4.port;
    host_kill(&host, 1);
    host_start(&host, 1);
    assert_false(serves(1));
    host_run(&host, 50);
    assert_true(serves(1));
    assert_non_null(process_relay_of(host.slots[1].process, port));
    host_send(&host, 0, 1);
    host_run(&host, 1);
    assert_int_equal(host.relayed, 1);
    assert_int_equal(host_count(&host, 1, TURN_COUNT_ALLOCATIONS_RESTORED), 1);
    assert_int_equal(host_ask(&host, 0, 1, TURN_REFRESH, NO_ATTRS), 0);
}

static void one_whose_port_is_taken_is_dropped_for_good(void **state)
{
    (void)state;
    assert_int_equal(host_allocate(&host, 0, 1), 0);
    host_kill(&host, 1);
    host.taken_port = host.clients[0].relayed_v4.port;
    host_start(&host, 1);
    host_run(&host, 100);
    assert_true(serves(1));
    host_run(&host, 3000);
    assert_int_equal(host_count(&host, 1, SHARD_COUNT_RESTORE_DROPPED), 1);
    assert_false(host_has(&host, 1, 0));
    assert_int_equal(host_owner(&host, 0), -1);
}

/* Another shard, whose slice the port is in by now, has opened it and is about to be told that it
 * is not its to give out. */
static void one_whose_port_is_taken_for_a_moment_is_restored(void **state)
{
    (void)state;
    stop_all(1);
    host_start(&host, 0);
    host_run(&host, 50);
    do {
        assert_int_equal(host_allocate(&host, 0, 0), 0);
        if (host.clients[0].relayed_v4.port > TOP_OF_FIRST_SLICE)
            break;
        assert_int_equal(host_ask(&host, 0, 0, TURN_REFRESH, ATTRS(LIFETIME(0))), 0);
    } while (true);
    stop_all(2);
    host.taken_port = host.clients[0].relayed_v4.port;
    host_start(&host, 0);
    host_start(&host, 1);
    host_run(&host, 100);
    assert_true(serves(0));
    assert_false(host_has(&host, 0, 0));
    host.taken_port = 0;
    host_run(&host, 1000);
    assert_true(host_has(&host, 0, 0));
    assert_int_equal(host_count(&host, 0, SHARD_COUNT_RESTORE_DROPPED), 0);
}

/* A socket of somebody else on this host, to which the kernel gave that very port. */
static void one_whose_port_of_the_own_slice_is_taken_for_a_moment_is_restored(void **state)
{
    (void)state;
    assert_int_equal(host_allocate(&host, 0, 1), 0);
    assert_int_equal(host_bind(&host, 0, 1), 0);
    host_kill(&host, 1);
    host.taken_port = host.clients[0].relayed_v4.port;
    host_start(&host, 1);
    host_run(&host, 100);
    assert_true(serves(1));
    assert_false(host_has(&host, 1, 0));
    host.taken_port = 0;
    host_run(&host, 1000);
    assert_true(host_has(&host, 1, 0));
    assert_int_equal(host_count(&host, 1, SHARD_COUNT_RESTORE_DROPPED), 0);
    assert_int_equal(host_count(&host, 1, TURN_COUNT_PORTS_RESTING), 0);
}

static void one_whose_time_is_over_is_dropped(void **state)
{
    (void)state;
    assert_int_equal(host_allocate(&host, 0, 1), 0);
    host_kill(&host, 1);
    host_run(&host, 601 * 1000);
    host_start(&host, 1);
    host_run(&host, 100);
    assert_int_equal(host_count(&host, 1, SHARD_COUNT_RESTORE_DROPPED), 1);
    assert_int_equal(host_owner(&host, 0), -1);
}

static void one_of_another_secret_is_dropped(void **state)
{
    (void)state;
    assert_int_equal(host_allocate(&host, 0, 1), 0);
    host_kill(&host, 1);
    host.setup.config.secret = bytes_of_text("another");
    host_start(&host, 1);
    host_run(&host, 100);
    assert_int_equal(host_count(&host, 1, SHARD_COUNT_RESTORE_DROPPED), 1);
    assert_int_equal(host_owner(&host, 0), -1);
}

static void a_registry_that_is_away_is_not_waited_for(void **state)
{
    (void)state;
    assert_int_equal(host_allocate(&host, 0, 1), 0);
    host_kill(&host, 1);
    host.network.is_away = true;
    host_start(&host, 1);
    host_run(&host, RESTORE_LEASE_MSEC - 50);
    assert_false(serves(1));
    host_run(&host, 100);
    assert_true(serves(1));
    /* It restores when that is back. */
    host.network.is_away = false;
    host_link(&host, 1, true);
    host_run(&host, 100);
    assert_true(host_has(&host, 1, 0));
}

static void a_listing_that_is_lost_is_asked_for_again(void **state)
{
    (void)state;
    assert_int_equal(host_allocate(&host, 0, 1), 0);
    host_kill(&host, 1);
    host_start(&host, 1);
    while (host_count(&host, 1, SHARD_COUNT_LEASE_HELD) == 0)
        host_run(&host, 1);
    host.delay_usec = OWNERSHIP_MODEL_LOST;
    host_run(&host, 300);
    assert_false(host_has(&host, 1, 0));
    assert_true(serves(1));
    host.delay_usec = 0;
    host_run(&host, RESTORE_RETRY_MSEC + 400);
    assert_true(host_has(&host, 1, 0));
}

static void records_of_shards_that_are_no_more_are_adopted(void **state)
{
    (void)state;
    assert_int_equal(host_allocate(&host, 0, 0), 0);
    assert_int_equal(host_allocate(&host, 1, 1), 0);
    assert_int_equal(host_bind(&host, 1, 1), 0);
    stop_all(1);
    host_start(&host, 0);
    host_run(&host, 200);
    assert_true(serves(0));
    assert_int_equal(host_count(&host, 0, SHARD_COUNT_ADOPTED), 1);
    assert_int_equal(host_owner(&host, 0), 0);
    assert_int_equal(host_owner(&host, 1), 0);
    host_send(&host, 1, 0);
    host_run(&host, 1);
    assert_int_equal(host.relayed, 1);
    for (size_t i = 0; i < host.network.store.lease_count; i++)
        assert_int_equal(host.network.store.leases[i].lease.state,
                         host.network.store.leases[i].lease.owner.shard == 0 ? SHARD_STATE_SERVING
                                                                             : SHARD_STATE_STOPPED);
}

static void it_does_not_serve_before_what_it_adopted_is_claimed(void **state)
{
    (void)state;
    assert_int_equal(host_allocate(&host, 0, 1), 0);
    stop_all(1);
    host_start(&host, 0);
    while (!serves(0))
        host_run(&host, 1);
    assert_int_equal(host_owner(&host, 0), 0);
    assert_int_equal(host_count(&host, 0, TURN_COUNT_ALLOCATIONS_UNCLAIMED), 0);
}

static void one_that_dies_while_it_adopts_does_so_again(void **state)
{
    (void)state;
    assert_int_equal(host_allocate(&host, 0, 1), 0);
    stop_all(1);
    /* Whenever that is: it is killed a millisecond later each time. */
    for (int64_t msec = 0; msec < 40; msec++) {
        host_start(&host, 0);
        host_run(&host, msec);
        host_kill(&host, 0);
    }
    host_start(&host, 0);
    host_run(&host, 300);
    assert_true(host_has(&host, 0, 0));
    assert_int_equal(host_owner(&host, 0), 0);
    assert_int_equal(host_ask(&host, 0, 0, TURN_REFRESH, NO_ATTRS), 0);
}

static void a_shard_whose_process_lives_is_no_orphan(void **state)
{
    (void)state;
    assert_int_equal(host_allocate(&host, 0, 1), 0);
    host_kill(&host, 0);
    host.shards = 1;
    host_start(&host, 0);
    host_run(&host, 500);
    assert_int_equal(host_owner(&host, 0), 1);
    assert_false(host_has(&host, 0, 0));
    host_kill(&host, 1);
    host_run(&host, RESTORE_ORPHANS_MSEC + 200);
    assert_int_equal(host_owner(&host, 0), 0);
    assert_true(host_has(&host, 0, 0));
}

static void with_new_slices_others_are_waited_for(void **state)
{
    (void)state;
    assert_int_equal(host_allocate(&host, 0, 1), 0);
    stop_all(3);
    host_start(&host, 0);
    host_run(&host, 500);
    assert_false(serves(0));
    host_start(&host, 1);
    host_start(&host, 2);
    host_run(&host, 200);
    assert_true(serves(0));
    assert_true(serves(1));
    assert_true(serves(2));
}

static void but_not_for_long(void **state)
{
    (void)state;
    stop_all(3);
    host_start(&host, 0);
    host_run(&host, RESTORE_OTHERS_MSEC + 100);
    assert_true(serves(0));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_killed_shard_comes_back_with_all_it_had),
        TEST(one_whose_port_is_taken_is_dropped_for_good),
        TEST(one_whose_port_is_taken_for_a_moment_is_restored),
        TEST(one_whose_port_of_the_own_slice_is_taken_for_a_moment_is_restored),
        TEST(one_whose_time_is_over_is_dropped),
        TEST(one_of_another_secret_is_dropped),
        TEST(a_registry_that_is_away_is_not_waited_for),
        TEST(a_listing_that_is_lost_is_asked_for_again),
        TEST(records_of_shards_that_are_no_more_are_adopted),
        TEST(it_does_not_serve_before_what_it_adopted_is_claimed),
        TEST(one_that_dies_while_it_adopts_does_so_again),
        TEST(a_shard_whose_process_lives_is_no_orphan),
        TEST(with_new_slices_others_are_waited_for),
        TEST(but_not_for_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
