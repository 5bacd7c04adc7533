/* test_ownership_leases.c — what ownership.h says of leases, for every backend. */
#include "ownership_registry.h"

static struct ownership_client client, other;

static void assert_lease(const struct shard_lease *lease, const struct shard_lease *expected)
{
    assert_true(owner_equal(&lease->owner, &expected->owner));
    assert_true(lease->epoch == expected->epoch);
    assert_int_equal(lease->pid, expected->pid);
    assert_int_equal(lease->shards, expected->shards);
    assert_int_equal(lease->lowest_port, expected->lowest_port);
    assert_int_equal(lease->highest_port, expected->highest_port);
    assert_int_equal(lease->state, expected->state);
    assert_int_equal(lease->started_wall_sec, expected->started_wall_sec);
    assert_string_equal(lease->version, expected->version);
    assert_string_equal(lease->boot, expected->boot);
    assert_int_equal(lease->wall_offset_usec, expected->wall_offset_usec);
    assert_int_equal(lease->until.usec, expected->until.usec);
}

static void each_lease_has_an_epoch_larger_than_all_before(void **state)
{
    uint64_t epoch = 0;

    (void)state;
    registry_open(&client, 1, 0);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(client_take_lease(&client), OWNERSHIP_DONE);
        assert_true(client.answer.epoch > epoch);
        epoch = client.answer.epoch;
    }
    /* larger than what any store that is gone can have given */
    assert_true(epoch >= client.now.wall.sec * (uint64_t)USEC_PER_SEC);
    client.now.wall.sec = 5; /* a clock that went back */
    assert_int_equal(client_take_lease(&client), OWNERSHIP_DONE);
    assert_true(client.answer.epoch > epoch);
    client_close(&client);
}

static void a_new_lease_gives_back_the_former_one(void **state)
{
    struct shard_lease first;

    (void)state;
    registry_open(&client, 1, 0);
    assert_int_equal(client_take_lease(&client), OWNERSHIP_DONE);
    assert_false(client.has_former);
    first = client.lease;
    client.lease.pid = 4712;
    client.lease.highest_port = 65535;
    assert_int_equal(client_take_lease(&client), OWNERSHIP_DONE);
    assert_true(client.has_former);
    assert_lease(&client.former, &first);
    assert_true(owner_equal(&client.answer.owner, &first.owner));

    /* The last that was written of it, and also when it has ended. */
    client.lease.state = 2;
    assert_int_equal(client_renew_lease(&client), OWNERSHIP_DONE);
    first = client.lease;
    assert_int_equal(client_end_lease(&client), OWNERSHIP_DONE);
    assert_int_equal(client_take_lease(&client), OWNERSHIP_DONE);
    assert_true(client.has_former);
    assert_lease(&client.former, &first);

    /* Another shard has none. */
    registry_open(&other, 2, 0);
    assert_int_equal(client_take_lease(&other), OWNERSHIP_DONE);
    assert_false(other.has_former);
    client_close(&other);
    client_close(&client);
}

static void who_was_succeeded_writes_nothing(void **state)
{
    struct turn_record allocation, channel, second;

    (void)state;
    registry_open_with_lease(&client, 1, 0);
    registry_open(&other, 1, 0);
    allocation = client_allocation(&client, 1);
    second = client_allocation(&client, 2);
    channel = client_channel(&client, 1, 0x4000);
    assert_int_equal(client_claim(&client, &allocation, 0, false), OWNERSHIP_DONE);
    assert_int_equal(client_take_lease(&other), OWNERSHIP_DONE);

    assert_int_equal(client_claim(&client, &second, 0, false), OWNERSHIP_STALE);
    assert_int_equal(client_record(&client, &channel), OWNERSHIP_STALE);
    assert_int_equal(client_record(&client, &allocation), OWNERSHIP_STALE);
    assert_int_equal(client_forget(&client, &allocation), OWNERSHIP_STALE);
    assert_int_equal(client_renew_lease(&client), OWNERSHIP_STALE);
    assert_int_equal(client_end_lease(&client), OWNERSHIP_STALE);
    assert_int_equal(client.gone, 0);

    /* What it had is its successor's. */
    assert_int_equal(client_list(&other), OWNERSHIP_DONE);
    assert_int_equal(other.record_count, 1);
    assert_int_equal(client_find(&other, &allocation), OWNERSHIP_DONE);
    assert_true(other.answer.owner_is_live);
    assert_int_equal(client_find(&other, &second), OWNERSHIP_NONE);
    assert_int_equal(client_record(&other, &channel), OWNERSHIP_DONE);
    client_close(&other);
    client_close(&client);
}

static void who_never_had_a_lease_writes_nothing(void **state)
{
    struct turn_record allocation;

    (void)state;
    registry_open(&client, 1, 0);
    client_wait_for_change(&client, 0, 1);
    allocation = client_allocation(&client, 1);
    client.lease.epoch = client.writer.epoch = 17;
    assert_int_equal(client_renew_lease(&client), OWNERSHIP_STALE);
    assert_int_equal(client_end_lease(&client), OWNERSHIP_STALE);
    assert_int_equal(client_claim(&client, &allocation, 0, false), OWNERSHIP_STALE);
    assert_int_equal(client_record(&client, &allocation), OWNERSHIP_STALE);
    assert_int_equal(client_forget(&client, &allocation), OWNERSHIP_STALE);
    assert_int_equal(client_find(&client, &allocation), OWNERSHIP_NONE);
    /* It is no store that lost something, either. */
    assert_int_equal(client.gone, 0);
    client_close(&client);
}

static void an_ended_lease_no_longer_holds_and_is_remembered(void **state)
{
    struct turn_record allocation;
    uint64_t epoch;

    (void)state;
    registry_open_with_lease(&client, 1, 0);
    epoch = client.lease.epoch;
    allocation = client_allocation(&client, 1);
    assert_int_equal(client_claim(&client, &allocation, 0, false), OWNERSHIP_DONE);
    assert_int_equal(client_end_lease(&client), OWNERSHIP_DONE);
    assert_int_equal(client_find(&client, &allocation), OWNERSHIP_DONE);
    assert_false(client.answer.owner_is_live);
    assert_int_equal(client_renew_lease(&client), OWNERSHIP_STALE);
    assert_int_equal(client_claim(&client, &allocation, 0, false), OWNERSHIP_STALE);
    assert_int_equal(client.gone, 0);
    assert_int_equal(client_leases(&client, NULL), OWNERSHIP_DONE);
    assert_int_equal(client.lease_count, 1);
    assert_false(client.is_live[0]);
    assert_true(client.leases[0].epoch == epoch);
    client_close(&client);
}

static void a_lease_ends_by_itself_unless_it_is_renewed(void **state)
{
    struct turn_record allocation, second;

    (void)state;
    registry_open(&client, 1, 0);
    client_set_now(&client);
    client.lease.until = mono_time_add_usec(client.now.mono, 100000);
    assert_int_equal(client_take_lease(&client), OWNERSHIP_DONE);
    registry_open_with_lease(&other, 2, 0);
    allocation = client_allocation(&client, 1);
    second = client_allocation(&other, 2);
    (void)client_claim(&client, &allocation, 0,
                       false); /* DONE, on a machine that is not too slow */
    assert_int_equal(client_claim(&other, &second, 0, false), OWNERSHIP_DONE);
    do {
        client_set_now(&client);
        assert_int_equal(client_leases(&client, "host"), OWNERSHIP_DONE);
        assert_int_equal(client.lease_count, 2);
    } while (client.is_live[0]);
    assert_true(client.is_live[1]);
    assert_int_equal(client_renew_lease(&client), OWNERSHIP_STALE);

    assert_int_equal(client_take_lease(&client), OWNERSHIP_DONE); /* over already */
    client_set_now(&client);
    client.lease.until = mono_time_add_usec(client.now.mono, 3600 * USEC_PER_SEC);
    assert_int_equal(client_take_lease(&client), OWNERSHIP_DONE);
    assert_int_equal(client_renew_lease(&client), OWNERSHIP_DONE);
    /* Renewed it may also end sooner. */
    client_set_now(&client);
    client.lease.until = mono_time_add_usec(client.now.mono, 1000);
    assert_int_equal(client_renew_lease(&client), OWNERSHIP_DONE);
    do {
        client_set_now(&client);
    } while (client_claim(&client, &allocation, 0, false) == OWNERSHIP_DONE);
    assert_int_equal(client.answer.outcome, OWNERSHIP_STALE);
    client_close(&other);
    client_close(&client);
}

static void a_live_lease_of_another_boot_is_held(void **state)
{
    (void)state;
    registry_open_with_lease(&client, 1, 0);
    registry_open(&other, 1, 0);
    (void)strcpy(other.lease.boot, "0a7a6f38-50f9-4d0a-8d2f-7a0d7e3b9c55");
    assert_int_equal(client_take_lease(&other), OWNERSHIP_HELD);
    assert_true(owner_equal(&other.answer.owner, &client.writer.owner));
    assert_int_equal(client_renew_lease(&client), OWNERSHIP_DONE); /* nothing was written */
    assert_int_equal(client_end_lease(&client), OWNERSHIP_DONE);
    assert_int_equal(client_take_lease(&other), OWNERSHIP_DONE);
    assert_true(other.lease.epoch > client.lease.epoch);
    assert_true(other.has_former);
    assert_string_equal(other.former.boot, client.lease.boot);
    client_close(&other);
    client_close(&client);
}

static void leases_gives_those_of_a_host_or_all(void **state)
{
    static const struct owner owners[] = {
        {"host", 1}, {"host", 11}, {"hos", 1}, {"host-2", 1}, {"host.x", 4294967295}};
    unsigned seen = 0;

    (void)state;
    registry_open(&client, 1, 0);
    for (size_t i = 0; i < 5; i++) {
        client.lease.owner = owners[i];
        client.lease.pid = (int64_t)i;
        assert_int_equal(client_take_lease(&client), OWNERSHIP_DONE);
        if (i == 1)
            assert_int_equal(client_end_lease(&client), OWNERSHIP_DONE);
    }
    assert_int_equal(client_leases(&client, NULL), OWNERSHIP_DONE);
    assert_int_equal(client.lease_count, 5);
    for (unsigned i = 0; i < 5; i++) {
        size_t number = (size_t)client.leases[i].pid;

        assert_true(number < 5);
        seen |= 1u << number;
        assert_true(owner_equal(&client.leases[i].owner, &owners[number]));
        assert_int_equal(client.is_live[i], number != 1);
    }
    assert_int_equal(seen, 31);
    assert_int_equal(client_leases(&client, "host"), OWNERSHIP_DONE);
    assert_int_equal(client.lease_count, 2);
    assert_int_equal(client_leases(&client, "ho"), OWNERSHIP_DONE);
    assert_int_equal(client.lease_count, 0);
    client_close(&client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_lease_has_an_epoch_larger_than_all_before),
        cmocka_unit_test(a_new_lease_gives_back_the_former_one),
        cmocka_unit_test(who_was_succeeded_writes_nothing),
        cmocka_unit_test(who_never_had_a_lease_writes_nothing),
        cmocka_unit_test(an_ended_lease_no_longer_holds_and_is_remembered),
        cmocka_unit_test(a_lease_ends_by_itself_unless_it_is_renewed),
        cmocka_unit_test(a_live_lease_of_another_boot_is_held),
        cmocka_unit_test(leases_gives_those_of_a_host_or_all),
    };
    return registry_run_tests(tests, sizeof(tests) / sizeof(tests[0]));
}
