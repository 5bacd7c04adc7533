/* test_host_status.c — tests of host_status.h, shard_pages.h and duration_text.h. */
#include "host_status.h"

#include "duration_text.h"
#include "unit.h"

#include <string.h>

enum { SHARDS = 12 };

static struct shard_page all[SHARDS];
static struct shard_pages pages;

static int set_up(void **state)
{
    (void)state;
    memset(all, 0, sizeof(all));
    pages = (struct shard_pages){
        .pages = all, .count = 2, .expected = 2, .now = {.usec = 100 * USEC_PER_SEC}};
    for (uint32_t k = 0; k < SHARDS; k++) {
        struct counter_page *page = &all[k].snapshot.page;

        all[k].shard = k;
        all[k].snapshot.is_live = true;
        page->state = SHARD_STATE_SERVING;
        page->seen_mono_usec = pages.now.usec;
        page->starts = 1;
        page->values[SHARD_COUNT_CAPACITY] = 10;
        page->values[SHARD_COUNT_REGISTRY_AVAILABLE] = 1;
        page->values[SHARD_COUNT_LEASE_HELD] = 1;
        page->values[SHARD_COUNT_ADMITTED] = 1;
    }
    return 0;
}

static void all_is_well(void **state)
{
    (void)state;
    all[1].snapshot.page.starts = 5;
    all[1].snapshot.page.values[SHARD_COUNT_HTTP_LISTENING] = 1;
    struct host_status status = host_status_judge(&pages);

    assert_int_equal(status.verdict, HOST_OK);
    assert_int_equal(status.serving, 2);
    assert_int_equal(status.with_registry, 2);
    assert_int_equal(status.with_http, 1);
    assert_int_equal(status.restarts, 4);
    assert_string_equal(shard_page_state(&all[0], pages.now), "serving");
}

/* Shard 1 has |trouble| and no other, which makes the host degraded. */
static void is_troubled(enum shard_trouble trouble, const char *text, const char *state_text)
{
    struct host_status status = host_status_judge(&pages);
    char found[TROUBLE_TEXT_MAX];

    assert_int_equal(status.verdict, HOST_DEGRADED);
    for (unsigned t = 0; t < SHARD_TROUBLE_COUNT; t++)
        assert_int_equal(status.troubled[t], t == (unsigned)trouble);
    assert_string_equal(shard_trouble_text(&pages, trouble, found), text);
    assert_string_equal(shard_page_state(&all[1], pages.now), state_text);
    set_up(NULL);
}

static void each_trouble_is_told(void **state)
{
    struct counter_page *page = &all[1].snapshot.page;

    (void)state;
    all[1].snapshot.is_live = false;
    is_troubled(SHARD_TROUBLE_NOT_RUNNING, "shard 1 does not run", "gone");
    all[1].snapshot.is_live = false;
    page->state = SHARD_STATE_STOPPED;
    is_troubled(SHARD_TROUBLE_NOT_RUNNING, "shard 1 does not run", "stopped");
    all[1].err = ERR_NOT_FOUND;
    is_troubled(SHARD_TROUBLE_NOT_RUNNING, "shard 1 does not run", "missing");
    page->seen_mono_usec -= COUNTER_PAGE_HANGS_SEC * USEC_PER_SEC;
    page->values[SHARD_COUNT_REGISTRY_AVAILABLE] = 0; /* it cannot know */
    is_troubled(SHARD_TROUBLE_HANGS, "shard 1 hangs", "hangs");
    all[1].err = ERR_MALFORMED;
    is_troubled(SHARD_TROUBLE_UNREADABLE, "shard 1 has counters that cannot be read", "unreadable");
    all[1].err = ERR_UNAVAILABLE;
    is_troubled(SHARD_TROUBLE_STARTING, "shard 1 is starting", "starting");
    page->state = SHARD_STATE_STARTING;
    page->values[SHARD_COUNT_REGISTRY_AVAILABLE] = 0;
    is_troubled(SHARD_TROUBLE_STARTING, "shard 1 is starting", "starting");
    page->values[SHARD_COUNT_REGISTRY_AVAILABLE] = 0;
    page->values[SHARD_COUNT_LEASE_HELD] = 0;
    is_troubled(SHARD_TROUBLE_REGISTRY_AWAY, "shard 1 gets no answer from the registry", "serving");
    page->values[SHARD_COUNT_ADMITTED] = 0;
    is_troubled(SHARD_TROUBLE_NOT_ADMITTED, "shard 1 waits for the control plane", "serving");
    page->values[SHARD_COUNT_LEASE_HELD] = 0;
    is_troubled(SHARD_TROUBLE_NO_LEASE, "shard 1 has no lease in the registry", "serving");
    page->values[TURN_COUNT_ALLOCATIONS] = 10;
    is_troubled(SHARD_TROUBLE_FULL, "shard 1 is full", "serving");
    pages.expected = 1;
    is_troubled(SHARD_TROUBLE_SURPLUS, "shard 1 is more than this relay has", "serving");
}

static void draining_is_no_trouble_unless_all_do(void **state)
{
    (void)state;
    all[1].snapshot.page.state = SHARD_STATE_DRAINING;
    assert_int_equal(host_status_judge(&pages).verdict, HOST_OK);
    all[0].snapshot.page.state = SHARD_STATE_DRAINING;
    assert_int_equal(host_status_judge(&pages).verdict, HOST_DEGRADED);
    assert_true(host_status_judge(&pages).none_takes_new);
}

static void without_a_serving_shard_it_is_down(void **state)
{
    char text[TROUBLE_TEXT_MAX];

    (void)state;
    all[0].snapshot.is_live = false;
    all[1].snapshot.is_live = false;
    assert_int_equal(host_status_judge(&pages).verdict, HOST_DOWN);
    assert_string_equal(shard_trouble_text(&pages, SHARD_TROUBLE_NOT_RUNNING, text),
                        "shards 0 and 1 do not run");
    for (int k = 2; k < SHARDS; k++)
        all[k].snapshot.is_live = false;
    pages.count = pages.expected = 3;
    assert_string_equal(shard_trouble_text(&pages, SHARD_TROUBLE_NOT_RUNNING, text),
                        "shards 0, 1 and 2 do not run");
    pages.count = pages.expected = SHARDS;
    assert_string_equal(shard_trouble_text(&pages, SHARD_TROUBLE_NOT_RUNNING, text),
                        "shards 0, 1, 2, 3, 4, 5, 6, 7 and 4 more do not run");
    pages.count = 0;
    assert_int_equal(host_status_judge(&pages).verdict, HOST_DOWN);
}

static void durations(void **state)
{
    static const struct {
        int64_t sec;
        const char *text;
    } rows[] = {{-1, "0s"},      {59, "59s"},        {60, "1m 0s"},    {3599, "59m 59s"},
                {3600, "1h 0m"}, {86399, "23h 59m"}, {86400, "1d 0h"}, {90000000, "1041d 16h"}};
    char text[DURATION_TEXT_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_string_equal(duration_text(rows[i].sec, text), rows[i].text);
}

static void ages(void **state)
{
    char text[DURATION_TEXT_MAX];

    (void)state;
    assert_string_equal(age_text(0, text), "0.0s old");
    assert_string_equal(age_text(940000, text), "0.9s old");
    assert_string_equal(age_text(3 * USEC_PER_SEC + 900000, text), "3s old");
    assert_string_equal(age_text(7261 * USEC_PER_SEC, text), "2h 1m old");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(all_is_well, set_up),
        cmocka_unit_test_setup(each_trouble_is_told, set_up),
        cmocka_unit_test_setup(draining_is_no_trouble_unless_all_do, set_up),
        cmocka_unit_test_setup(without_a_serving_shard_it_is_down, set_up),
        cmocka_unit_test(durations),
        cmocka_unit_test(ages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
