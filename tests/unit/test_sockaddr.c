/* test_sockaddr.c — tests of sockaddr.h. */
#include "sockaddr.h"

#include <arpa/inet.h>
#include <string.h>

#include "unit.h"

static const uint8_t v4_ip[4] = {192, 0, 2, 1};
static const uint8_t v6_ip[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 1};
static const uint8_t link_local_ip[16] = {0xfe, 0xbf, [15] = 1};

static void v4_there_and_back(void **state)
{
    (void)state;
    struct transport_addr addr = transport_addr_v4(v4_ip, 3478), back;
    union socket_addr socket_addr;

    assert_int_equal(socket_addr_from(&addr, &socket_addr), sizeof(struct sockaddr_in));
    assert_int_equal(socket_addr.any.sa_family, AF_INET);
    assert_int_equal(ntohs(socket_addr.v4.sin_port), 3478);
    assert_int_equal(ntohl(socket_addr.v4.sin_addr.s_addr), 0xc0000201);
    assert_true(socket_addr_to(&socket_addr, sizeof(socket_addr.v4), &back));
    assert_true(transport_addr_equal(&addr, &back));
}

static void v6_there_and_back(void **state)
{
    (void)state;
    struct transport_addr addr = transport_addr_v6(v6_ip, 65535), back;
    union socket_addr socket_addr;

    assert_int_equal(socket_addr_from(&addr, &socket_addr), sizeof(struct sockaddr_in6));
    assert_int_equal(socket_addr.any.sa_family, AF_INET6);
    assert_int_equal(ntohs(socket_addr.v6.sin6_port), 65535);
    assert_memory_equal(&socket_addr.v6.sin6_addr, v6_ip, 16);
    assert_int_equal(socket_addr.v6.sin6_flowinfo, 0);
    assert_true(socket_addr_to(&socket_addr, sizeof(socket_addr.v6), &back));
    assert_true(transport_addr_equal(&addr, &back));
}

static void scope_is_kept_for_link_local_only(void **state)
{
    (void)state;
    struct transport_addr addr = transport_addr_v6(v6_ip, 1);
    union socket_addr socket_addr;
    struct transport_addr back;

    (void)socket_addr_from(&addr, &socket_addr);
    socket_addr.v6.sin6_scope_id = 7;
    assert_true(socket_addr_to(&socket_addr, sizeof(socket_addr.v6), &back));
    assert_int_equal(back.scope_id, 0);

    memcpy(&socket_addr.v6.sin6_addr, link_local_ip, 16);
    assert_true(socket_addr_to(&socket_addr, sizeof(socket_addr.v6), &back));
    assert_int_equal(back.scope_id, 7);
    (void)socket_addr_from(&back, &socket_addr);
    assert_int_equal(socket_addr.v6.sin6_scope_id, 7);
    /* fec0::/10 is outside fe80::/10. */
    socket_addr.v6.sin6_addr.s6_addr[1] = 0xc0;
    assert_true(socket_addr_to(&socket_addr, sizeof(socket_addr.v6), &back));
    assert_int_equal(back.scope_id, 0);
}

static void flow_label_does_not_make_another_address(void **state)
{
    (void)state;
    struct transport_addr addr = transport_addr_v6(v6_ip, 1), back;
    union socket_addr socket_addr;

    (void)socket_addr_from(&addr, &socket_addr);
    socket_addr.v6.sin6_flowinfo = htonl(0x12345);
    assert_true(socket_addr_to(&socket_addr, sizeof(socket_addr.v6), &back));
    assert_true(transport_addr_equal(&addr, &back));
}

static void other_addresses_are_refused(void **state)
{
    (void)state;
    union socket_addr socket_addr = {.v4 = {.sin_family = AF_INET}};
    struct transport_addr none = {.family = IP_FAMILY_NONE}, back = none;

    assert_int_equal(socket_addr_from(&none, &socket_addr), 0);
    socket_addr.v4.sin_family = AF_INET;
    assert_false(socket_addr_to(&socket_addr, sizeof(socket_addr.v4) - 1, &back));
    assert_false(socket_addr_to(&socket_addr, 0, &back));
    socket_addr.any.sa_family = AF_INET6;
    assert_false(socket_addr_to(&socket_addr, sizeof(socket_addr.v4), &back));
    socket_addr.any.sa_family = AF_UNIX;
    assert_false(socket_addr_to(&socket_addr, sizeof(socket_addr), &back));
    assert_true(transport_addr_equal(&none, &back));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(v4_there_and_back),
        cmocka_unit_test(v6_there_and_back),
        cmocka_unit_test(scope_is_kept_for_link_local_only),
        cmocka_unit_test(flow_label_does_not_make_another_address),
        cmocka_unit_test(other_addresses_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
