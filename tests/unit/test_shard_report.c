/* test_shard_report.c — tests of shard_report.h. */
#include "shard_report.h"

#include "event_loop.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "unit.h"

#include "notify_socket.h"

static struct notify_socket manager;
static struct shard_report report;
static struct counter_page page;
static struct event_base *base;

static int setup(void **state)
{
    (void)state;
    notify_socket_open(&manager);
    page = (struct counter_page){.state = SHARD_STATE_STARTING};
    page.values[SHARD_COUNT_REGISTRY_AVAILABLE] = 1;
    page.values[SHARD_COUNT_ADMITTED] = 1;
    report = SHARD_REPORT_NONE;
    base = event_loop_new();
    assert_non_null(base);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    shard_report_end(&report);
    event_base_free(base);
    notify_socket_close(&manager);
    return 0;
}

static void begin(const char *watchdog_usec)
{
    if (watchdog_usec != NULL)
        setenv("WATCHDOG_USEC", watchdog_usec, 1);
    shard_report_begin(&report);
    assert_true(shard_report_run(&report, base, &page));
}

/* Runs the loop for |msec|. */
static void run_for(long msec)
{
    struct timeval wait = {.tv_sec = msec / 1000, .tv_usec = msec % 1000 * 1000};

    assert_int_equal(event_base_loopexit(base, &wait), 0);
    assert_true(event_base_dispatch(base) >= 0);
}

static void the_line_says_how_the_shard_is(void **state)
{
    char text[NOTIFY_TEXT_MAX];

    (void)state;
    page.values[TURN_COUNT_ALLOCATIONS] = 7;
    page.values[TURN_COUNT_CHANNELS] = 9;
    assert_string_equal(shard_report_line(&page, text), "restoring: 7 allocations so far");
    page.state = SHARD_STATE_SERVING;
    assert_string_equal(shard_report_line(&page, text), "serving: 7 allocations, 9 channels");
    page.state = SHARD_STATE_DRAINING;
    assert_string_equal(shard_report_line(&page, text), "draining: 7 allocations, 9 channels");
    page.values[SHARD_COUNT_REGISTRY_AVAILABLE] = 0;
    assert_string_equal(shard_report_line(&page, text),
                        "draining: 7 allocations, 9 channels; the ownership registry does not "
                        "answer");
    page.values[SHARD_COUNT_ADMITTED] = 0;
    page.values[TURN_COUNT_ALLOCATIONS] = page.values[TURN_COUNT_CHANNELS] = UINT64_MAX;
    assert_string_equal(shard_report_line(&page, text),
                        "draining: 18446744073709551615 allocations, 18446744073709551615 channels"
                        "; waits for the control plane; the ownership registry does not answer");
}

static void ready_is_said_when_the_shard_serves(void **state)
{
    (void)state;
    begin(NULL);
    assert_string_equal(notify_socket_said(&manager), "EXTEND_TIMEOUT_USEC=12000000\n");
    page.state = SHARD_STATE_SERVING;
    shard_report_ready(&report);
    assert_string_equal(notify_socket_said(&manager),
                        "READY=1\nSTATUS=serving: 0 allocations, 0 channels\n");
    shard_report_stopping(&report);
    assert_string_equal(notify_socket_said(&manager), "STOPPING=1\nSTATUS=stopping\n");
}

/* The loop ticks at half of 20 ms. */
static void the_loop_says_that_it_is_alive_and_what_has_changed(void **state)
{
    (void)state;
    begin("20000");
    page.state = SHARD_STATE_SERVING;
    shard_report_ready(&report);
    (void)notify_socket_said(&manager);
    run_for(100);
    const char *said = notify_socket_said(&manager);

    assert_memory_equal(said, "WATCHDOG=1\nWATCHDOG=1\n", 22);
    assert_null(strstr(said, "STATUS"));
    assert_null(strstr(said, "READY"));
    page.values[TURN_COUNT_ALLOCATIONS] = 1;
    run_for(100);
    said = notify_socket_said(&manager);
    assert_non_null(strstr(said, "STATUS=serving: 1 allocations"));
}

static void ready_is_said_again_when_it_could_not_be(void **state)
{
    (void)state;
    begin(NULL);
    while (notify_send(&report.notify, "WATCHDOG=1")) {
    }
    page.state = SHARD_STATE_SERVING;
    shard_report_ready(&report);
    while (strstr(notify_socket_said(&manager), "WATCHDOG=1") != NULL)
        assert_null(strstr(manager.said, "READY"));
    for (unsigned i = 0; i < 100 && strstr(manager.said, "READY=1") == NULL; i++) {
        run_for(60);
        (void)notify_socket_said(&manager);
    }
    assert_non_null(strstr(manager.said, "READY=1"));
}

/* Ten of them would be used up in half a second. */
static void who_cannot_start_takes_its_time(void **state)
{
    struct timespec before, after;

    (void)state;
    begin(NULL);
    (void)notify_socket_said(&manager);
    (void)clock_gettime(CLOCK_MONOTONIC, &before);
    shard_report_cannot_start(&report);
    (void)clock_gettime(CLOCK_MONOTONIC, &after);
    assert_string_equal(notify_socket_said(&manager), "STATUS=cannot start, as its log says\n");
    assert_true(after.tv_sec - before.tv_sec >= 1);
}

static void a_broken_address_is_no_reason_not_to_serve(void **state)
{
    (void)state;
    setenv("NOTIFY_SOCKET", "nowhere", 1);
    begin(NULL);
    shard_report_ready(&report);
    shard_report_stopping(&report);
    assert_string_equal(notify_socket_said(&manager), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_line_says_how_the_shard_is, setup, teardown),
        cmocka_unit_test_setup_teardown(ready_is_said_when_the_shard_serves, setup, teardown),
        cmocka_unit_test_setup_teardown(the_loop_says_that_it_is_alive_and_what_has_changed, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(ready_is_said_again_when_it_could_not_be, setup, teardown),
        cmocka_unit_test_setup_teardown(who_cannot_start_takes_its_time, setup, teardown),
        cmocka_unit_test_setup_teardown(a_broken_address_is_no_reason_not_to_serve, setup,
                                        teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
