/* test_peers.c — which peers a client may bind a channel to (row Peers). */
#include "scenario.h"

#include <stdio.h>

/* Binds a fresh channel number to each; |error| 0 = success. */
static void try_peer(struct fixture *f, const char *rule, const char *peer, uint16_t error)
{
    static uint16_t number = 0x4000; /* any number that is free; wraps within the range */
    number = number == 0x4FFF ? 0x4000 : (uint16_t)(number + 1);
    ask(f, &f->alice, TURN_CHANNEL_BIND, ATTRS(CHANNEL(number), PEER(test_addr(peer))));
    char text[160];
    snprintf(text, sizeof(text), "%s: %s", rule, peer);
    const struct expected want = {.kind = TURN_COMMAND_SEND, .client = &f->alice, .error = error};
    fixture_expect(f, text, &want, 1, __FILE__, __LINE__);
}

static void special_purpose_ranges_are_denied(void **state)
{
    struct fixture *f = *state;
    /* The first and the last address of each range. */
    static const char *const denied[] = {
        "0.0.0.0:9",
        "0.255.255.255:9",
        "10.0.0.0:9",
        "10.255.255.255:9",
        "100.64.0.0:9",
        "100.127.255.255:9",
        "127.0.0.0:9",
        "127.0.0.1:9",
        "127.255.255.255:9",
        "169.254.0.0:9",
        "169.254.169.254:80",
        "169.254.255.255:9",
        "172.16.0.0:9",
        "172.31.255.255:9",
        "192.0.0.0:9",
        "192.0.0.255:9",
        "192.0.2.0:9",
        "192.0.2.255:9",
        "192.31.196.0:9",
        "192.31.196.255:9",
        "192.52.193.0:9",
        "192.52.193.255:9",
        "192.88.99.0:9",
        "192.88.99.255:9",
        "192.168.0.0:9",
        "192.168.255.255:9",
        "192.175.48.0:9",
        "192.175.48.255:9",
        "198.18.0.0:9",
        "198.19.255.255:9",
        "198.51.100.0:9",
        "198.51.100.255:9",
        "203.0.113.0:9",
        "203.0.113.255:9",
        "224.0.0.0:9",
        "239.255.255.255:9",
        "240.0.0.0:9",
        "255.255.255.254:9",
        "255.255.255.255:9",
        "[::]:9",
        "[::1]:9",
        "[::2]:9",
        "[::ffff]:9",
        "[::ffff:0:0:0]:9",
        "[::ffff:0:8.8.8.8]:9",
        "[::ffff:0:ffff:ffff]:9",
        "[64:ff9b:1::]:9",
        "[64:ff9b:1:ffff:ffff:ffff:ffff:ffff]:9",
        "[::ffff:0:0:0]:9", /* IPv4-translated, RFC 2765: IPv4 in another wrapping */
        "[::ffff:0:10.1.2.3]:9",
        "[::ffff:0:255.255.255.255]:9",
        "[100::]:9",
        "[100::ffff:ffff:ffff:ffff]:9",
        "[100:0:0:1::]:9",
        "[100:0:0:1:ffff:ffff:ffff:ffff]:9",
        "[2001::]:9",
        "[2001::4136:e378:8000:63bf]:9",
        "[2001:1ff:ffff::1]:9",
        "[2001:db8::]:9",
        "[2001:db8:ffff:ffff::1]:9",
        "[2620:4f:8000::]:9",
        "[2620:4f:8000:ffff:ffff:ffff:ffff:ffff]:9",
        "[3fff::]:9",
        "[3fff:fff:ffff::1]:9",
        "[5f00::]:9",
        "[5f00:ffff:ffff::1]:9",
        "[fc00::]:9",
        "[fdff:ffff::1]:9",
        "[fe80::1]:9",
        "[febf:ffff::1]:9",
        "[fec0::1]:9",
        "[feff:ffff::1]:9",
        "[ff00::]:9",
        "[ff02::1]:9",
        "[ffff:ffff::1]:9",
    };
    allocate(f, &f->alice, ATTRS(UDP, ADDITIONAL_FAMILY(2)));
    for (size_t i = 0; i < sizeof(denied) / sizeof(*denied); i++)
        try_peer(f, "row Peers: every special-purpose range: 403", denied[i], 403);
}

static void public_addresses_are_allowed(void **state)
{
    struct fixture *f = *state;
    f->setup.config.channels_per_allocation = 32;
    /* Just outside of the ranges above. */
    static const char *const allowed[] = {
        "1.0.0.0:9",           "9.255.255.255:9",   "11.0.0.0:9",       "100.63.255.255:9",
        "100.128.0.0:9",       "126.255.255.255:9", "128.0.0.0:9",      "169.253.255.255:9",
        "169.255.0.0:9",       "172.15.255.255:9",  "172.32.0.0:9",     "192.0.1.0:9",
        "192.167.255.255:9",   "192.169.0.0:9",     "198.17.255.255:9", "198.20.0.0:9",
        "223.255.255.255:9",   "[2001:200::1]:9",   "[2001:db7::1]:9",  "[2001:db9::1]:9",
        "[2600::1]:9",         "[fbff::1]:9",       "[101::1]:9",       "[100:0:0:2::1]:9",
        "[2620:4f:8001::1]:9",
    };
    allocate(f, &f->alice, ATTRS(UDP, ADDITIONAL_FAMILY(2)));
    for (size_t i = 0; i < sizeof(allowed) / sizeof(*allowed); i++)
        try_peer(f, "row Peers: public addresses", allowed[i], 0);
}

static void wrapped_ipv4_is_judged_as_ipv4(void **state)
{
    struct fixture *f = *state;
    static const char *const denied[] = {
        "[::ffff:127.0.0.1]:9",   "[::ffff:10.1.2.3]:9",
        "[::ffff:0.0.0.0]:9",     "[::ffff:169.254.169.254]:80",
        "[::ffff:224.0.0.1]:9",   "[64:ff9b::127.0.0.1]:9",
        "[64:ff9b::10.1.2.3]:9",  "[64:ff9b::169.254.169.254]:80",
        "[2002:7f00:1::]:9",      "[2002:a01:203::1]:9",
        "[2002:a9fe:a9fe::1]:80", "[2002:c0a8:1::1]:9",
        "[::127.0.0.1]:9",        "[::8.8.8.8]:9",
    };
    allocate(f, &f->alice, ATTRS(UDP, ADDITIONAL_FAMILY(2)));
    for (size_t i = 0; i < sizeof(denied) / sizeof(*denied); i++)
        try_peer(f, "row Peers: v4-mapped, NAT64, 6to4 unwrapped: 403", denied[i], 403);
    try_peer(f, "row Peers: a public one inside NAT64", "[64:ff9b::8.8.8.8]:9", 0);
    try_peer(f, "row Peers: a public one inside 6to4", "[2002:808:808::1]:9", 0);
}

/* A mapped address is the IPv4 host itself: its data leaves over IPv4, and it is one peer. */
static void mapped_peers_are_their_ipv4_peers(void **state)
{
    struct fixture *f = *state;
    allocate_udp(f, &f->alice); /* IPv4 only */
    bind_channel(f, &f->alice, 0x4000, test_addr("[::ffff:8.8.4.4]:5000"));
    client_sends_channel(f, &f->alice, 0x4000, "x");
    EXPECT_TO_PEER(f, "row Peers: canonicalised once", alice, f->peer_v4, "x");
    peer_sends(f, &f->alice, f->peer_v4, "y");
    EXPECT_TO_CLIENT(f, "row Peers: canonicalised once", alice, 0x4000, "y");
    ask(f, &f->alice, TURN_CHANNEL_BIND, ATTRS(CHANNEL(0x4001), PEER(f->peer_v4)));
    EXPECT(f, "row Peers: both forms are the same peer", ERROR(alice, 400));

    allocate(f, &f->carol, ATTRS(UDP, REQUESTED_FAMILY(2)));
    ask(f, &f->carol, TURN_CHANNEL_BIND,
        ATTRS(CHANNEL(0x4000), PEER(test_addr("[::ffff:8.8.4.4]:5000"))));
    EXPECT(f, "row Peers: an IPv4 peer for an IPv6 allocation: 443", ERROR(carol, 443));
}

static void ports_and_own_addresses(void **state)
{
    struct fixture *f = *state;
    allocate(f, &f->alice, ATTRS(UDP, ADDITIONAL_FAMILY(2)));
    struct transport_addr port_0 = f->peer_v4;
    port_0.port = 0;
    ask(f, &f->alice, TURN_CHANNEL_BIND, ATTRS(CHANNEL(0x4000), PEER(port_0)));
    EXPECT(f, "row Peers: port 0: 403", ERROR(alice, 403));
    try_peer(f, "row Peers: our own service port", "203.0.113.9:3478", 403);
    try_peer(f, "row Peers: our own service port", "[2001:db8::9]:3478", 403);
    try_peer(f, "row Peers: our own address below the relay ports", "203.0.113.9:49999", 403);
    try_peer(f, "row Peers: our own relayed addresses", "203.0.113.9:50000", 0);
    try_peer(f, "row Peers: our own relayed addresses", "203.0.113.9:50099", 0);
    try_peer(f, "row Peers: our own relayed addresses, mapped", "[::ffff:203.0.113.9]:50001", 0);
    try_peer(f, "row Peers: our own relayed addresses", "[2001:db8::9]:50000", 0);
    try_peer(f, "row Peers: our own address above the relay ports", "203.0.113.9:50100", 403);
    try_peer(f, "row Peers: 3478 of others is nothing special", "8.8.8.8:3478", 0);
}

static void operator_opens_and_closes_ranges(void **state)
{
    struct fixture *f = *state;
    struct turn_peer_policy *policy = &f->setup.policy;
    assert_int_equal(turn_peer_policy_add_range(policy, "10.0.0.0/8", true), ERR_OK);
    assert_int_equal(turn_peer_policy_add_range(policy, "10.66.0.0/16", false), ERR_OK);
    assert_int_equal(turn_peer_policy_add_range(policy, "10.66.6.6", true), ERR_OK);
    assert_int_equal(turn_peer_policy_add_range(policy, "127.0.0.0/8", true), ERR_OK);
    assert_int_equal(turn_peer_policy_add_range(policy, "8.8.0.0/16", false), ERR_OK);
    assert_int_equal(turn_peer_policy_add_range(policy, "fd00::/8", true), ERR_OK);
    assert_int_equal(turn_peer_policy_add_range(policy, "224.0.0.0/4", true), ERR_OK);
    allocate(f, &f->alice, ATTRS(UDP, ADDITIONAL_FAMILY(2)));
    try_peer(f, "row Peers: --allow-peer opens a range", "10.1.2.3:9", 0);
    try_peer(f, "row Peers: --allow-peer, mapped as well", "[::ffff:10.1.2.4]:9", 0);
    try_peer(f, "row Peers: --deny-peer inside it", "10.66.1.1:9", 403);
    try_peer(f, "row Peers: the longest prefix speaks", "10.66.6.6:9", 0);
    try_peer(f, "row Peers: --deny-peer closes a public range", "8.8.4.4:9", 403);
    try_peer(f, "row Peers: --deny-peer, inside NAT64 as well", "[64:ff9b::8.8.4.4]:9", 403);
    try_peer(f, "row Peers: --allow-peer for IPv6", "[fd00::1]:9", 0);
    try_peer(f, "row Peers: loopback opened", "127.0.0.1:9", 0);
    try_peer(f, "row Peers: but never our own service port there", "127.0.0.1:3478", 403);
    try_peer(f, "row Peers: multicast is never a peer", "224.0.0.1:9", 403);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENARIO(special_purpose_ranges_are_denied), SCENARIO(public_addresses_are_allowed),
        SCENARIO(wrapped_ipv4_is_judged_as_ipv4),    SCENARIO(mapped_peers_are_their_ipv4_peers),
        SCENARIO(ports_and_own_addresses),           SCENARIO(operator_opens_and_closes_ranges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
