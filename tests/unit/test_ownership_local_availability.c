/* test_ownership_local_availability.c — when the embedded store is away, and when it is tried
 * again. */
#include "ownership_local_availability.h"

#include "unit.h"

enum { TIMEOUT_USEC = 250000 };

static struct local_availability availability;
static struct local_news news;
static struct problem problem = {.text = "it is broken"};
static struct mono_time now;

static int setup(void **state)
{
    (void)state;
    now.usec = 1000000;
    local_availability_init(&availability, TIMEOUT_USEC, now);
    return 0;
}

static void succeed(uint64_t generation, bool is_write)
{
    local_availability_succeeded(&availability, generation, is_write, false, now);
}

static void fail_with(enum local_result result)
{
    local_availability_failed(&availability, result, &problem, now);
}

static void assert_news(bool is_gone, bool is_back)
{
    bool is_news = local_availability_take_news(&availability, &news);

    assert_int_equal(is_news, is_gone || is_back);
    assert_int_equal(news.is_gone, is_gone);
    assert_int_equal(news.is_back, is_back);
}

static void it_is_tried_at_once_and_told_to_be_there(void **state)
{
    (void)state;
    assert_true(mono_time_due(availability.retry_at, now));
    assert_news(false, false);
    succeed(1, false);
    assert_news(false, true);
    assert_true(mono_time_is_never(availability.retry_at));
    succeed(1, true);
    assert_news(false, false);
}

static void a_lock_that_is_taken_is_tried_less_and_less_often(void **state)
{
    int64_t pauses[] = {1000, 2000, 4000, 8000, 16000, 16000};

    (void)state;
    succeed(1, true);
    assert_news(false, true);
    for (size_t i = 0; i < sizeof(pauses) / sizeof(pauses[0]); i++) {
        fail_with(LOCAL_BUSY);
        assert_int_equal(availability.retry_at.usec - now.usec, pauses[i]);
        assert_news(false, false);
        now = availability.retry_at;
    }
    /* To be read tells nothing of the lock. */
    succeed(1, false);
    now.usec += 3 * TIMEOUT_USEC;
    fail_with(LOCAL_BUSY);
    assert_news(true, false);
    fail_with(LOCAL_BUSY);
    succeed(1, false);
    assert_news(false, false);
    succeed(1, true);
    assert_news(false, true);
    fail_with(LOCAL_BUSY);
    assert_int_equal(availability.retry_at.usec - now.usec, 1000);
    assert_news(false, false);
}

static void what_is_broken_is_told_once(void **state)
{
    (void)state;
    fail_with(LOCAL_BROKEN);
    assert_news(true, false);
    assert_string_equal(news.why.text, problem.text);
    for (unsigned i = 0; i < 10; i++) {
        int64_t before = availability.pause_usec;

        fail_with(i == 5 ? LOCAL_FULL : LOCAL_BROKEN);
        assert_true(availability.pause_usec >= before && availability.pause_usec <= 2000000);
        assert_news(false, false);
    }
    succeed(1, true);
    assert_news(false, true);
}

static void another_store_is_told_as_away_and_back(void **state)
{
    (void)state;
    succeed(1, true);
    assert_news(false, true);
    succeed(2, false);
    assert_news(true, true);
    assert_news(false, false);
    /* But not on top of what is told anyway. */
    fail_with(LOCAL_BROKEN);
    assert_news(true, false);
    succeed(3, true);
    assert_news(false, true);
    assert_news(false, false);
}

static void a_lost_lease_is_told_once_and_only_when_there_was_one(void **state)
{
    (void)state;
    succeed(1, true);
    assert_news(false, true);
    local_availability_lost(&availability);
    assert_news(false, false);
    availability.has_lease = true;
    local_availability_lost(&availability);
    local_availability_lost(&availability);
    assert_news(true, true);
    assert_news(false, false);
}

static void a_full_one_is_away_until_something_finds_room(void **state)
{
    (void)state;
    succeed(1, true);
    assert_news(false, true);
    local_availability_succeeded(&availability, 1, true, true, now);
    assert_news(true, false);
    assert_non_null(strstr(news.why.text, "full"));
    int64_t at = availability.retry_at.usec;

    /* Others that find none do not put the next attempt off. */
    now.usec += 10;
    local_availability_succeeded(&availability, 1, true, true, now);
    assert_int_equal(availability.retry_at.usec, at);
    assert_news(false, false);
    succeed(1, true);
    assert_news(false, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(it_is_tried_at_once_and_told_to_be_there, setup),
        cmocka_unit_test_setup(a_lock_that_is_taken_is_tried_less_and_less_often, setup),
        cmocka_unit_test_setup(what_is_broken_is_told_once, setup),
        cmocka_unit_test_setup(another_store_is_told_as_away_and_back, setup),
        cmocka_unit_test_setup(a_lost_lease_is_told_once_and_only_when_there_was_one, setup),
        cmocka_unit_test_setup(a_full_one_is_away_until_something_finds_room, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
