/* test_pacer.c — when bursts of a fixed rate are due. */
#include "pacer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define MSEC UINT64_C(1000000)
#define SEC  (1000 * MSEC)

/* An instant far from zero, as the monotonic clock has after weeks. */
#define START (UINT64_C(5000000) * SEC)

static void test_first_burst_is_due_at_once(void **state)
{
    (void)state;
    struct pacer pacer;
    pacer_start(&pacer, START, 10);
    assert_int_equal(pacer_due(&pacer, START), 1);
    pacer_sent(&pacer, 1);
    assert_int_equal(pacer_due(&pacer, START), 0);
    assert_int_equal(pacer_due(&pacer, START + 99 * MSEC), 0);
    assert_int_equal(pacer_due(&pacer, START + 101 * MSEC), 1);
}

static void test_wait_ends_when_a_burst_is_due(void **state)
{
    (void)state;
    struct pacer pacer;
    pacer_start(&pacer, START, 3000);
    uint64_t now = START;
    for (unsigned sent = 0; sent < 3000; sent++) {
        uint64_t wait = pacer_wait_nsec(&pacer, now);
        if (wait > 0)
            assert_int_equal(pacer_due(&pacer, now), 0);
        now += wait;
        assert_int_equal(pacer_due(&pacer, now), 1);
        pacer_sent(&pacer, 1);
    }
    assert_true(now - START > 999 * MSEC && now - START < SEC + MSEC);
    assert_int_equal(pacer.missed, 0);
}

/* A sender that sends late, but not too late, keeps the average. */
static void test_average_holds_when_late(void **state)
{
    (void)state;
    struct pacer pacer;
    pacer_start(&pacer, START, 100000);
    for (uint64_t now = START; now <= START + SEC; now += 4 * MSEC)
        pacer_sent(&pacer, pacer_due(&pacer, now));
    assert_int_equal(pacer.missed, 0);
    assert_in_range(pacer.sent, 99999, 100001);
}

static void test_what_is_too_late_is_missed(void **state)
{
    (void)state;
    struct pacer pacer;
    pacer_start(&pacer, START, 1000);
    pacer_sent(&pacer, pacer_due(&pacer, START));
    /* 100 are due, 5 ms of them are caught up. */
    uint64_t due = pacer_due(&pacer, START + 100 * MSEC);
    assert_in_range(due, 5, 6);
    pacer_sent(&pacer, due);
    assert_in_range(pacer.missed, 94, 95);
    assert_int_equal(pacer.missed + pacer.sent, 101);
    assert_int_equal(pacer_due(&pacer, START + 100 * MSEC), 0);
}

static void test_unsent_bursts_stay_due(void **state)
{
    (void)state;
    struct pacer pacer;
    pacer_start(&pacer, START, 1000);
    uint64_t due = pacer_due(&pacer, START + 3 * MSEC);
    assert_int_equal(due, 4);
    pacer_sent(&pacer, 1);
    assert_int_equal(pacer_due(&pacer, START + 3 * MSEC), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_burst_is_due_at_once),
        cmocka_unit_test(test_wait_ends_when_a_burst_is_due),
        cmocka_unit_test(test_average_holds_when_late),
        cmocka_unit_test(test_what_is_too_late_is_missed),
        cmocka_unit_test(test_unsent_bursts_stay_due),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
