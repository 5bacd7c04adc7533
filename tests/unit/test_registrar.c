/* test_registrar.c — tests of registrar.h, with the core and the registry around it. */
#include "registrar.h"

#include "host_fixture.h"
#include "lease.h"
#include "log.h"

#include <fcntl.h>
#include <unistd.h>

#include "unit.h"

enum { LONG_MSEC = 1000 * LEASE_SEC + 2000, AGAIN_MSEC = 3000 };

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

static void lose_registry(void)
{
    host.network.is_away = true;
    host_link(&host, 0, false);
    host_link(&host, 1, false);
    host_run(&host, 50);
}

static void get_registry_back(void)
{
    host.network.is_away = false;
    host_link(&host, 0, true);
    host_link(&host, 1, true);
}

static void a_lease_is_taken_and_renewed(void **state)
{
    const struct store_lease *lease = &host.network.store.leases[0];
    uint64_t epoch = lease->lease.epoch;

    (void)state;
    assert_int_equal(host_count(&host, 0, SHARD_COUNT_LEASE_HELD), 1);
    host_run(&host, 60000);
    lease = &host.network.store.leases[0];
    assert_int_equal(lease->lease.epoch, epoch);
    assert_false(mono_time_due(lease->until, host.now));
    assert_int_equal(host_count(&host, 0, SHARD_COUNT_LEASES_LOST), 0);
}

/* How often |text| is in the log of what |msec| bring. */
static unsigned logged(const char *text, int64_t msec)
{
    static char log[16384];
    unsigned count = 0;
    int fds[2];

    assert_int_equal(pipe2(fds, O_NONBLOCK), 0);
    log_init(LOG_LEVEL_INFO, LOG_FORMAT_HUMAN, fds[1], LOG_SUPERVISOR);
    host_run(&host, msec);
    log_init(LOG_LEVEL_INFO, LOG_FORMAT_HUMAN, STDERR_FILENO, LOG_SUPERVISOR);
    ssize_t len = read(fds[0], log, sizeof(log) - 1);

    log[len > 0 ? len : 0] = '\0';
    for (const char *at = log; (at = strstr(at, text)) != NULL; at++)
        count++;
    close(fds[0]);
    close(fds[1]);
    return count;
}

static void another_host_with_its_name_is_told_of_once(void **state)
{
    static const char told[] = "another host has the lease of this shard";

    (void)state;
    host_kill(&host, 1);
    host_kill(&host, 0);
    for (size_t i = 0; i < host.network.store.lease_count; i++) {
        host.network.store.leases[i].until = mono_time_add_sec(host.now, 30);
        (void)strcpy(host.network.store.leases[i].lease.boot, "another");
    }
    host_start(&host, 0);
    assert_int_equal(logged(told, 10000), 1);
    assert_int_equal(host_count(&host, 0, SHARD_COUNT_LEASE_HELD), 0);
    assert_int_equal(logged(told, 30000), 0);
    assert_int_equal(host_count(&host, 0, SHARD_COUNT_LEASE_HELD), 1);
}

static void the_lease_says_the_state_of_the_shard(void **state)
{
    (void)state;
    assert_int_equal(host.network.store.leases[0].lease.state, SHARD_STATE_SERVING);
    registrar_set_state(host.slots[0].process->registrar, SHARD_STATE_DRAINING);
    host_run(&host, 500);
    for (size_t i = 0; i < host.network.store.lease_count; i++) {
        const struct shard_lease *lease = &host.network.store.leases[i].lease;

        assert_int_equal(lease->state,
                         lease->owner.shard == 0 ? SHARD_STATE_DRAINING : SHARD_STATE_SERVING);
    }
}

static void an_allocate_is_answered_when_it_is_claimed(void **state)
{
    (void)state;
    assert_int_equal(host_allocate(&host, 0, 0), 0);
    assert_int_equal(host_owner(&host, 0), 0);
    assert_int_equal(host_bind(&host, 0, 0), 0);
    host_run(&host, 50);
    assert_int_equal(host.network.store.record_count, 2);
    assert_int_equal(host_ask(&host, 0, 0, TURN_REFRESH, ATTRS(LIFETIME(0))), 0);
    host_run(&host, 50);
    assert_int_equal(host.network.store.record_count, 0);
}

static void one_that_is_held_is_handed_to_its_owner(void **state)
{
    (void)state;
    assert_int_equal(host_allocate(&host, 0, 0), 0);
    assert_int_equal(host_allocate(&host, 0, 1), 437);
    assert_int_equal(host.handed_over, 1);
    assert_int_equal(host.handed_to, 0);
    assert_false(host_has(&host, 1, 0));
}

static void the_quota_is_of_all_shards_together(void **state)
{
    (void)state;
    host_kill(&host, 0);
    host_kill(&host, 1);
    host.quota = 1;
    host_start(&host, 0);
    host_start(&host, 1);
    host_run(&host, 100);
    assert_int_equal(host_allocate(&host, 0, 0), 0);
    assert_int_equal(host_allocate(&host, 1, 1), 486);
}

static void while_it_is_away_an_allocate_goes_on_unclaimed(void **state)
{
    (void)state;
    lose_registry();
    assert_int_equal(host_count(&host, 0, SHARD_COUNT_REGISTRY_AVAILABLE), 0);
    assert_int_equal(host_allocate(&host, 0, 0), 0);
    assert_int_equal(host_bind(&host, 0, 0), 0);
    assert_int_equal(host_count(&host, 0, TURN_COUNT_ALLOCATIONS_UNCLAIMED), 1);
    assert_int_equal(host_owner(&host, 0), -1);
}

static void on_its_return_everything_is_published(void **state)
{
    (void)state;
    assert_int_equal(host_allocate(&host, 0, 0), 0);
    lose_registry();
    assert_int_equal(host_allocate(&host, 1, 0), 0);
    assert_int_equal(host_bind(&host, 1, 0), 0);
    store_model_flush(&host.network.store);
    get_registry_back();
    host_run(&host, 200);
    assert_int_equal(host_owner(&host, 0), 0);
    assert_int_equal(host_owner(&host, 1), 0);
    assert_int_equal(host.network.store.record_count, 3);
    assert_int_equal(host_count(&host, 0, TURN_COUNT_ALLOCATIONS_UNCLAIMED), 0);
}

/* As many channels as one allocation may have. */
static void the_largest_allocation_is_published_as_a_whole(void **state)
{
    enum { CHANNELS = 4096 };

    (void)state;
    host_kill(&host, 0);
    host.setup.config.channels_per_allocation = host.setup.config.max_channels = CHANNELS;
    host_start(&host, 0);
    host_run(&host, 100);
    assert_int_equal(host_allocate(&host, 0, 0), 0);
    for (unsigned i = 0; i < CHANNELS; i++) {
        struct transport_addr peer = test_addr("8.8.4.4:1");

        peer.port = (uint16_t)(1000 + i);
        assert_int_equal(host_ask(&host, 0, 0, TURN_CHANNEL_BIND,
                                  ATTRS(CHANNEL((uint16_t)(0x4000 + i)), PEER(peer))),
                         0);
    }
    store_model_flush(&host.network.store);
    host_run(&host, LONG_MSEC);
    assert_int_equal(host.network.store.record_count, 1 + CHANNELS);

    uint64_t published = host_count(&host, 0, SHARD_COUNT_REGISTRY_PUBLISHED);

    host_run(&host, LONG_MSEC);
    assert_int_equal(host_count(&host, 0, SHARD_COUNT_REGISTRY_PUBLISHED), published);
}

static void a_store_that_lost_everything_is_noticed(void **state)
{
    (void)state;
    assert_int_equal(host_allocate(&host, 0, 0), 0);
    store_model_flush(&host.network.store);
    host_run(&host, 1000 * LEASE_RENEW_SEC + 1000);
    assert_int_equal(host_owner(&host, 0), 0);
}

static void the_older_allocation_is_the_one_that_is_left(void **state)
{
    (void)state;
    lose_registry();
    assert_int_equal(host_allocate(&host, 0, 1), 0); /* the older one */
    host_run(&host, 1000);
    assert_int_equal(host_allocate(&host, 0, 0), 0);
    host.network.is_away = false;
    host_link(&host, 0, true);
    host_run(&host, 500);
    assert_int_equal(host_owner(&host, 0), 0);
    /* It comes a little later, and the younger one learns of it when it publishes once more. */
    host_link(&host, 1, true);
    host_run(&host, AGAIN_MSEC);
    assert_int_equal(host_owner(&host, 0), 1);
    assert_true(host_has(&host, 1, 0));
    assert_false(host_has(&host, 0, 0));
    assert_int_equal(host_count(&host, 0, TURN_COUNT_ALLOCATIONS_LOST), 1);
}

static void what_is_claimed_is_not_overruled(void **state)
{
    (void)state;
    host_link(&host, 1, false);
    host_run(&host, 50);
    assert_int_equal(host_allocate(&host, 0, 1), 0); /* older, but unclaimed */
    assert_int_equal(host_allocate(&host, 0, 0), 0);
    host_link(&host, 1, true);
    host_run(&host, AGAIN_MSEC);
    assert_int_equal(host_owner(&host, 0), 0);
    assert_true(host_has(&host, 0, 0));
    assert_false(host_has(&host, 1, 0));
}

static void what_ended_meanwhile_is_removed(void **state)
{
    (void)state;
    assert_int_equal(host_allocate(&host, 0, 0), 0);
    lose_registry();
    assert_int_equal(host_ask(&host, 0, 0, TURN_REFRESH, ATTRS(LIFETIME(0))), 0);
    assert_int_equal(host_owner(&host, 0), 0);
    get_registry_back();
    host_run(&host, AGAIN_MSEC);
    assert_int_equal(host_owner(&host, 0), -1);
}

static void channels_of_a_former_allocation_do_not_come_back(void **state)
{
    (void)state;
    assert_int_equal(host_allocate(&host, 0, 0), 0);
    assert_int_equal(host_bind(&host, 0, 0), 0);
    lose_registry();
    assert_int_equal(host_ask(&host, 0, 0, TURN_REFRESH, ATTRS(LIFETIME(0))), 0);
    assert_int_equal(host_allocate(&host, 0, 0), 0);
    get_registry_back();
    host_run(&host, 200);
    assert_int_equal(host_owner(&host, 0), 0);
    assert_int_equal(host.network.store.record_count, 1);
}

static void a_short_pause_changes_nothing(void **state)
{
    (void)state;
    assert_int_equal(host_allocate(&host, 0, 0), 0);
    host_pause(&host, 0, 2000);
    assert_int_equal(host_bind(&host, 0, 0), 0);
    assert_int_equal(host_count(&host, 0, SHARD_COUNT_PAUSES), 0);
}

static void after_a_long_one_it_is_asked_what_is_left(void **state)
{
    (void)state;
    assert_int_equal(host_allocate(&host, 0, 0), 0);
    assert_int_equal(host_bind(&host, 0, 0), 0);
    host_pause(&host, 0, LONG_MSEC);
    host_send(&host, 0, 0);
    host_run(&host, 1);
    assert_int_equal(host_count(&host, 0, SHARD_COUNT_PAUSES), 1);
    assert_int_equal(host.relayed, 0);
    host_run(&host, 100);
    assert_int_equal(host.relayed, 1);
    assert_int_equal(host_count(&host, 0, SHARD_COUNT_LEASES_LOST), 1);
}

static void what_others_claimed_meanwhile_is_lost_before_anything_is_sent(void **state)
{
    (void)state;
    assert_int_equal(host_allocate(&host, 0, 0), 0);
    assert_int_equal(host_bind(&host, 0, 0), 0);
    host_pause(&host, 0, LONG_MSEC);
    host.slots[0].is_paused = true;
    assert_int_equal(host_allocate(&host, 0, 1), 0);
    host_send(&host, 0, 0);
    host.slots[0].is_paused = false;
    host_run(&host, 500);
    assert_int_equal(host.relayed, 0);
    assert_false(host_has(&host, 0, 0));
    assert_true(host_has(&host, 1, 0));
}

static void a_renewal_under_way_when_the_pause_began_says_nothing(void **state)
{
    (void)state;
    assert_int_equal(host_allocate(&host, 0, 0), 0);
    assert_int_equal(host_bind(&host, 0, 0), 0);
    registrar_set_state(host.slots[0].process->registrar, SHARD_STATE_DRAINING);
    /* It is sent, and its answer comes while the process stands still. */
    while (host.network.travelling == NULL)
        host_run(&host, 1);
    host_pause(&host, 0, LONG_MSEC);
    host.slots[0].is_paused = true;
    assert_int_equal(host_allocate(&host, 0, 1), 0);
    host_send(&host, 0, 0);
    host.slots[0].is_paused = false;
    host_run(&host, 500);
    assert_int_equal(host.relayed, 0);
}

static void a_registry_that_does_not_answer_is_waited_for_a_second(void **state)
{
    (void)state;
    assert_int_equal(host_allocate(&host, 0, 0), 0);
    assert_int_equal(host_bind(&host, 0, 0), 0);
    host.delay_usec = OWNERSHIP_MODEL_LOST;
    host_pause(&host, 0, LONG_MSEC);
    host_send(&host, 0, 0);
    host_run(&host, 900);
    assert_int_equal(host.relayed, 0);
    host_run(&host, 200);
    assert_int_equal(host.relayed, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_lease_is_taken_and_renewed),
        TEST(another_host_with_its_name_is_told_of_once),
        TEST(the_lease_says_the_state_of_the_shard),
        TEST(an_allocate_is_answered_when_it_is_claimed),
        TEST(one_that_is_held_is_handed_to_its_owner),
        TEST(the_quota_is_of_all_shards_together),
        TEST(while_it_is_away_an_allocate_goes_on_unclaimed),
        TEST(on_its_return_everything_is_published),
        TEST(the_largest_allocation_is_published_as_a_whole),
        TEST(a_store_that_lost_everything_is_noticed),
        TEST(the_older_allocation_is_the_one_that_is_left),
        TEST(what_is_claimed_is_not_overruled),
        TEST(what_ended_meanwhile_is_removed),
        TEST(channels_of_a_former_allocation_do_not_come_back),
        TEST(a_short_pause_changes_nothing),
        TEST(after_a_long_one_it_is_asked_what_is_left),
        TEST(what_others_claimed_meanwhile_is_lost_before_anything_is_sent),
        TEST(a_renewal_under_way_when_the_pause_began_says_nothing),
        TEST(a_registry_that_does_not_answer_is_waited_for_a_second),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
