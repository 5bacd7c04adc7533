/* top_rates.h — what each shard did between two readings of its counters, in figures a second. */
#ifndef RELAY_TOP_RATES_H
#define RELAY_TOP_RATES_H

#include "err.h"
#include "shard_pages.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The counters of all shards at one time, with the processor time of their processes. */
struct top_reading {
    struct shard_pages pages;
    uint64_t *cpu_nsec; /* of each of |pages|; UINT64_MAX when it is not known */
};

/* top_read: ERR_OK, or an error of shard_pages_read. Free it with top_reading_free. */
enum err top_read(const struct relay_place *place, struct top_reading *ret,
                  struct problem *problem) MUST_CHECK;

/* top_reading_free: zeroed ones are fine. */
void top_reading_free(struct top_reading *reading);

enum top_rate {
    TOP_UP_PACKETS, /* client to peer, a second, as the others */
    TOP_UP_BITS,    /* of payload */
    TOP_DOWN_PACKETS,
    TOP_DOWN_BITS,
    TOP_MISROUTED,  /* datagrams that another shard owns */
    TOP_REDIRECTED, /* handed to their owner */
    TOP_DROPS,      /* for any reason */
    TOP_RATE_COUNT,
};

struct top_row {
    const struct shard_page *page;
    bool has_rates; /* the same process was there at both readings */
    double rates[TOP_RATE_COUNT];
    bool has_cpu;
    double cpu_percent; /* of one processor */
};

/* A reason for drops, over all shards. */
struct top_drop {
    size_t index; /* of the counter */
    double rate;
    uint64_t total; /* of the processes that run, since they started */
};

enum { TOP_DROPS_MAX = COUNTER_PAGE_VALUES };

struct top_view {
    const struct top_reading *reading; /* the later one; must outlive the view */
    struct top_row *rows;              /* one for each page of it */
    size_t row_count;
    struct top_row sum; /* of all rows; its page is NULL */
    uint64_t allocations;
    struct top_drop drops[TOP_DROPS_MAX]; /* those not 0, the most frequent first */
    size_t drop_count;
};

enum top_order {
    TOP_BY_SHARD,
    TOP_BY_CPU,
    TOP_BY_PACKETS,
    TOP_BY_BITS,
    TOP_BY_ALLOCATIONS,
    TOP_BY_MISROUTED,
    TOP_BY_DROPS,
};

/*
 * top_compare makes the view of what happened from |before|, zeroed when there is none, to |after|.
 * A shard that started in between has no rates, so none is ever negative. The rows are in
 * |order|: by number, or the largest first. ERR_OK, ERR_NO_MEMORY. Free it with top_view_free.
 */
enum err top_compare(const struct top_reading *before, const struct top_reading *after,
                     enum top_order order, struct top_view *ret) MUST_CHECK;
void top_view_free(struct top_view *view);

/* top_value: the figure of |row| that |order| goes by; 0 when it is not known. */
double top_value(const struct top_row *row, enum top_order order);

#endif
