/* test_http_health.c — tests of http_health.h: each state of a host, with its verdict and words. */
#include "http_health.h"

#include <string.h>

#include "unit.h"

enum { SHARDS = 3, NOW_SEC = 1000 };

static struct shard_figures shards[SHARDS];
static struct host_state host;

/* A host that is well. */
static int set_up(void **state)
{
    (void)state;
    host = (struct host_state){.shards = shards,
                               .count = SHARDS,
                               .now = {.usec = NOW_SEC * USEC_PER_SEC},
                               .since = {.usec = (NOW_SEC - 1) * USEC_PER_SEC}};
    memset(shards, 0, sizeof(shards));
    for (uint32_t k = 0; k < SHARDS; k++) {
        shards[k].snapshot.is_live = true;
        shards[k].snapshot.page.state = SHARD_STATE_SERVING;
        shards[k].snapshot.page.started_mono_usec = (NOW_SEC - 100) * USEC_PER_SEC;
        shards[k].snapshot.page.seen_mono_usec = NOW_SEC * USEC_PER_SEC - 300000;
        shards[k].snapshot.page.values[SHARD_COUNT_REGISTRY_AVAILABLE] = 1;
        shards[k].snapshot.page.values[SHARD_COUNT_LEASE_HELD] = 1;
        shards[k].snapshot.page.values[SHARD_COUNT_HTTP_LISTENING] = 1;
    }
    return 0;
}

static void says(bool (*judge)(const struct host_state *host, struct http_text *text),
                 bool expected, const char *words)
{
    struct http_text text = {.data = NULL};

    assert_int_equal(judge(&host, &text), expected);
    struct http_body *body = http_text_body(&text);

    assert_non_null(body);
    if (http_body_len(body) != strlen(words) ||
        memcmp(http_body_data(body), words, strlen(words)) != 0)
        fail_msg("\"%.*s\"", (int)http_body_len(body), http_body_data(body));
    http_body_release(body);
}

static void unseen_for(uint32_t k, int64_t sec)
{
    shards[k].snapshot.page.seen_mono_usec = (NOW_SEC - sec) * USEC_PER_SEC;
}

static void a_host_that_is_well_is_ready(void **state)
{
    (void)state;
    says(http_health_alive, true, "ok\n");
    says(http_health_ready, true, "ok\n");
}

static void a_shard_that_hangs_makes_it_not_ready_then_not_well(void **state)
{
    (void)state;
    unseen_for(1, COUNTER_PAGE_HANGS_SEC - 1);
    says(http_health_ready, true, "ok\n");
    unseen_for(1, COUNTER_PAGE_HANGS_SEC);
    says(http_health_alive, true, "ok\nshard 1: hangs: last seen awake 3 s ago\n");
    says(http_health_ready, false, "not ready\nshard 1: hangs: last seen awake 3 s ago\n");
    unseen_for(1, HEALTH_GONE_SEC);
    says(http_health_alive, false, "not well\nshard 1: hangs: last seen awake 10 s ago\n");
}

static void a_shard_that_is_gone_does_too(void **state)
{
    (void)state;
    shards[2].snapshot.is_live = false;
    says(http_health_alive, true, "ok\nshard 2: is gone: last seen awake 0 s ago\n");
    says(http_health_ready, false, "not ready\nshard 2: is gone: last seen awake 0 s ago\n");
    unseen_for(2, HEALTH_GONE_SEC + 2);
    says(http_health_alive, false, "not well\nshard 2: is gone: last seen awake 12 s ago\n");
}

static void a_shard_that_never_was_is_given_the_same_time(void **state)
{
    (void)state;
    shards[0].err = ERR_NOT_FOUND;
    says(http_health_alive, true,
         "ok\nshard 0: it has no counter page: not started, or of another version\n");
    says(http_health_ready, false,
         "not ready\nshard 0: it has no counter page: not started, or of another version\n");
    host.since.usec = (NOW_SEC - HEALTH_GONE_SEC) * USEC_PER_SEC;
    says(http_health_alive, false,
         "not well\nshard 0: it has no counter page: not started, or of another version\n");
}

/* In an upgrade shard after shard gets a new version. */
static void one_of_another_version_is_no_reason_while_its_process_is_there(void **state)
{
    (void)state;
    host.since.usec = (NOW_SEC - HEALTH_GONE_SEC) * USEC_PER_SEC;
    shards[1].err = ERR_MALFORMED;
    says(http_health_alive, true,
         "ok\nshard 1: runs another version of the relay: how it is is not known\n");
    says(http_health_ready, true,
         "ok\nshard 1: runs another version of the relay: how it is is not known\n");
    shards[1].snapshot.is_live = false;
    says(http_health_alive, false,
         "not well\nshard 1: it has no counter page: not started, or of another version\n");
    says(http_health_ready, false,
         "not ready\nshard 1: it has no counter page: not started, or of another version\n");
}

static void one_that_starts_is_well_but_not_ready(void **state)
{
    (void)state;
    shards[0].snapshot.page.state = SHARD_STATE_STARTING;
    says(http_health_alive, true, "ok\n");
    says(http_health_ready, false, "not ready\nshard 0: starts: what it had is being restored\n");
}

static void a_shard_that_stops_is_not_ready(void **state)
{
    (void)state;
    shards[1].snapshot.page.state = SHARD_STATE_STOPPED;
    says(http_health_ready, false, "not ready\nshard 1: stops\n");
}

static void draining_is_not_ready_when_nobody_else_is_left(void **state)
{
    (void)state;
    shards[0].snapshot.page.state = SHARD_STATE_DRAINING;
    says(http_health_ready, true, "ok\nshard 0: drains: it takes no new allocations\n");
    shards[1].snapshot.page.state = SHARD_STATE_DRAINING;
    shards[2].snapshot.page.state = SHARD_STATE_DRAINING;
    says(http_health_ready, false,
         "not ready\nshard 0: drains: it takes no new allocations\n"
         "shard 1: drains: it takes no new allocations\n"
         "shard 2: drains: it takes no new allocations\n");
}

static void a_lost_lease_is_a_reason_unless_the_registry_is_away(void **state)
{
    (void)state;
    shards[1].snapshot.page.values[SHARD_COUNT_LEASE_HELD] = 0;
    says(http_health_ready, false, "not ready\nshard 1: has no lease in the ownership registry\n");
    shards[1].snapshot.page.values[SHARD_COUNT_REGISTRY_AVAILABLE] = 0;
    says(http_health_ready, true,
         "ok\nshard 1: the ownership registry is away: relaying goes on\n");
    says(http_health_alive, true, "ok\n");
}

static void no_http_elsewhere_is_said(void **state)
{
    (void)state;
    shards[2].snapshot.page.values[SHARD_COUNT_HTTP_LISTENING] = 0;
    says(http_health_ready, true, "ok\nshard 2: does not listen for HTTP: its log says why\n");
}

/* The connection to the control plane is a reason only before the first init. */
static void a_host_waits_for_its_control_plane(void **state)
{
    struct http_portal portal = {.now_sec = 1000};

    (void)state;
    host.portal = &portal;
    says(http_health_alive, true, "ok\n");
    says(http_health_ready, false,
         "not ready\nwaiting for the control plane's init: no portal process has run yet\n");
    portal.has_run = true;
    portal.snapshot = (struct portal_snapshot){.is_live = true,
                                               .status = {.state = PORTAL_STATE_WAITING,
                                                          .attempts = 3,
                                                          .retry_sec = 1002,
                                                          .error = "TCP: connection refused"}};
    says(http_health_ready, false,
         "not ready\nwaiting for the control plane's init: not connected, attempt 3, the next one "
         "in 2 s: TCP: connection refused\n");
    for (uint32_t k = 0; k < SHARDS; k++)
        shards[k].snapshot.page.values[SHARD_COUNT_ADMITTED] = 1;
    says(http_health_ready, true,
         "ok\ncontrol plane: not connected, attempt 3, the next one in 2 s: TCP: connection "
         "refused\n");
    portal.snapshot.status.state = PORTAL_STATE_ADMITTED;
    says(http_health_ready, true, "ok\n");
    /* It was lost and has come back: a shard that was restarted since has to look first. */
    shards[1].snapshot.page.values[SHARD_COUNT_ADMITTED] = 0;
    says(http_health_ready, false,
         "not ready\nwaiting for the control plane's init: connected for 16 min, no heartbeat "
         "answered yet\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_host_that_is_well_is_ready, set_up),
        cmocka_unit_test_setup(a_shard_that_hangs_makes_it_not_ready_then_not_well, set_up),
        cmocka_unit_test_setup(a_shard_that_is_gone_does_too, set_up),
        cmocka_unit_test_setup(a_shard_that_never_was_is_given_the_same_time, set_up),
        cmocka_unit_test_setup(one_of_another_version_is_no_reason_while_its_process_is_there,
                               set_up),
        cmocka_unit_test_setup(one_that_starts_is_well_but_not_ready, set_up),
        cmocka_unit_test_setup(a_shard_that_stops_is_not_ready, set_up),
        cmocka_unit_test_setup(draining_is_not_ready_when_nobody_else_is_left, set_up),
        cmocka_unit_test_setup(a_lost_lease_is_a_reason_unless_the_registry_is_away, set_up),
        cmocka_unit_test_setup(no_http_elsewhere_is_said, set_up),
        cmocka_unit_test_setup(a_host_waits_for_its_control_plane, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
