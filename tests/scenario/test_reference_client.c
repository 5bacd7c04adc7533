/* test_reference_client.c — what the clients of the existing relay need, and how they behave. */
#include "scenario.h"

/* Its realm is fixed, and its Allocate always asks for IPv6 in addition. */
#define SNOWNET_ALLOCATE UDP, ADDITIONAL_FAMILY(2), SOFTWARE_SNOWNET

static void allocation_from_start_to_data(void **state)
{
    struct fixture *f = *state;
    ask(f, &f->alice, STUN_BINDING, ATTRS(SOFTWARE_SNOWNET));
    EXPECT(f, "BINDING to find the faster family", SUCCESS(alice));
    get_nonce(f, &f->alice);
    EXPECT_TRUE("the realm is firezone, any other is refused",
                strcmp(f->answer.realm, "firezone") == 0);
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

/* It refreshes at half the lifetime, with the attributes of its Allocate. */
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

/* A relay that restarts does not know the nonce: it must not say that credentials are bad. */
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

/* Row Responses, for each error there is: EXPECT demands valid integrity of every one. */
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

/* 437 on Allocate: Refresh with 0, then Allocate. */
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

/* Data is sent before the bind was confirmed; only the confirmed one passes. */
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

/* Numbers go round-robin through 0x4000-0x4FFF; 512 of them at a time by default. */
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

/* A symmetric NAT gives the client another port: a new five-tuple, a new allocation. */
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENARIO(allocation_from_start_to_data),
        SCENARIO(refresh_with_transport_attributes),
        SCENARIO(stale_nonce_is_not_bad_credentials),
        SCENARIO(every_response_carries_integrity),
        SCENARIO(allocation_mismatch_recovery),
        SCENARIO(data_before_the_bind),
        SCENARIO(round_robin_numbers),
        SCENARIO(roaming),
        SCENARIO(create_permission_has_no_effect),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
