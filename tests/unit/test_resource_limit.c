/* test_resource_limit.c — tests of resource_limit.h. */
#include "resource_limit.h"

#include <sys/resource.h>

#include "unit.h"

static void what_is_wanted_fits(void **state)
{
    (void)state;
    static const uint32_t counts[] = {1, 118, 8192, 16384, 65535};

    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        for (unsigned families = 1; families <= 2; families++) {
            uint64_t wanted = descriptors_wanted(counts[i], families, 4);

            assert_int_equal(allocations_that_fit(wanted, counts[i], families, 4), counts[i]);
            assert_int_equal(allocations_that_fit(wanted - 1, counts[i], families, 4),
                             counts[i] - 1);
            assert_int_equal(allocations_that_fit(UINT64_MAX, counts[i], families, 4), counts[i]);
        }
    }
}

static void reserve_is_kept(void **state)
{
    (void)state;
    const uint64_t reserved = DESCRIPTORS_RESERVED + DESCRIPTORS_PER_SHARD;

    assert_int_equal(allocations_that_fit(0, 100, 1, 1), 0);
    assert_int_equal(allocations_that_fit(reserved, 100, 1, 1), 0);
    assert_int_equal(allocations_that_fit(reserved + 1, 100, 1, 1), 1);
    assert_int_equal(allocations_that_fit(reserved + 1, 100, 2, 1), 0);
    assert_int_equal(allocations_that_fit(1024, 16384, 2, 8), 450);
    assert_int_equal(allocations_that_fit(1024, 16384, 1, 1024), 0);
}

static void limit_is_raised_as_far_as_allowed_and_never_lowered(void **state)
{
    (void)state;
    struct rlimit before, after;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    struct rlimit low = {.rlim_cur = 32, .rlim_max = before.rlim_max};

    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    assert_int_equal(raise_descriptor_limit(16), 32);
    assert_int_equal(raise_descriptor_limit(48), 48);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &after), 0);
    assert_int_equal(after.rlim_cur, 48);
    assert_int_equal(after.rlim_max, before.rlim_max);
    /* No system allows this many: fs.nr_open is far below. */
    assert_int_equal(raise_descriptor_limit(UINT64_C(1) << 40), before.rlim_max);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &after), 0);
    assert_int_equal(after.rlim_cur, before.rlim_max);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_wanted_fits),
        cmocka_unit_test(reserve_is_kept),
        cmocka_unit_test(limit_is_raised_as_far_as_allowed_and_never_lowered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
