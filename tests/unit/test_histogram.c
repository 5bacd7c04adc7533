/* test_histogram.c — counts of durations: exact ends, bounded error between them. */
#include "histogram.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct histogram histogram;

static int clear(void **state)
{
    (void)state;
    memset(&histogram, 0, sizeof histogram);
    return 0;
}

static void test_empty_gives_zeros(void **state)
{
    (void)state;
    assert_int_equal(histogram_quantile(&histogram, 0.5), 0);
    assert_int_equal(histogram_quantile(&histogram, 1), 0);
    assert_true(histogram_mean(&histogram) < 1e-9);
}

static void test_small_values_are_exact(void **state)
{
    (void)state;
    for (uint64_t value = 1; value <= 60; value++)
        histogram_add(&histogram, value);
    assert_int_equal(histogram.min, 1);
    assert_int_equal(histogram.max, 60);
    assert_int_equal(histogram_quantile(&histogram, 0), 1);
    assert_int_equal(histogram_quantile(&histogram, 0.5), 30);
    assert_int_equal(histogram_quantile(&histogram, 0.99), 60);
    assert_true(histogram_mean(&histogram) > 30.49 && histogram_mean(&histogram) < 30.51);
}

static void test_quantile_of_one_value_is_that_value(void **state)
{
    (void)state;
    histogram_add(&histogram, 123457);
    assert_int_equal(histogram_quantile(&histogram, 0.001), 123457);
    assert_int_equal(histogram_quantile(&histogram, 0.999), 123457);
}

/* A quantile is never below the true one, and above it by at most 1/64. */
static void assert_close(uint64_t quantile, uint64_t truth)
{
    assert_true(quantile >= truth);
    assert_true(quantile - truth <= truth / 64);
}

static void test_error_is_bounded_over_the_whole_range(void **state)
{
    (void)state;
    /* A high value keeps the maximum from cutting the bucket short. */
    for (unsigned bit = 0; bit < HISTOGRAM_VALUE_BITS; bit++) {
        for (int delta = -1; delta <= 1; delta++) {
            uint64_t value = (UINT64_C(1) << bit) + (uint64_t)(int64_t)delta;
            if (value >> HISTOGRAM_VALUE_BITS)
                continue;
            clear(NULL);
            histogram_add(&histogram, value);
            histogram_add(&histogram, UINT64_MAX);
            assert_close(histogram_quantile(&histogram, 0.5), value);
        }
    }
}

static void test_tail_is_found_among_many(void **state)
{
    (void)state;
    for (uint64_t value = 1; value <= 100000; value++)
        histogram_add(&histogram, value * 100);
    assert_close(histogram_quantile(&histogram, 0.5), 5000000);
    assert_close(histogram_quantile(&histogram, 0.99), 9900000);
    assert_close(histogram_quantile(&histogram, 0.999), 9990000);
    assert_int_equal(histogram_quantile(&histogram, 1), 10000000);
}

static void test_values_past_the_top_are_kept(void **state)
{
    (void)state;
    histogram_add(&histogram, UINT64_C(1) << HISTOGRAM_VALUE_BITS);
    histogram_add(&histogram, UINT64_C(5) << HISTOGRAM_VALUE_BITS);
    assert_int_equal(histogram.count, 2);
    assert_int_equal(histogram_quantile(&histogram, 1), UINT64_C(5) << HISTOGRAM_VALUE_BITS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_empty_gives_zeros, clear),
        cmocka_unit_test_setup(test_small_values_are_exact, clear),
        cmocka_unit_test_setup(test_quantile_of_one_value_is_that_value, clear),
        cmocka_unit_test_setup(test_error_is_bounded_over_the_whole_range, clear),
        cmocka_unit_test_setup(test_tail_is_found_among_many, clear),
        cmocka_unit_test_setup(test_values_past_the_top_are_kept, clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
