/* test_shed_filter.c — tests of shed_filter.h, with sockets of the kernel's. */
#include "shed_filter.h"

#include <sys/socket.h>

#include "loopback.h"

#define ALL UINT32_MAX

static const uint8_t data[] = {0x40, 0x00, 0x00, 0x01, 'x', 0, 0, 0};
static const uint8_t binding[] = {0x00, 0x01, 0x00, 0x00, 0x21, 0x12, 0xa4, 0x42, 0, 0,
                                  0,    0,    0,    0,    0,    0,    0,    0,    0, 0};

struct fixture {
    enum ip_family family;
    int fd, a, b;
    struct transport_addr addr, a_addr;
};

static int socket_of(enum ip_family family, struct transport_addr *ret)
{
    static const uint8_t v6[16] = {[15] = 1};
    struct transport_addr any = transport_addr_v6(v6, 0);
    union socket_addr addr;
    socklen_t len = sizeof(addr);

    if (family == IP_FAMILY_V4)
        return loopback_socket(ret);
    int fd = udp_socket_new(family);

    assert_true(fd >= 0);
    if (!udp_socket_bind(fd, &any))
        skip(); /* no IPv6 here */
    assert_int_equal(getsockname(fd, &addr.any, &len), 0);
    assert_true(socket_addr_to(&addr, len, ret));
    return fd;
}

static void set_up(struct fixture *fixture, enum ip_family family)
{
    struct transport_addr unused;

    loopback_pin();
    fixture->family = family;
    fixture->fd = socket_of(family, &fixture->addr);
    fixture->a = socket_of(family, &fixture->a_addr);
    fixture->b = socket_of(family, &unused);
}

static void tear_down(struct fixture *fixture)
{
    close(fixture->fd);
    close(fixture->a);
    close(fixture->b);
}

/* How many of |count| datagrams that |from| sends arrive. */
static unsigned arrived(struct fixture *fixture, int from, const void *datagram, size_t len,
                        unsigned count)
{
    union socket_addr to;
    socklen_t to_len = socket_addr_from(&fixture->addr, &to);
    uint8_t received[64];
    unsigned ret = 0;

    for (unsigned i = 0; i < count; i++)
        assert_int_equal(sendto(from, datagram, len, 0, &to.any, to_len), len);
    while (recv(fixture->fd, received, sizeof(received), MSG_DONTWAIT) >= 0)
        ret++;
    return ret;
}

static void data_of_all(enum ip_family family)
{
    struct fixture fixture;

    set_up(&fixture, family);
    assert_true(shed_filter_attach(fixture.fd, family, NULL, 0));
    assert_int_equal(arrived(&fixture, fixture.a, data, sizeof(data), 10), 0);
    assert_int_equal(arrived(&fixture, fixture.b, data, sizeof(data), 10), 0);
    assert_int_equal(arrived(&fixture, fixture.a, data, 1, 10), 0);
    assert_int_equal(arrived(&fixture, fixture.a, "\xff garbage", 9, 10), 0);
    assert_int_equal(arrived(&fixture, fixture.a, binding, sizeof(binding), 10), 10);
    assert_int_equal(arrived(&fixture, fixture.a, "", 0, 10), 10);
    shed_filter_detach(fixture.fd);
    assert_int_equal(arrived(&fixture, fixture.a, data, sizeof(data), 10), 10);
    shed_filter_detach(fixture.fd);
    tear_down(&fixture);
}

static void data_of_one(enum ip_family family)
{
    struct fixture fixture;

    set_up(&fixture, family);
    assert_true(shed_filter_attach(fixture.fd, family, &fixture.a_addr, 0));
    assert_int_equal(arrived(&fixture, fixture.a, data, sizeof(data), 10), 0);
    assert_int_equal(arrived(&fixture, fixture.a, binding, sizeof(binding), 10), 10);
    assert_int_equal(arrived(&fixture, fixture.b, data, sizeof(data), 10), 10);
    tear_down(&fixture);
}

static void it_sheds_data_alone(void **state)
{
    (void)state;
    data_of_all(IP_FAMILY_V4);
    data_of_one(IP_FAMILY_V4);
}

static void it_sheds_data_alone_over_ipv6(void **state)
{
    (void)state;
    data_of_all(IP_FAMILY_V6);
    data_of_one(IP_FAMILY_V6);
}

static void a_share_passes(void **state)
{
    struct fixture fixture;
    unsigned count;

    (void)state;
    set_up(&fixture, IP_FAMILY_V4);
    assert_true(shed_filter_attach(fixture.fd, IP_FAMILY_V4, NULL, ALL / 2));
    count = arrived(&fixture, fixture.a, data, sizeof(data), 200);
    /* Less likely than 1 in 10^9 otherwise. */
    assert_true(count > 50 && count < 150);
    tear_down(&fixture);
}

static void no_socket_has_none(void **state)
{
    (void)state;
    assert_false(shed_filter_attach(-1, IP_FAMILY_V4, NULL, 0));
    shed_filter_detach(-1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_sheds_data_alone),
        cmocka_unit_test(it_sheds_data_alone_over_ipv6),
        cmocka_unit_test(a_share_passes),
        cmocka_unit_test(no_socket_has_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
