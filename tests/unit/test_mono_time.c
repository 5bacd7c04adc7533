/* test_mono_time.c — tests of mono_time.h. */
#include "mono_time.h"

#include "unit.h"

static struct mono_time at(int64_t usec)
{
    return (struct mono_time){.usec = usec};
}

static void zero_is_an_instant(void **state)
{
    (void)state;
    assert_false(mono_time_is_never(at(0)));
    assert_true(mono_time_due(at(0), at(0)));
}

static void never_is_never_due(void **state)
{
    (void)state;
    assert_true(mono_time_is_never(MONO_TIME_NEVER));
    assert_false(mono_time_due(MONO_TIME_NEVER, at(INT64_MAX - 1)));
    assert_false(mono_time_due(MONO_TIME_NEVER, MONO_TIME_NEVER));
    assert_true(mono_time_until(MONO_TIME_NEVER, at(5)) == INT64_MAX);
    assert_true(mono_time_before(at(INT64_MAX - 1), MONO_TIME_NEVER));
}

static void due_from_the_deadline_on(void **state)
{
    (void)state;
    assert_false(mono_time_due(at(10), at(9)));
    assert_true(mono_time_due(at(10), at(10)));
    assert_true(mono_time_due(at(10), at(11)));
}

static void before_is_strict(void **state)
{
    (void)state;
    assert_true(mono_time_before(at(1), at(2)));
    assert_false(mono_time_before(at(2), at(2)));
    assert_false(mono_time_before(at(3), at(2)));
}

static void addition_saturates_at_never(void **state)
{
    (void)state;
    assert_true(mono_time_add_usec(at(5), 7).usec == 12);
    assert_true(mono_time_add_sec(at(5), 2).usec == 2000005);
    assert_true(mono_time_add_usec(at(INT64_MAX - 7), 7).usec == INT64_MAX);
    assert_true(mono_time_is_never(mono_time_add_usec(at(INT64_MAX - 7), 8)));
    assert_true(mono_time_is_never(mono_time_add_usec(MONO_TIME_NEVER, 0)));
    assert_true(mono_time_is_never(mono_time_add_sec(MONO_TIME_NEVER, UINT32_MAX)));
    assert_true(mono_time_add_sec(at(0), UINT32_MAX).usec == INT64_C(4294967295000000));
}

static void until_is_never_negative(void **state)
{
    (void)state;
    assert_true(mono_time_until(at(12), at(5)) == 7);
    assert_true(mono_time_until(at(5), at(5)) == 0);
    assert_true(mono_time_until(at(5), at(12)) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zero_is_an_instant),          cmocka_unit_test(never_is_never_due),
        cmocka_unit_test(due_from_the_deadline_on),    cmocka_unit_test(before_is_strict),
        cmocka_unit_test(addition_saturates_at_never), cmocka_unit_test(until_is_never_negative),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
