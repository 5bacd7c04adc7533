/* test_rate_search.c — the search for the highest rate that passes. */
#include "rate_search.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* Runs a search against a server that passes up to |limit|; returns the number of trials. */
static unsigned run(struct rate_search *search, double limit, enum rate_outcome above)
{
    unsigned trials = 0;
    double rate;
    while (rate_search_next(search, &rate)) {
        assert_true(rate >= search->least && rate <= search->most);
        rate_search_report(search, rate <= limit ? RATE_PASSED : above);
        assert_true(++trials < 100);
    }
    return trials;
}

static void test_finds_the_limit_within_the_precision(void **state)
{
    (void)state;
    const double limits[] = {1001, 5000, 9999, 10000, 10001, 37777, 250000, 999999};
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        struct rate_search search;
        rate_search_start(&search, 100, 10000, 1e7, 0.02);
        unsigned trials = run(&search, limits[i], RATE_FAILED);
        assert_true(search.passed <= limits[i]);
        assert_true(search.passed * 1.02 >= limits[i]);
        assert_false(search.limited);
        assert_true(trials <= 16);
    }
}

static void test_first_trials_double(void **state)
{
    (void)state;
    struct rate_search search;
    rate_search_start(&search, 100, 1000, 1e6, 0.05);
    double expected = 1000;
    for (int i = 0; i < 5; i++, expected *= 2) {
        double rate;
        assert_true(rate_search_next(&search, &rate));
        assert_true(rate > expected * 0.999 && rate < expected * 1.001);
        rate_search_report(&search, RATE_PASSED);
    }
}

static void test_ends_at_the_highest_rate(void **state)
{
    (void)state;
    struct rate_search search;
    rate_search_start(&search, 100, 1000, 50000, 0.05);
    run(&search, 1e9, RATE_FAILED);
    assert_true(search.passed > 49999 && search.passed < 50001);
}

static void test_nothing_passes(void **state)
{
    (void)state;
    struct rate_search search;
    rate_search_start(&search, 100, 1000, 50000, 0.05);
    run(&search, 0, RATE_FAILED);
    assert_true(search.passed < 1e-9);
}

static void test_says_when_the_generator_was_the_limit(void **state)
{
    (void)state;
    struct rate_search search;
    rate_search_start(&search, 100, 1000, 1e6, 0.05);
    run(&search, 70000, RATE_NOT_REACHED);
    assert_true(search.passed <= 70000 && search.passed * 1.05 >= 70000);
    assert_true(search.limited);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finds_the_limit_within_the_precision),
        cmocka_unit_test(test_first_trials_double),
        cmocka_unit_test(test_ends_at_the_highest_rate),
        cmocka_unit_test(test_nothing_passes),
        cmocka_unit_test(test_says_when_the_generator_was_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
