/* test_http_metrics.c — tests of http_metrics.h: names, labels and values, and of all of them each.
 */
#include "http_metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

enum { SHARDS = 2 };

struct fixture {
    struct shard_figures shards[SHARDS];
    struct host_state host;
    char *text; /* what was written last */
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    assert_non_null(fixture);
    fixture->host =
        (struct host_state){.shards = fixture->shards, .count = SHARDS, .now = {.usec = 100500000}};
    for (uint32_t k = 0; k < SHARDS; k++) {
        struct shard_figures *shard = &fixture->shards[k];

        shard->snapshot.is_live = true;
        shard->cpu_usec = 1234567;
        shard->snapshot.page.state = SHARD_STATE_SERVING;
        shard->snapshot.page.started_mono_usec = 90000000;
        shard->snapshot.page.started_wall_sec = 1700000000;
        shard->snapshot.page.seen_mono_usec = 100250000;
        shard->snapshot.page.starts = 3;
        for (size_t i = 0; i < COUNTER_PAGE_VALUES; i++)
            shard->snapshot.page.values[i] = UINT64_C(1000000) * (k + 1) + i;
    }
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    free(fixture->text);
    free(fixture);
    return 0;
}

static const char *written(struct fixture *fixture)
{
    struct http_text text = {.data = NULL};

    for (size_t i = 0; i < http_metrics_parts(); i++)
        http_metrics_write(&fixture->host, i, &text);
    struct http_body *body = http_text_body(&text);

    assert_non_null(body);
    free(fixture->text);
    fixture->text = strndup(http_body_data(body), http_body_len(body));
    assert_non_null(fixture->text);
    http_body_release(body);
    return fixture->text;
}

/* |text| has the line |line|, and has it once. */
static void has_line(const char *text, const char *line)
{
    char whole[256];

    (void)snprintf(whole, sizeof(whole), "\n%s\n", line);
    const char *at = strstr(text, whole);

    if (at == NULL || strstr(at + 1, whole) != NULL)
        fail_msg("not once: %s", line);
}

static void the_header_of_a_page_is_there(void **state)
{
    const char *text = written(*state);

    has_line(text, "relay_shards 2");
    has_line(text, "relay_shard_up{shard=\"1\"} 1");
    has_line(text, "relay_shard_state{shard=\"0\",state=\"serving\"} 1");
    has_line(text, "relay_shard_state{shard=\"0\",state=\"draining\"} 0");
    has_line(text, "relay_start_time_seconds{shard=\"0\"} 1700000000.000000");
    has_line(text, "relay_uptime_seconds{shard=\"0\"} 10.500000");
    has_line(text, "relay_starts_total{shard=\"0\"} 3.000000");
    has_line(text, "relay_seen_age_seconds{shard=\"0\"} 0.250000");
    has_line(text, "relay_cpu_seconds_total{shard=\"0\"} 1.234567");
    assert_non_null(strstr(text, "\nrelay_build_info{version=\""));
}

static void kinds_and_names_decide_what_a_value_becomes(void **state)
{
    struct fixture *fixture = *state;
    uint64_t *values = fixture->shards[1].snapshot.page.values;

    values[TURN_COUNT_ALLOCATIONS] = 7;
    values[SHARD_COUNT_WAKEUPS] = 8;
    values[TURN_COUNT_BINDING_REQUESTS] = 9;
    values[TURN_COUNT_ERROR_401] = 10;
    values[TURN_COUNT_DROP_NO_CHANNEL] = 11;
    values[SHARD_COUNT_KERNEL_DROPS] = UINT64_MAX;
    values[SHARD_COUNT_RESTORE_USEC] = 2500000;
    values[SHARD_COUNT_LISTENER_RECEIVED_BYTES] = 12;
    const char *text = written(fixture);

    has_line(text, "# TYPE relay_allocations gauge");
    has_line(text, "relay_allocations{shard=\"1\"} 7");
    has_line(text, "# TYPE relay_wakeups_total counter");
    has_line(text, "relay_wakeups_total{shard=\"1\"} 8");
    has_line(text, "relay_requests_total{shard=\"1\",method=\"binding\"} 9");
    has_line(text, "relay_responses_total{shard=\"1\",code=\"401\"} 10");
    has_line(text, "relay_dropped_datagrams_total{shard=\"1\",reason=\"no_channel\"} 11");
    has_line(text, "relay_dropped_datagrams_total{shard=\"1\",reason=\"kernel_drops\"} "
                   "18446744073709551615");
    has_line(text, "relay_restore_seconds{shard=\"1\"} 2.500000");
    has_line(text, "relay_restore_timestamp_seconds{shard=\"1\"} 1700000002.500000");
    has_line(text, "relay_listener_received_bytes_total{shard=\"1\"} 12");
}

static void histograms_add_up(void **state)
{
    struct fixture *fixture = *state;
    uint64_t *values = fixture->shards[0].snapshot.page.values;

    for (size_t i = 0; i < COUNTER_BUCKET_COUNT; i++)
        values[SHARD_COUNT_RELAY_SEND_BATCH_1 + i] = i + 1;
    values[SHARD_COUNT_RELAY_SENT] = 99;
    const char *text = written(fixture);

    has_line(text, "# TYPE relay_relay_send_batch histogram");
    has_line(text, "relay_relay_send_batch_bucket{shard=\"0\",le=\"1\"} 1");
    has_line(text, "relay_relay_send_batch_bucket{shard=\"0\",le=\"4\"} 6");
    has_line(text, "relay_relay_send_batch_bucket{shard=\"0\",le=\"32\"} 21");
    has_line(text, "relay_relay_send_batch_bucket{shard=\"0\",le=\"+Inf\"} 28");
    has_line(text, "relay_relay_send_batch_sum{shard=\"0\"} 99");
    has_line(text, "relay_relay_send_batch_count{shard=\"0\"} 28");
}

static void of_a_shard_that_is_gone_there_is_no_more_than_that(void **state)
{
    struct fixture *fixture = *state;
    const char *text;

    fixture->shards[0].snapshot.is_live = false;
    fixture->shards[1].err = ERR_MALFORMED; /* of another version, as in an upgrade */
    text = written(fixture);
    has_line(text, "relay_shard_up{shard=\"0\"} 0");
    has_line(text, "relay_shard_up{shard=\"1\"} 1");
    for (const char *at = text; (at = strstr(at, "{shard=\"")) != NULL; at++)
        assert_memory_equal(at - strlen("relay_shard_up"), "relay_shard_up",
                            strlen("relay_shard_up"));
}

static void what_is_not_known_is_left_out(void **state)
{
    struct fixture *fixture = *state;
    const char *text;

    fixture->shards[0].cpu_usec = -1;
    fixture->shards[0].snapshot.page.values[SHARD_COUNT_RESTORE_USEC] =
        0; /* it has not restored yet */
    text = written(fixture);
    assert_null(strstr(text, "relay_cpu_seconds_total{shard=\"0\"}"));
    assert_non_null(strstr(text, "relay_cpu_seconds_total{shard=\"1\"}"));
    assert_null(strstr(text, "relay_restore_timestamp_seconds{shard=\"0\"}"));
}

/* Every value of the table once, and no family twice: two counters whose names would become one. */
static void everything_is_there_once(void **state)
{
    const char *text = written(*state);
    size_t values = 0;

    for (size_t i = 0; i < COUNTER_PAGE_VALUES; i++) {
        char value[32];

        if (counter_info_of(i)->kind == COUNTER_BUCKET ||
            strstr(counter_info_of(i)->name, "_usec") != NULL)
            continue;
        (void)snprintf(value, sizeof(value), "\"} %zu\n", 2000000 + i);
        const char *at = strstr(text, value);

        if (at == NULL)
            fail_msg("no %s", counter_info_of(i)->name);
        values++;
    }
    assert_true(values > 50);
    for (const char *at = text; (at = strstr(at, "# TYPE ")) != NULL; at++) {
        char line[128];
        const char *end = strchr(at + strlen("# TYPE "), ' ');

        (void)snprintf(line, sizeof(line), "%.*s", (int)(end - at + 1), at);
        assert_null(strstr(at + 1, line));
    }
}

static void the_connection_to_a_control_plane_is_there_with_one(void **state)
{
    struct fixture *fixture = *state;
    struct http_portal portal = {.now_sec = 1700000100};

    assert_null(strstr(written(fixture), "relay_portal_"));
    fixture->host.portal = &portal;
    has_line(written(fixture), "relay_portal_connected 0");
    has_line(written(fixture), "relay_portal_up 0");
    portal.has_run = true;
    portal.snapshot = (struct portal_snapshot){.is_live = true,
                                               .status = {.state = PORTAL_STATE_ADMITTED,
                                                          .admitted_sec = 1700000000,
                                                          .heartbeat_answered_sec = 1700000096,
                                                          .attempts = 3,
                                                          .admissions = 5}};
    const char *text = written(fixture);

    has_line(text, "# TYPE relay_portal_connected gauge");
    has_line(text, "relay_portal_connected 1");
    has_line(text, "relay_portal_up 1");
    has_line(text, "relay_portal_attempts 3");
    has_line(text, "# TYPE relay_portal_admissions_total counter");
    has_line(text, "relay_portal_admissions_total 5");
    has_line(text, "relay_portal_admitted_timestamp_seconds 1700000000");
    has_line(text, "relay_portal_heartbeat_age_seconds 4");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_header_of_a_page_is_there, set_up, tear_down),
        cmocka_unit_test_setup_teardown(kinds_and_names_decide_what_a_value_becomes, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(histograms_add_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(of_a_shard_that_is_gone_there_is_no_more_than_that, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_is_not_known_is_left_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(everything_is_there_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_connection_to_a_control_plane_is_there_with_one, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
