/* test_send_groups.c — tests of send_groups.h, on the loopback interface. */
#include "send_groups.h"

#include "lease.h"

#include <string.h>

#include "loopback.h"

enum { SENDERS = 3, RECEIVERS = 2 };

struct fixture {
    struct send_groups groups;
    uint64_t values[COUNTER_PAGE_VALUES];
    int senders[SENDERS];
    struct transport_addr sender_addrs[SENDERS];
    int receivers[RECEIVERS];
    struct transport_addr receiver_addrs[RECEIVERS];
};

static int setup(void **state)
{
    static struct fixture fixture;

    memset(&fixture, 0, sizeof(fixture));
    for (unsigned i = 0; i < SENDERS; i++)
        fixture.senders[i] = loopback_socket(&fixture.sender_addrs[i]);
    for (unsigned i = 0; i < RECEIVERS; i++)
        fixture.receivers[i] = loopback_socket(&fixture.receiver_addrs[i]);
    send_groups_init(&fixture.groups, fixture.values, SHARD_COUNT_RELAY_SENT);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;

    for (unsigned i = 0; i < SENDERS; i++)
        close(fixture->senders[i]);
    for (unsigned i = 0; i < RECEIVERS; i++)
        close(fixture->receivers[i]);
    return 0;
}

/* Queues the number |number| of its flow. */
static void add(struct fixture *fixture, unsigned sender, unsigned receiver, unsigned number)
{
    static uint8_t payloads[256];

    payloads[number] = (uint8_t)number;
    send_groups_add(&fixture->groups, fixture->senders[sender], &fixture->receiver_addrs[receiver],
                    (struct bytes){.data = &payloads[number], .len = 1});
}

/* Receives |count| datagrams: those of each sender are to be 0, 1, 2, … */
static void expect_in_order(struct fixture *fixture, unsigned receiver, unsigned count)
{
    uint8_t next[SENDERS] = {0};

    for (unsigned i = 0; i < count; i++) {
        union socket_addr from;
        socklen_t len = sizeof(from);
        struct transport_addr source;
        unsigned sender = 0;
        uint8_t got;

        loopback_wait(fixture->receivers[receiver]);
        assert_int_equal(recvfrom(fixture->receivers[receiver], &got, 1, 0, &from.any, &len), 1);
        assert_true(socket_addr_to(&from, len, &source));
        while (sender < SENDERS && !transport_addr_equal(&source, &fixture->sender_addrs[sender]))
            sender++;
        assert_true(sender < SENDERS);
        assert_int_equal(got, next[sender]++);
    }
    assert_int_equal(recv(fixture->receivers[receiver], next, 1, MSG_DONTWAIT), -1);
}

static void each_socket_takes_one_call_and_flows_keep_their_order(void **state)
{
    struct fixture *fixture = *state;

    for (unsigned i = 0; i < SEND_GROUPS_MAX; i++) {
        assert_false(send_groups_is_full(&fixture->groups));
        add(fixture, i % 2, 0, i / 2);
    }
    assert_true(send_groups_is_full(&fixture->groups));
    send_groups_flush(&fixture->groups);
    assert_false(send_groups_is_full(&fixture->groups));
    expect_in_order(fixture, 0, SEND_GROUPS_MAX);
    assert_int_equal(fixture->values[SHARD_COUNT_RELAY_SENT], SEND_GROUPS_MAX);
    assert_int_equal(fixture->values[SHARD_COUNT_RELAY_SENT_BATCHES], 2);
    send_groups_flush(&fixture->groups);
    assert_int_equal(fixture->values[SHARD_COUNT_RELAY_SENT], SEND_GROUPS_MAX);
}

static void two_destinations_of_a_socket_are_two_flows(void **state)
{
    struct fixture *fixture = *state;

    for (unsigned i = 0; i < 10; i++) {
        add(fixture, 0, 0, i);
        add(fixture, 0, 1, i);
    }
    assert_int_equal(fixture->groups.group_count, 2);
    send_groups_flush(&fixture->groups);
    expect_in_order(fixture, 0, 10);
    expect_in_order(fixture, 1, 10);
}

/* As if flows with the same hash came in between. */
static void flows_that_take_each_others_place_keep_their_order(void **state)
{
    struct fixture *fixture = *state;

    for (unsigned i = 0; i < 20; i++) {
        for (unsigned sender = 0; sender < SENDERS; sender++) {
            if (i % 3 == 0)
                memset(fixture->groups.places, 0xff, sizeof(fixture->groups.places));
            add(fixture, sender, 0, i);
        }
    }
    send_groups_flush(&fixture->groups);
    expect_in_order(fixture, 0, 20 * SENDERS);
}

static void what_a_pause_has_overtaken_is_not_sent(void **state)
{
    struct fixture *fixture = *state;

    add(fixture, 0, 0, 0);
    add(fixture, 1, 0, 0);
    fixture->groups.began.usec -= (int64_t)LEASE_PAUSE_MSEC * 1000; /* as if it had slept since */
    send_groups_flush(&fixture->groups);
    assert_int_equal(fixture->values[SHARD_COUNT_SEND_AFTER_PAUSE], 2);
    expect_in_order(fixture, 0, 0);
    add(fixture, 0, 0, 0);
    send_groups_flush(&fixture->groups);
    expect_in_order(fixture, 0, 1);
}

#define GROUPS_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        GROUPS_TEST(each_socket_takes_one_call_and_flows_keep_their_order),
        GROUPS_TEST(two_destinations_of_a_socket_are_two_flows),
        GROUPS_TEST(flows_that_take_each_others_place_keep_their_order),
        GROUPS_TEST(what_a_pause_has_overtaken_is_not_sent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
