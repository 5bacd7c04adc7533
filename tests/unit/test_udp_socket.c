/* test_udp_socket.c — tests of udp_socket.h. */
#include "udp_socket.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "unit.h"

enum { NOBODY = 65534 };

static int buffer_of(int fd, int option)
{
    int len = 0;
    socklen_t size = sizeof(len);

    assert_int_equal(getsockopt(fd, SOL_SOCKET, option, &len, &size), 0);
    return len;
}

static int limit(void)
{
    FILE *file = fopen("/proc/sys/net/core/rmem_max", "re");
    int value = 0;

    assert_non_null(file);
    assert_int_equal(fscanf(file, "%d", &value), 1);
    fclose(file);
    return value;
}

static void small_buffers_are_raised_and_no_other_is_cut(void **state)
{
    int fd = udp_socket_new(IP_FAMILY_V4);

    (void)state;
    assert_true(udp_socket_set_int(fd, SOL_SOCKET, SO_RCVBUF, 4096));
    assert_true(udp_socket_set_int(fd, SOL_SOCKET, SO_SNDBUF, 100000));
    assert_int_equal(udp_socket_small_buffers(fd, 65536), UDP_SOCKET_RECEIVE_BUFFER);
    udp_socket_set_buffers(fd, udp_socket_small_buffers(fd, 65536), 65536);
    assert_int_equal(udp_socket_small_buffers(fd, 65536), 0);
    assert_int_equal(buffer_of(fd, SO_RCVBUF), 2 * 65536);
    assert_int_equal(buffer_of(fd, SO_SNDBUF), 2 * 100000);
    assert_int_equal(udp_socket_small_buffers(fd, 80000), UDP_SOCKET_RECEIVE_BUFFER);
    assert_int_equal(udp_socket_small_buffers(fd, 110000),
                     UDP_SOCKET_RECEIVE_BUFFER | UDP_SOCKET_SEND_BUFFER);
    close(fd);
}

/* A service manager may give more than the system's limit, which is ours. */
static void a_buffer_that_somebody_else_was_allowed_stays(void **state)
{
    int fd = udp_socket_new(IP_FAMILY_V4);
    int len = 2 * limit();

    (void)state;
    if (!udp_socket_set_int(fd, SOL_SOCKET, SO_RCVBUFFORCE, len)) {
        close(fd);
        skip();
    }
    assert_int_equal(seteuid(NOBODY), 0);
    udp_socket_set_buffers(fd, udp_socket_small_buffers(fd, len), len);
    assert_int_equal(seteuid(0), 0);
    assert_int_equal(buffer_of(fd, SO_RCVBUF), 2 * len);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_buffers_are_raised_and_no_other_is_cut),
        cmocka_unit_test(a_buffer_that_somebody_else_was_allowed_stays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
