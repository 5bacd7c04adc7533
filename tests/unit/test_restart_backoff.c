/* test_restart_backoff.c — tests of restart_backoff.h. */
#include "restart_backoff.h"

#include "unit.h"

static struct mono_time at_msec(int64_t msec)
{
    return (struct mono_time){.usec = msec * 1000};
}

/* The wait after dying |age_msec| after a start at second 100, in milliseconds. */
static int64_t wait_msec(struct restart_backoff *backoff, int64_t age_msec)
{
    struct mono_time started = at_msec(100000), now = at_msec(100000 + age_msec);

    return mono_time_until(restart_backoff_died(backoff, started, now), now) / 1000;
}

static void first_death_restarts_at_once(void **state)
{
    (void)state;
    struct restart_backoff young = {0}, old = {0};

    assert_int_equal(wait_msec(&young, 0), 0);
    assert_int_equal(wait_msec(&old, 3600000), 0);
}

static void young_deaths_wait_longer_each_time_up_to_a_bound(void **state)
{
    (void)state;
    static const int64_t expected[] = {0, 250, 500, 1000, 2000, 4000, 8000, 10000, 10000};
    struct restart_backoff backoff = {0};

    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
        assert_int_equal(wait_msec(&backoff, 1), expected[i]);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(wait_msec(&backoff, 1), RESTART_LONGEST_WAIT_MSEC);
}

static void count_of_deaths_does_not_wrap(void **state)
{
    (void)state;
    struct restart_backoff backoff = {.young_deaths = UINT32_MAX};

    assert_int_equal(wait_msec(&backoff, 1), RESTART_LONGEST_WAIT_MSEC);
    assert_int_equal(backoff.young_deaths, UINT32_MAX);
}

static void a_long_life_is_forgiven(void **state)
{
    (void)state;
    struct restart_backoff backoff = {0};

    for (int i = 0; i < 5; i++)
        (void)wait_msec(&backoff, 1);
    assert_int_equal(wait_msec(&backoff, RESTART_YOUNG_SEC * 1000 - 1), 4000);
    assert_int_equal(wait_msec(&backoff, RESTART_YOUNG_SEC * 1000), 0);
    assert_int_equal(wait_msec(&backoff, 1), 250);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_death_restarts_at_once),
        cmocka_unit_test(young_deaths_wait_longer_each_time_up_to_a_bound),
        cmocka_unit_test(count_of_deaths_does_not_wrap),
        cmocka_unit_test(a_long_life_is_forgiven),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
