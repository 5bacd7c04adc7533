/* test_receive_slots.c — tests of receive_slots.h, on the loopback interface. */
#include "receive_slots.h"

#include <errno.h>
#include <string.h>

#include "loopback.h"

static struct receive_slots slots;

static int setup(void **state)
{
    (void)state;
    return receive_slots_init(&slots) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    receive_slots_deinit(&slots);
    return 0;
}

static void payloads_are_aligned_apart_and_have_headroom(void **state)
{
    (void)state;
    for (unsigned i = 0; i < RECEIVE_SLOT_COUNT; i++) {
        uint8_t *payload = receive_slots_payload(&slots, i);

        assert_int_equal((uintptr_t)payload % 16, 0);
        assert_true(payload - slots.memory >= TURN_HEADROOM);
        if (i > 0)
            assert_true(payload - TURN_HEADROOM >=
                        receive_slots_payload(&slots, i - 1) + RECEIVE_PAYLOAD_MAX);
        assert_ptr_equal(slots.payloads[i].iov_base, payload);
        assert_int_equal(slots.payloads[i].iov_len, RECEIVE_PAYLOAD_MAX);
    }
    assert_int_equal(receive_slots_free(&slots), RECEIVE_SLOT_COUNT);
}

static void slots_are_used_up_and_given_back(void **state)
{
    (void)state;
    struct transport_addr sender_addr, receiver_addr, source;
    int sender = loopback_socket(&sender_addr), receiver = loopback_socket(&receiver_addr);
    unsigned first = 99;

    for (char i = 0; i < 6; i++)
        loopback_send(sender, &receiver_addr, &i, 1);
    loopback_wait(receiver);
    assert_int_equal(receive_slots_read(&slots, receiver, 4, &first), 4);
    assert_int_equal(first, 0);
    assert_int_equal(receive_slots_free(&slots), RECEIVE_SLOT_COUNT - 4);
    assert_int_equal(receive_slots_read(&slots, receiver, 60, &first), 2);
    assert_int_equal(first, 4);
    for (unsigned i = 0; i < 6; i++) {
        assert_int_equal(receive_slots_len(&slots, i), 1);
        assert_int_equal(receive_slots_payload(&slots, i)[0], i);
        assert_true(receive_slots_source(&slots, i, &source));
        assert_true(transport_addr_equal(&source, &sender_addr));
    }
    receive_slots_give_back(&slots, 4);
    assert_int_equal(receive_slots_free(&slots), RECEIVE_SLOT_COUNT - 4);
    receive_slots_give_back(&slots, 0);
    assert_int_equal(receive_slots_free(&slots), RECEIVE_SLOT_COUNT);

    errno = 0;
    assert_int_equal(receive_slots_read(&slots, receiver, 1, &first), 0);
    assert_int_equal(errno, EAGAIN);
    assert_int_equal(receive_slots_free(&slots), RECEIVE_SLOT_COUNT);
    close(sender);
    close(receiver);
}

/* Receiving writes the lengths of addresses and control data into the slot's header. */
static void a_reused_slot_has_room_for_addresses_again(void **state)
{
    (void)state;
    struct transport_addr sender_addr, receiver_addr, source;
    int sender = loopback_socket(&sender_addr), receiver = loopback_socket(&receiver_addr);
    unsigned first;

    assert_true(udp_socket_set_int(receiver, IPPROTO_IP, IP_PKTINFO, 1));
    for (unsigned i = 0; i < 3; i++) {
        loopback_send(sender, &receiver_addr, "x", 1);
        loopback_wait(receiver);
        assert_int_equal(receive_slots_read(&slots, receiver, 1, &first), 1);
        assert_int_equal(first, 0);
        assert_int_equal(receive_slots_header(&slots, 0)->msg_flags & (MSG_CTRUNC | MSG_TRUNC), 0);
        struct packet_info info = packet_info_read(receive_slots_header(&slots, 0), 7);

        assert_int_equal(info.server.port, 7);
        assert_true(transport_addr_same_ip(&info.server, &receiver_addr));
        assert_true(receive_slots_source(&slots, 0, &source));
        assert_true(transport_addr_equal(&source, &sender_addr));
        receive_slots_give_back(&slots, 0);
        /* The kernel writes shorter lengths for a socket without PKTINFO. */
        assert_true(udp_socket_set_int(receiver, IPPROTO_IP, IP_PKTINFO, 0));
        loopback_send(sender, &receiver_addr, "x", 1);
        loopback_wait(receiver);
        assert_int_equal(receive_slots_read(&slots, receiver, 1, &first), 1);
        assert_int_equal(packet_info_read(receive_slots_header(&slots, 0), 7).server.family,
                         IP_FAMILY_NONE);
        receive_slots_give_back(&slots, 0);
        assert_true(udp_socket_set_int(receiver, IPPROTO_IP, IP_PKTINFO, 1));
    }
    close(sender);
    close(receiver);
}

static void the_largest_datagram_fits(void **state)
{
    (void)state;
    static uint8_t large[65507]; /* all that UDP over IPv4 carries */
    struct transport_addr sender_addr, receiver_addr;
    int sender = loopback_socket(&sender_addr), receiver = loopback_socket(&receiver_addr);
    unsigned first;

    memset(large, 0xa5, sizeof(large));
    loopback_send(sender, &receiver_addr, large, sizeof(large));
    loopback_wait(receiver);
    assert_int_equal(receive_slots_read(&slots, receiver, 1, &first), 1);
    assert_int_equal(receive_slots_len(&slots, 0), sizeof(large));
    assert_int_equal(receive_slots_header(&slots, 0)->msg_flags & MSG_TRUNC, 0);
    assert_memory_equal(receive_slots_payload(&slots, 0), large, sizeof(large));
    close(sender);
    close(receiver);
}

#define SLOTS_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SLOTS_TEST(payloads_are_aligned_apart_and_have_headroom),
        SLOTS_TEST(slots_are_used_up_and_given_back),
        SLOTS_TEST(a_reused_slot_has_room_for_addresses_again),
        SLOTS_TEST(the_largest_datagram_fits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
