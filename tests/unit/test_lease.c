/* test_lease.c — tests of lease.h: renewed in time, doubtful only after standing still. */
#include "lease.h"

#include "unit.h"

#define MSEC INT64_C(1000)

static struct mono_time at_msec(int64_t msec)
{
    return (struct mono_time){.usec = 100 * USEC_PER_SEC + msec * MSEC};
}

/* Seen as often as it has to be, from |from| up to |to|. */
static void run(struct lease_clock *lease, int64_t from, int64_t to)
{
    for (int64_t msec = from; msec <= to; msec += LEASE_SEEN_MSEC)
        lease_seen(lease, at_msec(msec));
}

static void a_process_begins_without_a_lease_or_a_doubt(void **state)
{
    struct lease_clock lease;

    (void)state;
    lease_start(&lease, at_msec(0));
    assert_false(lease.is_held);
    assert_false(lease.is_doubtful);
    run(&lease, 0, 20000);
    assert_false(lease.is_doubtful);
}

static void time_is_counted_from_when_the_registry_was_asked(void **state)
{
    struct lease_clock lease;

    (void)state;
    lease_start(&lease, at_msec(0));
    lease_confirmed(&lease, at_msec(10));
    assert_true(lease.is_held);
    assert_int_equal(lease.until.usec, lease_end(at_msec(10)).usec);
    assert_int_equal(lease.until.usec, at_msec(10 + 1000 * LEASE_SEC).usec);
    assert_int_equal(lease.renew_at.usec, at_msec(10 + 1000 * LEASE_RENEW_SEC).usec);
}

static void asking_puts_the_next_renewal_off(void **state)
{
    struct lease_clock lease;

    (void)state;
    lease_start(&lease, at_msec(0));
    lease_confirmed(&lease, at_msec(0));
    lease_asked(&lease, at_msec(2000));
    assert_int_equal(lease.renew_at.usec, at_msec(4000).usec);
    assert_int_equal(lease.until.usec, at_msec(6000).usec);
}

static void one_that_runs_has_no_doubt_though_its_lease_is_over(void **state)
{
    struct lease_clock lease;

    (void)state;
    lease_start(&lease, at_msec(0));
    lease_confirmed(&lease, at_msec(0));
    run(&lease, 0, 30000);
    assert_false(lease.is_doubtful);
}

static void standing_still_within_the_lease_raises_no_doubt(void **state)
{
    struct lease_clock lease;

    (void)state;
    lease_start(&lease, at_msec(0));
    lease_confirmed(&lease, at_msec(0));
    lease_seen(&lease, at_msec(1000 * LEASE_SEC - LEASE_MARGIN_MSEC - 1));
    assert_false(lease.is_doubtful);
}

static void standing_still_until_it_is_nearly_over_does(void **state)
{
    struct lease_clock lease;

    (void)state;
    lease_start(&lease, at_msec(0));
    lease_confirmed(&lease, at_msec(0));
    lease_seen(&lease, at_msec(1000 * LEASE_SEC - LEASE_MARGIN_MSEC));
    assert_true(lease.is_doubtful);
}

static void without_a_lease_standing_still_is_doubtful_at_once(void **state)
{
    struct lease_clock lease;

    (void)state;
    lease_start(&lease, at_msec(0));
    lease_seen(&lease, at_msec(LEASE_PAUSE_MSEC - 1));
    assert_false(lease.is_doubtful);
    lease_seen(&lease, at_msec(2 * LEASE_PAUSE_MSEC - 1));
    assert_true(lease.is_doubtful);
}

static void a_doubt_ends_when_it_is_settled_and_not_before(void **state)
{
    struct lease_clock lease;

    (void)state;
    lease_start(&lease, at_msec(0));
    lease_confirmed(&lease, at_msec(0));
    lease_seen(&lease, at_msec(10000));
    assert_true(lease.is_doubtful);
    lease_lost(&lease);
    assert_false(lease.is_held);
    lease_confirmed(&lease, at_msec(10100));
    assert_true(lease.is_held);
    assert_true(lease.is_doubtful);
    lease_settled(&lease);
    assert_false(lease.is_doubtful);
    lease_seen(&lease, at_msec(10200));
    assert_false(lease.is_doubtful);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_process_begins_without_a_lease_or_a_doubt),
        cmocka_unit_test(time_is_counted_from_when_the_registry_was_asked),
        cmocka_unit_test(asking_puts_the_next_renewal_off),
        cmocka_unit_test(one_that_runs_has_no_doubt_though_its_lease_is_over),
        cmocka_unit_test(standing_still_within_the_lease_raises_no_doubt),
        cmocka_unit_test(standing_still_until_it_is_nearly_over_does),
        cmocka_unit_test(without_a_lease_standing_still_is_doubtful_at_once),
        cmocka_unit_test(a_doubt_ends_when_it_is_settled_and_not_before),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
