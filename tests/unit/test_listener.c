/* test_listener.c — tests of what listener.h takes over from others. */
#include "listener.h"

#include "options.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <string.h>

#include "loopback.h"

static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

static void expect_refusal(int fd, enum err err, const char *why)
{
    struct listeners listeners = LISTENERS_NONE;
    struct problem problem = {.text = ""};

    assert_int_equal(listeners_adopt(&fd, 1, FAMILY_SET_V4, &listeners, &problem), err);
    assert_non_null(strstr(problem.text, why));
    assert_int_equal(listeners.v4, -1);
    assert_false(is_open(fd));
}

static void what_is_no_udp_socket_is_refused(void **state)
{
    (void)state;
    expect_refusal(open("/dev/null", O_RDONLY), ERR_MALFORMED, "is no UDP socket");
    expect_refusal(socket(AF_INET, SOCK_STREAM, 0), ERR_MALFORMED, "is no UDP socket");
    expect_refusal(socket(AF_UNIX, SOCK_DGRAM, 0), ERR_MALFORMED, "is no UDP socket");
}

static void another_port_is_refused(void **state)
{
    (void)state;
    struct transport_addr addr;
    int fd = loopback_socket(&addr);
    char expected[64];

    (void)snprintf(expected, sizeof(expected), "bound to UDP port %u and not to %d", addr.port,
                   RELAY_LISTENING_PORT);
    expect_refusal(fd, ERR_MALFORMED, expected);
    expect_refusal(socket(AF_INET, SOCK_DGRAM, 0), ERR_MALFORMED, "bound to UDP port 0");
}

static void all_are_closed_when_one_is_wrong(void **state)
{
    (void)state;
    struct listeners listeners = LISTENERS_NONE;
    struct problem problem;
    const int fds[] = {fcntl(STDERR_FILENO, F_DUPFD, 50), fcntl(STDERR_FILENO, F_DUPFD, 60)};

    assert_int_equal(listeners_adopt(fds, 2, FAMILY_SET_V4, &listeners, &problem), ERR_MALFORMED);
    assert_false(is_open(fds[0]));
    assert_false(is_open(fds[1]));
}

static void every_family_needs_its_socket(void **state)
{
    (void)state;
    struct listeners listeners = LISTENERS_NONE;
    struct problem problem;

    assert_int_equal(listeners_adopt(NULL, 0, FAMILY_SET_V4, &listeners, &problem), ERR_NOT_FOUND);
    assert_non_null(strstr(problem.text, "no IPv4 socket"));
    assert_int_equal(listeners_adopt(NULL, 0, FAMILY_SET_V6, &listeners, &problem), ERR_NOT_FOUND);
    assert_non_null(strstr(problem.text, "no IPv6 socket"));
}

/* The holder of the sockets may start an older version next. */
static void a_closed_socket_takes_no_trains_where_others_hold_it(void **state)
{
    (void)state;
    struct transport_addr addr;
    int held = loopback_socket(&addr), takes_trains = -1;
    socklen_t len = sizeof(takes_trains);
    struct listeners listeners = {.v4 = dup(held), .v6 = -1};

    udp_socket_take_trains(listeners.v4, true);
    assert_int_equal(getsockopt(held, IPPROTO_UDP, UDP_GRO, &takes_trains, &len), 0);
    assert_int_equal(takes_trains, 1);
    listeners_close(&listeners);
    assert_int_equal(getsockopt(held, IPPROTO_UDP, UDP_GRO, &takes_trains, &len), 0);
    assert_int_equal(takes_trains, 0);
    close(held);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_udp_socket_is_refused),
        cmocka_unit_test(another_port_is_refused),
        cmocka_unit_test(all_are_closed_when_one_is_wrong),
        cmocka_unit_test(every_family_needs_its_socket),
        cmocka_unit_test(a_closed_socket_takes_no_trains_where_others_hold_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
