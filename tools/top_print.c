/* top_print.c — the figures of relayctl top as a page of text, or as JSON. */
#include "top_print.h"

#include "json_writer.h"
#include "rate_text.h"
#include "text_table.h"

#include <inttypes.h>

#define CELL(text, ...) ((void)snprintf(text, TEXT_TABLE_CELL_MAX, __VA_ARGS__))

enum { LINE_MAX_LEN = 512, ROWS_ABOVE = 5, ROWS_BETWEEN = 2 };

enum top_column {
    TOP_SHARD,
    TOP_STATE,
    TOP_CPU,
    TOP_UP_PACKETS_COLUMN,
    TOP_UP_BITS_COLUMN,
    TOP_DOWN_PACKETS_COLUMN,
    TOP_DOWN_BITS_COLUMN,
    TOP_ALLOCATIONS,
    TOP_MISROUTED_COLUMN,
    TOP_REDIRECTED_COLUMN,
    TOP_DROPS_COLUMN,
};

static const struct text_column columns[] = {
    [TOP_SHARD] = {.header = "shard", .is_right = true, .importance = 11},
    [TOP_STATE] = {.header = "state", .importance = 10},
    [TOP_CPU] = {.header = "CPU %", .is_right = true, .importance = 9},
    [TOP_UP_PACKETS_COLUMN] = {.header = "up pkt/s", .is_right = true, .importance = 8},
    [TOP_UP_BITS_COLUMN] = {.header = "up bit/s", .is_right = true, .importance = 4},
    [TOP_DOWN_PACKETS_COLUMN] = {.header = "down pkt/s", .is_right = true, .importance = 7},
    [TOP_DOWN_BITS_COLUMN] = {.header = "down bit/s", .is_right = true, .importance = 3},
    [TOP_ALLOCATIONS] = {.header = "allocations", .is_right = true, .importance = 6},
    [TOP_MISROUTED_COLUMN] = {.header = "misrouted/s", .is_right = true, .importance = 2},
    [TOP_REDIRECTED_COLUMN] = {.header = "redirected/s", .is_right = true, .importance = 1},
    [TOP_DROPS_COLUMN] = {.header = "drops/s", .is_right = true, .importance = 5},
};

static void write_rate(const struct top_row *row, enum top_rate rate,
                       char text[static TEXT_TABLE_CELL_MAX])
{
    char number[RATE_TEXT_MAX];

    if (row->has_rates)
        CELL(text, "%s", rate_text(row->rates[rate], number));
}

static void write_cell(const void *context, size_t row_index, size_t column,
                       char text[static TEXT_TABLE_CELL_MAX])
{
    const struct top_view *view = context;
    const struct top_row *row = &view->rows[row_index];

    CELL(text, "-");
    switch ((enum top_column)column) {
    case TOP_SHARD:
        CELL(text, "%" PRIu32, row->page->shard);
        return;
    case TOP_STATE:
        CELL(text, "%s", shard_page_state(row->page, view->reading->pages.now));
        return;
    case TOP_CPU:
        if (row->has_cpu)
            CELL(text, "%.1f", row->cpu_percent);
        return;
    case TOP_ALLOCATIONS:
        if (row->page->err == ERR_OK)
            CELL(text, "%" PRIu64, shard_page_value(row->page, TURN_COUNT_ALLOCATIONS));
        return;
    case TOP_UP_PACKETS_COLUMN:
        write_rate(row, TOP_UP_PACKETS, text);
        return;
    case TOP_UP_BITS_COLUMN:
        write_rate(row, TOP_UP_BITS, text);
        return;
    case TOP_DOWN_PACKETS_COLUMN:
        write_rate(row, TOP_DOWN_PACKETS, text);
        return;
    case TOP_DOWN_BITS_COLUMN:
        write_rate(row, TOP_DOWN_BITS, text);
        return;
    case TOP_MISROUTED_COLUMN:
        write_rate(row, TOP_MISROUTED, text);
        return;
    case TOP_REDIRECTED_COLUMN:
        write_rate(row, TOP_REDIRECTED, text);
        return;
    case TOP_DROPS_COLUMN:
        write_rate(row, TOP_DROPS, text);
        return;
    }
}

/* Who, and what all shards do together. */
static void print_head(const struct relay_place *place, const struct top_view *view, unsigned width,
                       FILE *out)
{
    const struct top_row *sum = &view->sum;
    struct host_status status = host_status_judge(&view->reading->pages);
    char line[LINE_MAX_LEN], numbers[4][RATE_TEXT_MAX];

    (void)snprintf(line, sizeof(line),
                   "%s is %s: %" PRIu32 " of %" PRIu32 " shards serve, %" PRIu64
                   " allocations, CPU %.1f %%",
                   place->deployment.instance, host_verdict_name(status.verdict), status.serving,
                   view->reading->pages.expected, view->allocations, sum->cpu_percent);
    text_print_cut(line, width, out);
    (void)snprintf(line, sizeof(line), "up %s pkt/s, %s bit/s; down %s pkt/s, %s bit/s",
                   rate_text(sum->rates[TOP_UP_PACKETS], numbers[0]),
                   rate_text(sum->rates[TOP_UP_BITS], numbers[1]),
                   rate_text(sum->rates[TOP_DOWN_PACKETS], numbers[2]),
                   rate_text(sum->rates[TOP_DOWN_BITS], numbers[3]));
    fputc('\n', out);
    text_print_cut(line, width, out);
    fputs("\n\n", out);
}

static void print_drops(const struct top_view *view, size_t most, unsigned width, FILE *out)
{
    char line[LINE_MAX_LEN], number[RATE_TEXT_MAX];

    for (size_t i = 0; i < view->drop_count && i < most; i++) {
        const struct top_drop *drop = &view->drops[i];

        (void)snprintf(line, sizeof(line), "%8s/s %12" PRIu64 "  %s", rate_text(drop->rate, number),
                       drop->total, counter_info_of(drop->index)->name);
        text_print_cut(line, width, out);
        fputc('\n', out);
    }
}

void top_print_text(const struct relay_place *place, const struct top_view *view,
                    struct terminal_size size, FILE *out)
{
    struct text_table table = {.columns = columns,
                               .column_count = sizeof(columns) / sizeof(columns[0]),
                               .row_count = view->row_count,
                               .cell = write_cell,
                               .context = view};
    size_t room = SIZE_MAX;

    if (size.columns != 0) {
        room = size.rows > ROWS_ABOVE ? size.rows - ROWS_ABOVE : 0;
        if (table.row_count > room)
            table.row_count = room;
        room -= table.row_count;
        room = room > ROWS_BETWEEN ? room - ROWS_BETWEEN : 0;
    }
    print_head(place, view, size.columns, out);
    text_table_print(&table, size.columns, out);
    if (room == 0 || view->drop_count == 0)
        return;
    fputs("\n", out);
    text_print_cut("    drops        total  reason", size.columns, out);
    fputc('\n', out);
    print_drops(view, room, size.columns, out);
}

static void rates_json(struct json_writer *json, const struct top_row *row)
{
    static const char *const names[TOP_RATE_COUNT] = {
        [TOP_UP_PACKETS] = "up_packets_per_sec",
        [TOP_UP_BITS] = "up_bits_per_sec",
        [TOP_DOWN_PACKETS] = "down_packets_per_sec",
        [TOP_DOWN_BITS] = "down_bits_per_sec",
        [TOP_MISROUTED] = "misrouted_per_sec",
        [TOP_REDIRECTED] = "redirected_per_sec",
        [TOP_DROPS] = "drops_per_sec",
    };

    if (row->has_cpu)
        json_number(json, "cpu_percent", row->cpu_percent, 1);
    for (unsigned r = 0; row->has_rates && r < TOP_RATE_COUNT; r++)
        json_number(json, names[r], row->rates[r], 1);
}

static void shard_json(struct json_writer *json, const struct top_view *view,
                       const struct top_row *row)
{
    struct mono_time now = view->reading->pages.now;

    json_begin_object(json, NULL);
    json_u64(json, "shard", row->page->shard);
    json_text(json, "state", shard_page_state(row->page, now));
    if (row->page->err == ERR_OK) {
        json_number(json, "age_sec",
                    (double)counter_page_age(&row->page->snapshot.page, now) / USEC_PER_SEC, 3);
        json_u64(json, "pid", (uint64_t)row->page->snapshot.page.pid);
        json_u64(json, "allocations", shard_page_value(row->page, TURN_COUNT_ALLOCATIONS));
    }
    rates_json(json, row);
    json_end_object(json);
}

void top_print_json(const struct relay_place *place, const struct top_view *view, FILE *out)
{
    struct host_status status = host_status_judge(&view->reading->pages);
    struct json_writer json = json_writer_to(out);

    json_begin_object(&json, NULL);
    json_text(&json, "instance", place->deployment.instance);
    json_text(&json, "verdict", host_verdict_name(status.verdict));
    json_number(&json, "mono_sec", (double)view->reading->pages.now.usec / USEC_PER_SEC, 3);
    json_u64(&json, "serving", status.serving);
    json_u64(&json, "allocations", view->allocations);
    rates_json(&json, &view->sum);
    json_begin_array(&json, "shards");
    for (size_t i = 0; i < view->row_count; i++)
        shard_json(&json, view, &view->rows[i]);
    json_end_array(&json);
    json_begin_array(&json, "drops");
    for (size_t i = 0; i < view->drop_count; i++) {
        json_begin_object(&json, NULL);
        json_text(&json, "reason", counter_drop_reason(counter_info_of(view->drops[i].index)));
        json_number(&json, "per_sec", view->drops[i].rate, 1);
        json_u64(&json, "total", view->drops[i].total);
        json_end_object(&json);
    }
    json_end_array(&json);
    json_end_object(&json);
}
