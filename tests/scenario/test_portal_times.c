/* test_portal_times.c — the channel's clock: heartbeats, time limits, waits between attempts. */
#include "portal_scenario.h"

static void an_attempt_has_15_s_in_all(void **state)
{
    struct portal_scenario *s = *state;

    portal_channel_start(s->channel, s->now);
    EXPECT(s, "CONNECT\n");
    time_out_in(s, 15000);
    EXPECT(s, "CLOSE\nRETRY 500 ms: TCP: not done within the 15 s of an attempt\n");
    /* What the dropped attempt still says is not heard. */
    portal_channel_opened(s->channel, s->now);
    EXPECT(s, "");
    portal_channel_failed(s->channel, s->now, "late");
    EXPECT(s, "");
    refused(s, 401, "");
    EXPECT(s, "");
    closed(s);
    EXPECT(s, "");
    text(s, PUSH("relay", "init", "{}"));
    EXPECT(s, "");
    time_out_in(s, 500);
    EXPECT(s, "CONNECT\n");
}

static void a_join_is_answered_within_5_s_or_the_connection_ends(void **state)
{
    struct portal_scenario *s = *state;

    portal_channel_start(s->channel, s->now);
    EXPECT(s, "CONNECT\n");
    portal_channel_opened(s->channel, s->now);
    EXPECT(s, JOIN(0));
    time_out_in(s, 5000);
    EXPECT(s, "CLOSE\nRETRY 500 ms: the join was not answered within 5 s\n");
}

static void a_heartbeat_leaves_every_10_s_whatever_else_comes(void **state)
{
    struct portal_scenario *s = *state;

    admit(s);
    time_out_in(s, 10000);
    EXPECT(s, HEARTBEAT(1));
    assert_int_equal(portal_channel_status(s->channel)->heartbeat_sent_sec, s->now.wall.sec);
    assert_int_equal(portal_channel_status(s->channel)->heartbeat_answered_sec, 0);
    pass_usec(s, 3 * USEC_PER_SEC);
    text(s, PUSH("relay", "init", "{}"));
    EXPECT(s, "INIT\n");
    text(s, OK_REPLY("phoenix", 1));
    EXPECT(s, "");
    assert_int_equal(portal_channel_status(s->channel)->heartbeat_answered_sec, s->now.wall.sec);
    time_out_in(s, 7000);
    EXPECT(s, HEARTBEAT(2));
    text(s, OK_REPLY("phoenix", 2));
    EXPECT(s, "");
    for (int day = 0; day < 8640; day++) {
        char message[256];
        uint64_t ref = (uint64_t)day + 3;

        time_out_in(s, 10000);
        scenario_drain(s);
        (void)snprintf(message, sizeof(message),
                       "{\"topic\":\"phoenix\",\"event\":\"phx_reply\",\"payload\":{\"status\":"
                       "\"ok\",\"response\":{}},\"ref\":%" PRIu64 "}",
                       ref);
        text(s, message);
        EXPECT(s, "");
    }
    assert_int_equal(state_of(s), PORTAL_STATE_ADMITTED);
}

static void silence_ends_the_connection_at_the_fourth_heartbeat(void **state)
{
    struct portal_scenario *s = *state;

    admit(s);
    time_out_in(s, 10000);
    EXPECT(s, HEARTBEAT(1));
    time_out_in(s, 10000);
    EXPECT(s, HEARTBEAT(2));
    time_out_in(s, 10000);
    EXPECT(s, HEARTBEAT(3));
    /* Traffic, and replies to what was not asked, are no answer. */
    text(s, PUSH("relay", "init", "{}"));
    EXPECT(s, "INIT\n");
    text(s, OK_REPLY("phoenix", 99));
    EXPECT(s, "");
    time_out_in(s, 10000);
    EXPECT(s, "CLOSE\nRETRY 0 ms: 3 heartbeats in a row were not answered\n");
    assert_int_equal(portal_channel_status(s->channel)->lost_sec, s->now.wall.sec);
    time_out_in(s, 0);
    EXPECT(s, "CONNECT\n");
}

static void an_answer_forgives_earlier_heartbeats(void **state)
{
    struct portal_scenario *s = *state;

    admit(s);
    time_out_in(s, 10000);
    EXPECT(s, HEARTBEAT(1));
    time_out_in(s, 10000);
    EXPECT(s, HEARTBEAT(2));
    text(s, OK_REPLY("phoenix", 2));
    EXPECT(s, "");
    text(s, OK_REPLY("phoenix", 1));
    EXPECT(s, "");
    time_out_in(s, 10000);
    EXPECT(s, HEARTBEAT(3));
    time_out_in(s, 10000);
    EXPECT(s, HEARTBEAT(4));
    time_out_in(s, 10000);
    EXPECT(s, HEARTBEAT(5));
    time_out_in(s, 10000);
    EXPECT(s, "CLOSE\nRETRY 0 ms: 3 heartbeats in a row were not answered\n");
}

static void heartbeats_do_not_pile_up_after_a_sleep(void **state)
{
    struct portal_scenario *s = *state;

    admit(s);
    pass_usec(s, 3600 * USEC_PER_SEC);
    portal_channel_timeout(s->channel, s->now, "TCP");
    EXPECT(s, HEARTBEAT(1));
    portal_channel_timeout(s->channel, s->now, "TCP");
    EXPECT(s, "");
    time_out_in(s, 10000);
    EXPECT(s, HEARTBEAT(2));
}

static void each_connection_counts_refs_from_0(void **state)
{
    struct portal_scenario *s = *state;

    admit(s);
    time_out_in(s, 10000);
    EXPECT(s, HEARTBEAT(1));
    closed(s);
    EXPECT(s, "RETRY 0 ms: closed by the control plane\n");
    time_out_in(s, 0);
    EXPECT(s, "CONNECT\n");
    portal_channel_opened(s->channel, s->now);
    EXPECT(s, JOIN(0));
    text(s, OK_REPLY("relay", 0));
    EXPECT(s, "ADMITTED\n");
    time_out_in(s, 10000);
    EXPECT(s, HEARTBEAT(1));
}

/* |expected| waits in milliseconds, each after a failure and followed by another attempt. */
static void expect_waits(struct portal_scenario *s, const int64_t *expected, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char line[128];

        portal_channel_failed(s->channel, s->now, "TCP: refused");
        (void)snprintf(line, sizeof(line), "RETRY %" PRId64 " ms: TCP: refused\n", expected[i]);
        EXPECT(s, line);
        time_out_in(s, expected[i]);
        EXPECT(s, "CONNECT\n");
    }
}

static void the_first_contact_is_tried_for_ever(void **state)
{
    struct portal_scenario *s = *state;
    static const int64_t waits[] = {500,  750,  1125,  1687,  2531,  3796,
                                    5695, 8542, 12814, 15000, 15000, 15000};

    portal_channel_start(s->channel, s->now);
    EXPECT(s, "CONNECT\n");
    expect_waits(s, waits, sizeof(waits) / sizeof(waits[0]));
    for (int i = 0; i < 100000; i++) {
        portal_channel_failed(s->channel, s->now, "TCP: refused");
        EXPECT(s, "RETRY 15000 ms: TCP: refused\n");
        time_out_in(s, 15000);
        EXPECT(s, "CONNECT\n");
    }
    assert_int_equal(portal_channel_status(s->channel)->attempts, 100013);
    /* And then it works. */
    portal_channel_opened(s->channel, s->now);
    EXPECT(s, JOIN(0));
    text(s, OK_REPLY("relay", 0));
    EXPECT(s, "ADMITTED\n");
    assert_int_equal(portal_channel_status(s->channel)->attempts, 0);
    assert_int_equal(portal_channel_status(s->channel)->admissions, 1);
}

static void one_that_was_admitted_comes_back_at_once_then_within_a_second(void **state)
{
    struct portal_scenario *s = *state;
    static const int64_t waits[] = {250, 375, 562, 843, 1265};

    admit(s);
    pass_usec(s, 60 * USEC_PER_SEC);
    closed(s);
    EXPECT(s, "RETRY 0 ms: closed by the control plane\n");
    time_out_in(s, 0);
    EXPECT(s, "CONNECT\n");
    expect_waits(s, waits, sizeof(waits) / sizeof(waits[0]));
    for (int i = 0; i < 100000; i++) {
        portal_channel_failed(s->channel, s->now, "TCP: refused");
        scenario_drain(s);
        portal_channel_timeout(
            s->channel, (struct turn_now){portal_channel_next_deadline(s->channel), s->now.wall},
            "TCP");
        EXPECT(s, "CONNECT\n");
    }
    portal_channel_failed(s->channel, s->now, "TCP: refused");
    EXPECT(s, "RETRY 30000 ms: TCP: refused\n");
}

static void waits_differ_between_relays(void **state)
{
    struct portal_scenario *s = *state;

    s->random = 123456;
    portal_channel_start(s->channel, s->now);
    EXPECT(s, "CONNECT\n");
    portal_channel_failed(s->channel, s->now, "no");
    EXPECT(s, "RETRY 623 ms: no\n");
}

/* A control plane that admits and closes again and again is not asked again at once each time. */
static void flapping_is_slowed_down_until_an_admission_lasts(void **state)
{
    struct portal_scenario *s = *state;
    static const int64_t waits[] = {0, 250, 375, 562};

    admit(s);
    for (size_t i = 0; i < 4; i++) {
        char line[128];

        pass_usec(s, USEC_PER_SEC);
        closed(s);
        (void)snprintf(line, sizeof(line), "RETRY %" PRId64 " ms: closed by the control plane\n",
                       waits[i]);
        EXPECT(s, line);
        time_out_in(s, waits[i]);
        EXPECT(s, "CONNECT\n");
        portal_channel_opened(s->channel, s->now);
        EXPECT(s, JOIN(0));
        text(s, OK_REPLY("relay", 0));
        EXPECT(s, "ADMITTED\n");
    }
    pass_usec(s, PORTAL_HEARTBEAT_SEC * USEC_PER_SEC);
    closed(s);
    EXPECT(s, "RETRY 0 ms: closed by the control plane\n");
}

static void every_status_but_401_is_tried_again(void **state)
{
    static const unsigned statuses[] = {200, 204, 301, 302, 307, 308, 400, 402, 403,
                                        404, 408, 409, 429, 500, 502, 503, 599};
    struct portal_scenario *s = *state;

    portal_channel_start(s->channel, s->now);
    EXPECT(s, "CONNECT\n");
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        char line[128];

        refused(s, statuses[i], "7");
        (void)snprintf(line, sizeof(line),
                       "RETRY 7000 ms: the control plane answered with HTTP %u\n", statuses[i]);
        EXPECT(s, line);
        time_out_in(s, 7000);
        EXPECT(s, "CONNECT\n");
    }
    /* Retry-After did not count as failures: the waits begin where they would have. */
    refused(s, 503, "");
    EXPECT(s, "RETRY 500 ms: the control plane answered with HTTP 503\n");
    time_out_in(s, 500);
    EXPECT(s, "CONNECT\n");
    refused(s, 503, "0");
    EXPECT(s, "RETRY 750 ms: the control plane answered with HTTP 503\n");
    time_out_in(s, 750);
    EXPECT(s, "CONNECT\n");
    refused(s, 401, "7");
    EXPECT(s, "END: the control plane refused the token (HTTP 401)\n");
}

static void retry_after_is_kept_to_exactly_but_within_bounds(void **state)
{
    struct portal_scenario *s = *state;
    static const struct {
        const char *field;
        int64_t msec;
    } cases[] = {
        {"1", 1000},
        {"3600", 3600000},
        {"99999999999999999999999", 3600000},
    };

    portal_channel_start(s->channel, s->now);
    EXPECT(s, "CONNECT\n");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        s->random = (uint32_t)i * 999983;
        refused(s, 503, cases[i].field);
        scenario_drain(s);
        time_out_in(s, cases[i].msec);
        EXPECT(s, "CONNECT\n");
    }
    s->now.wall.sec = 784111777; /* Sun, 06 Nov 1994 08:49:37 GMT */
    refused(s, 429, "Sun, 06 Nov 1994 08:50:07 GMT");
    EXPECT(s, "RETRY 30000 ms: the control plane answered with HTTP 429\n");
    assert_int_equal(portal_channel_status(s->channel)->retry_sec, 784111777 + 30);
    time_out_in(s, 30000);
    EXPECT(s, "CONNECT\n");
    assert_int_equal(portal_channel_status(s->channel)->retry_sec, 0);
}

static void a_budget_ends_it_when_not_admitted_for_so_long(void **state)
{
    struct portal_scenario *s = *state;

    portal_channel_free(s->channel);
    scenario_new(s, 60);
    admit(s);
    /* While admitted it does not run. */
    for (int i = 0; i < 20; i++) {
        char message[256];

        time_out_in(s, 10000);
        scenario_drain(s);
        (void)snprintf(message, sizeof(message),
                       "{\"topic\":\"phoenix\",\"event\":\"phx_reply\",\"payload\":{},\"ref\":%d}",
                       i + 1);
        text(s, message);
        EXPECT(s, "");
    }
    closed(s);
    EXPECT(s, "RETRY 0 ms: closed by the control plane\n");
    time_out_in(s, 0);
    EXPECT(s, "CONNECT\n");
    refused(s, 503, "59");
    EXPECT(s, "RETRY 59000 ms: the control plane answered with HTTP 503\n");
    time_out_in(s, 59000);
    EXPECT(s, "CONNECT\n");
    time_out_in(s, 1000);
    EXPECT(s, "CLOSE\nEND: not admitted by the control plane for 60 s; the last error: the "
              "control plane answered with HTTP 503\n");
    assert_int_equal(state_of(s), PORTAL_STATE_GAVE_UP);
    assert_true(mono_time_is_never(portal_channel_next_deadline(s->channel)));
}

static void stopping_closes_what_is_open(void **state)
{
    struct portal_scenario *s = *state;

    admit(s);
    portal_channel_stop(s->channel, s->now);
    EXPECT(s, "CLOSE\nEND: stopped\n");
    assert_int_equal(state_of(s), PORTAL_STATE_STOPPED);
    portal_channel_stop(s->channel, s->now);
    EXPECT(s, "");
    closed(s);
    EXPECT(s, "");
}

static void stopping_while_waiting_has_nothing_to_close(void **state)
{
    struct portal_scenario *s = *state;

    portal_channel_start(s->channel, s->now);
    EXPECT(s, "CONNECT\n");
    portal_channel_failed(s->channel, s->now, "no");
    EXPECT(s, "RETRY 500 ms: no\n");
    portal_channel_stop(s->channel, s->now);
    EXPECT(s, "END: stopped\n");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, scenario_setup, scenario_teardown)
    const struct CMUnitTest tests[] = {
        TEST(an_attempt_has_15_s_in_all),
        TEST(a_join_is_answered_within_5_s_or_the_connection_ends),
        TEST(a_heartbeat_leaves_every_10_s_whatever_else_comes),
        TEST(silence_ends_the_connection_at_the_fourth_heartbeat),
        TEST(an_answer_forgives_earlier_heartbeats),
        TEST(heartbeats_do_not_pile_up_after_a_sleep),
        TEST(each_connection_counts_refs_from_0),
        TEST(the_first_contact_is_tried_for_ever),
        TEST(one_that_was_admitted_comes_back_at_once_then_within_a_second),
        TEST(waits_differ_between_relays),
        TEST(flapping_is_slowed_down_until_an_admission_lasts),
        TEST(every_status_but_401_is_tried_again),
        TEST(retry_after_is_kept_to_exactly_but_within_bounds),
        TEST(a_budget_ends_it_when_not_admitted_for_so_long),
        TEST(stopping_closes_what_is_open),
        TEST(stopping_while_waiting_has_nothing_to_close),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
