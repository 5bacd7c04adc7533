/* test_http_shards.c — tests of http_shards.h. */
#include "http_shards.h"

#include "version.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

enum { SHARDS = 2 };

static const struct mono_time now = {.usec = 100500000};

struct fixture {
    struct shard_figures shards[SHARDS];
    const struct http_portal *portal;
    char *text; /* what was written last */
};

static struct shard_figures serving(void)
{
    struct shard_figures shard = {.err = ERR_OK, .snapshot.is_live = true, .cpu_usec = 1234567};

    shard.snapshot.page.state = SHARD_STATE_SERVING;
    shard.snapshot.page.pid = 4321;
    shard.snapshot.page.started_mono_usec = 90000000;
    shard.snapshot.page.seen_mono_usec = 100250000;
    return shard;
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    assert_non_null(fixture);
    for (uint32_t k = 0; k < SHARDS; k++)
        fixture->shards[k] = serving();
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
    const struct http_shards_host host = {
        .instance = "host-a", .lowest_port = 49152, .highest_port = 65535};
    const struct host_state host_state = {
        .shards = fixture->shards, .count = SHARDS, .now = now, .portal = fixture->portal};
    struct http_text text = {.data = NULL};

    http_shards_write(&host_state, &host, &text);
    struct http_body *body = http_text_body(&text);

    assert_non_null(body);
    free(fixture->text);
    fixture->text = strndup(http_body_data(body), http_body_len(body));
    assert_non_null(fixture->text);
    http_body_release(body);
    return fixture->text;
}

static void has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("%s is not in %s", part, text);
}

static void figures_have_their_names(void **state)
{
    struct fixture *fixture = *state;
    uint64_t *values = fixture->shards[1].snapshot.page.values;
    char version[64];

    values[TURN_COUNT_ALLOCATIONS] = 7;
    values[TURN_COUNT_CHANNELS] = 9;
    values[SHARD_COUNT_CAPACITY] = 8192;
    values[TURN_COUNT_RELAYED_TO_PEER] = 1000;
    values[TURN_COUNT_RELAYED_TO_PEER_BYTES] = UINT64_C(5000000000);
    values[TURN_COUNT_RELAYED_TO_CLIENT] = 11;
    values[TURN_COUNT_RELAYED_TO_CLIENT_BYTES] = 12;
    values[SHARD_COUNT_MISROUTED_TO_SHARD] = 1;
    values[SHARD_COUNT_MISROUTED_NOBODY] = 2;
    values[SHARD_COUNT_MISROUTED_ELSEWHERE] = 4;
    values[SHARD_COUNT_MISROUTED_KEPT] = 8;
    values[SHARD_COUNT_REDIRECT_SENT] = 13;
    values[SHARD_COUNT_REDIRECT_RECEIVED] = 14;
    values[SHARD_COUNT_REGISTRY_AVAILABLE] = 1;
    values[SHARD_COUNT_ADMITTED] = 1;
    const char *text = written(fixture);

    (void)snprintf(version, sizeof(version), "\"version\":\"%s\"", relay_version());
    has(text, version);
    has(text, "{\"host\":\"host-a\",");
    has(text, "\"mono_msec\":100500,\"control_plane\":null,\"reasons\":[],");
    has(text, "{\"shard\":0,\"state\":\"serving\",\"age_msec\":250,"
              "\"lowest_port\":49152,\"highest_port\":57343,\"pid\":4321,\"uptime_sec\":10,"
              "\"cpu_msec\":1234,\"registry\":false,\"lease\":false,\"admitted\":false,"
              "\"allocations\":0,");
    has(text,
        "{\"shard\":1,\"state\":\"serving\",\"age_msec\":250,"
        "\"lowest_port\":57344,\"highest_port\":65535,\"pid\":4321,\"uptime_sec\":10,"
        "\"cpu_msec\":1234,\"registry\":true,\"lease\":false,\"admitted\":true,\"allocations\":7,"
        "\"channels\":9,\"capacity\":8192,\"to_peer_packets\":1000,"
        "\"to_peer_bytes\":5000000000,\"to_client_packets\":11,\"to_client_bytes\":12,"
        "\"misrouted\":15,\"redirected\":13,\"taken_over\":14,\"drops\":{},\"dropped\":0}]}");
}

static void the_control_plane_is_told_of(void **state)
{
    struct http_portal portal = {
        .has_run = true,
        .snapshot = {.status = {.state = PORTAL_STATE_WAITING,
                                .lost_sec = 100,
                                .retry_sec = 115,
                                .attempts = 4,
                                .error = "it said \"no\""},
                     .is_live = true},
        .now_sec = 112,
    };
    struct fixture *fixture = *state;

    fixture->portal = &portal;
    has(written(fixture), "\"control_plane\":{\"connected\":false,\"summary\":\"not connected for "
                          "12 s, attempt 4, the next one in 3 s: it said \\\"no\\\"\"},");
    portal.snapshot.status.state = PORTAL_STATE_ADMITTED;
    has(written(fixture), "\"control_plane\":{\"connected\":true,\"summary\":\"connected for ");
    portal.has_run = false;
    has(written(fixture), "\"control_plane\":{\"connected\":false,\"summary\":\"no portal process "
                          "has run yet\"},");
}

static void drops_have_their_reasons(void **state)
{
    struct fixture *fixture = *state;

    fixture->shards[0].snapshot.page.values[TURN_COUNT_DROP_NO_CHANNEL] = 3;
    fixture->shards[1].snapshot.page.values[TURN_COUNT_DROP_NO_CHANNEL] = 4;
    fixture->shards[1].snapshot.page.values[SHARD_COUNT_SEND_WOULD_BLOCK] = 5;
    const char *text = written(fixture);

    has(text,
        "\"reasons\":[{\"name\":\"no_channel\",\"help\":\"ChannelData for a number that is not "
        "bound\"},{\"name\":\"send_would_block\",\"help\":\"");
    has(text, "\"drops\":{\"no_channel\":3},\"dropped\":3}");
    has(text, "\"drops\":{\"no_channel\":4,\"send_would_block\":5},\"dropped\":9}");
}

static void of_one_that_is_gone_there_are_the_last_figures(void **state)
{
    struct fixture *fixture = *state;

    fixture->shards[0].snapshot.is_live = false;
    fixture->shards[0].cpu_usec = -1;
    fixture->shards[0].snapshot.page.values[TURN_COUNT_ALLOCATIONS] = 7;
    fixture->shards[1].err = ERR_MALFORMED;
    fixture->shards[1].snapshot.is_live = false;
    fixture->shards[1].snapshot.page.values[TURN_COUNT_ALLOCATIONS] = 8; /* of another version */
    const char *text = written(fixture);

    has(text, "\"state\":\"gone\",\"age_msec\":250,\"lowest_port\":49152,\"highest_port\":57343,"
              "\"pid\":null,\"uptime_sec\":null,\"cpu_msec\":null,\"registry\":null,\"lease\":null,"
              "\"admitted\":null,\"allocations\":7,");
    has(text,
        "\"state\":\"unreadable\",\"age_msec\":null,\"lowest_port\":57344,\"highest_port\":65535,"
        "\"pid\":null,\"uptime_sec\":null,\"cpu_msec\":null,\"registry\":null,\"lease\":null,"
        "\"admitted\":null,\"allocations\":0,");
}

int main(void)
{
#define SHARDS_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        SHARDS_TEST(figures_have_their_names),
        SHARDS_TEST(the_control_plane_is_told_of),
        SHARDS_TEST(drops_have_their_reasons),
        SHARDS_TEST(of_one_that_is_gone_there_are_the_last_figures),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
