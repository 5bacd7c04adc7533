/* test_packet_info.c — tests of packet_info.h. */
#include "packet_info.h"

#include <netinet/udp.h>
#include <string.h>

#include "unit.h"

static const uint8_t v4_ip[4] = {192, 0, 2, 1};
static const uint8_t v6_ip[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 1};

/* Control messages as the kernel puts them together. */
struct control {
    union {
        size_t align;
        uint8_t bytes[256];
    } buffer;
    size_t len;
};

static void add(struct control *control, int level, int type, const void *data, size_t len)
{
    struct cmsghdr header = {.cmsg_level = level, .cmsg_type = type, .cmsg_len = CMSG_LEN(len)};

    assert_true(control->len + CMSG_SPACE(len) <= sizeof(control->buffer));
    memcpy(control->buffer.bytes + control->len, &header, sizeof(header));
    memcpy(control->buffer.bytes + control->len + CMSG_LEN(0), data, len);
    control->len += CMSG_SPACE(len);
}

static struct packet_info read_control(struct control *control, uint16_t port)
{
    struct msghdr message = {.msg_control = &control->buffer, .msg_controllen = control->len};

    return packet_info_read(&message, port);
}

/* The control message of |out|, checked for its kind, as the |len| bytes at |ret|. */
static void read_written(const union packet_info_out *out, int level, int type, void *ret,
                         size_t len)
{
    struct cmsghdr header;

    memcpy(&header, out->bytes, sizeof(header));
    assert_int_equal(header.cmsg_level, level);
    assert_int_equal(header.cmsg_type, type);
    assert_int_equal(header.cmsg_len, CMSG_LEN(len));
    memcpy(ret, out->bytes + CMSG_LEN(0), len);
}

static void the_size_of_datagrams_received_as_one_is_read(void **state)
{
    (void)state;
    struct control control = {.len = 0};
    uint32_t overflows = 7;
    int size = 1200;

    assert_int_equal(read_control(&control, 0).segment, 0);
    add(&control, SOL_SOCKET, SO_RXQ_OVFL, &overflows, sizeof(overflows));
    add(&control, IPPROTO_UDP, UDP_GRO, &size, sizeof(size));
    struct packet_info info = read_control(&control, 0);

    assert_int_equal(info.segment, 1200);
    assert_int_equal(info.overflows, 7);
    control.len = 0;
    size = -1;
    add(&control, IPPROTO_UDP, UDP_GRO, &size, sizeof(size));
    assert_int_equal(read_control(&control, 0).segment, 0);
}

static void written_v4_names_source_and_no_interface(void **state)
{
    (void)state;
    struct transport_addr server = transport_addr_v4(v4_ip, 3478);
    union packet_info_out out;
    struct in_pktinfo info;

    memset(&out, 0xff, sizeof(out));
    assert_int_equal(packet_info_write(&server, &out), CMSG_SPACE(sizeof(info)));
    read_written(&out, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
    assert_memory_equal(&info.ipi_spec_dst, v4_ip, 4);
    assert_int_equal(info.ipi_ifindex, 0);
}

static void written_v6_names_interface_for_link_local_only(void **state)
{
    (void)state;
    struct transport_addr server = transport_addr_v6(v6_ip, 3478);
    union packet_info_out out;
    struct in6_pktinfo info;

    assert_int_equal(packet_info_write(&server, &out), CMSG_SPACE(sizeof(info)));
    read_written(&out, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info));
    assert_memory_equal(&info.ipi6_addr, v6_ip, 16);
    assert_int_equal(info.ipi6_ifindex, 0);

    server.scope_id = 3;
    (void)packet_info_write(&server, &out);
    read_written(&out, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info));
    assert_int_equal(info.ipi6_ifindex, 3);
}

static void nothing_is_written_without_a_family(void **state)
{
    (void)state;
    struct transport_addr none = {.family = IP_FAMILY_NONE};
    union packet_info_out out;

    assert_int_equal(packet_info_write(&none, &out), 0);
}

static void v4_unicast_is_read(void **state)
{
    (void)state;
    struct transport_addr expected = transport_addr_v4(v4_ip, 3478);
    struct in_pktinfo in = {.ipi_ifindex = 2};
    struct control control = {.len = 0};

    memcpy(&in.ipi_addr, v4_ip, 4);
    memcpy(&in.ipi_spec_dst, v4_ip, 4);
    add(&control, IPPROTO_IP, IP_PKTINFO, &in, sizeof(in));
    struct packet_info info = read_control(&control, 3478);

    assert_true(transport_addr_equal(&info.server, &expected));
    assert_false(info.has_overflows);
}

static void v4_broadcast_and_multicast_have_no_address(void **state)
{
    (void)state;
    const uint8_t group[4] = {224, 0, 0, 1};
    struct in_pktinfo in = {.ipi_ifindex = 2};
    struct control control = {.len = 0};

    memcpy(&in.ipi_addr, group, 4);
    memcpy(&in.ipi_spec_dst, v4_ip, 4);
    add(&control, IPPROTO_IP, IP_PKTINFO, &in, sizeof(in));
    assert_int_equal(read_control(&control, 3478).server.family, IP_FAMILY_NONE);
}

static void v6_keeps_the_scope_of_link_local_only(void **state)
{
    (void)state;
    struct in6_pktinfo in = {.ipi6_ifindex = 4};
    struct control control = {.len = 0}, local = {.len = 0}, multicast = {.len = 0};

    memcpy(&in.ipi6_addr, v6_ip, 16);
    add(&control, IPPROTO_IPV6, IPV6_PKTINFO, &in, sizeof(in));
    struct packet_info info = read_control(&control, 5);

    assert_int_equal(info.server.family, IP_FAMILY_V6);
    assert_int_equal(info.server.port, 5);
    assert_int_equal(info.server.scope_id, 0);

    in.ipi6_addr.s6_addr[0] = 0xfe;
    in.ipi6_addr.s6_addr[1] = 0x80;
    add(&local, IPPROTO_IPV6, IPV6_PKTINFO, &in, sizeof(in));
    assert_int_equal(read_control(&local, 5).server.scope_id, 4);

    in.ipi6_addr.s6_addr[0] = 0xff;
    in.ipi6_addr.s6_addr[1] = 0x02;
    add(&multicast, IPPROTO_IPV6, IPV6_PKTINFO, &in, sizeof(in));
    assert_int_equal(read_control(&multicast, 5).server.family, IP_FAMILY_NONE);
}

static void overflows_come_beside_the_address(void **state)
{
    (void)state;
    const uint32_t overflows = 4000000000;
    struct in_pktinfo in = {.ipi_ifindex = 0};
    struct control control = {.len = 0};

    add(&control, SOL_SOCKET, SO_RXQ_OVFL, &overflows, sizeof(overflows));
    add(&control, IPPROTO_IP, IP_PKTINFO, &in, sizeof(in));
    struct packet_info info = read_control(&control, 1);

    assert_true(info.has_overflows);
    assert_int_equal(info.overflows, overflows);
    assert_int_equal(info.server.family, IP_FAMILY_V4);
}

static void cut_and_missing_control_data_give_nothing(void **state)
{
    (void)state;
    struct in_pktinfo in = {.ipi_ifindex = 0};
    struct control control = {.len = 0}, none = {.len = 0};

    add(&control, IPPROTO_IP, IP_PKTINFO, &in, sizeof(in) - 1);
    assert_int_equal(read_control(&control, 1).server.family, IP_FAMILY_NONE);
    assert_int_equal(read_control(&none, 1).server.family, IP_FAMILY_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_size_of_datagrams_received_as_one_is_read),
        cmocka_unit_test(written_v4_names_source_and_no_interface),
        cmocka_unit_test(written_v6_names_interface_for_link_local_only),
        cmocka_unit_test(nothing_is_written_without_a_family),
        cmocka_unit_test(v4_unicast_is_read),
        cmocka_unit_test(v4_broadcast_and_multicast_have_no_address),
        cmocka_unit_test(v6_keeps_the_scope_of_link_local_only),
        cmocka_unit_test(overflows_come_beside_the_address),
        cmocka_unit_test(cut_and_missing_control_data_give_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
