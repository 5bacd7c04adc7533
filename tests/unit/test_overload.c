/* test_overload.c — tests of overload.h: what waits is real, the time is not. */
#include "overload.h"

#include "listener.h"

#include <sys/socket.h>

#include "loopback.h"

#define ALL UINT32_MAX

enum { MSEC = 1000, MANY = 2000, DATAGRAM_LEN = 1000, ROUNDS_MAX = 100000 };

struct fixture {
    int fd, a, b;
    struct transport_addr addr, a_addr, b_addr;
    struct overload overload;
    struct mono_time now;
    uint32_t pass; /* as last seen */
};

static int setup(void **state)
{
    static struct fixture fixture;

    fixture = (struct fixture){.now = {.usec = 1000 * USEC_PER_SEC}};
    fixture.fd = loopback_socket(&fixture.addr);
    udp_socket_set_buffers(fixture.fd, UDP_SOCKET_RECEIVE_BUFFER, LISTENER_BUFFER_LEN);
    fixture.a = loopback_socket(&fixture.a_addr);
    fixture.b = loopback_socket(&fixture.b_addr);
    overload_init(&fixture.overload, fixture.fd, IP_FAMILY_V4);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;

    overload_end(&fixture->overload);
    close(fixture->fd);
    close(fixture->a);
    close(fixture->b);
    return 0;
}

static void pass_time(struct fixture *fixture, int64_t usec)
{
    fixture->now = mono_time_add_usec(fixture->now, usec);
    overload_run(&fixture->overload, fixture->now);
}

/* Datagrams of data that |from| sends, and nobody reads for now. */
static void send_data(struct fixture *fixture, int from, unsigned count)
{
    static const uint8_t data[DATAGRAM_LEN] = {0x40};
    union socket_addr to;
    socklen_t len = socket_addr_from(&fixture->addr, &to);

    for (unsigned i = 0; i < count; i++)
        assert_int_equal(sendto(from, data, sizeof(data), 0, &to.any, len), sizeof(data));
}

static unsigned receive_all(struct fixture *fixture)
{
    uint8_t datagram[DATAGRAM_LEN];
    unsigned count = 0;

    while (recv(fixture->fd, datagram, sizeof(datagram), MSG_DONTWAIT) >= 0)
        count++;
    return count;
}

/* For |usec|, every ten milliseconds: |dropped| messages are lost, |a| and |b| datagrams of data
 * are received of two clients, and |stun| requests. */
static void lose(struct fixture *fixture, int64_t usec, unsigned dropped, unsigned a, unsigned b,
                 unsigned stun)
{
    for (int64_t at = 0; at <= usec; at += 10000) {
        overload_dropped(&fixture->overload, fixture->now, dropped);
        for (unsigned i = 0; i < a; i++)
            overload_received(&fixture->overload, &fixture->a_addr, 1);
        for (unsigned i = 0; i < b; i++)
            overload_received(&fixture->overload, &fixture->b_addr, 1);
        for (unsigned i = 0; i < stun; i++)
            overload_received(&fixture->overload, &fixture->a_addr, 0);
        pass_time(fixture, 10000);
    }
}

/* The same while much waits in the socket, where nothing is left in the end. */
static void overflow(struct fixture *fixture, int64_t usec, unsigned dropped, unsigned a,
                     unsigned b)
{
    send_data(fixture, fixture->a, MANY);
    lose(fixture, usec, dropped, a, b, 0);
    (void)receive_all(fixture);
}

static void what_was_lost_before_sheds_nothing(void **state)
{
    struct fixture *fixture = *state;

    /* A pause, or datagrams with a wrong checksum: nothing waits. */
    lose(fixture, 200000, 1000, 10, 0, 0);
    assert_false(fixture->overload.is_shedding);
    assert_false(overload_is_told(&fixture->overload, fixture->now));
}

static void a_flood_of_requests_sheds_no_data(void **state)
{
    struct fixture *fixture = *state;

    send_data(fixture, fixture->a, MANY);
    lose(fixture, 200000, 1000, 4, 0, 6);
    assert_false(fixture->overload.is_shedding);
}

static void one_overflow_sheds_nothing(void **state)
{
    struct fixture *fixture = *state;

    overflow(fixture, OVERLOAD_WATCH_ONE_USEC / 2, 1000, 10, 0);
    pass_time(fixture, 2 * OVERLOAD_GAP_USEC);
    assert_false(fixture->overload.is_watching);
    overflow(fixture, OVERLOAD_WATCH_ONE_USEC / 2, 1000, 10, 0);
    assert_false(fixture->overload.is_shedding);
    assert_false(overload_is_told(&fixture->overload, fixture->now));
}

static void who_sends_most_is_shed_alone(void **state)
{
    struct fixture *fixture = *state;

    overflow(fixture, 100 * MSEC, 30, 8, 2);
    assert_true(fixture->overload.is_shedding);
    assert_true(fixture->overload.is_one_client);
    assert_true(transport_addr_equal(&fixture->overload.client, &fixture->a_addr));
    assert_true(overload_is_told(&fixture->overload, fixture->now));
    /* A quarter was received. */
    assert_true(fixture->overload.pass < ALL / 2);
    send_data(fixture, fixture->b, 50);
    assert_int_equal(receive_all(fixture), 50);
    send_data(fixture, fixture->a, 1000);
    assert_true(receive_all(fixture) < 700);
}

static void where_nobody_sends_most_all_are_shed(void **state)
{
    struct fixture *fixture = *state;

    overflow(fixture, 100 * MSEC, 30, 5, 5);
    assert_true(fixture->overload.is_shedding);
    assert_false(fixture->overload.is_one_client);
    send_data(fixture, fixture->b, 1000);
    assert_true(receive_all(fixture) < 700);
}

/* It may be the moment in which all begin to send. */
static void one_client_is_shed_sooner_than_all(void **state)
{
    struct fixture *fixture = *state;

    overflow(fixture, OVERLOAD_WATCH_ALL_USEC / 2, 30, 5, 5);
    assert_false(fixture->overload.is_shedding);
    pass_time(fixture, 2 * OVERLOAD_GAP_USEC);
    overflow(fixture, OVERLOAD_WATCH_ONE_USEC, 30, 8, 2);
    assert_true(fixture->overload.is_shedding);
}

/* Far too much: quickly while it gets more still, then patiently, since it has to be worked off. */
static void a_growing_queue_sheds_quickly(void **state)
{
    struct fixture *fixture = *state;
    uint32_t falls[2], before;

    send_data(fixture, fixture->b, MANY);
    lose(fixture, OVERLOAD_WATCH_ONE_USEC, 1, 10, 0, 0);
    assert_true(fixture->overload.is_one_client);
    for (unsigned i = 0; i < 2; i++) {
        if (i == 0)
            send_data(fixture, fixture->b, 1);
        before = fixture->overload.pass;
        pass_time(fixture, OVERLOAD_STEP_USEC);
        falls[i] = (before - fixture->overload.pass) / (before / 1000);
    }
    assert_true(falls[0] > 3 * falls[1] && falls[1] > 0);
}

/* More is shed while much waits: first of the client, then of all, until it proves to be in vain.
 */
static void more_is_shed_while_much_waits(void **state)
{
    struct fixture *fixture = *state;

    send_data(fixture, fixture->b, MANY);
    lose(fixture, 50000, 1, 10, 0, 0);
    assert_true(fixture->overload.is_one_client);
    for (unsigned i = 0; fixture->overload.is_one_client; i++) {
        uint32_t before = fixture->overload.pass;

        assert_true(i < ROUNDS_MAX);
        pass_time(fixture, OVERLOAD_STEP_USEC);
        assert_true(fixture->overload.pass < before || !fixture->overload.is_one_client);
    }
    for (unsigned i = 0; fixture->overload.is_shedding; i++) {
        uint32_t before = fixture->overload.pass;

        assert_true(i < ROUNDS_MAX);
        pass_time(fixture, OVERLOAD_STEP_USEC);
        assert_true(fixture->overload.pass < before || !fixture->overload.is_shedding);
    }
    assert_true(overload_is_told(&fixture->overload, fixture->now));
    lose(fixture, 200000, 1000, 10, 0, 0);
    assert_false(fixture->overload.is_shedding);
    (void)receive_all(fixture);
    send_data(fixture, fixture->a, 100);
    assert_int_equal(receive_all(fixture), 100);
}

/* The others alone are too many. */
static void who_was_shed_in_vain_is_not_shed_alone_again(void **state)
{
    struct fixture *fixture = *state;

    send_data(fixture, fixture->b, MANY);
    lose(fixture, OVERLOAD_WATCH_ONE_USEC, 1, 10, 0, 0);
    assert_true(fixture->overload.is_one_client);
    while (fixture->overload.is_one_client)
        pass_time(fixture, OVERLOAD_STEP_USEC);
    lose(fixture, 2 * (int64_t)OVERLOAD_VOTE_USEC, 1, 10, 0, 0);
    assert_true(fixture->overload.is_shedding && !fixture->overload.is_one_client);
    lose(fixture, 2 * (int64_t)OVERLOAD_VOTE_USEC, 1, 0, 10, 0);
    assert_true(fixture->overload.is_one_client); /* another one */
}

/* Wrong checksums are counted as lost, too. */
static void a_few_losses_shed_nothing(void **state)
{
    struct fixture *fixture = *state;

    send_data(fixture, fixture->a, MANY / 4);
    lose(fixture, 4 * (int64_t)OVERLOAD_WATCH_ALL_USEC, 1, 100, 0, 0);
    assert_false(fixture->overload.is_shedding);
}

/* A little more than can be relayed fills the socket as well. */
static void a_full_socket_is_shed_whatever_is_lost(void **state)
{
    struct fixture *fixture = *state;

    send_data(fixture, fixture->a, 10 * MANY);
    lose(fixture, OVERLOAD_WATCH_ALL_USEC, 1, 100, 0, 0);
    assert_true(fixture->overload.is_shedding);
}

static void what_was_counted_long_ago_does_not_count(void **state)
{
    struct fixture *fixture = *state;

    send_data(fixture, fixture->a, MANY);
    lose(fixture, 5 * (int64_t)OVERLOAD_WATCH_ALL_USEC, 1000, 0, 0, 10);
    assert_false(fixture->overload.is_shedding);
    lose(fixture, 4 * (int64_t)OVERLOAD_WATCH_ALL_USEC, 30, 8, 2, 0);
    assert_true(fixture->overload.is_shedding);
}

/* The kernel still counts some of what has been read. */
static void no_more_is_shed_of_one_client_when_the_socket_was_emptied(void **state)
{
    struct fixture *fixture = *state;

    send_data(fixture, fixture->b, MANY);
    lose(fixture, OVERLOAD_WATCH_ONE_USEC, 1, 10, 0, 0);
    uint32_t before = fixture->overload.pass;

    fixture->now = mono_time_add_usec(fixture->now, OVERLOAD_STEP_USEC);
    overload_emptied(&fixture->overload, fixture->now);
    overload_run(&fixture->overload, fixture->now);
    assert_int_equal(fixture->overload.pass, before);
    pass_time(fixture, OVERLOAD_STEP_USEC);
    assert_true(fixture->overload.pass < before);
}

/* So that it ends while others keep a socket busy that is emptied all the time. */
static void less_is_shed_of_one_client_when_little_waits_in_an_emptied_socket(void **state)
{
    struct fixture *fixture = *state;

    overflow(fixture, OVERLOAD_WATCH_ONE_USEC, 30, 10, 0);
    assert_true(fixture->overload.is_one_client);
    uint32_t before = fixture->overload.pass;

    /* More than half of what may wait, which is neither too much nor too little. */
    send_data(fixture, fixture->b, 60);
    pass_time(fixture, OVERLOAD_STEP_USEC);
    assert_int_equal(fixture->overload.pass, before);
    fixture->now = mono_time_add_usec(fixture->now, OVERLOAD_STEP_USEC);
    overload_emptied(&fixture->overload, fixture->now);
    overload_run(&fixture->overload, fixture->now);
    assert_true(fixture->overload.pass > before);
}

/* A client who begins to flood while all are shed is found. */
static void the_vote_is_taken_again(void **state)
{
    struct fixture *fixture = *state;

    send_data(fixture, fixture->a, MANY);
    lose(fixture, OVERLOAD_WATCH_ALL_USEC, 1, 5, 5, 0);
    assert_true(fixture->overload.is_shedding && !fixture->overload.is_one_client);
    lose(fixture, 2 * (int64_t)OVERLOAD_VOTE_USEC, 1, 8, 2, 0);
    assert_true(fixture->overload.is_one_client);
    assert_true(transport_addr_equal(&fixture->overload.client, &fixture->a_addr));
}

/* Where the system allows no large buffers: what waits is judged by the room there is. */
static void a_small_buffer_is_shed_as_well(void **state)
{
    struct fixture *fixture = *state;

    assert_true(udp_socket_set_int(fixture->fd, SOL_SOCKET, SO_RCVBUF, 100000));
    send_data(fixture, fixture->a, MANY);
    lose(fixture, OVERLOAD_WATCH_ALL_USEC, 30, 5, 5, 0);
    assert_true(fixture->overload.is_shedding);
    uint32_t before = fixture->overload.pass;

    pass_time(fixture, OVERLOAD_STEP_USEC);
    assert_true(fixture->overload.pass < before);
}

/* Who empties the socket keeps up, whatever waits at the moment of the look. */
static void less_is_shed_of_all_when_it_is_emptied(void **state)
{
    struct fixture *fixture = *state;

    send_data(fixture, fixture->a, MANY);
    lose(fixture, OVERLOAD_WATCH_ALL_USEC, 30, 5, 5, 0);
    uint32_t before = fixture->overload.pass;

    overload_emptied(&fixture->overload, fixture->now);
    pass_time(fixture, OVERLOAD_STEP_USEC);
    assert_true(fixture->overload.pass > before);
    before = fixture->overload.pass;
    pass_time(fixture, OVERLOAD_EMPTY_USEC);
    assert_true(fixture->overload.pass < before);
}

static void it_ends_when_nothing_waits(void **state)
{
    struct fixture *fixture = *state;
    int64_t usec = 0;

    overflow(fixture, 100 * MSEC, 20, 2, 0);
    assert_true(fixture->overload.pass < ALL / 4);
    while (fixture->overload.is_shedding) {
        uint32_t before = fixture->overload.pass;

        pass_time(fixture, OVERLOAD_STEP_USEC);
        usec += OVERLOAD_STEP_USEC;
        assert_true(fixture->overload.pass >= before);
    }
    assert_true(usec > OVERLOAD_OVER_USEC && usec < 5 * USEC_PER_SEC);
    send_data(fixture, fixture->a, 100);
    assert_int_equal(receive_all(fixture), 100);
    assert_true(overload_is_told(&fixture->overload, fixture->now));
    pass_time(fixture, OVERLOAD_TOLD_USEC);
    assert_false(overload_is_told(&fixture->overload, fixture->now));
}

/* Some idle rounds are as good as many. */
static void it_ends_as_soon_in_long_rounds(void **state)
{
    struct fixture *fixture = *state;

    overflow(fixture, 100 * MSEC, 20, 2, 0);
    for (unsigned i = 0; i < 8; i++)
        pass_time(fixture, 400 * MSEC);
    assert_false(fixture->overload.is_shedding);
}

static void a_new_process_sheds_nothing(void **state)
{
    struct fixture *fixture = *state;

    overflow(fixture, 100 * MSEC, 100000, 1, 0);
    send_data(fixture, fixture->a, 100);
    assert_true(receive_all(fixture) < 100);
    overload_init(&fixture->overload, fixture->fd, IP_FAMILY_V4);
    send_data(fixture, fixture->a, 100);
    assert_int_equal(receive_all(fixture), 100);
    overflow(fixture, 100 * MSEC, 100000, 1, 0);
    overload_end(&fixture->overload);
    send_data(fixture, fixture->a, 100);
    assert_int_equal(receive_all(fixture), 100);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(one_overflow_sheds_nothing),
        TEST(what_was_lost_before_sheds_nothing),
        TEST(a_flood_of_requests_sheds_no_data),
        TEST(who_sends_most_is_shed_alone),
        TEST(where_nobody_sends_most_all_are_shed),
        TEST(one_client_is_shed_sooner_than_all),
        TEST(a_growing_queue_sheds_quickly),
        TEST(more_is_shed_while_much_waits),
        TEST(who_was_shed_in_vain_is_not_shed_alone_again),
        TEST(a_few_losses_shed_nothing),
        TEST(a_full_socket_is_shed_whatever_is_lost),
        TEST(what_was_counted_long_ago_does_not_count),
        TEST(no_more_is_shed_of_one_client_when_the_socket_was_emptied),
        TEST(less_is_shed_of_one_client_when_little_waits_in_an_emptied_socket),
        TEST(the_vote_is_taken_again),
        TEST(a_small_buffer_is_shed_as_well),
        TEST(less_is_shed_of_all_when_it_is_emptied),
        TEST(it_ends_when_nothing_waits),
        TEST(it_ends_as_soon_in_long_rounds),
        TEST(a_new_process_sheds_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
