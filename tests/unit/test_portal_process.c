/* test_portal_process.c — tests of portal_program.h's arguments, and of what portal_process.h makes
 * of an end. */
#include "portal_process.h"

#include "log.h"
#include "portal_program.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

static struct mono_time at(int64_t sec)
{
    return (struct mono_time){.usec = sec * USEC_PER_SEC};
}

static int exited(int code)
{
    return code << 8;
}

static const struct relay_options *options_with_url(void)
{
    static struct relay_options options;

    options.portal_url = "wss://portal.example";
    return &options;
}

/* As if it had been started at |now|. Nothing is sent to a process of this number. */
static struct portal_process running(struct mono_time now)
{
    struct portal_process portal;

    portal_process_init(&portal, options_with_url(), NULL, now);
    portal.pid = 4321;
    portal.started_at = now;
    return portal;
}

static void the_command_is_left_out(void **state)
{
    static char relay[] = "relay", realm[] = "--realm", run[] = "run", file[] = "--x=1";
    static char *const positions[][5] = {
        {relay, run, file, NULL}, {relay, file, run, NULL}, {relay, realm, run, NULL}};

    (void)state;
    for (size_t i = 0; i < sizeof(positions) / sizeof(positions[0]); i++) {
        static struct relay_options options;
        char *argv[5];

        memcpy(argv, positions[i], sizeof(argv));
        options.reading.positional_count = i < 2;
        options.reading.positionals[0] = run;
        char **result = portal_program_argv(&options, argv);

        assert_non_null(result);
        assert_string_equal(result[0], "relay-portal");
        assert_string_equal(result[1], i < 2 ? "--x=1" : "--realm");
        /* Without a command, "run" is the value of an option. */
        if (i < 2)
            assert_null(result[2]);
        else
            assert_string_equal(result[2], "run");
        free(result);
    }
}

static void never_due_without_a_url(void **state)
{
    static struct relay_options options;
    struct portal_process portal;

    (void)state;
    portal_process_init(&portal, &options, NULL, at(10));
    assert_true(mono_time_is_never(portal_process_next_start(&portal)));
    portal_process_restart(&portal, at(11));
    assert_true(mono_time_is_never(portal_process_next_start(&portal)));
    portal_process_init(&portal, options_with_url(), NULL, at(10));
    assert_int_equal(portal_process_next_start(&portal).usec, at(10).usec);
}

static void comes_back_when_it_dies(void **state)
{
    const int statuses[] = {exited(0), exited(1), SIGKILL, SIGSEGV};

    (void)state;
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        struct portal_process portal = running(at(100));

        assert_true(mono_time_is_never(portal_process_next_start(&portal)));
        assert_false(portal_process_ended(&portal, 4322, statuses[i], at(200), false));
        assert_true(portal_process_ended(&portal, 4321, statuses[i], at(200), false));
        assert_int_equal(portal_process_next_start(&portal).usec, at(200).usec);
        assert_false(portal_process_ended(&portal, 4321, statuses[i], at(200), false));
    }
}

static void waits_when_it_dies_young(void **state)
{
    struct portal_process portal = running(at(100));
    struct mono_time now = at(100);
    int64_t former = -1;

    (void)state;
    for (int i = 0; i < 5; i++) {
        portal.pid = 4321;
        portal.started_at = now;
        assert_true(portal_process_ended(&portal, 4321, exited(1), now, false));
        int64_t wait = mono_time_until(portal_process_next_start(&portal), now);

        assert_true(wait > former);
        former = wait;
        now = portal_process_next_start(&portal);
    }
    /* What an operator asks for begins anew. */
    portal_process_restart(&portal, now);
    portal.pid = 4321;
    portal.started_at = now;
    assert_true(portal_process_ended(&portal, 4321, exited(1), now, false));
    assert_true(mono_time_until(portal_process_next_start(&portal), now) < former);
}

/* 2: it refused its configuration; others: it said that it is of no use, such as after 401. */
static void stays_away_when_it_says_so(void **state)
{
    (void)state;
    for (int code = 2; code < 6; code++) {
        struct portal_process portal = running(at(100));

        assert_true(portal_process_ended(&portal, 4321, exited(code), at(200), false));
        assert_true(mono_time_is_never(portal_process_next_start(&portal)));
        portal_process_restart(&portal, at(300)); /* perhaps there is a new token */
        assert_int_equal(portal_process_next_start(&portal).usec, at(300).usec);
    }
}

static void nothing_comes_back_while_stopping(void **state)
{
    struct portal_process portal = running(at(100));

    (void)state;
    assert_true(portal_process_ended(&portal, 4321, SIGTERM, at(200), true));
    assert_int_equal(portal.pid, 0);
    assert_int_equal(portal.restarts, 0);
}

static void restarted_at_once_and_without_a_word(void **state)
{
    struct portal_process portal = running(at(100));
    int status;

    (void)state;
    portal.pid = fork();
    assert_true(portal.pid >= 0);
    if (portal.pid == 0) {
        for (;;)
            (void)pause();
    }
    pid_t pid = portal.pid;

    portal_process_restart(&portal, at(100));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WTERMSIG(status), SIGTERM);
    assert_true(portal_process_ended(&portal, pid, status, at(101), false));
    assert_int_equal(portal_process_next_start(&portal).usec, at(101).usec);
    assert_false(portal.is_told_to_end);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_command_is_left_out),
        cmocka_unit_test(never_due_without_a_url),
        cmocka_unit_test(comes_back_when_it_dies),
        cmocka_unit_test(waits_when_it_dies_young),
        cmocka_unit_test(stays_away_when_it_says_so),
        cmocka_unit_test(nothing_comes_back_while_stopping),
        cmocka_unit_test(restarted_at_once_and_without_a_word),
    };

    log_init(LOG_LEVEL_ERROR, LOG_FORMAT_HUMAN, open("/dev/null", O_WRONLY | O_CLOEXEC),
             LOG_SUPERVISOR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
