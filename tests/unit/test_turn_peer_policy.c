/* test_turn_peer_policy.c — the order in which a peer is judged. The ranges themselves are gone
 * through in scenario/test_peers.c. */
#include "unit.h"

#include "turn_peer_policy.h"

#include <stdio.h>
#include <string.h>

/* All zero at the beginning of each test. Large, so not on the stack. */
static struct turn_peer_policy policy;

static int reset(void **state)
{
    (void)state;
    memset(&policy, 0, sizeof(policy));
    return 0;
}

static struct transport_addr addr(const char *text)
{
    struct transport_addr a;
    assert_int_equal(transport_addr_parse(text, 9, &a), ERR_OK);
    return a;
}

static bool allows(const char *peer)
{
    struct transport_addr a = addr(peer);
    return turn_peer_policy_allows(&policy, &a);
}

static void add(const char *range, bool allow)
{
    assert_int_equal(turn_peer_policy_add_range(&policy, range, allow), ERR_OK);
}

static void default_policy_is_all_zero(void **state)
{
    (void)state;
    assert_true(allows("8.8.8.8"));
    assert_true(allows("[2600::1]:9"));
    assert_false(allows("192.168.1.1"));
    assert_false(allows("[::1]:9"));
    struct transport_addr port_0 = addr("8.8.8.8");
    port_0.port = 0;
    assert_false(turn_peer_policy_allows(&policy, &port_0));
}

/* 1 before 4: what is never a peer cannot be opened. */
static void never_is_never(void **state)
{
    (void)state;
    add("0.0.0.0/0", true);
    add("::/0", true);
    static const char *const never[] = {"0.0.0.0",
                                        "0.1.2.3",
                                        "224.0.0.1",
                                        "239.1.1.1",
                                        "240.0.0.1",
                                        "255.255.255.255",
                                        "[::]:9",
                                        "[ff02::1]:9",
                                        "[::ffff:224.0.0.1]:9",
                                        "[64:ff9b::255.255.255.255]:9"};
    for (size_t i = 0; i < sizeof(never) / sizeof(*never); i++)
        if (allows(never[i]))
            fail_msg("%s is allowed", never[i]);
    assert_true(allows("127.0.0.1"));
    assert_true(allows("10.0.0.1"));
    assert_true(allows("[fe80::1]:9"));
}

/* 2 before 3 to 5: relay to relay, in the relay port range only. */
static void own_relayed_addresses(void **state)
{
    (void)state;
    policy.relayed_v4 = addr("10.0.0.7");
    policy.relayed_v6 = addr("[fd00::7]:9");
    policy.lowest_port = 50000;
    policy.highest_port = 50010;
    policy.service_ports[0] = 3478;
    policy.service_port_count = 1;
    add("10.0.0.0/8", false);
    assert_true(allows("10.0.0.7:50000"));
    assert_true(allows("10.0.0.7:50010"));
    assert_true(allows("[fd00::7]:50005"));
    assert_true(allows("[::ffff:10.0.0.7]:50005"));
    assert_false(allows("10.0.0.7:49999"));
    assert_false(allows("10.0.0.7:50011"));
    assert_false(allows("10.0.0.8:50005"));
    assert_false(allows("[fd00::8]:50005"));
    assert_false(allows("10.0.0.7:3478"));
}

/* 3 before 4: our own services stay closed whatever the operator opens. */
static void own_services(void **state)
{
    (void)state;
    policy.relayed_v4 = addr("9.0.0.7");
    policy.own_addrs[0] = addr("10.0.0.5");
    policy.own_addrs[1] = addr("[2600::5]:9");
    policy.own_addr_count = 2;
    policy.service_ports[0] = 3478;
    policy.service_ports[1] = 8080;
    policy.service_port_count = 2;
    add("0.0.0.0/0", true);
    add("::/0", true);
    static const char *const closed[] = {"10.0.0.5:3478",
                                         "10.0.0.5:8080",
                                         "[2600::5]:8080",
                                         "127.0.0.1:3478",
                                         "127.9.9.9:8080",
                                         "[::1]:3478",
                                         "9.0.0.7:3478",
                                         "[::ffff:10.0.0.5]:3478",
                                         "[::ffff:127.0.0.1]:8080",
                                         "[64:ff9b::10.0.0.5]:3478"};
    for (size_t i = 0; i < sizeof(closed) / sizeof(*closed); i++)
        if (allows(closed[i]))
            fail_msg("%s is allowed", closed[i]);
    assert_true(allows("10.0.0.5:3479"));
    assert_true(allows("10.0.0.6:3478"));
}

/* 4 before 5: longest prefix first, deny on a tie, whatever their order. */
static void operators_ranges(void **state)
{
    (void)state;
    static const struct {
        const char *range;
        bool allow;
    } ranges[] = {{"10.0.0.0/8", true},   {"10.1.0.0/16", false}, {"10.1.2.0/24", true},
                  {"10.1.2.3/32", false}, {"10.9.0.0/16", true},  {"10.9.0.0/16", false},
                  {"fd00::/8", true},     {"fd01::/16", false}};
    enum { COUNT = sizeof(ranges) / sizeof(*ranges) };
    for (size_t first = 0; first < COUNT; first++) {
        reset(state);
        for (size_t i = 0; i < COUNT; i++)
            add(ranges[(first + i) % COUNT].range, ranges[(first + i) % COUNT].allow);
        assert_true(allows("10.2.0.1"));
        assert_false(allows("10.1.0.1"));
        assert_true(allows("10.1.2.4"));
        assert_false(allows("10.1.2.3"));
        assert_false(allows("10.9.0.1"));
        assert_true(allows("[fd02::1]:9"));
        assert_false(allows("[fd01::1]:9"));
        assert_false(allows("192.168.0.1"));
    }
}

/* A NAT64 or 6to4 address is also an IPv6 address that the operator may have named. */
static void wrapped_addresses_are_judged_twice(void **state)
{
    (void)state;
    add("64:ff9b::/96", false);
    assert_false(allows("[64:ff9b::8.8.8.8]:9"));
    assert_true(allows("[2002:808:808::]:9"));
    reset(state);
    add("64:ff9b::/96", true);
    assert_false(allows("[64:ff9b::10.0.0.1]:9")); /* the address inside decides too */
    add("10.0.0.0/8", true);
    assert_true(allows("[64:ff9b::10.0.0.1]:9"));
    assert_true(allows("[::ffff:10.0.0.1]:9"));
}

static void ranges_that_are_refused(void **state)
{
    (void)state;
    static const char *const malformed[] = {"", "x", "10.0.0.0/", "10.0.0/8", "10.0.0.0/8 ", "/8"};
    for (size_t i = 0; i < sizeof(malformed) / sizeof(*malformed); i++)
        assert_int_equal(turn_peer_policy_add_range(&policy, malformed[i], true), ERR_MALFORMED);
    assert_int_equal(turn_peer_policy_add_range(&policy, "10.0.0.0/33", true), ERR_RANGE);
    assert_int_equal(turn_peer_policy_add_range(&policy, "10.0.0.1/8", true), ERR_RANGE);
    assert_int_equal(policy.range_count, 0);
    for (size_t i = 0; i < TURN_POLICY_RANGES_MAX; i++) {
        char text[32];
        snprintf(text, sizeof(text), "8.8.%zu.0/24", i % 256);
        add(text, false);
    }
    assert_int_equal(turn_peer_policy_add_range(&policy, "8.8.8.8", true), ERR_LIMIT);
    assert_false(allows("8.8.255.1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(default_policy_is_all_zero, reset),
        cmocka_unit_test_setup(never_is_never, reset),
        cmocka_unit_test_setup(own_relayed_addresses, reset),
        cmocka_unit_test_setup(own_services, reset),
        cmocka_unit_test_setup(operators_ranges, reset),
        cmocka_unit_test_setup(wrapped_addresses_are_judged_twice, reset),
        cmocka_unit_test_setup(ranges_that_are_refused, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
