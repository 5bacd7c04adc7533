/* test_channel_data.c — ChannelData: what passes, byte for byte, in both directions. */
#include "scenario.h"

#include "wire.h"

#include <stdlib.h>

static const char rule_padding[] = "row Channels: padding from the client is not forwarded";

/* A datagram from alice with any header; the payload is zero bytes. */
static void alice_sends(struct fixture *f, uint16_t number, uint16_t declared, size_t payload)
{
    uint8_t datagram[64] = {0};
    wire_store_u16(datagram, number);
    wire_store_u16(datagram + 2, declared);
    client_sends(f, &f->alice, (struct bytes){.data = datagram, .len = 4 + payload});
}

static void both_directions(void **state)
{
    struct fixture *f = *state;
    allocate_udp(f, &f->alice);
    bind_channel(f, &f->alice, 0x4123, f->peer_v4);
    client_sends_channel(f, &f->alice, 0x4123, "hello");
    EXPECT_TO_PEER(f, "row Default profile: ChannelData to the peer", alice, f->peer_v4, "hello");
    peer_sends(f, &f->alice, f->peer_v4, "world!");
    EXPECT_TO_CLIENT(f, "row Channels: ChannelData to the client", alice, 0x4123, "world!");
    EXPECT_TRUE("counted", checked_count(&f->cs, TURN_COUNT_RELAYED_TO_PEER) == 1 &&
                               checked_count(&f->cs, TURN_COUNT_RELAYED_TO_PEER_BYTES) == 5 &&
                               checked_count(&f->cs, TURN_COUNT_RELAYED_TO_CLIENT) == 1 &&
                               checked_count(&f->cs, TURN_COUNT_RELAYED_TO_CLIENT_BYTES) == 6);
}

/* The model (checked_rules.c) holds header, length and place of each against the rules. */
static void every_small_size_is_sent_without_padding(void **state)
{
    struct fixture *f = *state;
    char payload[33] = {0};
    allocate_udp(f, &f->alice);
    bind_channel(f, &f->alice, 0x4000, f->peer_v4);
    for (size_t len = 0; len < sizeof(payload); len++) {
        memset(payload, 'p', len);
        peer_sends(f, &f->alice, f->peer_v4, payload);
        EXPECT_TO_CLIENT(f, "row Channels: ChannelData to the client is never padded", alice,
                         0x4000, payload);
        client_sends_channel(f, &f->alice, 0x4000, payload);
        EXPECT_TO_PEER(f, "row Channels: exactly the payload to the peer", alice, f->peer_v4,
                       payload);
    }
}

static void padding_from_the_client(void **state)
{
    struct fixture *f = *state;
    allocate_udp(f, &f->alice);
    bind_channel(f, &f->alice, 0x4000, f->peer_v4);
    for (uint16_t declared = 0; declared < 8; declared++) {
        for (size_t extra = 0; extra < 8; extra++) {
            alice_sends(f, 0x4000, declared, declared + extra);
            EXPECT_TRUE(rule_padding, f->cs.verdict == TURN_VERDICT_RELAY);
            EXPECT_TRUE(rule_padding, f->cs.relay.payload.len == declared);
        }
    }
}

static void wrong_lengths(void **state)
{
    struct fixture *f = *state;
    allocate_udp(f, &f->alice);
    bind_channel(f, &f->alice, 0x4000, f->peer_v4);
    for (size_t len = 1; len < 4; len++) {
        static const uint8_t header[4] = {0x40};
        client_sends(f, &f->alice, (struct bytes){.data = header, .len = len});
        EXPECT_DROP(f, "shorter than the header (RFC 8656 §12.6)", MALFORMED_CHANNEL_DATA);
    }
    alice_sends(f, 0x4000, 1, 0);
    EXPECT_DROP(f, "longer than the datagram", MALFORMED_CHANNEL_DATA);
    alice_sends(f, 0x4000, 0xFFFF, 8);
    EXPECT_DROP(f, "longer than the datagram", MALFORMED_CHANNEL_DATA);
}

static void nobodys_channels(void **state)
{
    struct fixture *f = *state;
    client_sends_channel(f, &f->alice, 0x4000, "x");
    EXPECT_DROP(f, "no allocation", NO_ALLOCATION);
    allocate_udp(f, &f->alice);
    client_sends_channel(f, &f->alice, 0x4000, "x");
    EXPECT_DROP(f, "no channel", NO_CHANNEL);
    bind_channel(f, &f->alice, 0x4000, f->peer_v4);
    client_sends_channel(f, &f->alice, 0x4001, "x");
    EXPECT_DROP(f, "another number", NO_CHANNEL);
    client_sends_channel(f, &f->bob, 0x4000, "x");
    EXPECT_DROP(f, "another client", NO_ALLOCATION);
    client_sends_channel(f, &f->device[0], 0x4000, "x");
    EXPECT_DROP(f, "another port of the same client", NO_ALLOCATION);
    f->alice.tuple.server.ip[3]++;
    client_sends_channel(f, &f->alice, 0x4000, "x");
    EXPECT_DROP(f, "another address of the server", NO_ALLOCATION);
}

static void other_peers(void **state)
{
    struct fixture *f = *state;
    allocate(f, &f->alice, ATTRS(UDP, ADDITIONAL_FAMILY(2)));
    bind_channel(f, &f->alice, 0x4000, f->peer_v4);
    struct transport_addr peer = f->peer_v4;
    peer.port++;
    peer_sends(f, &f->alice, peer, "x");
    EXPECT_DROP(f, "the peer's host, another port", PEER_NOT_BOUND);
    peer = f->peer_v4;
    peer.ip[3]++;
    peer_sends(f, &f->alice, peer, "x");
    EXPECT_DROP(f, "another host, the peer's port", PEER_NOT_BOUND);
    peer_sends(f, &f->alice, f->peer_v6, "x");
    EXPECT_DROP(f, "another family", PEER_NOT_BOUND);
}

/* Client and peer need not speak the same family. */
static void families_mix(void **state)
{
    struct fixture *f = *state;
    struct test_client *clients[] = {&f->alice, &f->carol};
    for (size_t i = 0; i < 2; i++) {
        allocate(f, clients[i], ATTRS(UDP, ADDITIONAL_FAMILY(2)));
        bind_channel(f, clients[i], 0x4000, f->peer_v4);
        bind_channel(f, clients[i], 0x4001, f->peer_v6);
        const struct transport_addr peers[] = {f->peer_v4, f->peer_v6};
        for (uint16_t k = 0; k < 2; k++) {
            client_sends_channel(f, clients[i], (uint16_t)(0x4000 + k), "up");
            fixture_expect_relay(f, "families mix freely", clients[i], 0, peers[k], "up", __FILE__,
                                 __LINE__);
            peer_sends(f, clients[i], peers[k], "down");
            fixture_expect_relay(f, "families mix freely", clients[i], (uint16_t)(0x4000 + k),
                                 (struct transport_addr){0}, "down", __FILE__, __LINE__);
        }
    }
}

/* Two allocations here, each the other's peer (relay to relay). */
static void relay_to_relay(void **state)
{
    struct fixture *f = *state;
    allocate_udp(f, &f->alice);
    allocate_udp(f, &f->bob);
    bind_channel(f, &f->alice, 0x4000, f->bob.relayed_v4);
    bind_channel(f, &f->bob, 0x4ABC, f->alice.relayed_v4);
    client_sends_channel(f, &f->alice, 0x4000, "ping");
    EXPECT_TO_PEER(f, "row Peers: relay-to-relay", alice, f->bob.relayed_v4, "ping");
    peer_sends(f, &f->bob, f->alice.relayed_v4, "ping");
    EXPECT_TO_CLIENT(f, "row Peers: relay-to-relay", bob, 0x4ABC, "ping");
}

static void largest_payloads(void **state)
{
    struct fixture *f = *state;
    enum { LARGEST = 65507 - 4 };
    allocate_udp(f, &f->alice);
    bind_channel(f, &f->alice, 0x4000, f->peer_v4);
    uint8_t *datagram = calloc(1, LARGEST + 8);
    checked_peer_datagram(&f->cs, f->alice.relay_id, &f->peer_v4, datagram + 4, LARGEST);
    EXPECT_TRUE("the largest payload that fits a datagram with its header",
                f->cs.verdict == TURN_VERDICT_RELAY && f->cs.relay.payload.len == LARGEST + 4);
    checked_peer_datagram(&f->cs, f->alice.relay_id, &f->peer_v4, datagram + 4, LARGEST + 1);
    EXPECT_DROP(f, "one byte more", TOO_LARGE);
    wire_store_u16(datagram, 0x4000);
    wire_store_u16(datagram + 2, LARGEST);
    checked_client_datagram(&f->cs, &f->alice.tuple,
                            (struct bytes){.data = datagram, .len = LARGEST + 4}, FORGED);
    EXPECT_TRUE("the largest ChannelData of a client",
                f->cs.verdict == TURN_VERDICT_RELAY && f->cs.relay.payload.len == LARGEST);
    free(datagram);
}

/* Data may be on its way before the answer to Allocate or ChannelBind is; it is dropped, and
 * nothing is created. */
static void data_before_its_time(void **state)
{
    struct fixture *f = *state;
    get_nonce(f, &f->alice);
    ask(f, &f->alice, TURN_ALLOCATE, ATTRS(UDP));
    EXPECT(f, "Allocate", OPEN(alice, FAMILY_SET_V4));
    struct test_client copy = f->alice;
    client_sends_channel(f, &f->alice, 0x4000, "early");
    EXPECT_DROP(f, "the relay is not open yet", NO_ALLOCATION);
    peer_sends(f, &f->alice, f->peer_v4, "early");
    EXPECT_DROP(f, "the relay is not open yet", RELAY_CLOSED);
    f->alice = copy;
    relay_opens(f, &f->alice);
    EXPECT(f, "Allocate", SUCCESS(alice));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENARIO(both_directions),
        SCENARIO(every_small_size_is_sent_without_padding),
        SCENARIO(padding_from_the_client),
        SCENARIO(wrong_lengths),
        SCENARIO(nobodys_channels),
        SCENARIO(other_peers),
        SCENARIO(families_mix),
        SCENARIO(relay_to_relay),
        SCENARIO(largest_payloads),
        SCENARIO(data_before_its_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
