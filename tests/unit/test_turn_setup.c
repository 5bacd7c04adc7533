/* test_turn_setup.c — tests of turn_setup.h. */
#include "turn_setup.h"

#include <string.h>

#include "unit.h"

/* Too large for the stack: each call begins anew. */
static struct relay_options *options_with(uint16_t shards, uint16_t shard)
{
    static struct relay_options options;
    const uint8_t ip[4] = {192, 0, 2, 1};

    memset(&options, 0, sizeof(options));
    options.public_v4 = transport_addr_v4(ip, 0);
    options.shards = shards;
    options.shard = shard;
    options.lowest_port = 49152;
    options.highest_port = 65535;
    options.channels_per_allocation = 512;
    options.realm = "example";
    return &options;
}

static void families_follow_public_addresses(void **state)
{
    (void)state;
    struct relay_options *options = options_with(1, 0);

    assert_int_equal(relay_families(options), FAMILY_SET_V4);
    options->public_v6 = (struct transport_addr){.family = IP_FAMILY_V6, .ip = {[15] = 1}};
    assert_int_equal(relay_families(options), FAMILY_SET_V4 | FAMILY_SET_V6);
    options->public_v4 = (struct transport_addr){.family = IP_FAMILY_NONE};
    assert_int_equal(relay_families(options), FAMILY_SET_V6);
}

static void a_shard_has_its_slice(void **state)
{
    (void)state;
    struct relay_options *options = options_with(4, 3);
    struct turn_setup setup = {.capacity = 100};
    struct turn_config config = turn_setup_config(options, &setup);

    assert_int_equal(config.lowest_port, 61440);
    assert_int_equal(config.highest_port, 65535);
    assert_int_equal(config.shard, 3);
    assert_int_equal(config.capacity, 100);
    assert_string_equal(config.realm, "example");
    assert_int_equal(strncmp(config.software, "relay ", 6), 0);
    assert_true(strlen(config.software) <= TURN_SOFTWARE_MAX);
}

static void allocations_are_limited_by_ports_and_by_choice(void **state)
{
    (void)state;
    struct relay_options *options = options_with(2, 0);

    assert_int_equal(slice_allocations(options), 8192);
    options->max_allocations = 100;
    assert_int_equal(slice_allocations(options), 100);
    options->max_allocations = 10000;
    assert_int_equal(slice_allocations(options), 8192);
}

static void each_shard_knows_the_quota_of_the_deployment(void **state)
{
    (void)state;
    struct relay_options *options = options_with(4, 0);
    struct turn_setup setup = {.capacity = 1};

    options->user_quota = 5;
    assert_int_equal(turn_setup_config(options, &setup).user_quota, 5);
}

static void one_allocation_can_have_all_its_channels(void **state)
{
    (void)state;
    struct relay_options *options = options_with(1, 0);
    struct turn_setup setup = {.capacity = 1};

    assert_int_equal(turn_setup_config(options, &setup).max_channels, 512);
    setup.capacity = 16384;
    assert_int_equal(turn_setup_config(options, &setup).max_channels, 16 * 16384);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(families_follow_public_addresses),
        cmocka_unit_test(a_shard_has_its_slice),
        cmocka_unit_test(allocations_are_limited_by_ports_and_by_choice),
        cmocka_unit_test(each_shard_knows_the_quota_of_the_deployment),
        cmocka_unit_test(one_allocation_can_have_all_its_channels),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
