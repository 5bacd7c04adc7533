/* test_top_rates.c — tests of top_rates.h and rate_text.h. */
#include "top_rates.h"

#include "rate_text.h"
#include "unit.h"

#include <string.h>

enum { SHARDS = 3 };

static struct shard_page pages_before[SHARDS], pages_after[SHARDS];
static uint64_t cpu_before[SHARDS], cpu_after[SHARDS];
static struct top_reading before, after;
static struct top_view view;

static uint64_t *value(struct shard_page *pages, uint32_t shard, size_t index)
{
    return &pages[shard].snapshot.page.values[index];
}

static void fill(struct top_reading *reading, struct shard_page *pages, uint64_t *cpu, int64_t sec)
{
    memset(pages, 0, SHARDS * sizeof(*pages));
    *reading = (struct top_reading){.pages = {.pages = pages,
                                              .count = SHARDS,
                                              .expected = SHARDS,
                                              .now = {.usec = sec * USEC_PER_SEC}},
                                    .cpu_nsec = cpu};
    for (uint32_t k = 0; k < SHARDS; k++) {
        pages[k].shard = k;
        pages[k].snapshot.is_live = true;
        pages[k].snapshot.page.pid = 100 + k;
        cpu[k] = 0;
    }
}

static int set_up(void **state)
{
    (void)state;
    fill(&before, pages_before, cpu_before, 10);
    fill(&after, pages_after, cpu_after, 12);
    return 0;
}

static void compare(enum top_order order)
{
    assert_int_equal(top_compare(&before, &after, order, &view), ERR_OK);
    assert_int_equal(view.row_count, SHARDS);
}

static void is_about(double found, double expected)
{
    assert_true(found > expected - 0.001 && found < expected + 0.001);
}

static void rates_are_a_second_and_both_ways(void **state)
{
    (void)state;
    *value(pages_before, 1, TURN_COUNT_RELAYED_TO_PEER) = 1000;
    *value(pages_after, 1, TURN_COUNT_RELAYED_TO_PEER) = 1500;
    *value(pages_after, 1, TURN_COUNT_RELAYED_TO_PEER_BYTES) = 100;
    *value(pages_after, 0, TURN_COUNT_RELAYED_TO_CLIENT) = 50;
    *value(pages_after, 1, TURN_COUNT_RELAYED_TO_CLIENT) = 20;
    *value(pages_after, 1, TURN_COUNT_RELAYED_TO_CLIENT_BYTES) = 10;
    *value(pages_after, 1, SHARD_COUNT_MISROUTED_TO_SHARD) = 2;
    *value(pages_after, 1, SHARD_COUNT_MISROUTED_NOBODY) = 4;
    *value(pages_after, 1, SHARD_COUNT_REDIRECT_SENT) = 2;
    *value(pages_after, 1, TURN_COUNT_ALLOCATIONS) = 7;
    cpu_before[1] = 1000000000;
    cpu_after[1] = 1500000000;
    compare(TOP_BY_SHARD);
    const struct top_row *row = &view.rows[1];

    assert_true(row->has_rates && row->has_cpu);
    is_about(row->rates[TOP_UP_PACKETS], 250);
    is_about(row->rates[TOP_UP_BITS], 400);
    is_about(row->rates[TOP_DOWN_PACKETS], 10);
    is_about(row->rates[TOP_DOWN_BITS], 40);
    is_about(row->rates[TOP_MISROUTED], 3);
    is_about(row->rates[TOP_REDIRECTED], 1);
    is_about(row->cpu_percent, 25);
    is_about(view.sum.rates[TOP_DOWN_PACKETS], 35);
    assert_int_equal(view.allocations, 7);
    top_view_free(&view);
}

static void a_shard_that_started_in_between_has_no_rates(void **state)
{
    (void)state;
    for (uint32_t k = 0; k < SHARDS; k++) {
        *value(pages_before, k, TURN_COUNT_RELAYED_TO_PEER) = 1000;
        *value(pages_after, k, TURN_COUNT_RELAYED_TO_PEER) = 1100;
        cpu_before[k] = cpu_after[k] = 5;
    }
    *value(pages_after, 0, TURN_COUNT_RELAYED_TO_PEER) = 10;
    pages_after[0].snapshot.page.pid = 777;
    pages_after[1].snapshot.page.started_mono_usec = 11;     /* the pid came again */
    *value(pages_after, 2, TURN_COUNT_RELAYED_TO_PEER) = 10; /* being reset */
    cpu_after[2] = UINT64_MAX;
    compare(TOP_BY_SHARD);
    assert_false(view.rows[0].has_rates || view.rows[0].has_cpu);
    assert_false(view.rows[1].has_rates || view.rows[1].has_cpu);
    assert_true(view.rows[2].has_rates && !view.rows[2].has_cpu);
    is_about(view.rows[2].rates[TOP_UP_PACKETS], 0);
    is_about(view.sum.rates[TOP_UP_PACKETS], 0);
    top_view_free(&view);
}

static void without_a_reading_before_there_are_none(void **state)
{
    (void)state;
    before = (struct top_reading){.cpu_nsec = NULL};
    pages_after[1].err = ERR_NOT_FOUND;
    compare(TOP_BY_CPU);
    for (size_t i = 0; i < SHARDS; i++)
        assert_false(view.rows[i].has_rates);
    top_view_free(&view);
}

static void every_drop_has_its_reason(void **state)
{
    (void)state;
    *value(pages_before, 0, TURN_COUNT_DROP_NO_CHANNEL) = 100;
    *value(pages_after, 0, TURN_COUNT_DROP_NO_CHANNEL) = 100;
    *value(pages_after, 0, TURN_COUNT_DROP_EMPTY) = 2;
    *value(pages_after, 1, TURN_COUNT_DROP_EMPTY) = 4;
    *value(pages_after, 2, SHARD_COUNT_KERNEL_DROPS) = 2;
    *value(pages_after, 2, SHARD_COUNT_WAKEUPS) = 1000;
    compare(TOP_BY_DROPS);
    assert_int_equal(view.drop_count, 3);
    assert_int_equal(view.drops[0].index, TURN_COUNT_DROP_EMPTY);
    is_about(view.drops[0].rate, 3);
    assert_int_equal(view.drops[0].total, 6);
    assert_int_equal(view.drops[1].index, SHARD_COUNT_KERNEL_DROPS);
    assert_int_equal(view.drops[2].index, TURN_COUNT_DROP_NO_CHANNEL);
    is_about(view.drops[2].rate, 0);
    is_about(view.sum.rates[TOP_DROPS], 4);
    /* The largest first, then by number. */
    assert_int_equal(view.rows[0].page->shard, 1);
    assert_int_equal(view.rows[1].page->shard, 0);
    assert_int_equal(view.rows[2].page->shard, 2);
    top_view_free(&view);
}

static void numbers_are_short(void **state)
{
    static const struct {
        double rate;
        const char *text;
    } rows[] = {{0, "0"},        {0.5, "0.5"},      {7, "7"},         {42.25, "42.2"},
                {999, "999"},    {999.6, "1.00k"},  {1234, "1.23k"},  {12345, "12.3k"},
                {99999, "100k"}, {999999, "1.00M"}, {2.5e9, "2.50G"}, {3e15, "3000T"}};
    char text[RATE_TEXT_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_string_equal(rate_text(rows[i].rate, text), rows[i].text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(rates_are_a_second_and_both_ways, set_up),
        cmocka_unit_test_setup(a_shard_that_started_in_between_has_no_rates, set_up),
        cmocka_unit_test_setup(without_a_reading_before_there_are_none, set_up),
        cmocka_unit_test_setup(every_drop_has_its_reason, set_up),
        cmocka_unit_test(numbers_are_short),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
