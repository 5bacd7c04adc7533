/* test_ownership_redis_data.c — what the registry keeps in Redis, and what others left there. */
#include "ownership_client.h"
#include "redis_server.h"
#include "temp_dir.h"

#include <hiredis/hiredis.h>

enum { URL_MAX = 320, LINGER_MSEC = 60000, DAY_MSEC = 86400000 };

#define ALLOCATION_1 "relay:allocation:198.51.100.7:10001>203.0.113.7:3478"

static struct redis_server server;
static struct ownership_client client;

static void open_client(struct ownership_client *ret, uint32_t shard)
{
    char url[URL_MAX];

    (void)snprintf(url, sizeof(url), "redis+unix://%s", server.socket);
    client_open(ret, url, shard, 0);
}

static int setup(void **state)
{
    assert_int_equal(temp_dir_setup(state), 0);
    redis_server_init(&server, ((struct temp_dir *)*state)->path, "redis");
    redis_server_start(&server, NULL);
    open_client(&client, 1);
    assert_int_equal(client_take_lease(&client), OWNERSHIP_DONE);
    return 0;
}

static int teardown(void **state)
{
    client_close(&client);
    redis_server_kill(&server);
    return temp_dir_teardown(state);
}

static const char *const keys[] = {
    ALLOCATION_1,         "relay:allocations:host/1", "relay:port:host/50001", "relay:user:alice",
    "relay:shard:host/1", "relay:live:host/1",        "relay:shards",
};
enum { KEY_COUNT = sizeof(keys) / sizeof(keys[0]) };

static void everything_expires_by_itself(void **state)
{
    static const long long msec[KEY_COUNT] = {
        600000 + LINGER_MSEC,
        600000 + LINGER_MSEC,
        600000 + LINGER_MSEC,
        600000,
        DAY_MSEC,
        CLIENT_LEASE_SEC * 1000,
        DAY_MSEC,
    };
    struct turn_record allocation = client_allocation(&client, 1);

    (void)state;
    assert_int_equal(client_claim(&client, &allocation, 0, false), OWNERSHIP_DONE);
    for (size_t i = 0; i < KEY_COUNT; i++) {
        long long left = redis_server_do(&server, "PTTL %s", keys[i]);

        if (left > msec[i] || left < msec[i] / 2)
            fail_msg("%s expires in %lld ms, not %lld", keys[i], left, msec[i]);
    }
    /* Nothing else is there but the probe. */
    assert_int_equal(redis_server_do(&server, "DBSIZE"), KEY_COUNT + 1);

    /* A refresh moves all of it. */
    allocation.allocation.expires = mono_time_add_sec(client.now.mono, 3600);
    assert_int_equal(client_record(&client, &allocation), OWNERSHIP_DONE);
    for (size_t i = 0; i < 4; i++)
        assert_true(redis_server_do(&server, "PTTL %s", keys[i]) > 1800000);

    /* Forgotten, it leaves nothing. */
    assert_int_equal(client_forget(&client, &allocation), OWNERSHIP_DONE);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(redis_server_do(&server, "EXISTS %s", keys[i]), 0);
}

static void a_lease_that_ends_leaves_its_epoch(void **state)
{
    uint64_t epoch = client.lease.epoch;

    (void)state;
    assert_int_equal(client_end_lease(&client), OWNERSHIP_DONE);
    assert_int_equal(redis_server_do(&server, "EXISTS relay:live:host/1"), 0);
    assert_int_equal(client_renew_lease(&client), OWNERSHIP_STALE);
    /* It is only over, the store is no other one. */
    assert_int_equal(client.gone, 0);
    client.now.wall.sec = 5; /* a clock that went back */
    assert_int_equal(client_take_lease(&client), OWNERSHIP_DONE);
    assert_true(client.lease.epoch == epoch + 1);
    assert_true(client.has_former);
    assert_true(client.former.epoch == epoch);
    assert_int_equal(client.former.pid, 4711);
}

static void an_index_lets_go_of_what_is_over(void **state)
{
    struct turn_record allocation = client_allocation(&client, 1);

    (void)state;
    for (unsigned i = 0; i < 100; i++) {
        (void)redis_server_do(&server, "ZADD relay:allocations:host/1 1000 old%u", i);
        (void)redis_server_do(&server, "ZADD relay:user:alice 1000 old%u", i);
        (void)redis_server_do(&server, "ZADD relay:shards 1000 old%u", i);
    }
    /* What is over does not count, even before it is let go. */
    assert_int_equal(client_claim(&client, &allocation, 1, false), OWNERSHIP_DONE);
    assert_int_equal(client_renew_lease(&client), OWNERSHIP_DONE);
    assert_int_equal(redis_server_do(&server, "ZCARD relay:allocations:host/1"), 1);
    assert_int_equal(redis_server_do(&server, "ZCARD relay:user:alice"), 1);
    assert_int_equal(redis_server_do(&server, "ZCARD relay:shards"), 1);
}

static void a_change_of_hands_moves_the_indexes(void **state)
{
    struct turn_record allocation = client_allocation(&client, 1);
    static struct ownership_client other;

    (void)state;
    open_client(&other, 2);
    assert_int_equal(client_take_lease(&other), OWNERSHIP_DONE);
    assert_int_equal(client_claim(&client, &allocation, 0, false), OWNERSHIP_DONE);
    assert_int_equal(client_end_lease(&client), OWNERSHIP_DONE);
    allocation.allocation.port = 50007;
    memcpy(allocation.allocation.username, "bobby", 5);
    assert_int_equal(client_claim(&other, &allocation, 0, false), OWNERSHIP_DONE);
    assert_int_equal(redis_server_do(&server, "EXISTS relay:allocations:host/1"), 0);
    assert_int_equal(redis_server_do(&server, "EXISTS relay:port:host/50001"), 0);
    assert_int_equal(redis_server_do(&server, "EXISTS relay:user:alice"), 0);
    assert_int_equal(redis_server_do(&server, "ZCARD relay:allocations:host/2"), 1);
    assert_int_equal(redis_server_do(&server, "EXISTS relay:port:host/50007"), 1);
    assert_int_equal(redis_server_do(&server, "ZCARD relay:user:bobby"), 1);
    client_close(&other);
}

/* Every operation is tried on keys of every wrong type. */
static void an_older_claim_overrules_what_is_marked_and_nothing_else(void **state)
{
    struct turn_record older = client_allocation(&client, 1), younger = older;
    static struct ownership_client other;

    (void)state;
    younger.allocation.created.usec++;
    older.allocation.unclaimed = true;
    open_client(&other, 2);
    assert_int_equal(client_take_lease(&other), OWNERSHIP_DONE);
    assert_int_equal(client_claim(&other, &younger, 0, true), OWNERSHIP_DONE);
    assert_int_equal(client_claim(&client, &older, 0, true), OWNERSHIP_HELD);
    younger.allocation.unclaimed = true;
    assert_int_equal(client_claim(&other, &younger, 0, true), OWNERSHIP_DONE);
    assert_int_equal(client_claim(&client, &older, 0, true), OWNERSHIP_DONE);
    /* Not the other way round. */
    assert_int_equal(client_claim(&other, &younger, 0, true), OWNERSHIP_HELD);
    client_close(&other);
}

static void what_is_beneath_is_of_one_allocation(void **state)
{
    struct turn_record first = client_allocation(&client, 1), second = first;
    struct turn_record channel = client_channel(&client, 1, 0x4000);

    (void)state;
    second.allocation.transaction_id[0]++;
    assert_int_equal(client_claim(&client, &first, 0, false), OWNERSHIP_DONE);
    assert_int_equal(client_record(&client, &channel), OWNERSHIP_DONE);
    assert_int_equal(client_claim(&client, &first, 0, true), OWNERSHIP_DONE);
    assert_int_equal(client_list(&client), OWNERSHIP_DONE);
    assert_int_equal(client.record_count, 2);
    /* Another one does not take its place by a record, and keeps nothing of it. */
    assert_int_equal(client_record(&client, &second), OWNERSHIP_NONE);
    assert_int_equal(client_claim(&client, &second, 0, true), OWNERSHIP_DONE);
    assert_int_equal(client_list(&client), OWNERSHIP_DONE);
    assert_int_equal(client.record_count, 1);
}

static void keys_of_a_wrong_type_give_way_or_count_as_absent(void **state)
{
    static const char *const plants[] = {"SET %s nonsense",    "SADD %s nonsense",
                                         "RPUSH %s nonsense",  "HSET %s nonsense nonsense",
                                         "ZADD %s 1 nonsense", "XADD %s * nonsense nonsense"};
    struct turn_record allocation = client_allocation(&client, 1);
    struct turn_record channel = client_channel(&client, 1, 0x4001);

    (void)state;
    for (size_t plant = 0; plant < sizeof(plants) / sizeof(plants[0]); plant++)
        for (size_t key = 0; key < KEY_COUNT; key++) {
            redis_server_do(&server, "DEL %s", keys[key]);
            redis_server_do(&server, plants[plant], keys[key]);

            enum ownership_outcome ret = client_find(&client, &allocation);
            assert_true(ret == OWNERSHIP_DONE || ret == OWNERSHIP_NONE);
            ret = client_find_port(&client, 50001);
            assert_true(ret == OWNERSHIP_DONE || ret == OWNERSHIP_NONE);
            assert_int_equal(client_list(&client), OWNERSHIP_DONE);
            assert_int_equal(client_leases(&client, NULL), OWNERSHIP_DONE);
            ret = client_record(&client, &channel);
            assert_true(ret == OWNERSHIP_DONE || ret == OWNERSHIP_NONE || ret == OWNERSHIP_STALE);
            ret = client_renew_lease(&client);
            assert_true(ret == OWNERSHIP_DONE || ret == OWNERSHIP_STALE);
            assert_int_equal(client_take_lease(&client), OWNERSHIP_DONE);
            assert_int_equal(client_claim(&client, &allocation, 5, false), OWNERSHIP_DONE);
            assert_int_equal(client_record(&client, &allocation), OWNERSHIP_DONE);
            assert_int_equal(client_record(&client, &channel), OWNERSHIP_DONE);
            assert_int_equal(client_list(&client), OWNERSHIP_DONE);
            assert_int_equal(client.record_count, 2);
            assert_int_equal(client.unreadable, 0);
            assert_int_equal(client_find_port(&client, 50001), OWNERSHIP_DONE);
            assert_int_equal(client.record_count, 2);
            assert_int_equal(client_forget(&client, &allocation), OWNERSHIP_DONE);
            assert_int_equal(client_leases(&client, "host"), OWNERSHIP_DONE);
            assert_int_equal(client.lease_count, 1);
            assert_int_equal(client.gone, 0);
        }
}

static void garbled_records_are_left_out_and_counted(void **state)
{
    static const char *const values[] = {"",
                                         "v=1",
                                         "v=2 port=50001",
                                         "v=1 port=99999999999 user=alice created=x expires=y",
                                         "v=1 port=50001 port=50001 = == user",
                                         "\xff\xfe\x01 %s%n",
                                         "nonsense"};
    struct turn_record good = client_allocation(&client, 2);
    struct turn_record bad = client_allocation(&client, 1);
    struct turn_record channel = client_channel(&client, 2, 0x4002);

    (void)state;
    assert_int_equal(client_claim(&client, &good, 0, false), OWNERSHIP_DONE);
    assert_int_equal(client_record(&client, &channel), OWNERSHIP_DONE);
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        assert_int_equal(client_claim(&client, &bad, 0, false), OWNERSHIP_DONE);
        redis_server_do(&server, "HSET %s allocation %s", keys[0], values[i]);
        redis_server_do(&server, "HSET %s channel:0x4001 %s", keys[0], values[i]);
        redis_server_do(&server,
                        "HSET relay:allocation:198.51.100.7:10002>203.0.113.7:3478"
                        " channel:nonsense %s",
                        values[i]);
        redis_server_do(&server, "ZADD relay:allocations:host/1 9e15 %s", values[i]);
        assert_int_equal(client_list(&client), OWNERSHIP_DONE);
        assert_int_equal(client.record_count, 2);
        /* the allocation, the channel beneath the good one, the members of the index */
        assert_int_equal(client.unreadable, 2 + i + 1);
        assert_int_equal(client.records[0].kind, TURN_RECORD_ALLOCATION);
        assert_int_equal(client.records[1].kind, TURN_RECORD_CHANNEL);
        assert_int_equal(client_find_port(&client, 50001), OWNERSHIP_NONE);
        /* Whose it is can be read all the same. */
        assert_int_equal(client_find(&client, &bad), OWNERSHIP_DONE);
        assert_int_equal(client_forget(&client, &bad), OWNERSHIP_DONE);
    }
}

static void an_owner_that_cannot_be_read_owns_nothing(void **state)
{
    static const char *const owners[] = {"", "host", "host/", "host/x", "ho st/1", "/1", "\xff/1"};
    struct turn_record allocation = client_allocation(&client, 1);

    (void)state;
    for (size_t i = 0; i < sizeof(owners) / sizeof(owners[0]); i++) {
        assert_int_equal(client_claim(&client, &allocation, 0, false), OWNERSHIP_DONE);
        redis_server_do(&server, "HSET %s owner %s", keys[0], owners[i]);
        redis_server_do(&server, "SET relay:live:%s 1", owners[i]);
        assert_int_equal(client_find(&client, &allocation), OWNERSHIP_NONE);
        assert_int_equal(client_record(&client, &allocation), OWNERSHIP_NONE);
        assert_int_equal(client_forget(&client, &allocation), OWNERSHIP_DONE);
        assert_int_equal(client_claim(&client, &allocation, 0, false), OWNERSHIP_DONE);
    }
}

static void garbled_leases_do_not_hinder_a_new_one(void **state)
{
    static const char *const epochs[] = {"",
                                         "-1",
                                         "1e300",
                                         "nan",
                                         "inf",
                                         "0x10",
                                         "1.5",
                                         "9007199254740993",
                                         "18446744073709551616",
                                         "nonsense"};

    (void)state;
    for (size_t i = 0; i < sizeof(epochs) / sizeof(epochs[0]); i++) {
        redis_server_do(&server, "HSET relay:shard:host/1 epoch %s lease nonsense", epochs[i]);
        assert_int_equal(client_leases(&client, NULL), OWNERSHIP_DONE);
        assert_int_equal(client.lease_count, 0);
        assert_int_equal(client_end_lease(&client), OWNERSHIP_DONE);
        redis_server_do(&server, "HSET relay:shard:host/1 epoch %s lease nonsense", epochs[i]);
        assert_int_equal(client_take_lease(&client), OWNERSHIP_DONE);
        assert_false(client.has_former);
        assert_int_equal(client_renew_lease(&client), OWNERSHIP_DONE);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(everything_expires_by_itself),
        TEST(a_lease_that_ends_leaves_its_epoch),
        TEST(an_index_lets_go_of_what_is_over),
        TEST(a_change_of_hands_moves_the_indexes),
        TEST(an_older_claim_overrules_what_is_marked_and_nothing_else),
        TEST(what_is_beneath_is_of_one_allocation),
        TEST(keys_of_a_wrong_type_give_way_or_count_as_absent),
        TEST(garbled_records_are_left_out_and_counted),
        TEST(an_owner_that_cannot_be_read_owns_nothing),
        TEST(garbled_leases_do_not_hinder_a_new_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
