/* test_listener_queue.c — tests of listener_queue.h, with a socket of the kernel's. */
#include "listener_queue.h"

#include "listener.h"
#include "udp_socket.h"

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

enum { NOBODY = 65534, MSEC = 1000, PAST_LIMITS = 64 * 1024 * 1024 };

struct fixture {
    int fd;
    struct listener_queue queue;
    int full_len;
};

static struct mono_time at(int64_t usec)
{
    return (struct mono_time){.usec = 1000 * USEC_PER_SEC + usec};
}

static int setup(void **state)
{
    static struct fixture fixture;

    fixture.fd = udp_socket_new(IP_FAMILY_V4);
    udp_socket_set_buffers(fixture.fd, LISTENER_BUFFER_LEN);
    fixture.full_len = udp_socket_receive_buffer(fixture.fd);
    listener_queue_init(&fixture.queue, fixture.fd);
    *state = &fixture;
    /* As everywhere the limit is above what a new socket has. */
    return fixture.full_len > LISTENER_SHORT_LEN ? 0 : -1;
}

static int teardown(void **state)
{
    close(((struct fixture *)*state)->fd);
    return 0;
}

static void overflow_until(struct fixture *fixture, int64_t from, int64_t to)
{
    for (int64_t usec = from; usec <= to; usec += 10 * MSEC)
        listener_queue_overflowed(&fixture->queue, at(usec));
}

static void assert_overloaded(const struct fixture *fixture, bool is_overloaded)
{
    assert_int_equal(fixture->queue.is_overloaded, is_overloaded);
    assert_int_equal(udp_socket_receive_buffer(fixture->fd),
                     is_overloaded ? LISTENER_SHORT_LEN : fixture->full_len);
}

static void it_is_short_while_it_overflows(void **state)
{
    struct fixture *fixture = *state;

    overflow_until(fixture, 0, 90 * MSEC);
    assert_overloaded(fixture, false);
    listener_queue_overflowed(&fixture->queue, at(LISTENER_OVERFLOWING_USEC));
    assert_overloaded(fixture, true);
    listener_queue_run(&fixture->queue, at(LISTENER_SHORT_USEC));
    assert_overloaded(fixture, true);
    listener_queue_run(&fixture->queue, at(LISTENER_SHORT_USEC + LISTENER_OVERFLOWING_USEC));
    assert_overloaded(fixture, false);
}

static void it_is_short_again_when_it_goes_on(void **state)
{
    struct fixture *fixture = *state;
    int64_t end = LISTENER_SHORT_USEC + LISTENER_OVERFLOWING_USEC;

    overflow_until(fixture, 0, end);
    assert_overloaded(fixture, true);
    listener_queue_run(&fixture->queue, at(end));
    assert_overloaded(fixture, false);
    overflow_until(fixture, end, end + 90 * MSEC);
    assert_overloaded(fixture, false);
    overflow_until(fixture, end + 100 * MSEC, end + 100 * MSEC);
    assert_overloaded(fixture, true);
}

static void one_overflow_does_not_shorten_it(void **state)
{
    struct fixture *fixture = *state;

    /* What waited during a pause is received within moments. */
    overflow_until(fixture, 0, 50 * MSEC);
    overflow_until(fixture, 60 * USEC_PER_SEC, 60 * USEC_PER_SEC + 50 * MSEC);
    listener_queue_run(&fixture->queue, at(61 * USEC_PER_SEC));
    assert_overloaded(fixture, false);
}

/* In a process that may not make it large again. Returns whether all is as it should be. */
static bool keeps_what_was_given(struct fixture *fixture)
{
    if (setresuid(NOBODY, NOBODY, NOBODY) != 0)
        return false;
    listener_queue_init(&fixture->queue, fixture->fd);
    overflow_until(fixture, 0, USEC_PER_SEC);
    return fixture->queue.is_overloaded && udp_socket_receive_buffer(fixture->fd) == PAST_LIMITS;
}

static void it_is_not_made_short_for_ever(void **state)
{
    struct fixture *fixture = *state;
    int status;

    if (!udp_socket_set_int(fixture->fd, SOL_SOCKET, SO_RCVBUFFORCE, PAST_LIMITS) || geteuid() != 0)
        skip();
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0)
        _exit(keeps_what_was_given(fixture) ? 0 : 1);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void no_socket_is_none_to_overflow(void **state)
{
    struct listener_queue queue;

    (void)state;
    listener_queue_init(&queue, -1);
    listener_queue_run(&queue, at(0));
    assert_false(queue.is_overloaded);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(it_is_short_while_it_overflows),
        TEST(it_is_short_again_when_it_goes_on),
        TEST(one_overflow_does_not_shorten_it),
        TEST(it_is_not_made_short_for_ever),
        cmocka_unit_test(no_socket_is_none_to_overflow),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
