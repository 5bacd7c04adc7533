/* test_drain_wait.c — tests of drain_wait.h: when a draining shard is empty, and when the waiting
 * is over for another reason. */
#include "drain_wait.h"

#include "unit.h"

static struct counter_snapshot page;
static struct drain_wait wait;
static struct mono_time now;

static int setup(void **state)
{
    (void)state;
    now = (struct mono_time){.usec = 1000 * USEC_PER_SEC};
    page = (struct counter_snapshot){
        .is_live = true,
        .page = {.pid = 7,
                 .state = SHARD_STATE_DRAINING,
                 .seen_mono_usec = now.usec,
                 .values = {[TURN_COUNT_ALLOCATIONS] = 2, [SHARD_COUNT_RESTORED] = 1}}};
    wait = (struct drain_wait){.shard = 3};
    return 0;
}

/* A look after |msec|, in which the shard has moved. */
static enum drain_progress look(int64_t msec)
{
    now.usec += msec * 1000;
    page.page.seen_mono_usec = now.usec;
    return drain_wait_look(&wait, &page, now);
}

static void until_nothing_is_left(void **state)
{
    (void)state;
    assert_int_equal(look(0), DRAIN_GOES_ON);
    assert_int_equal(wait.left, 2);
    page.page.values[TURN_COUNT_ALLOCATIONS] = 0;
    page.page.values[TURN_COUNT_RESERVATIONS] = 1;
    assert_int_equal(look(200), DRAIN_GOES_ON);
    assert_int_equal(wait.left, 1);
    page.page.values[TURN_COUNT_RESERVATIONS] = 0;
    assert_int_equal(look(200), DRAIN_EMPTY);
}

static void one_that_is_started_again_is_not_empty(void **state)
{
    (void)state;
    assert_int_equal(look(0), DRAIN_GOES_ON);
    page.is_live = false;
    assert_int_equal(look(200), DRAIN_GOES_ON);
    page.is_live = true;
    page.page.pid = 8;
    page.page.state = SHARD_STATE_STARTING;
    page.page.values[TURN_COUNT_ALLOCATIONS] = page.page.values[SHARD_COUNT_RESTORED] = 0;
    assert_int_equal(look(200), DRAIN_GOES_ON);
    assert_int_equal(wait.left, 2);
    /* It serves without the registry, and may have more when that is back. */
    page.page.state = SHARD_STATE_DRAINING;
    assert_int_equal(look(200), DRAIN_RESTARTED);
    assert_int_equal(look(200), DRAIN_GOES_ON);
    /* Who waits from now on knows no other process. */
    wait = (struct drain_wait){.shard = 3};
    assert_int_equal(look(200), DRAIN_GOES_ON);
    /* It has its lease first. */
    page.page.values[SHARD_COUNT_LEASE_HELD] = 1;
    assert_int_equal(look(200), DRAIN_GOES_ON);
    page.page.values[SHARD_COUNT_RESTORED] = 1;
    assert_int_equal(look(200), DRAIN_EMPTY);
}

static void one_that_does_not_come_back_is_gone(void **state)
{
    (void)state;
    assert_int_equal(look(0), DRAIN_GOES_ON);
    page.is_live = false;
    assert_int_equal(look(DRAIN_GONE_SEC * 1000 - 1), DRAIN_GOES_ON);
    assert_int_equal(look(1), DRAIN_GONE);
    assert_int_equal(drain_wait_look(&wait, NULL, now), DRAIN_GONE);
}

static void one_that_cannot_be_read_from_the_start_is_gone(void **state)
{
    (void)state;
    assert_int_equal(drain_wait_look(&wait, NULL, now), DRAIN_GOES_ON);
    now = mono_time_add_sec(now, DRAIN_GONE_SEC);
    assert_int_equal(drain_wait_look(&wait, NULL, now), DRAIN_GONE);
}

static void one_that_hangs_is_not_waited_for(void **state)
{
    (void)state;
    assert_int_equal(look(0), DRAIN_GOES_ON);
    now = mono_time_add_sec(now, COUNTER_PAGE_HANGS_SEC);
    assert_int_equal(drain_wait_look(&wait, &page, now), DRAIN_HANGS);
}

static void somebody_may_end_it(void **state)
{
    (void)state;
    assert_int_equal(look(0), DRAIN_GOES_ON);
    page.page.state = SHARD_STATE_SERVING;
    assert_int_equal(look(200), DRAIN_ENDED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(until_nothing_is_left, setup),
        cmocka_unit_test_setup(one_that_is_started_again_is_not_empty, setup),
        cmocka_unit_test_setup(one_that_does_not_come_back_is_gone, setup),
        cmocka_unit_test_setup(one_that_cannot_be_read_from_the_start_is_gone, setup),
        cmocka_unit_test_setup(one_that_hangs_is_not_waited_for, setup),
        cmocka_unit_test_setup(somebody_may_end_it, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
