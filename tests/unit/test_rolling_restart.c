/* test_rolling_restart.c — tests of rolling_restart.h. */
#include "rolling_restart.h"

#include "unit.h"

enum { SHARDS = 2 };

static struct mono_time at_sec(int64_t sec)
{
    return (struct mono_time){.usec = sec * USEC_PER_SEC};
}

static void not_begun_it_does_nothing(void **state)
{
    (void)state;
    struct rolling_restart rolling = {0};

    assert_int_equal(rolling_restart_next(&rolling, SHARDS, true, true, at_sec(1)),
                     ROLLING_NOTHING);
    assert_false(rolling_restart_ended(&rolling, 0, at_sec(1)));
}

static void one_shard_after_the_other(void **state)
{
    (void)state;
    struct rolling_restart rolling = {0};

    rolling_restart_begin(&rolling);
    for (uint32_t k = 0; k < SHARDS; k++) {
        assert_int_equal(rolling.shard, k);
        assert_int_equal(rolling_restart_next(&rolling, SHARDS, true, true, at_sec(1)),
                         ROLLING_STOP);
        assert_int_equal(rolling_restart_next(&rolling, SHARDS, true, true, at_sec(1)),
                         ROLLING_WAIT);
        assert_false(rolling_restart_ended(&rolling, 1 - k, at_sec(2))); /* the other one died */
        assert_true(rolling_restart_ended(&rolling, k, at_sec(2)));
        assert_false(rolling_restart_ended(&rolling, k, at_sec(2))); /* its successor died */
        assert_int_equal(rolling_restart_next(&rolling, SHARDS, true, false, at_sec(3)),
                         ROLLING_WAIT);
        assert_int_equal(rolling_restart_next(&rolling, SHARDS, true, true, at_sec(3)),
                         k + 1 < SHARDS ? ROLLING_WAIT : ROLLING_NOTHING);
    }
    assert_false(rolling.is_under_way);
}

static void a_shard_that_does_not_stop_is_killed_once(void **state)
{
    (void)state;
    struct rolling_restart rolling = {0};

    rolling_restart_begin(&rolling);
    assert_int_equal(rolling_restart_next(&rolling, SHARDS, true, true, at_sec(1)), ROLLING_STOP);
    assert_int_equal(
        rolling_restart_next(&rolling, SHARDS, true, true, at_sec(1 + ROLLING_STOP_SEC)),
        ROLLING_KILL);
    assert_int_equal(rolling_restart_next(&rolling, SHARDS, true, true, at_sec(1000)),
                     ROLLING_WAIT);
    assert_true(rolling_restart_ended(&rolling, 0, at_sec(1000)));
}

static void one_that_does_not_serve_again_does_not_hold_up_the_others(void **state)
{
    (void)state;
    struct rolling_restart rolling = {0};

    rolling_restart_begin(&rolling);
    assert_int_equal(rolling_restart_next(&rolling, SHARDS, true, true, at_sec(1)), ROLLING_STOP);
    assert_true(rolling_restart_ended(&rolling, 0, at_sec(1)));
    assert_int_equal(
        rolling_restart_next(&rolling, SHARDS, true, false, at_sec(1 + ROLLING_SERVE_SEC)),
        ROLLING_WAIT);
    assert_int_equal(rolling.shard, 1);
    assert_int_equal(rolling_restart_next(&rolling, SHARDS, true, true, at_sec(10)), ROLLING_STOP);
}

static void one_that_is_down_is_waited_for(void **state)
{
    (void)state;
    struct rolling_restart rolling = {0};

    rolling_restart_begin(&rolling);
    assert_int_equal(rolling_restart_next(&rolling, SHARDS, false, false, at_sec(1)), ROLLING_WAIT);
    assert_int_equal(rolling_restart_next(&rolling, SHARDS, true, false, at_sec(2)), ROLLING_STOP);
}

/* One shard at a time is away, and none is told to stop twice. */
static void begun_again_it_starts_over_when_it_is_done(void **state)
{
    (void)state;
    struct rolling_restart rolling = {0};

    rolling_restart_begin(&rolling);
    assert_int_equal(rolling_restart_next(&rolling, SHARDS, true, true, at_sec(1)), ROLLING_STOP);
    rolling_restart_begin(&rolling);
    for (uint32_t k = 0; k < 2 * SHARDS; k++) {
        assert_int_equal(rolling.shard, k % SHARDS);
        if (k > 0)
            assert_int_equal(rolling_restart_next(&rolling, SHARDS, true, true, at_sec(1)),
                             ROLLING_STOP);
        assert_int_equal(rolling_restart_next(&rolling, SHARDS, true, true, at_sec(1)),
                         ROLLING_WAIT);
        assert_true(rolling_restart_ended(&rolling, k % SHARDS, at_sec(2)));
        assert_int_equal(rolling_restart_next(&rolling, SHARDS, true, true, at_sec(3)),
                         k + 1 < 2 * SHARDS ? ROLLING_WAIT : ROLLING_NOTHING);
    }
    assert_false(rolling.is_under_way);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(not_begun_it_does_nothing),
        cmocka_unit_test(one_shard_after_the_other),
        cmocka_unit_test(a_shard_that_does_not_stop_is_killed_once),
        cmocka_unit_test(one_that_does_not_serve_again_does_not_hold_up_the_others),
        cmocka_unit_test(one_that_is_down_is_waited_for),
        cmocka_unit_test(begun_again_it_starts_over_when_it_is_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
