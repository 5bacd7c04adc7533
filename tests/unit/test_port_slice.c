/* test_port_slice.c — tests of port_slice.h. */
#include "port_slice.h"

#include "unit.h"

static void check_split(uint16_t lowest, uint16_t highest, uint32_t shards)
{
    uint32_t next = lowest;
    uint32_t fewest = UINT32_MAX, most = 0;

    for (uint32_t k = 0; k < shards; k++) {
        struct port_slice slice = port_slice_of(lowest, highest, shards, k);
        uint32_t count;

        assert_int_equal(slice.lowest, next);
        assert_true(slice.lowest <= slice.highest);
        count = (uint32_t)slice.highest - slice.lowest + 1;
        fewest = count < fewest ? count : fewest;
        most = count > most ? count : most;
        next = slice.highest + 1U;
    }
    assert_int_equal(next, highest + 1U);
    assert_true(most - fewest <= 1);
}

static void slices_follow_each_other_and_are_even(void **state)
{
    (void)state;
    for (uint32_t shards = 1; shards <= 1024; shards++)
        check_split(49152, 65535, shards);
    for (uint32_t shards = 1; shards <= 7; shards++)
        check_split(50000, 50006, shards);
    check_split(1, 65535, 1024);
    check_split(65535, 65535, 1);
}

static void two_shards_of_the_default_range(void **state)
{
    (void)state;
    struct port_slice first = port_slice_of(49152, 65535, 2, 0);
    struct port_slice second = port_slice_of(49152, 65535, 2, 1);

    assert_int_equal(first.lowest, 49152);
    assert_int_equal(first.highest, 57343);
    assert_int_equal(second.lowest, 57344);
    assert_int_equal(second.highest, 65535);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slices_follow_each_other_and_are_even),
        cmocka_unit_test(two_shards_of_the_default_range),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
