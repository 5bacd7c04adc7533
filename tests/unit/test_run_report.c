/* test_run_report.c — tests of run_report.h. */
#include "run_report.h"

#include <stdio.h>

#include "unit.h"

#include "notify_socket.h"

static struct notify_socket manager;
static struct run_report report;
static struct mono_time now;

static int setup(void **state)
{
    (void)state;
    notify_socket_open(&manager);
    report = RUN_REPORT_NONE;
    now = (struct mono_time){.usec = 1000};
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    run_report_end(&report);
    notify_socket_close(&manager);
    return 0;
}

/* Says what is due with |serving| of 3, and moves to the next look. What was said. */
static const char *tell(uint32_t serving)
{
    now = run_report_tell(&report, serving, 3, now);
    return notify_socket_said(&manager);
}

static void ready_is_when_all_serve(void **state)
{
    (void)state;
    run_report_begin(&report);
    assert_true(run_report_wanted(&report));
    assert_string_equal(tell(0), "EXTEND_TIMEOUT_USEC=12000000\nSTATUS=0 of 3 shards serve\n");
    assert_string_equal(tell(2), "STATUS=2 of 3 shards serve\n");
    assert_false(mono_time_is_never(now));
    assert_string_equal(tell(3), "READY=1\nSTATUS=3 of 3 shards serve\n");
    assert_true(mono_time_is_never(now));
    now.usec = 1000000;
    assert_string_equal(tell(2), "STATUS=2 of 3 shards serve\n");
    assert_string_equal(tell(3), "STATUS=3 of 3 shards serve\n");
    run_report_stopping(&report);
    assert_string_equal(notify_socket_said(&manager), "STOPPING=1\nSTATUS=stopping\n");
}

static void more_time_is_asked_for_while_it_takes_long(void **state)
{
    unsigned asked = 0;

    (void)state;
    run_report_begin(&report);
    while (now.usec < 10000000) {
        if (strstr(tell(1), "EXTEND_TIMEOUT_USEC") != NULL)
            asked++;
    }
    assert_int_equal(asked, 4); /* at 0, 3, 6 and 9 seconds */
}

static void the_watchdog_is_told_in_time(void **state)
{
    (void)state;
    setenv("WATCHDOG_USEC", "2000000", 1);
    run_report_begin(&report);
    (void)tell(3);
    assert_int_equal(now.usec, 1001000);
    assert_string_equal(tell(3), "WATCHDOG=1\n");
    assert_int_equal(now.usec, 2001000);
    now.usec = 1500000;
    assert_string_equal(tell(3), "");
}

static void nobody_costs_nothing(void **state)
{
    (void)state;
    unsetenv("NOTIFY_SOCKET");
    run_report_begin(&report);
    assert_false(run_report_wanted(&report));
    assert_string_equal(tell(3), "");
    assert_true(mono_time_is_never(now));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(ready_is_when_all_serve, setup, teardown),
        cmocka_unit_test_setup_teardown(more_time_is_asked_for_while_it_takes_long, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(the_watchdog_is_told_in_time, setup, teardown),
        cmocka_unit_test_setup_teardown(nobody_costs_nothing, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
