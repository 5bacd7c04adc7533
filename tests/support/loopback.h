/* loopback.h — UDP sockets on the loopback interface for tests. */
#ifndef RELAY_TESTS_LOOPBACK_H
#define RELAY_TESTS_LOOPBACK_H

#include "sockaddr.h"
#include "udp_socket.h"

#include <poll.h>
#include <sched.h>
#include <unistd.h>

#include "unit.h"

static const uint8_t loopback_ip[4] = {127, 0, 0, 1};

/*
 * loopback_pin keeps the test on one CPU. What it sends on the loopback interface waits in a
 * queue of that CPU, in order, should the kernel not deliver it at once.
 */
static inline void loopback_pin(void)
{
    cpu_set_t one;
    int cpu = sched_getcpu();

    assert_true(cpu >= 0);
    CPU_ZERO(&one);
    CPU_SET((size_t)cpu, &one);
    assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
}

/* loopback_socket makes a socket on 127.0.0.1 with a port of the kernel's choice. */
static inline int loopback_socket(struct transport_addr *ret_addr)
{
    loopback_pin();
    struct transport_addr any = transport_addr_v4(loopback_ip, 0);
    union socket_addr socket_addr;
    socklen_t len = sizeof(socket_addr);
    int fd = udp_socket_new(IP_FAMILY_V4);

    assert_true(fd >= 0);
    assert_true(udp_socket_bind(fd, &any));
    assert_int_equal(getsockname(fd, &socket_addr.any, &len), 0);
    assert_true(socket_addr_to(&socket_addr, len, ret_addr));
    return fd;
}

/*
 * loopback_unreachable makes a socket whose port answers everybody with "port unreachable":
 * it is connected to itself. The port stays ours, so that no other process gets it.
 */
static inline int loopback_unreachable(struct transport_addr *ret_addr)
{
    int fd = loopback_socket(ret_addr);
    union socket_addr socket_addr;
    socklen_t len = socket_addr_from(ret_addr, &socket_addr);

    assert_int_equal(connect(fd, &socket_addr.any, len), 0);
    return fd;
}

/* loopback_send sends |len| bytes from |fd| to |to|. */
static inline void loopback_send(int fd, const struct transport_addr *to, const void *data,
                                 size_t len)
{
    union socket_addr socket_addr;
    socklen_t addr_len = socket_addr_from(to, &socket_addr);

    assert_int_equal(sendto(fd, data, len, 0, &socket_addr.any, addr_len), (ssize_t)len);
}

/* loopback_settle returns when everything sent so far has arrived: it sends a datagram to
 * itself, behind all others. */
static inline void loopback_settle(void)
{
    struct transport_addr self;
    int fd = loopback_socket(&self);
    struct pollfd wait = {.fd = fd, .events = POLLIN};

    loopback_send(fd, &self, "x", 1);
    assert_int_equal(poll(&wait, 1, 5000), 1);
    close(fd);
}

/* loopback_wait fails the test unless |fd| has something to read within five seconds, and
 * everything else sent so far has arrived too. */
static inline void loopback_wait(int fd)
{
    struct pollfd wait = {.fd = fd, .events = POLLIN};

    assert_int_equal(poll(&wait, 1, 5000), 1);
    loopback_settle();
}

#endif
