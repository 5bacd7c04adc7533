/* test_send_batch.c — tests of send_batch.h, on the loopback interface. */
#include "send_batch.h"

#include "lease.h"

#include <errno.h>
#include <string.h>

#include "loopback.h"

struct fixture {
    struct send_batch batch;
    uint64_t values[COUNTER_PAGE_VALUES];
    int sender;
    int receiver;
    struct transport_addr receiver_addr;
};

static int setup(void **state)
{
    static struct fixture fixture;
    struct transport_addr sender_addr;

    fixture = (struct fixture){.sender = loopback_socket(&sender_addr)};
    fixture.receiver = loopback_socket(&fixture.receiver_addr);
    send_batch_init(&fixture.batch, fixture.sender, fixture.values, SHARD_COUNT_RELAY_SENT);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;

    close(fixture->sender);
    close(fixture->receiver);
    return 0;
}

static void add_text(struct fixture *fixture, const char *text)
{
    send_batch_add(&fixture->batch, &fixture->receiver_addr, NULL, bytes_of_text(text));
}

static void expect_text(struct fixture *fixture, const char *text)
{
    char got[64];

    loopback_wait(fixture->receiver);
    assert_int_equal(recv(fixture->receiver, got, sizeof(got), 0), (ssize_t)strlen(text));
    assert_memory_equal(got, text, strlen(text));
}

static void expect_nothing(struct fixture *fixture)
{
    char got;

    assert_int_equal(recv(fixture->receiver, &got, 1, MSG_DONTWAIT), -1);
}

static void what_a_pause_has_overtaken_is_not_sent(void **state)
{
    struct fixture *fixture = *state;

    add_text(fixture, "one");
    add_text(fixture, "two");
    fixture->batch.began.usec -= (int64_t)LEASE_PAUSE_MSEC * 1000; /* as if it had slept since */
    send_batch_flush(&fixture->batch);
    expect_nothing(fixture);
    assert_int_equal(fixture->values[SHARD_COUNT_SEND_AFTER_PAUSE], 2);
    add_text(fixture, "three");
    send_batch_flush(&fixture->batch);
    expect_text(fixture, "three");
    assert_int_equal(fixture->values[SHARD_COUNT_SEND_AFTER_PAUSE], 2);
}

static void an_empty_batch_sends_nothing(void **state)
{
    struct fixture *fixture = *state;

    send_batch_flush(&fixture->batch);
    assert_int_equal(fixture->values[SHARD_COUNT_RELAY_SENT_BATCHES], 0);
    expect_nothing(fixture);
}

static void a_batch_leaves_in_one_call_and_in_order(void **state)
{
    struct fixture *fixture = *state;

    add_text(fixture, "first");
    add_text(fixture, "");
    add_text(fixture, "third");
    send_batch_flush(&fixture->batch);
    expect_text(fixture, "first");
    expect_text(fixture, "");
    expect_text(fixture, "third");
    expect_nothing(fixture);
    assert_int_equal(fixture->batch.count, 0);
    assert_int_equal(fixture->values[SHARD_COUNT_RELAY_SENT], 3);
    assert_int_equal(fixture->values[SHARD_COUNT_RELAY_SENT_BYTES], 10);
    assert_int_equal(fixture->values[SHARD_COUNT_RELAY_SENT_BATCHES], 1);
    assert_int_equal(fixture->values[SHARD_COUNT_RELAY_SEND_BATCH_4], 1);
    assert_int_equal(fixture->values[SHARD_COUNT_LISTENER_SENT], 0);
}

static void a_full_batch_is_as_large_as_announced(void **state)
{
    struct fixture *fixture = *state;

    for (unsigned i = 0; i < SEND_BATCH_MAX; i++) {
        assert_false(send_batch_is_full(&fixture->batch));
        add_text(fixture, "x");
    }
    assert_true(send_batch_is_full(&fixture->batch));
    send_batch_flush(&fixture->batch);
    assert_false(send_batch_is_full(&fixture->batch));
    assert_int_equal(fixture->values[SHARD_COUNT_RELAY_SENT], SEND_BATCH_MAX);
}

static void a_refused_datagram_costs_only_itself(void **state)
{
    struct fixture *fixture = *state;
    static uint8_t large[65535]; /* more than fits UDP over IPv4 */

    add_text(fixture, "before");
    send_batch_add(&fixture->batch, &fixture->receiver_addr, NULL,
                   (struct bytes){.data = large, .len = sizeof(large)});
    add_text(fixture, "after");
    send_batch_flush(&fixture->batch);
    expect_text(fixture, "before");
    expect_text(fixture, "after");
    assert_int_equal(fixture->values[SHARD_COUNT_RELAY_SENT], 2);
    assert_int_equal(fixture->values[SHARD_COUNT_SEND_MESSAGE_TOO_LONG], 1);
    assert_int_equal(fixture->values[SHARD_COUNT_SEND_PARTIAL_BATCHES], 1);
}

static void forget(struct fixture *fixture)
{
    fixture->batch.count = fixture->batch.train_count = fixture->batch.part_count = 0;
}

static void expect_alone(struct fixture *fixture, unsigned count)
{
    assert_int_equal(fixture->values[SHARD_COUNT_RELAY_SENT], count);
    assert_int_equal(fixture->values[SHARD_COUNT_RELAY_SEND_BATCH_1], count);
}

static void neighbours_of_one_size_leave_as_one_message(void **state)
{
    struct fixture *fixture = *state;
    const char *const texts[] = {"abcd", "efgh", "ij", "klmn", "opqrst"};
    struct transport_addr other_addr;
    int other = loopback_socket(&other_addr);

    for (size_t i = 0; i < 5; i++)
        add_text(fixture, texts[i]);
    send_batch_add(&fixture->batch, &other_addr, NULL, bytes_of_text("uvwxyz"));
    /* A shorter one ends a train; a longer one, and another address, begin one. */
    assert_int_equal(fixture->batch.count, 6);
    assert_int_equal(fixture->batch.train_count, 4);
    assert_int_equal(fixture->batch.trains[0].count, 3);
    send_batch_flush(&fixture->batch);
    for (size_t i = 0; i < 5; i++)
        expect_text(fixture, texts[i]);
    expect_nothing(fixture);
    loopback_wait(other);
    assert_int_equal(fixture->values[SHARD_COUNT_RELAY_SENT], 6);
    assert_int_equal(fixture->values[SHARD_COUNT_RELAY_SENT_BYTES], 26);
    assert_int_equal(fixture->values[SHARD_COUNT_RELAY_SENT_BATCHES], 1);
    close(other);
}

static void a_train_leaves_from_the_named_address(void **state)
{
    struct fixture *fixture = *state;
    const uint8_t other_ip[4] = {127, 0, 0, 99};
    struct transport_addr from = transport_addr_v4(other_ip, 0), source;
    struct transport_addr any = transport_addr_any(IP_FAMILY_V4, 0);
    int wildcard = udp_socket_new(IP_FAMILY_V4);

    assert_true(wildcard >= 0 && udp_socket_bind(wildcard, &any));
    fixture->batch.fd = wildcard;
    for (int i = 0; i < 3; i++)
        send_batch_add(&fixture->batch, &fixture->receiver_addr, &from, bytes_of_text("x"));
    assert_int_equal(fixture->batch.train_count, 1);
    /* To the same address from another one of ours: not of the train. */
    add_text(fixture, "y");
    assert_int_equal(fixture->batch.train_count, 2);
    send_batch_flush(&fixture->batch);
    for (int i = 0; i < 4; i++) {
        union socket_addr socket_addr;
        socklen_t len = sizeof(socket_addr);
        char got;

        loopback_wait(fixture->receiver);
        assert_int_equal(recvfrom(fixture->receiver, &got, 1, 0, &socket_addr.any, &len), 1);
        assert_true(socket_addr_to(&socket_addr, len, &source));
        assert_int_equal(transport_addr_same_ip(&source, &from), i < 3);
    }
    close(wildcard);
}

/* The kernel computes the checksums of a train, or makes none: a socket without them has none. */
static void a_train_that_is_refused_goes_out_one_by_one(void **state)
{
    struct fixture *fixture = *state;

    assert_true(udp_socket_set_int(fixture->sender, SOL_SOCKET, SO_NO_CHECK, 1));
    add_text(fixture, "one");
    add_text(fixture, "two");
    add_text(fixture, "3");
    assert_int_equal(fixture->batch.train_count, 1);
    send_batch_flush(&fixture->batch);
    expect_text(fixture, "one");
    expect_text(fixture, "two");
    expect_text(fixture, "3");
    expect_nothing(fixture);
    expect_alone(fixture, 3);

    /* For a while it is not tried again. */
    add_text(fixture, "one");
    add_text(fixture, "two");
    assert_int_equal(fixture->batch.train_count, 2);
    send_batch_flush(&fixture->batch);
    expect_text(fixture, "one");
    expect_text(fixture, "two");
    for (unsigned i = 0; i < SEND_ALONE_AFTER_REFUSAL; i++) {
        if (send_batch_is_full(&fixture->batch))
            forget(fixture);
        add_text(fixture, "x");
    }
    forget(fixture);
    add_text(fixture, "one");
    add_text(fixture, "two");
    assert_int_equal(fixture->batch.train_count, 1);
}

static void a_train_without_a_receiver_costs_the_others_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct transport_addr broadcast = transport_addr_v4((const uint8_t[4]){255, 255, 255, 255}, 9);

    add_text(fixture, "before");
    for (int i = 0; i < 3; i++)
        send_batch_add(&fixture->batch, &broadcast, NULL, bytes_of_text("x"));
    add_text(fixture, "after");
    send_batch_flush(&fixture->batch);
    expect_text(fixture, "before");
    expect_text(fixture, "after");
    assert_int_equal(fixture->values[SHARD_COUNT_RELAY_SENT], 2);
    assert_int_equal(fixture->values[SHARD_COUNT_SEND_NOT_PERMITTED] +
                         fixture->values[SHARD_COUNT_SEND_UNREACHABLE],
                     3);
    /* Nor their trains: anybody may send to where nobody is. */
    add_text(fixture, "one");
    add_text(fixture, "two");
    assert_int_equal(fixture->batch.train_count, 1);
}

static void a_headed_train_that_is_refused_goes_out_one_by_one(void **state)
{
    struct fixture *fixture = *state;
    const char *const payloads[] = {"efgh", "ijkl", ""};
    const char *const sent[] = {"abcdefgh", "abcdijkl", "abcd", "abcd", "mnop"};

    assert_true(udp_socket_set_int(fixture->sender, SOL_SOCKET, SO_NO_CHECK, 1));
    for (size_t i = 0; i < 3; i++)
        send_batch_add_headed(&fixture->batch, &fixture->receiver_addr, NULL,
                              (const uint8_t *)"abcd", bytes_of_text(payloads[i]));
    assert_int_equal(fixture->batch.train_count, 1);
    send_batch_flush(&fixture->batch);
    fixture->batch.alone = 0;
    send_batch_add_headed(&fixture->batch, &fixture->receiver_addr, NULL, (const uint8_t *)"abcd",
                          bytes_of_text(""));
    add_text(fixture, "mnop");
    assert_int_equal(fixture->batch.train_count, 1);
    send_batch_flush(&fixture->batch);
    for (size_t i = 0; i < 5; i++)
        expect_text(fixture, sent[i]);
    expect_nothing(fixture);
    expect_alone(fixture, 5);
}

/* A pending ICMP error fails the next send, whatever its destination. */
static void a_pending_icmp_error_costs_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct transport_addr gone;
    struct pollfd wait = {.fd = fixture->sender, .events = 0};

    assert_true(udp_socket_set_int(fixture->sender, IPPROTO_IP, IP_RECVERR, 1));
    int unreachable = loopback_unreachable(&gone);

    loopback_send(fixture->sender, &gone, "x", 1);
    assert_int_equal(poll(&wait, 1, 5000), 1);
    assert_true(wait.revents & POLLERR);

    add_text(fixture, "for another one");
    send_batch_flush(&fixture->batch);
    expect_text(fixture, "for another one");
    assert_int_equal(fixture->values[SHARD_COUNT_RELAY_SENT], 1);
    assert_int_equal(fixture->values[SHARD_COUNT_SEND_UNREACHABLE], 0);
    close(unreachable);
}

static void a_datagram_leaves_from_the_named_address(void **state)
{
    struct fixture *fixture = *state;
    const uint8_t other_ip[4] = {127, 0, 0, 99};
    struct transport_addr from = transport_addr_v4(other_ip, 0), source;
    union socket_addr socket_addr;
    socklen_t len = sizeof(socket_addr);
    struct transport_addr any = transport_addr_any(IP_FAMILY_V4, 0);
    int wildcard = udp_socket_new(IP_FAMILY_V4);
    char got;

    assert_true(wildcard >= 0 && udp_socket_bind(wildcard, &any));
    fixture->batch.fd = wildcard;
    send_batch_add(&fixture->batch, &fixture->receiver_addr, &from, bytes_of_text("x"));
    send_batch_flush(&fixture->batch);
    loopback_wait(fixture->receiver);
    assert_int_equal(recvfrom(fixture->receiver, &got, 1, 0, &socket_addr.any, &len), 1);
    assert_true(socket_addr_to(&socket_addr, len, &source));
    assert_true(transport_addr_same_ip(&source, &from));

    /* The next datagram in the same place of the batch names no source: it must not be
     * that of its predecessor. */
    add_text(fixture, "y");
    send_batch_flush(&fixture->batch);
    loopback_wait(fixture->receiver);
    len = sizeof(socket_addr);
    assert_int_equal(recvfrom(fixture->receiver, &got, 1, 0, &socket_addr.any, &len), 1);
    assert_true(socket_addr_to(&socket_addr, len, &source));
    assert_false(transport_addr_same_ip(&source, &from));
    close(wildcard);
}

static void errors_have_their_counters(void **state)
{
    (void)state;
    assert_int_equal(send_failure_counter(EAGAIN), SHARD_COUNT_SEND_WOULD_BLOCK);
    assert_int_equal(send_failure_counter(ENOBUFS), SHARD_COUNT_SEND_WOULD_BLOCK);
    assert_int_equal(send_failure_counter(ENETUNREACH), SHARD_COUNT_SEND_UNREACHABLE);
    assert_int_equal(send_failure_counter(EHOSTUNREACH), SHARD_COUNT_SEND_UNREACHABLE);
    assert_int_equal(send_failure_counter(ECONNREFUSED), SHARD_COUNT_SEND_UNREACHABLE);
    assert_int_equal(send_failure_counter(EMSGSIZE), SHARD_COUNT_SEND_MESSAGE_TOO_LONG);
    assert_int_equal(send_failure_counter(EPERM), SHARD_COUNT_SEND_NOT_PERMITTED);
    assert_int_equal(send_failure_counter(EINVAL), SHARD_COUNT_SEND_ERRORS);
}

/* A packet socket that nobody empties: the send buffer fills up. */
static void a_full_socket_drops_the_rest_and_does_not_block(void **state)
{
    struct fixture *fixture = *state;
    int ends[2];

    /* A UNIX datagram socket blocks its sender, as a UDP socket does on a busy interface. */
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends), 0);
    fixture->batch.fd = ends[0];
    fixture->batch.alone = 100 * SEND_BATCH_MAX; /* UNIX sockets know no trains */
    for (unsigned round = 0; round < 100; round++) {
        for (unsigned i = 0; i < SEND_BATCH_MAX; i++) {
            add_text(fixture, "x");
            /* The ends are connected; UNIX sockets know nothing of UDP addresses. */
            fixture->batch.messages[i].msg_hdr.msg_namelen = 0;
            fixture->batch.messages[i].msg_hdr.msg_name = NULL;
        }
        send_batch_flush(&fixture->batch);
    }
    assert_true(fixture->values[SHARD_COUNT_SEND_WOULD_BLOCK] > 0);
    assert_int_equal(fixture->values[SHARD_COUNT_SEND_WOULD_BLOCK] +
                         fixture->values[SHARD_COUNT_RELAY_SENT],
                     100 * SEND_BATCH_MAX);
    close(ends[0]);
    close(ends[1]);
}

#define BATCH_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BATCH_TEST(what_a_pause_has_overtaken_is_not_sent),
        BATCH_TEST(an_empty_batch_sends_nothing),
        BATCH_TEST(a_batch_leaves_in_one_call_and_in_order),
        BATCH_TEST(a_full_batch_is_as_large_as_announced),
        BATCH_TEST(a_refused_datagram_costs_only_itself),
        BATCH_TEST(neighbours_of_one_size_leave_as_one_message),
        BATCH_TEST(a_train_leaves_from_the_named_address),
        BATCH_TEST(a_train_that_is_refused_goes_out_one_by_one),
        BATCH_TEST(a_train_without_a_receiver_costs_the_others_nothing),
        BATCH_TEST(a_headed_train_that_is_refused_goes_out_one_by_one),
        BATCH_TEST(a_pending_icmp_error_costs_nothing),
        BATCH_TEST(a_datagram_leaves_from_the_named_address),
        BATCH_TEST(a_full_socket_drops_the_rest_and_does_not_block),
        cmocka_unit_test(errors_have_their_counters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
