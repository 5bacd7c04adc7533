/* test_channel_bind.c — ChannelBind: who is bound to whom, and for how long. */
#include "scenario.h"

static void answers_bare(void **state)
{
    struct fixture *f = *state;
    allocate_udp(f, &f->alice);
    bind_channel(f, &f->alice, 0x4000, f->peer_v4);
    EXPECT_TRUE("SOFTWARE and integrity, no more",
                f->answer.attr_count == 2 && f->answer.attrs[0] == STUN_ATTR_SOFTWARE &&
                    f->answer.attrs[1] == STUN_ATTR_MESSAGE_INTEGRITY);
    EXPECT_TRUE("one channel", checked_count(&f->cs, TURN_COUNT_CHANNELS) == 1);
}

static void numbers(void **state)
{
    struct fixture *f = *state;
    static const struct {
        uint16_t number;
        uint16_t error;
    } rows[] = {{0x0000, 400}, {0x3FFF, 400}, {0x4000, 0},   {0x4FFF, 0},
                {0x5000, 400}, {0x7FFF, 400}, {0x8000, 400}, {0xFFFF, 400}};
    allocate_udp(f, &f->alice);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct transport_addr peer = f->peer_v4;
        peer.port = (uint16_t)(1000 + i);
        ask(f, &f->alice, TURN_CHANNEL_BIND, ATTRS(CHANNEL(rows[i].number), PEER(peer)));
        const struct expected want = {
            .kind = TURN_COMMAND_SEND, .client = &f->alice, .error = rows[i].error};
        fixture_expect(f, "row Channels: 0x4000-0x4FFF", &want, 1, __FILE__, __LINE__);
    }
}

/* Clients of RFC 5766 draw from a wider range; served on request only. */
static void numbers_of_rfc_5766(void **state)
{
    struct fixture *f = *state;
    f->setup.config.rfc5766_channels = true;
    allocate_udp(f, &f->alice);
    bind_channel(f, &f->alice, 0x7FFF, f->peer_v4);
    client_sends_channel(f, &f->alice, 0x7FFF, "x");
    EXPECT_TO_PEER(f, "--rfc5766-channels: 0x4000-0x7FFF", alice, f->peer_v4, "x");
    peer_sends(f, &f->alice, f->peer_v4, "y");
    EXPECT_TO_CLIENT(f, "--rfc5766-channels: 0x4000-0x7FFF", alice, 0x7FFF, "y");
    ask(f, &f->alice, TURN_CHANNEL_BIND, ATTRS(CHANNEL(0x8000), PEER(f->peer_v6)));
    EXPECT(f, "--rfc5766-channels: no further", ERROR(alice, 400));
    client_sends_channel(f, &f->alice, 0x8000, "x");
    EXPECT_DROP(f, "--rfc5766-channels: no further", UNKNOWN_FIRST_BYTE);
}

static void missing_and_malformed(void **state)
{
    struct fixture *f = *state;
    static const uint8_t bytes[24] = {0, 3, 1, 2, 3, 4};
    allocate_udp(f, &f->alice);
    ask(f, &f->alice, TURN_CHANNEL_BIND, ATTRS(PEER(f->peer_v4)));
    EXPECT(f, "CHANNEL-NUMBER missing: 400 (RFC 8656 §12.2)", ERROR(alice, 400));
    ask(f, &f->alice, TURN_CHANNEL_BIND, ATTRS(CHANNEL(0x4000)));
    EXPECT(f, "XOR-PEER-ADDRESS missing: 400 (RFC 8656 §12.2)", ERROR(alice, 400));
    ask(f, &f->alice, TURN_CHANNEL_BIND,
        ATTRS(ATTR_OF_BYTES(STUN_ATTR_CHANNEL_NUMBER, bytes, 2), PEER(f->peer_v4)));
    EXPECT(f, "CHANNEL-NUMBER of 2 bytes: 400", ERROR(alice, 400));
    for (size_t len = 0; len <= sizeof(bytes); len++) {
        ask(f, &f->alice, TURN_CHANNEL_BIND,
            ATTRS(CHANNEL(0x4000), ATTR_OF_BYTES(STUN_ATTR_XOR_PEER_ADDRESS, bytes, len)));
        EXPECT(f, "XOR-PEER-ADDRESS of family 3, or of a wrong size: 400", ERROR(alice, 400));
    }
    get_nonce(f, &f->bob);
    ask(f, &f->bob, TURN_CHANNEL_BIND, ATTRS(CHANNEL(0x4000), PEER(f->peer_v4)));
    EXPECT(f, "without an allocation: 437", ERROR(bob, 437));
    struct message m = client_message(&f->carol, TURN_CHANNEL_BIND, NO_ATTRS);
    client_asks(f, &f->carol, &m, FORGED);
    EXPECT(f, "missing attributes are 400 after authentication only", ERROR(carol, 401));
}

static void conflicts(void **state)
{
    struct fixture *f = *state;
    struct transport_addr other_port = f->peer_v4, other_ip = f->peer_v4;
    other_port.port++;
    other_ip.ip[3]++;
    allocate_udp(f, &f->alice);
    bind_channel(f, &f->alice, 0x4000, f->peer_v4);
    ask(f, &f->alice, TURN_CHANNEL_BIND, ATTRS(CHANNEL(0x4001), PEER(f->peer_v4)));
    EXPECT(f, "the peer has another number: 400 (RFC 8656 §12.2)", ERROR(alice, 400));
    ask(f, &f->alice, TURN_CHANNEL_BIND, ATTRS(CHANNEL(0x4000), PEER(other_port)));
    EXPECT(f, "the number has another peer, by its port: 400", ERROR(alice, 400));
    ask(f, &f->alice, TURN_CHANNEL_BIND, ATTRS(CHANNEL(0x4000), PEER(other_ip)));
    EXPECT(f, "the number has another peer, by its address: 400", ERROR(alice, 400));
    bind_channel(f, &f->alice, 0x4001, other_port);
    ask(f, &f->alice, TURN_CHANNEL_BIND, ATTRS(CHANNEL(0x4001), PEER(f->peer_v4)));
    EXPECT(f, "both are bound, but not to each other: 400", ERROR(alice, 400));
    bind_channel(f, &f->alice, 0x4000, f->peer_v4); /* the same pair again is a renewal */
    EXPECT_TRUE("a renewal is no second channel", checked_count(&f->cs, TURN_COUNT_CHANNELS) == 2);
}

/* Numbers and peers are each client's own. */
static void clients_do_not_share_numbers(void **state)
{
    struct fixture *f = *state;
    allocate_udp(f, &f->alice);
    allocate_udp(f, &f->bob);
    bind_channel(f, &f->alice, 0x4000, f->peer_v4);
    bind_channel(f, &f->bob, 0x4001, f->peer_v4);
    struct transport_addr other = f->peer_v4;
    other.port++;
    bind_channel(f, &f->bob, 0x4000, other);
    client_sends_channel(f, &f->alice, 0x4000, "a");
    EXPECT_TO_PEER(f, "alice's 0x4000", alice, f->peer_v4, "a");
    client_sends_channel(f, &f->bob, 0x4000, "b");
    EXPECT_TO_PEER(f, "bob's 0x4000", bob, other, "b");
    peer_sends(f, &f->alice, f->peer_v4, "to a");
    EXPECT_TO_CLIENT(f, "the peer to alice", alice, 0x4000, "to a");
    peer_sends(f, &f->bob, f->peer_v4, "to b");
    EXPECT_TO_CLIENT(f, "the peer to bob", bob, 0x4001, "to b");
    peer_sends(f, &f->alice, other, "wrong relay");
    EXPECT_DROP(f, "bob's peer at alice's relay", PEER_NOT_BOUND);
}

/* Row Channels: «10 minutes, then 5 minutes reserved for the same pair». */
static void life_of_a_channel(void **state)
{
    struct fixture *f = *state;
    struct transport_addr other = f->peer_v4;
    other.port++;
    allocate(f, &f->alice, ATTRS(UDP, LIFETIME(3600)));
    bind_channel(f, &f->alice, 0x4000, f->peer_v4);
    advance_usec(f, 600 * USEC_PER_SEC - 1);
    client_sends_channel(f, &f->alice, 0x4000, "up");
    EXPECT_TO_PEER(f, "row Channels: 10 minutes", alice, f->peer_v4, "up");
    peer_sends(f, &f->alice, f->peer_v4, "down");
    EXPECT_TO_CLIENT(f, "row Channels: 10 minutes", alice, 0x4000, "down");

    advance_usec(f, 1);
    EXPECT_NOTHING(f, "a channel ends without a command");
    client_sends_channel(f, &f->alice, 0x4000, "up");
    EXPECT_DROP(f, "row Channels: data does not extend a channel (RFC 8656 §12.6)",
                CHANNEL_EXPIRED);
    peer_sends(f, &f->alice, f->peer_v4, "down");
    EXPECT_DROP(f, "row Channels: nor does data of the peer", CHANNEL_EXPIRED);

    advance_usec(f, 300 * USEC_PER_SEC - 1);
    ask(f, &f->alice, TURN_CHANNEL_BIND, ATTRS(CHANNEL(0x4000), PEER(other)));
    EXPECT(f, "row Channels: 5 minutes reserved, the number", ERROR(alice, 400));
    ask(f, &f->alice, TURN_CHANNEL_BIND, ATTRS(CHANNEL(0x4001), PEER(f->peer_v4)));
    EXPECT(f, "row Channels: 5 minutes reserved, the peer", ERROR(alice, 400));
    EXPECT_TRUE("reserved ones count", checked_count(&f->cs, TURN_COUNT_CHANNELS) == 1);

    advance_usec(f, 1);
    EXPECT_TRUE("row Channels: 15 minutes after the bind it is forgotten",
                checked_count(&f->cs, TURN_COUNT_CHANNELS) == 0);
    client_sends_channel(f, &f->alice, 0x4000, "up");
    EXPECT_DROP(f, "forgotten", NO_CHANNEL);
    bind_channel(f, &f->alice, 0x4000, other);
    bind_channel(f, &f->alice, 0x4001, f->peer_v4);
}

static void renewal_and_revival(void **state)
{
    struct fixture *f = *state;
    allocate(f, &f->alice, ATTRS(UDP, LIFETIME(3600)));
    bind_channel(f, &f->alice, 0x4000, f->peer_v4);
    advance(f, 300);
    bind_channel(f, &f->alice, 0x4000, f->peer_v4);
    advance(f, 599);
    client_sends_channel(f, &f->alice, 0x4000, "x");
    EXPECT_TO_PEER(f, "a renewal counts from when it was made", alice, f->peer_v4, "x");
    advance(f, 1);
    client_sends_channel(f, &f->alice, 0x4000, "x");
    EXPECT_DROP(f, "ten minutes after the renewal", CHANNEL_EXPIRED);
    advance(f, 299);
    bind_channel(f, &f->alice, 0x4000, f->peer_v4);
    client_sends_channel(f, &f->alice, 0x4000, "x");
    EXPECT_TO_PEER(f, "row Channels: the same pair again revives it", alice, f->peer_v4, "x");
    peer_sends(f, &f->alice, f->peer_v4, "y");
    EXPECT_TO_CLIENT(f, "row Channels: in both directions", alice, 0x4000, "y");
    advance(f, 599);
    client_sends_channel(f, &f->alice, 0x4000, "x");
    EXPECT_TO_PEER(f, "row Channels: for ten more minutes", alice, f->peer_v4, "x");
}

static void limits(void **state)
{
    struct fixture *f = *state;
    f->setup.config.channels_per_allocation = 3;
    f->setup.config.max_channels = 5;
    struct transport_addr peer = f->peer_v4;
    allocate(f, &f->alice, ATTRS(UDP, LIFETIME(3600)));
    allocate(f, &f->bob, ATTRS(UDP, LIFETIME(3600)));
    for (uint16_t i = 0; i < 3; i++) {
        peer.port = (uint16_t)(1000 + i);
        bind_channel(f, &f->alice, (uint16_t)(0x4000 + i), peer);
    }
    peer.port = 2000;
    ask(f, &f->alice, TURN_CHANNEL_BIND, ATTRS(CHANNEL(0x4010), PEER(peer)));
    EXPECT(f, "row Quotas: channels per allocation: 508", ERROR(alice, 508));
    EXPECT_TRUE("row Quotas: and counted",
                checked_count(&f->cs, TURN_COUNT_TABLE_FULL_CHANNELS) == 1);
    bind_channel(f, &f->bob, 0x4000, peer);
    peer.port++;
    bind_channel(f, &f->bob, 0x4001, peer);
    peer.port++;
    ask(f, &f->bob, TURN_CHANNEL_BIND, ATTRS(CHANNEL(0x4002), PEER(peer)));
    EXPECT(f, "the table of all channels is full: 508", ERROR(bob, 508));
    peer.port--;
    bind_channel(f, &f->bob, 0x4001, peer); /* a renewal needs no room */

    advance(f, 600);
    ask(f, &f->bob, TURN_CHANNEL_BIND, ATTRS(CHANNEL(0x4002), PEER(f->peer_v4)));
    EXPECT(f, "reserved ones keep their place", ERROR(bob, 508));
    delete_allocation(f, &f->alice);
    bind_channel(f, &f->bob, 0x4002, f->peer_v4); /* an allocation's end makes room at once */
    ask(f, &f->bob, TURN_CHANNEL_BIND, ATTRS(CHANNEL(0x4003), PEER(test_addr("9.9.9.9:9"))));
    EXPECT(f, "row Quotas: channels per allocation, reserved ones included", ERROR(bob, 508));
    advance(f, 300);
    bind_channel(f, &f->bob, 0x4003, test_addr("9.9.9.9:9")); /* forgotten ones do too */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENARIO(answers_bare),
        SCENARIO(numbers),
        SCENARIO(numbers_of_rfc_5766),
        SCENARIO(missing_and_malformed),
        SCENARIO(conflicts),
        SCENARIO(clients_do_not_share_numbers),
        SCENARIO(life_of_a_channel),
        SCENARIO(renewal_and_revival),
        SCENARIO(limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
