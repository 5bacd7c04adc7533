/* test_own_addresses.c — tests of own_addresses.h. */
#include "own_addresses.h"

#include <string.h>

#include "unit.h"

/* Too large for the stack. */
static struct turn_peer_policy policy;

static bool has(const struct transport_addr *addr)
{
    for (size_t i = 0; i < policy.own_addr_count; i++) {
        if (transport_addr_equal(&policy.own_addrs[i], addr))
            return true;
    }
    return false;
}

/* Neither is on an interface: RFC 5737, RFC 3849. */
static const uint8_t public_v4_ip[4] = {192, 0, 2, 77};
static const uint8_t public_v6_ip[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 77};

static void relayed_addresses_count_as_own_behind_a_nat(void **state)
{
    (void)state;
    memset(&policy, 0, sizeof(policy));
    policy.relayed_v4 = transport_addr_v4(public_v4_ip, 0);
    policy.relayed_v6 = transport_addr_v6(public_v6_ip, 0);
    assert_int_equal(own_addresses_add(&policy), ERR_OK);
    assert_true(has(&policy.relayed_v4));
    assert_true(has(&policy.relayed_v6));
}

static void every_address_is_listed_once_without_port_and_scope(void **state)
{
    (void)state;
    size_t count;

    memset(&policy, 0, sizeof(policy));
    assert_int_equal(own_addresses_add(&policy), ERR_OK);
    count = policy.own_addr_count;
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(policy.own_addrs[i].port, 0);
        assert_int_equal(policy.own_addrs[i].scope_id, 0);
        assert_int_not_equal(policy.own_addrs[i].family, IP_FAMILY_NONE);
    }
    assert_int_equal(own_addresses_add(&policy), ERR_OK);
    assert_int_equal(policy.own_addr_count, count);
}

static void a_full_policy_is_told(void **state)
{
    (void)state;
    memset(&policy, 0, sizeof(policy));
    policy.relayed_v4 = transport_addr_v4(public_v4_ip, 0);
    for (size_t i = 0; i < TURN_POLICY_OWN_ADDRS_MAX; i++)
        policy.own_addrs[i] = transport_addr_v4((const uint8_t[4]){198, 51, 100, (uint8_t)i}, 0);
    policy.own_addr_count = TURN_POLICY_OWN_ADDRS_MAX;
    assert_int_equal(own_addresses_add(&policy), ERR_LIMIT);
    assert_int_equal(policy.own_addr_count, TURN_POLICY_OWN_ADDRS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(relayed_addresses_count_as_own_behind_a_nat),
        cmocka_unit_test(every_address_is_listed_once_without_port_and_scope),
        cmocka_unit_test(a_full_policy_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
