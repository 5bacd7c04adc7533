/* test_reference_client.c — what the clients of the existing relay need, and how they behave.
 *
 * 9.1 and so on are the items of the checklist in part 9 of relay-behaviour. What only a real
 * socket can show is in tests/e2e/test_reference_client.py.
 */
#include "scenario.h"

/* 9.8: its Allocate always asks for IPv6 in addition. */
#define SNOWNET_ALLOCATE UDP, ADDITIONAL_FAMILY(2), SOFTWARE_SNOWNET

/* 9.1: whatever the client gets comes from the address and port that it asked: 3478. */
#define EXPECT_FROM_LISTENER(f, rule, by)                                                          \
    EXPECT_TRUE(rule, transport_addr_equal(&(by).server, &(f)->alice.tuple.server))

/* 9.3: USERNAME, REALM and MESSAGE-INTEGRITY are there from the first Allocate on, NONCE is not. */
static void first_allocate_is_challenged(void **state)
{
    struct fixture *f = *state;
    struct message m = client_message(&f->alice, TURN_ALLOCATE, ATTRS(SNOWNET_ALLOCATE));
    m.nonce = (struct bytes){0};
    client_asks(f, &f->alice, &m, FORGED);
    EXPECT(f, "9.3: 401, with integrity", ERROR(alice, 401));
    EXPECT_TRUE("9.3: and a NONCE", answer_has(&f->answer, STUN_ATTR_NONCE));
    EXPECT_TRUE("9.3: the realm is firezone, any other is refused",
                strcmp(f->answer.realm, "firezone") == 0);
    EXPECT_FROM_LISTENER(f, "9.1", f->cs.seen[0].command.five_tuple);
    ask(f, &f->alice, TURN_ALLOCATE, ATTRS(SNOWNET_ALLOCATE));
    EXPECT(f, "with the NONCE it is granted", OPEN(alice, FAMILY_SET_V4 | FAMILY_SET_V6));
    relay_opens(f, &f->alice);
    EXPECT(f, "9.8", SUCCESS(alice));
    EXPECT_FROM_LISTENER(f, "9.1", f->cs.seen[0].command.five_tuple);
    peer_sends(f, &f->alice, f->peer_v4, "x");
    bind_channel(f, &f->alice, 0x4000, f->peer_v4);
    peer_sends(f, &f->alice, f->peer_v4, "x");
    EXPECT_TO_CLIENT(f, "9.9", alice, 0x4000, "x");
    EXPECT_FROM_LISTENER(f, "9.1: data as well", f->cs.relay.five_tuple);
}

/* 9.8, 9.9 */
static void allocation_from_start_to_data(void **state)
{
    struct fixture *f = *state;
    ask(f, &f->alice, STUN_BINDING, ATTRS(SOFTWARE_SNOWNET));
    EXPECT(f, "BINDING to find the faster family", SUCCESS(alice));
    get_nonce(f, &f->alice);
    allocate(f, &f->alice, ATTRS(SNOWNET_ALLOCATE));
    EXPECT_TRUE("both families are picked up", f->answer.relayed_count == 2);
    EXPECT_TRUE("LIFETIME is there", f->answer.lifetime_sec == 600);
    ask(f, &f->alice, TURN_CHANNEL_BIND,
        ATTRS(PEER(f->peer_v4), CHANNEL(0x4000), SOFTWARE_SNOWNET));
    EXPECT(f, "ChannelBind", SUCCESS(alice));
    peer_sends(f, &f->alice, f->peer_v4, "a payload of a length that is not a multiple of 4");
    EXPECT_TO_CLIENT(f, "length field == datagram length - 4", alice, 0x4000,
                     "a payload of a length that is not a multiple of 4");
}

/* 9.12, 9.8, 9.5: it refreshes at half the lifetime, with the attributes of its Allocate. */
static void refresh_with_transport_attributes(void **state)
{
    struct fixture *f = *state;
    allocate(f, &f->alice, ATTRS(SNOWNET_ALLOCATE));
    for (int i = 0; i < 20; i++) {
        advance(f, 300);
        ask(f, &f->alice, TURN_REFRESH, ATTRS(SNOWNET_ALLOCATE));
        if (f->cs.seen_count == 1 && f->cs.seen[0].answer.error_code == 438) {
            EXPECT(f, "438: takes the new NONCE and retries", ERROR(alice, 438));
            ask(f, &f->alice, TURN_REFRESH, ATTRS(SNOWNET_ALLOCATE));
        }
        EXPECT(f, "Refresh with transport attributes, which are ignored", SUCCESS(alice));
    }
    ask(f, &f->alice, TURN_REFRESH, ATTRS(UDP, DONT_FRAGMENT, EVEN_PORT(1)));
    EXPECT(f, "any of them", SUCCESS(alice));
}

/* 9.4: a relay that restarts does not know the nonce: it must not say that credentials are bad. */
static void stale_nonce_is_not_bad_credentials(void **state)
{
    struct fixture *f = *state;
    static const char *const nonces[] = {"6d8f6f31-8f8e-43c8-ae30-ab0c3e1e7f10", "",
                                         "not a nonce at all", "AAAAAAAAAAAAAAAA"};
    for (size_t i = 0; i < sizeof(nonces) / sizeof(*nonces); i++) {
        struct message m = client_message(&f->alice, TURN_REFRESH, ATTRS(SNOWNET_ALLOCATE));
        m.nonce = bytes_of_text(nonces[i]);
        client_asks(f, &f->alice, &m, FORGED);
        EXPECT(f, "garbage and foreign nonces: 438, never 401", ERROR(alice, 438));
    }
    /* Wrong credentials together with a stale nonce are still 438, as the nonce is judged first. */
    struct turn_key bad = f->alice.key;
    bad.bytes[3] ^= 1;
    struct message m = client_message(&f->alice, TURN_REFRESH, NO_ATTRS);
    m.nonce = bytes_of_text("stale");
    m.key = &bad;
    client_asks(f, &f->alice, &m, FORGED);
    EXPECT(f, "the nonce is judged before the credentials", ERROR(alice, 438));
}

/* 9.2 and row Responses, for each error there is: EXPECT demands valid integrity of every one. */
static void every_response_carries_integrity(void **state)
{
    struct fixture *f = *state;
    f->setup.config.user_quota = 1;
    f->setup.config.channels_per_allocation = 1;
    f->setup.config.public_v6 = (struct transport_addr){0};
    const char *rule = "row Responses: MESSAGE-INTEGRITY on every response";
    get_nonce(f, &f->alice);
    ask(f, &f->alice, TURN_REFRESH, NO_ATTRS);
    EXPECT(f, rule, ERROR(alice, 437));
    ask(f, &f->alice, TURN_ALLOCATE, NO_ATTRS);
    EXPECT(f, rule, ERROR(alice, 400));
    ask(f, &f->alice, TURN_ALLOCATE, ATTRS(TRANSPORT(6)));
    EXPECT(f, rule, ERROR(alice, 442));
    ask(f, &f->alice, TURN_ALLOCATE, ATTRS(UDP, REQUESTED_FAMILY(2)));
    EXPECT(f, rule, ERROR(alice, 440));
    ask(f, &f->alice, TURN_ALLOCATE, ATTRS(UDP, ATTR_OF_U32(0x7F00, 0)));
    EXPECT(f, rule, ERROR(alice, 420));
    allocate_udp(f, &f->alice);
    get_nonce(f, &f->device[0]);
    ask(f, &f->device[0], TURN_ALLOCATE, ATTRS(UDP));
    EXPECT(f, rule, ERROR(device[0], 486));
    ask(f, &f->alice, TURN_CHANNEL_BIND, ATTRS(CHANNEL(0x4000), PEER(test_addr("10.0.0.1:1"))));
    EXPECT(f, rule, ERROR(alice, 403));
    ask(f, &f->alice, TURN_CHANNEL_BIND, ATTRS(CHANNEL(0x4000), PEER(f->peer_v6)));
    EXPECT(f, rule, ERROR(alice, 443));
    bind_channel(f, &f->alice, 0x4000, f->peer_v4);
    ask(f, &f->alice, TURN_CHANNEL_BIND, ATTRS(CHANNEL(0x4001), PEER(test_addr("9.9.9.9:9"))));
    EXPECT(f, rule, ERROR(alice, 508));
    struct message m = client_message(&f->alice, TURN_REFRESH, NO_ATTRS);
    m.key = NULL;
    client_asks(f, &f->alice, &m, FORGED);
    EXPECT(f, rule, ERROR(alice, 401));
    m = client_message(&f->alice, TURN_REFRESH, NO_ATTRS);
    m.nonce = bytes_of_text("x");
    client_asks(f, &f->alice, &m, FORGED);
    EXPECT(f, rule, ERROR(alice, 438));
}

/* 9.6: 437 on Allocate: Refresh with 0, then Allocate. */
static void allocation_mismatch_recovery(void **state)
{
    struct fixture *f = *state;
    allocate(f, &f->alice, ATTRS(SNOWNET_ALLOCATE));
    bind_channel(f, &f->alice, 0x4000, f->peer_v4);
    uint16_t port = f->alice.port;
    /* The success was lost; the retransmission has a new transaction id. */
    ask(f, &f->alice, TURN_ALLOCATE, ATTRS(SNOWNET_ALLOCATE));
    EXPECT(f, "row Same five-tuple, another transaction id: 437", ERROR(alice, 437));
    delete_allocation(f, &f->alice);
    allocate(f, &f->alice, ATTRS(SNOWNET_ALLOCATE));
    EXPECT_TRUE("the former port rests", f->alice.port != port);
    bind_channel(f, &f->alice, 0x4000, f->peer_v6); /* no cool-down over an allocation's end */

    /* 437 on Refresh and ChannelBind: the relay has forgotten it; Allocate follows. */
    advance(f, 600);
    get_nonce(f, &f->alice);
    ask(f, &f->alice, TURN_REFRESH, ATTRS(SNOWNET_ALLOCATE));
    EXPECT(f, "437 on Refresh", ERROR(alice, 437));
    ask(f, &f->alice, TURN_CHANNEL_BIND, ATTRS(PEER(f->peer_v4), CHANNEL(0x4000)));
    EXPECT(f, "437 on ChannelBind", ERROR(alice, 437));
    allocate(f, &f->alice, ATTRS(SNOWNET_ALLOCATE));
}

/* 9.13: data is sent before the bind was confirmed; only the confirmed one passes. */
static void data_before_the_bind(void **state)
{
    struct fixture *f = *state;
    allocate(f, &f->alice, ATTRS(SNOWNET_ALLOCATE));
    client_sends_channel(f, &f->alice, 0x4000, "early");
    EXPECT_DROP(f, "before the bind", NO_CHANNEL);
    bind_channel(f, &f->alice, 0x4000, f->peer_v4);
    client_sends_channel(f, &f->alice, 0x4000, "now");
    EXPECT_TO_PEER(f, "with the bind", alice, f->peer_v4, "now");
}

/* 9.12: numbers go round-robin through 0x4000-0x4FFF; 512 of them at a time by default. */
static void round_robin_numbers(void **state)
{
    struct fixture *f = *state;
    allocate(f, &f->alice, ATTRS(UDP, LIFETIME(3600)));
    struct transport_addr peer = f->peer_v4;
    for (uint16_t number = 0x4000; number <= 0x4FFF; number = (uint16_t)(number + 97)) {
        peer.port++;
        bind_channel(f, &f->alice, number, peer);
        advance(f, 70);
        if (number % 5 == 0) {
            get_nonce(f, &f->alice);
            ask(f, &f->alice, TURN_REFRESH, ATTRS(LIFETIME(3600)));
            EXPECT(f, "Refresh", SUCCESS(alice));
        }
    }
    EXPECT_TRUE("those of the last 15 minutes are known",
                checked_count(&f->cs, TURN_COUNT_CHANNELS) == 12);
}

/* 9.16: a symmetric NAT gives the client another port: a new five-tuple, a new allocation. */
static void roaming(void **state)
{
    struct fixture *f = *state;
    allocate(f, &f->alice, ATTRS(SNOWNET_ALLOCATE));
    bind_channel(f, &f->alice, 0x4000, f->peer_v4);
    f->alice.tuple.client.port = 52625;
    ask(f, &f->alice, TURN_REFRESH, ATTRS(SNOWNET_ALLOCATE));
    EXPECT(f, "its nonce is for the former address", ERROR(alice, 438));
    ask(f, &f->alice, TURN_REFRESH, ATTRS(SNOWNET_ALLOCATE));
    EXPECT(f, "no allocation here", ERROR(alice, 437));
    allocate(f, &f->alice, ATTRS(SNOWNET_ALLOCATE));
    EXPECT_TRUE("the former one lives on until it ends",
                checked_count(&f->cs, TURN_COUNT_ALLOCATIONS) == 2);
}

static void create_permission_has_no_effect(void **state)
{
    struct fixture *f = *state;
    get_nonce(f, &f->alice);
    ask(f, &f->alice, TURN_CREATE_PERMISSION, NO_ATTRS);
    EXPECT(f, "row Default profile: CreatePermission succeeds without an allocation, or a peer",
           SUCCESS(alice));
    allocate_udp(f, &f->alice);
    ask(f, &f->alice, TURN_CREATE_PERMISSION, ATTRS(PEER(f->peer_v4)));
    EXPECT(f, "row Default profile: CreatePermission is an authenticated success", SUCCESS(alice));
    EXPECT_TRUE("SOFTWARE and integrity, no more", f->answer.attr_count == 2);
    peer_sends(f, &f->alice, f->peer_v4, "x");
    EXPECT_DROP(f, "row Default profile: without effect", PEER_NOT_BOUND);
    struct message m = client_message(&f->bob, TURN_CREATE_PERMISSION, ATTRS(PEER(f->peer_v4)));
    client_asks(f, &f->bob, &m, FORGED);
    EXPECT(f, "row Default profile: CreatePermission is authenticated", ERROR(bob, 401));
}

/* 9.7: 420 makes it give the relay up, so that nothing that it sends may be unknown. */
static void nothing_that_it_sends_is_unknown(void **state)
{
    struct fixture *f = *state;
    allocate(f, &f->alice, ATTRS(SNOWNET_ALLOCATE));
    ask(f, &f->alice, TURN_REFRESH, ATTRS(SNOWNET_ALLOCATE));
    ask(f, &f->alice, TURN_CHANNEL_BIND,
        ATTRS(PEER(f->peer_v4), CHANNEL(0x4000), SOFTWARE_SNOWNET));
    ask(f, &f->alice, TURN_REFRESH, ATTRS(SNOWNET_ALLOCATE, LIFETIME(0)));
    ask(f, &f->alice, STUN_BINDING, ATTRS(SOFTWARE_SNOWNET));
    EXPECT_TRUE("9.7: never 420", checked_count(&f->cs, TURN_COUNT_ERROR_420) == 0);
    EXPECT_TRUE("9.7: all of it was granted",
                checked_count(&f->cs, TURN_COUNT_SUCCESS_RESPONSES) == 5);
}

/* 9.9: no padding towards the client, whatever the length. */
static void no_padding(void **state)
{
    struct fixture *f = *state;
    allocate(f, &f->alice, ATTRS(SNOWNET_ALLOCATE));
    bind_channel(f, &f->alice, 0x4FFF, f->peer_v4);
    static const char text[] = "seventeen letters";
    for (size_t len = 0; len < sizeof(text); len++) {
        char payload[sizeof(text)] = {0};
        memcpy(payload, text, len);
        peer_sends(f, &f->alice, f->peer_v4, payload);
        EXPECT_TO_CLIENT(f, "9.9: length field == datagram length - 4", alice, 0x4FFF, payload);
        EXPECT_TRUE("9.9: four bytes more than the peer sent", f->cs.relay.payload.len == len + 4);
    }
}

/* 9.10: it sends again after 1 s, 2.5 s and 4.75 s, each time with a new transaction id, the
 * former one forgotten. So the relay has one second, and answers whatever comes at once. */
static void retransmissions_have_new_ids(void **state)
{
    struct fixture *f = *state;
    static const int64_t msec[] = {1000, 1500, 2250}; /* between them */
    get_nonce(f, &f->alice);
    ask(f, &f->alice, TURN_ALLOCATE, ATTRS(SNOWNET_ALLOCATE));
    EXPECT(f, "the first", OPEN(alice, FAMILY_SET_V4 | FAMILY_SET_V6));
    advance_usec(f, INT64_C(900000));
    relay_opens(f, &f->alice);
    EXPECT(f, "9.10: answered as soon as its relay is open, by no timer", SUCCESS(alice));
    for (size_t i = 0; i < sizeof(msec) / sizeof(*msec); i++) {
        advance_usec(f, msec[i] * 1000);
        ask(f, &f->alice, TURN_ALLOCATE, ATTRS(SNOWNET_ALLOCATE));
        EXPECT(f, "9.10: its success was lost: 437, so that it begins anew", ERROR(alice, 437));
        ask(f, &f->alice, TURN_REFRESH, ATTRS(SNOWNET_ALLOCATE));
        EXPECT(f, "9.10: Refresh succeeds again", SUCCESS(alice));
        bind_channel(f, &f->alice, 0x4000, f->peer_v4);
    }
    EXPECT_TRUE("9.10: once bound, however often it was asked",
                checked_count(&f->cs, TURN_COUNT_CHANNELS) == 1);
}

/* 9.10: a relay that takes longer than that to open. The answer is to an id that is forgotten. */
static void a_slow_relay_costs_a_round(void **state)
{
    struct fixture *f = *state;
    get_nonce(f, &f->alice);
    ask(f, &f->alice, TURN_ALLOCATE, ATTRS(SNOWNET_ALLOCATE));
    EXPECT(f, "the first", OPEN(alice, FAMILY_SET_V4 | FAMILY_SET_V6));
    advance(f, 1);
    struct test_client asked = f->alice; /* the first transaction, which the relay answers */
    ask(f, &f->alice, TURN_ALLOCATE, ATTRS(SNOWNET_ALLOCATE));
    EXPECT_DROP(f, "while the first is under way", PENDING_ALLOCATE);
    f->alice = asked;
    relay_opens(f, &f->alice);
    EXPECT(f, "too late for its client", SUCCESS(alice));
    advance_usec(f, INT64_C(1500000));
    ask(f, &f->alice, TURN_ALLOCATE, ATTRS(SNOWNET_ALLOCATE));
    EXPECT(f, "9.6", ERROR(alice, 437));
    delete_allocation(f, &f->alice);
    allocate(f, &f->alice, ATTRS(SNOWNET_ALLOCATE));
}

/* 9.11: BINDING to both families at the start, then every 25 s while idle. */
static void binding_as_keep_alive(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 3600 / 25; i++) {
        ask(f, &f->alice, STUN_BINDING, ATTRS(SOFTWARE_SNOWNET));
        EXPECT(f, "9.11: IPv4", SUCCESS(alice));
        EXPECT_FROM_LISTENER(f, "9.1", f->cs.seen[0].command.five_tuple);
        ask(f, &f->carol, STUN_BINDING, ATTRS(SOFTWARE_SNOWNET));
        EXPECT(f, "9.11: IPv6", SUCCESS(carol));
        EXPECT_TRUE("9.11: its address",
                    transport_addr_equal(&f->answer.mapped, &f->carol.tuple.client));
        advance(f, 25);
    }
    EXPECT_TRUE("nothing is kept of it", turn_server_allocation_count(f->cs.server) == 0);
}

/* 9.12: a channel that is in use is bound again 5 minutes after the last time. */
static void channel_is_kept_for_hours(void **state)
{
    struct fixture *f = *state;
    allocate(f, &f->alice, ATTRS(SNOWNET_ALLOCATE));
    for (int i = 0; i < 3 * 3600 / 300; i++) {
        get_nonce(f, &f->alice);
        ask(f, &f->alice, TURN_REFRESH, ATTRS(SNOWNET_ALLOCATE));
        EXPECT(f, "9.12: at half the lifetime", SUCCESS(alice));
        bind_channel(f, &f->alice, 0x4000, f->peer_v4);
        advance(f, 299);
        peer_sends(f, &f->alice, f->peer_v4, "data");
        EXPECT_TO_CLIENT(f, "9.12: never in a gap", alice, 0x4000, "data");
        advance(f, 1);
    }
}

/* 9.14: number and peer stay each other's for 5 minutes, and the same pair revives the channel. */
static void cooling_channels(void **state)
{
    struct fixture *f = *state;
    struct transport_addr other = f->peer_v4;
    other.port++;
    allocate(f, &f->alice, ATTRS(UDP, LIFETIME(3600)));
    bind_channel(f, &f->alice, 0x4000, f->peer_v4);
    advance(f, 600);
    client_sends_channel(f, &f->alice, 0x4000, "x");
    EXPECT_DROP(f, "it cools down", CHANNEL_EXPIRED);
    advance(f, 299);
    ask(f, &f->alice, TURN_CHANNEL_BIND, ATTRS(PEER(other), CHANNEL(0x4000)));
    EXPECT(f, "9.14: the number is not for another peer", ERROR(alice, 400));
    ask(f, &f->alice, TURN_CHANNEL_BIND, ATTRS(PEER(f->peer_v4), CHANNEL(0x4001)));
    EXPECT(f, "9.14: nor the peer for another number", ERROR(alice, 400));
    bind_channel(f, &f->alice, 0x4000, f->peer_v4);
    client_sends_channel(f, &f->alice, 0x4000, "x");
    EXPECT_TO_PEER(f, "9.14: the same pair revives it", alice, f->peer_v4, "x");
    advance(f, 900);
    bind_channel(f, &f->alice, 0x4000, other);
}

/* 9.15: the largest datagram is about 1336 bytes. */
static void largest_datagram(void **state)
{
    struct fixture *f = *state;
    enum { LARGEST = 1336 };
    static char payload[LARGEST - 4 + 1];
    memset(payload, 'p', sizeof(payload) - 1);
    allocate(f, &f->alice, ATTRS(SNOWNET_ALLOCATE));
    bind_channel(f, &f->alice, 0x4000, f->peer_v6);
    client_sends_channel(f, &f->alice, 0x4000, payload);
    EXPECT_TO_PEER(f, "9.15", alice, f->peer_v6, payload);
    peer_sends(f, &f->alice, f->peer_v6, payload);
    EXPECT_TO_CLIENT(f, "9.15", alice, 0x4000, payload);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENARIO(first_allocate_is_challenged),
        SCENARIO(allocation_from_start_to_data),
        SCENARIO(refresh_with_transport_attributes),
        SCENARIO(stale_nonce_is_not_bad_credentials),
        SCENARIO(every_response_carries_integrity),
        SCENARIO(allocation_mismatch_recovery),
        SCENARIO(data_before_the_bind),
        SCENARIO(round_robin_numbers),
        SCENARIO(roaming),
        SCENARIO(create_permission_has_no_effect),
        SCENARIO(nothing_that_it_sends_is_unknown),
        SCENARIO(no_padding),
        SCENARIO(retransmissions_have_new_ids),
        SCENARIO(a_slow_relay_costs_a_round),
        SCENARIO(binding_as_keep_alive),
        SCENARIO(channel_is_kept_for_hours),
        SCENARIO(cooling_channels),
        SCENARIO(largest_datagram),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
