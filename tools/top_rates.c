/* top_rates.c — what each shard did between two readings of its counters, in figures a second. */
#include "top_rates.h"

#include "process_usage.h"

#include <stdlib.h>

enum { BITS_PER_BYTE = 8 };

enum err top_read(const struct relay_place *place, struct top_reading *ret, struct problem *problem)
{
    *ret = (struct top_reading){.cpu_nsec = NULL};
    enum err err = shard_pages_read(place, &ret->pages, problem);

    if (err != ERR_OK)
        return err;
    ret->cpu_nsec = calloc(ret->pages.count + 1, sizeof(*ret->cpu_nsec));
    if (ret->cpu_nsec == NULL) {
        problem_set(problem, "%s", err_name(ERR_NO_MEMORY));
        top_reading_free(ret);
        return ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < ret->pages.count; i++) {
        const struct shard_page *page = &ret->pages.pages[i];
        struct process_usage usage;
        bool is_known = page->err == ERR_OK && page->snapshot.is_live &&
                        process_usage_read((pid_t)page->snapshot.page.pid, &usage) == ERR_OK;

        ret->cpu_nsec[i] = is_known ? usage.cpu_nsec : UINT64_MAX;
    }
    return ERR_OK;
}

void top_reading_free(struct top_reading *reading)
{
    shard_pages_free(&reading->pages);
    free(reading->cpu_nsec);
    reading->cpu_nsec = NULL;
}

/* What the rates are made of. */
static uint64_t total_of(const struct shard_page *page, enum top_rate rate)
{
    switch (rate) {
    case TOP_UP_PACKETS:
        return shard_page_value(page, TURN_COUNT_RELAYED_TO_PEER);
    case TOP_UP_BITS:
        return shard_page_value(page, TURN_COUNT_RELAYED_TO_PEER_BYTES) * BITS_PER_BYTE;
    case TOP_DOWN_PACKETS:
        return shard_page_value(page, TURN_COUNT_RELAYED_TO_CLIENT);
    case TOP_DOWN_BITS:
        return shard_page_value(page, TURN_COUNT_RELAYED_TO_CLIENT_BYTES) * BITS_PER_BYTE;
    case TOP_MISROUTED:
        return counter_sum_misrouted(page->snapshot.page.values);
    case TOP_REDIRECTED:
        return shard_page_value(page, SHARD_COUNT_REDIRECT_SENT);
    case TOP_DROPS:
        return counter_sum_dropped(page->snapshot.page.values);
    case TOP_RATE_COUNT:
        break;
    }
    return 0;
}

/* The page of the same process in the reading before, or NULL. */
static const struct shard_page *former_of(const struct top_reading *before,
                                          const struct shard_page *page)
{
    const struct shard_page *former = shard_pages_find(&before->pages, page->shard);

    if (page->err != ERR_OK || former == NULL ||
        former->snapshot.page.pid != page->snapshot.page.pid ||
        former->snapshot.page.started_mono_usec != page->snapshot.page.started_mono_usec)
        return NULL;
    return former;
}

/* A counter goes up only; a page that is being reset this very moment may look otherwise. */
static double rate_of(uint64_t before, uint64_t after, double sec)
{
    return after > before && sec > 0 ? (double)(after - before) / sec : 0;
}

static struct top_row row_of(const struct top_reading *before, const struct top_reading *after,
                             size_t index)
{
    const struct shard_page *page = &after->pages.pages[index];
    const struct shard_page *former = former_of(before, page);
    double sec = (double)(after->pages.now.usec - before->pages.now.usec) / USEC_PER_SEC;
    struct top_row row = {.page = page, .has_rates = former != NULL};

    if (former == NULL)
        return row;
    for (unsigned r = 0; r < TOP_RATE_COUNT; r++)
        row.rates[r] =
            rate_of(total_of(former, (enum top_rate)r), total_of(page, (enum top_rate)r), sec);
    uint64_t cpu_before = before->cpu_nsec[former - before->pages.pages];

    row.has_cpu = cpu_before != UINT64_MAX && after->cpu_nsec[index] != UINT64_MAX;
    if (row.has_cpu)
        row.cpu_percent = rate_of(cpu_before, after->cpu_nsec[index], sec) / 1e7;
    return row;
}

static void add_to_sum(struct top_view *view, const struct top_row *row)
{
    view->sum.has_rates |= row->has_rates;
    view->sum.has_cpu |= row->has_cpu;
    view->sum.cpu_percent += row->cpu_percent;
    for (unsigned r = 0; r < TOP_RATE_COUNT; r++)
        view->sum.rates[r] += row->rates[r];
    if (row->page->err == ERR_OK && row->page->snapshot.is_live)
        view->allocations += shard_page_value(row->page, TURN_COUNT_ALLOCATIONS);
}

static int by_rate_and_total(const void *a, const void *b)
{
    const struct top_drop *first = a, *second = b;

    if (first->rate > second->rate || first->rate < second->rate)
        return first->rate > second->rate ? -1 : 1;
    if (first->total != second->total)
        return first->total > second->total ? -1 : 1;
    return (first->index > second->index) - (first->index < second->index);
}

static void gather_drops(const struct top_reading *before, struct top_view *view)
{
    double sec = (double)(view->reading->pages.now.usec - before->pages.now.usec) / USEC_PER_SEC;

    for (size_t index = 0; index < COUNTER_PAGE_VALUES; index++) {
        struct top_drop drop = {.index = index};

        if (counter_info_of(index)->kind != COUNTER_DROP)
            continue;
        for (size_t i = 0; i < view->reading->pages.count; i++) {
            const struct shard_page *page = &view->reading->pages.pages[i];
            const struct shard_page *former = former_of(before, page);

            if (page->err != ERR_OK || !page->snapshot.is_live)
                continue;
            drop.total += shard_page_value(page, index);
            if (former != NULL)
                drop.rate +=
                    rate_of(shard_page_value(former, index), shard_page_value(page, index), sec);
        }
        if (drop.total > 0)
            view->drops[view->drop_count++] = drop;
    }
    qsort(view->drops, view->drop_count, sizeof(*view->drops), by_rate_and_total);
}

double top_value(const struct top_row *row, enum top_order order)
{
    switch (order) {
    case TOP_BY_SHARD:
        break;
    case TOP_BY_CPU:
        return row->cpu_percent;
    case TOP_BY_PACKETS:
        return row->rates[TOP_UP_PACKETS] + row->rates[TOP_DOWN_PACKETS];
    case TOP_BY_BITS:
        return row->rates[TOP_UP_BITS] + row->rates[TOP_DOWN_BITS];
    case TOP_BY_ALLOCATIONS:
        return row->page->err == ERR_OK
                   ? (double)shard_page_value(row->page, TURN_COUNT_ALLOCATIONS)
                   : 0;
    case TOP_BY_MISROUTED:
        return row->rates[TOP_MISROUTED];
    case TOP_BY_DROPS:
        return row->rates[TOP_DROPS];
    }
    return 0;
}

static int by_order(const void *a, const void *b, void *context)
{
    const struct top_row *first = a, *second = b;
    const enum top_order *order = context;
    double one = top_value(first, *order), other = top_value(second, *order);

    if (one > other || one < other)
        return one > other ? -1 : 1;
    return (first->page->shard > second->page->shard) - (first->page->shard < second->page->shard);
}

enum err top_compare(const struct top_reading *before, const struct top_reading *after,
                     enum top_order order, struct top_view *ret)
{
    *ret = (struct top_view){.reading = after};
    ret->rows = calloc(after->pages.count + 1, sizeof(*ret->rows));
    if (ret->rows == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < after->pages.count; i++) {
        ret->rows[ret->row_count] = row_of(before, after, i);
        add_to_sum(ret, &ret->rows[ret->row_count++]);
    }
    gather_drops(before, ret);
    qsort_r(ret->rows, ret->row_count, sizeof(*ret->rows), by_order, &order);
    return ERR_OK;
}

void top_view_free(struct top_view *view)
{
    free(view->rows);
    view->rows = NULL;
    view->row_count = 0;
}
