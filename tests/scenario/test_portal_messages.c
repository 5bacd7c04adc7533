/* test_portal_messages.c — what each message of the control plane makes the channel do. */
#include "portal_scenario.h"

static void the_join_carries_the_secret_and_the_integer_0(void **state)
{
    struct portal_scenario *s = *state;

    admit(s);
    assert_int_equal(state_of(s), PORTAL_STATE_ADMITTED);
    assert_int_equal(portal_channel_status(s->channel)->admitted_sec, s->now.wall.sec);
    assert_int_equal(portal_channel_status(s->channel)->init_sec, 0);
}

static void a_secret_is_escaped_and_must_be_printable(void **state)
{
    struct portal_scenario *s = *state;
    struct portal_channel_config config = {
        .secret = bytes_of_text("a\"b\\c"), .random = fixed_random, .random_context = s};
    struct portal_channel *channel = NULL;
    struct portal_command command;

    assert_int_equal(portal_channel_new(&config, &channel), ERR_OK);
    portal_channel_start(channel, s->now);
    assert_true(portal_channel_next_command(channel, &command));
    portal_channel_opened(channel, s->now);
    assert_true(portal_channel_next_command(channel, &command));
    assert_text(command.text, "{\"topic\":\"relay\",\"event\":\"phx_join\",\"payload\":"
                              "{\"stamp_secret\":\"a\\\"b\\\\c\"},\"ref\":0}");
    portal_channel_free(channel);
    config.secret = bytes_of_text("a\nb");
    assert_int_equal(portal_channel_new(&config, &channel), ERR_RANGE);
    config.secret = bytes_of_text("");
    assert_int_equal(portal_channel_new(&config, &channel), ERR_RANGE);
}

static void init_is_told_each_time_and_extra_members_do_not_matter(void **state)
{
    struct portal_scenario *s = *state;

    admit(s);
    text(s, PUSH("relay", "init", "{}"));
    EXPECT(s, "INIT\n");
    assert_int_equal(portal_channel_status(s->channel)->init_sec, s->now.wall.sec);
    text(s, "{\"join_ref\":null,\"ref\":null,\"topic\":\"relay\",\"event\":\"init\",\"payload\":"
            "{\"more\":[1,{\"x\":2}]},\"more\":true}");
    EXPECT(s, "INIT\n");
    text(s, PUSH("elsewhere", "init", "{}"));
    EXPECT(s, "IGNORED: a message of the control plane means nothing to a relay: event init\n");
}

static void the_connection_is_no_admission_before_the_ok(void **state)
{
    struct portal_scenario *s = *state;

    portal_channel_start(s->channel, s->now);
    EXPECT(s, "CONNECT\n");
    portal_channel_opened(s->channel, s->now);
    EXPECT(s, JOIN(0));
    /* Another ref, the ref as text, none: not the reply to the join. */
    text(s, OK_REPLY("relay", 1));
    EXPECT(s, "");
    text(s, OK_REPLY("relay", "0"));
    EXPECT(s, "");
    text(s, OK_REPLY("relay", null));
    EXPECT(s, "");
    text(s, OK_REPLY("relay", 0.5));
    EXPECT(s, "");
    text(s, OK_REPLY("relay", -1));
    EXPECT(s, "");
    assert_int_equal(state_of(s), PORTAL_STATE_JOINING);
    text(s, OK_REPLY("relay", 0));
    EXPECT(s, "ADMITTED\n");
    /* The very same again. */
    text(s, OK_REPLY("relay", 0));
    EXPECT(s, "");
}

static void a_refused_join_is_tried_again_and_its_reason_told(void **state)
{
    struct portal_scenario *s = *state;

    portal_channel_start(s->channel, s->now);
    EXPECT(s, "CONNECT\n");
    portal_channel_opened(s->channel, s->now);
    EXPECT(s, JOIN(0));
    text(s, ERROR_REPLY("relay", 0, "disabled"));
    EXPECT(s, "CLOSE\nRETRY 500 ms: the control plane refused the join: disabled\n");
    assert_int_equal(state_of(s), PORTAL_STATE_WAITING);
    assert_string_equal(portal_channel_status(s->channel)->error,
                        "the control plane refused the join: disabled");
    time_out_in(s, 500);
    EXPECT(s, "CONNECT\n");
}

static void an_unmatched_topic_is_joined_again_on_the_same_connection(void **state)
{
    struct portal_scenario *s = *state;
    const char *note = "IGNORED: the control plane lost the channel (unmatched topic); joining "
                       "again\n";
    char expected[512];

    admit(s);
    text(s, ERROR_REPLY("relay", 7, "unmatched topic"));
    (void)snprintf(expected, sizeof(expected), "%s%s", note, JOIN(1));
    EXPECT(s, expected);
    assert_int_equal(state_of(s), PORTAL_STATE_JOINING);
    /* Elsewhere, or while a join is under way: not meant. */
    text(s, ERROR_REPLY("phoenix", 7, "unmatched topic"));
    EXPECT(s, "");
    text(s, ERROR_REPLY("relay", 7, "unmatched topic"));
    EXPECT(s, "");
    text(s, OK_REPLY("relay", 1));
    EXPECT(s, "ADMITTED\n");
}

static void endless_unmatched_topics_end_the_connection(void **state)
{
    struct portal_scenario *s = *state;

    admit(s);
    for (int ref = 0; ref < PORTAL_REJOIN_MAX; ref++) {
        char message[256];

        (void)snprintf(message, sizeof(message),
                       "{\"topic\":\"relay\",\"event\":\"phx_reply\",\"payload\":{\"status\":"
                       "\"error\",\"response\":{\"reason\":\"unmatched topic\"}},\"ref\":%d}",
                       ref);
        text(s, message);
        scenario_drain(s);
        assert_non_null(strstr(s->out, "phx_join"));
    }
    text(s, ERROR_REPLY("relay", 3, "unmatched topic"));
    EXPECT(s, "CLOSE\nRETRY 0 ms: the control plane lost the channel 4 times in one connection\n");
}

static void phx_close_ends_the_connection(void **state)
{
    struct portal_scenario *s = *state;

    admit(s);
    text(s, PUSH("relay", "phx_close", "{}"));
    EXPECT(s, "CLOSE\nRETRY 0 ms: the control plane closed the channel (phx_close)\n");
    time_out_in(s, 0);
    EXPECT(s, "CONNECT\n");
}

static void disconnect_asks_again_and_a_token_that_is_gone_then_ends_it(void **state)
{
    struct portal_scenario *s = *state;

    admit(s);
    text(s, PUSH("phoenix", "disconnect", "{\"reason\":\"token_expired\"}"));
    EXPECT(s, "CLOSE\nRETRY 0 ms: the control plane disconnected this relay: token_expired\n");
    time_out_in(s, 0);
    EXPECT(s, "CONNECT\n");
    refused(s, 401, "");
    EXPECT(s, "END: the control plane refused the token (HTTP 401)\n");
    assert_int_equal(state_of(s), PORTAL_STATE_REFUSED);
    assert_true(mono_time_is_never(portal_channel_next_deadline(s->channel)));
}

static void what_means_nothing_is_ignored(void **state)
{
    struct portal_scenario *s = *state;

    admit(s);
    text(s, PUSH("relay", "phx_error", "{}"));
    EXPECT(s,
           "IGNORED: a message of the control plane means nothing to a relay: event phx_error\n");
    text(s, PUSH("relay", "dance\\n\\u00e9", "{}"));
    EXPECT(s, "IGNORED: a message of the control plane means nothing to a relay: event "
              "dance?\?\?\n");
    portal_channel_binary(s->channel, s->now);
    EXPECT(s, "IGNORED: a binary message of the control plane\n");
    text(s, "hello");
    EXPECT(s, "IGNORED: a message of the control plane is no message of a channel\n");
    text(s, "[1,2]");
    EXPECT(s, "IGNORED: a message of the control plane is no message of a channel\n");
    text(s, "{\"topic\":1,\"event\":\"init\"}");
    EXPECT(s, "IGNORED: a message of the control plane is no message of a channel\n");
    text(s, ERROR_REPLY("relay", 3, "invalid_version"));
    EXPECT(s, "");
    assert_int_equal(state_of(s), PORTAL_STATE_ADMITTED);
}

static void a_flood_of_nonsense_does_not_fill_the_log(void **state)
{
    struct portal_scenario *s = *state;
    int noted = 0;

    admit(s);
    for (int i = 0; i < 1000; i++) {
        text(s, "nonsense");
        scenario_drain(s);
        noted += s->out[0] != '\0';
    }
    assert_int_equal(noted, 8);
    assert_int_equal(state_of(s), PORTAL_STATE_ADMITTED);
}

static void a_message_cut_short_ends_the_connection(void **state)
{
    static const char *const halves[] = {"", "{", "{\"topic\":\"rel",
                                         "{\"topic\":\"relay\",\"event\":\"init\",\"payload\":{}",
                                         "{\"topic\":\"relay\\\""};
    struct portal_scenario *s = *state;

    admit(s);
    for (size_t i = 0; i < sizeof(halves) / sizeof(halves[0]); i++) {
        pass_usec(s, 3600 * USEC_PER_SEC);
        text(s, halves[i]);
        EXPECT(s, "CLOSE\nRETRY 0 ms: a message of the control plane ended before its JSON did\n");
        time_out_in(s, 0);
        EXPECT(s, "CONNECT\n");
        portal_channel_opened(s->channel, s->now);
        EXPECT(s, JOIN(0));
        text(s, OK_REPLY("relay", 0));
        EXPECT(s, "ADMITTED\n");
    }
}

static void a_message_too_long_ends_the_connection_one_too_deep_does_not(void **state)
{
    struct portal_scenario *s = *state;
    static uint8_t large[PORTAL_MESSAGE_MAX + 1];

    admit(s);
    memset(large, '[', sizeof(large));
    portal_channel_text(s->channel, s->now,
                        (struct bytes){.data = large, .len = PORTAL_MESSAGE_MAX});
    EXPECT(s, "IGNORED: a message of the control plane is no message of a channel\n");
    portal_channel_text(s->channel, s->now, (struct bytes){.data = large, .len = sizeof(large)});
    EXPECT(s, "CLOSE\nRETRY 0 ms: a message of the control plane is longer than 65536 bytes\n");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, scenario_setup, scenario_teardown)
    const struct CMUnitTest tests[] = {
        TEST(the_join_carries_the_secret_and_the_integer_0),
        TEST(a_secret_is_escaped_and_must_be_printable),
        TEST(init_is_told_each_time_and_extra_members_do_not_matter),
        TEST(the_connection_is_no_admission_before_the_ok),
        TEST(a_refused_join_is_tried_again_and_its_reason_told),
        TEST(an_unmatched_topic_is_joined_again_on_the_same_connection),
        TEST(endless_unmatched_topics_end_the_connection),
        TEST(phx_close_ends_the_connection),
        TEST(disconnect_asks_again_and_a_token_that_is_gone_then_ends_it),
        TEST(what_means_nothing_is_ignored),
        TEST(a_flood_of_nonsense_does_not_fill_the_log),
        TEST(a_message_cut_short_ends_the_connection),
        TEST(a_message_too_long_ends_the_connection_one_too_deep_does_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
