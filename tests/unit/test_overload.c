/* test_overload.c — tests of overload.h: what waits is real, the time is not. */
#include "overload.h"

#include "listener.h"

#include <sys/socket.h>

#include "loopback.h"

#define ALL UINT32_MAX

enum { MSEC = 1000, DATAGRAM_LEN = 1000, ROUNDS_MAX = 100000 };

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
    udp_socket_set_buffers(fixture.fd, LISTENER_BUFFER_LEN);
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

/* For |usec|: |dropped| of |dropped| + 2 |a| + |b| messages are lost every ten milliseconds. */
static void overflow(struct fixture *fixture, int64_t usec, unsigned dropped, unsigned a,
                     unsigned b)
{
    for (int64_t at = 0; at <= usec; at += 10 * MSEC) {
        overload_dropped(&fixture->overload, fixture->now, dropped);
        for (unsigned i = 0; i < a; i++)
            overload_received(&fixture->overload, &fixture->a_addr);
        for (unsigned i = 0; i < b; i++)
            overload_received(&fixture->overload, &fixture->b_addr);
        pass_time(fixture, 10 * MSEC);
    }
}

static void one_overflow_sheds_nothing(void **state)
{
    struct fixture *fixture = *state;

    overflow(fixture, 10 * MSEC, 1000, 10, 0);
    pass_time(fixture, 2 * USEC_PER_SEC);
    assert_false(fixture->overload.is_watching);
    overflow(fixture, 10 * MSEC, 1000, 10, 0);
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

/* More is shed while much waits, down to a client who turns out not to be the one. */
static void more_is_shed_while_much_waits(void **state)
{
    struct fixture *fixture = *state;

    send_data(fixture, fixture->b, 2000);
    overflow(fixture, 60 * MSEC, 1, 10, 0);
    assert_true(fixture->overload.is_one_client);
    for (unsigned i = 0; fixture->overload.is_one_client; i++) {
        uint32_t before = fixture->overload.pass;

        assert_true(i < ROUNDS_MAX);
        pass_time(fixture, OVERLOAD_STEP_USEC);
        assert_true(fixture->overload.pass < before || !fixture->overload.is_one_client);
    }
    uint32_t all = fixture->overload.pass;

    pass_time(fixture, OVERLOAD_STEP_USEC);
    assert_true(fixture->overload.pass < all);
    for (unsigned i = 0; i < 1000; i++)
        pass_time(fixture, OVERLOAD_STEP_USEC);
    assert_true(fixture->overload.pass > 0);
    assert_true(receive_all(fixture) > 0);
}

static void it_ends_when_nothing_waits(void **state)
{
    struct fixture *fixture = *state;
    int64_t usec = 0;

    overflow(fixture, 100 * MSEC, 1000, 1, 0);
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

    overflow(fixture, 100 * MSEC, 1000, 1, 0);
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
        TEST(one_overflow_sheds_nothing),           TEST(who_sends_most_is_shed_alone),
        TEST(where_nobody_sends_most_all_are_shed), TEST(more_is_shed_while_much_waits),
        TEST(it_ends_when_nothing_waits),           TEST(it_ends_as_soon_in_long_rounds),
        TEST(a_new_process_sheds_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
