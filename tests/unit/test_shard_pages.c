/* test_shard_pages.c — tests of shard_pages.h: which shards there are. */
#include "shard_pages.h"

#include "system_clock.h"

#include "temp_dir.h"

enum { PAGES_MAX = 4 };

static struct relay_place place;
static struct counter_writer writers[PAGES_MAX];
static struct shard_pages pages;

static int set_up(void **state)
{
    struct problem problem;

    assert_int_equal(temp_dir_setup(state), 0);
    place = (struct relay_place){.dir = STATE_DIR_CLOSED, .is_here = true};
    assert_int_equal(
        state_dir_open(((struct temp_dir *)*state)->path, STATE_DIR_SERVE, &place.dir, &problem),
        ERR_OK);
    return 0;
}

static int tear_down(void **state)
{
    for (size_t i = 0; i < PAGES_MAX; i++)
        counter_page_close(&writers[i]);
    shard_pages_free(&pages);
    state_dir_close(&place.dir);
    return temp_dir_teardown(state);
}

/* Shard |shard| of |shards| has run, and may still do so. */
static void runs(uint32_t shard, uint32_t shards, bool is_live)
{
    const struct turn_now now = {.mono = system_mono_time(), .wall = {.sec = 1}};
    struct problem problem;
    int64_t holder;

    assert_int_equal(
        counter_page_create(&place.dir, shard, shards, now, &writers[shard], &holder, &problem),
        ERR_OK);
    if (!is_live)
        counter_page_close(&writers[shard]);
}

/* "0 serving" and so on, in one line. */
static const char *found(void)
{
    static char text[256];
    struct problem problem;
    size_t len = 0;

    shard_pages_free(&pages);
    assert_int_equal(shard_pages_read(&place, &pages, &problem), ERR_OK);
    text[0] = '\0';
    for (size_t i = 0; i < pages.count; i++)
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%u %s", i > 0 ? ", " : "",
                                pages.pages[i].shard, shard_page_state(&pages.pages[i], pages.now));
    return text;
}

static void each_that_is_expected(void **state)
{
    (void)state;
    place.is_recorded = true;
    place.deployment.shards = 3;
    runs(1, 3, true);
    runs(2, 3, false);
    assert_string_equal(found(), "0 missing, 1 starting, 2 gone");
    assert_int_equal(pages.expected, 3);
}

/* There were more of them once. */
static void of_the_others_those_that_still_run(void **state)
{
    (void)state;
    place.is_recorded = true;
    place.deployment.shards = 1;
    for (uint32_t shard = 0; shard < PAGES_MAX; shard++)
        runs(shard, PAGES_MAX, shard != 2);
    assert_string_equal(found(), "0 starting, 1 starting, 3 starting");
    assert_int_equal(pages.expected, 1);
}

static void without_a_record_those_that_run_know(void **state)
{
    (void)state;
    assert_string_equal(found(), "");
    assert_int_equal(pages.expected, 0);
    runs(3, 4, false);
    runs(1, 3, true);
    assert_string_equal(found(), "0 missing, 1 starting, 2 missing");
    assert_int_equal(pages.expected, 3);
}

static void names_that_are_none_do_not_count(void **state)
{
    static const char *const names[] = {"shard-.counters", "shard-01.counters", "shard-x.counters",
                                        "shard-65535.counters", "shard-0.counters.new"};
    char path[TEMP_PATH_MAX];

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        temp_dir_write(*state, names[i], "x", 1, 0600, path);
    place.is_recorded = true;
    place.deployment.shards = 1;
    temp_dir_write(*state, "shard-0.counters", "x", 1, 0600, path);
    assert_string_equal(found(), "0 unreadable");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
        TEST(each_that_is_expected),
        TEST(of_the_others_those_that_still_run),
        TEST(without_a_record_those_that_run_know),
        TEST(names_that_are_none_do_not_count),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
