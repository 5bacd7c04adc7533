/* status_print.c — the state of a relay as one screen, or as JSON. */
#include "status_print.h"

#include "coordination_url.h"
#include "duration_text.h"
#include "json_writer.h"
#include "portal_print.h"
#include "text_table.h"

#include <inttypes.h>
#include <time.h>

/* The registry's URL without what lets one in. */
static const char *registry_of(const struct relay_place *place,
                               char text[static COORDINATION_TEXT_MAX])
{
    if (!place->is_recorded)
        return "not known";
    return coordination_url_describe(place->deployment.coordination, text);
}

static void print_verdict(const struct relay_place *place, const struct shard_pages *pages,
                          const struct host_status *status, FILE *out)
{
    char text[TROUBLE_TEXT_MAX];
    const char *before = ": ";

    fprintf(out, "%s is %s", place->deployment.instance, host_verdict_name(status->verdict));
    if (pages->count == 0)
        fputs(": no shard has run here", out);
    for (unsigned t = 0; t < SHARD_TROUBLE_COUNT; t++) {
        if (status->troubled[t] == 0)
            continue;
        fprintf(out, "%s%s", before, shard_trouble_text(pages, (enum shard_trouble)t, text));
        before = "; ";
    }
    if (status->none_takes_new)
        fprintf(out, "%sno shard takes new allocations: all drain", before);
    fputc('\n', out);
}

static void print_relay(const struct relay_place *place, const struct shard_pages *pages,
                        const struct host_status *status, FILE *out)
{
    const struct deployment *deployment = &place->deployment;
    char text[COORDINATION_TEXT_MAX];

    if (place->is_recorded)
        fprintf(out, "relay %s, relay ports %u to %u, ", deployment->version,
                deployment->lowest_port, deployment->highest_port);
    fprintf(out, "%" PRIu32 " shards, %" PRIu64 " restarts, state directory %s\n", pages->expected,
            status->restarts, place->dir.path);
    fprintf(out, "registry %s, answers %" PRIu32 " of %" PRIu32 " serving shards\n",
            registry_of(place, text), status->with_registry, status->serving);
    portal_print_text(place, (uint64_t)time(NULL), out);
    if (deployment->http_addr[0] != '\0')
        fprintf(out, "HTTP on %s, of %" PRIu32 " of %" PRIu32 " serving shards\n",
                deployment->http_addr, status->with_http, status->serving);
}

enum status_column {
    STATUS_SHARD,
    STATUS_STATE,
    STATUS_PID,
    STATUS_UPTIME,
    STATUS_ALLOCATIONS,
    STATUS_LEASE,
    STATUS_REGISTRY,
    STATUS_FIGURES,
    STATUS_STARTS,
    STATUS_KERNEL_DROPS,
};

static const struct text_column columns[] = {
    [STATUS_SHARD] = {.header = "shard", .is_right = true, .importance = 9},
    [STATUS_STATE] = {.header = "state", .importance = 8},
    [STATUS_PID] = {.header = "pid", .is_right = true, .importance = 2},
    [STATUS_UPTIME] = {.header = "up for", .is_right = true, .importance = 4},
    [STATUS_ALLOCATIONS] = {.header = "allocations", .is_right = true, .importance = 7},
    [STATUS_LEASE] = {.header = "lease", .importance = 3},
    [STATUS_REGISTRY] = {.header = "registry", .importance = 5},
    [STATUS_FIGURES] = {.header = "figures", .importance = 6},
    [STATUS_STARTS] = {.header = "starts", .is_right = true, .importance = 1},
    [STATUS_KERNEL_DROPS] = {.header = "kernel drops", .is_right = true, .importance = 0},
};

static void write_value(const struct shard_pages *pages, const struct shard_page *page,
                        enum status_column column, char text[static TEXT_TABLE_CELL_MAX])
{
    const struct counter_page *values = &page->snapshot.page;
    bool is_live = page->snapshot.is_live;
    char duration[DURATION_TEXT_MAX];

    switch (column) {
    case STATUS_SHARD:
    case STATUS_STATE:
        return;
    case STATUS_PID:
        if (is_live)
            (void)snprintf(text, TEXT_TABLE_CELL_MAX, "%" PRId64, values->pid);
        return;
    case STATUS_UPTIME:
        if (is_live)
            (void)snprintf(
                text, TEXT_TABLE_CELL_MAX, "%s",
                duration_text((pages->now.usec - values->started_mono_usec) / USEC_PER_SEC,
                              duration));
        return;
    case STATUS_ALLOCATIONS:
        (void)snprintf(text, TEXT_TABLE_CELL_MAX, "%" PRIu64 " of %" PRIu64,
                       shard_page_value(page, TURN_COUNT_ALLOCATIONS),
                       shard_page_value(page, SHARD_COUNT_CAPACITY));
        return;
    case STATUS_LEASE:
        if (is_live)
            (void)snprintf(text, TEXT_TABLE_CELL_MAX, "%s",
                           shard_page_value(page, SHARD_COUNT_LEASE_HELD) != 0 ? "held" : "none");
        return;
    case STATUS_REGISTRY:
        if (is_live)
            (void)snprintf(text, TEXT_TABLE_CELL_MAX, "%s",
                           shard_page_value(page, SHARD_COUNT_REGISTRY_AVAILABLE) != 0 ? "answers"
                                                                                       : "away");
        return;
    case STATUS_FIGURES:
        (void)age_text(counter_page_age(values, pages->now), text);
        return;
    case STATUS_STARTS:
        (void)snprintf(text, TEXT_TABLE_CELL_MAX, "%" PRIu64, values->starts);
        return;
    case STATUS_KERNEL_DROPS:
        (void)snprintf(text, TEXT_TABLE_CELL_MAX, "%" PRIu64,
                       shard_page_value(page, SHARD_COUNT_KERNEL_DROPS));
        return;
    }
}

static void write_cell(const void *context, size_t row, size_t column,
                       char text[static TEXT_TABLE_CELL_MAX])
{
    const struct shard_pages *pages = context;
    const struct shard_page *page = &pages->pages[row];

    (void)snprintf(text, TEXT_TABLE_CELL_MAX, "-");
    if (column == STATUS_SHARD)
        (void)snprintf(text, TEXT_TABLE_CELL_MAX, "%" PRIu32, page->shard);
    else if (column == STATUS_STATE)
        (void)snprintf(text, TEXT_TABLE_CELL_MAX, "%s", shard_page_state(page, pages->now));
    else if (page->err == ERR_OK)
        write_value(pages, page, (enum status_column)column, text);
}

void status_print_text(const struct relay_place *place, const struct shard_pages *pages,
                       const struct host_status *status, unsigned width, FILE *out)
{
    const struct text_table table = {.columns = columns,
                                     .column_count = sizeof(columns) / sizeof(columns[0]),
                                     .row_count = pages->count,
                                     .cell = write_cell,
                                     .context = pages};

    print_verdict(place, pages, status, out);
    print_relay(place, pages, status, out);
    if (pages->count == 0)
        return;
    fputc('\n', out);
    text_table_print(&table, width, out);
}

static void shard_json(struct json_writer *json, const struct shard_pages *pages,
                       const struct shard_page *page)
{
    const struct counter_page *values = &page->snapshot.page;

    json_begin_object(json, NULL);
    json_u64(json, "shard", page->shard);
    json_text(json, "state", shard_page_state(page, pages->now));
    json_begin_array(json, "troubles");
    for (unsigned t = 0; t < SHARD_TROUBLE_COUNT; t++)
        if (shard_has_trouble(pages, page, (enum shard_trouble)t))
            json_text(json, NULL, shard_trouble_code((enum shard_trouble)t));
    json_end_array(json);
    if (page->err == ERR_OK) {
        int64_t age = counter_page_age(values, pages->now);
        int64_t uptime = pages->now.usec - values->started_mono_usec;

        json_bool(json, "running", page->snapshot.is_live);
        json_bool(json, "hangs", counter_snapshot_hangs(&page->snapshot, pages->now));
        json_number(json, "age_sec", (double)age / USEC_PER_SEC, 3);
        json_u64(json, "pid", (uint64_t)values->pid);
        json_number(json, "uptime_sec", (double)uptime / USEC_PER_SEC, 3);
        json_u64(json, "started", values->started_wall_sec);
        json_u64(json, "starts", values->starts);
        json_u64(json, "allocations", shard_page_value(page, TURN_COUNT_ALLOCATIONS));
        json_u64(json, "capacity", shard_page_value(page, SHARD_COUNT_CAPACITY));
        json_u64(json, "channels", shard_page_value(page, TURN_COUNT_CHANNELS));
        json_bool(json, "lease_held", shard_page_value(page, SHARD_COUNT_LEASE_HELD) != 0);
        json_bool(json, "registry_available",
                  shard_page_value(page, SHARD_COUNT_REGISTRY_AVAILABLE) != 0);
        json_u64(json, "kernel_drops", shard_page_value(page, SHARD_COUNT_KERNEL_DROPS));
        json_u64(json, "control_budget_exhausted",
                 shard_page_value(page, SHARD_COUNT_CONTROL_BUDGET_EXHAUSTED));
        json_u64(json, "data_budget_exhausted",
                 shard_page_value(page, SHARD_COUNT_DATA_BUDGET_EXHAUSTED));
    }
    json_end_object(json);
}

static void reasons_json(struct json_writer *json, const struct shard_pages *pages,
                         const struct host_status *status)
{
    char text[TROUBLE_TEXT_MAX];

    json_begin_array(json, "reasons");
    for (unsigned t = 0; t < SHARD_TROUBLE_COUNT; t++)
        if (status->troubled[t] > 0)
            json_text(json, NULL, shard_trouble_text(pages, (enum shard_trouble)t, text));
    if (status->none_takes_new)
        json_text(json, NULL, "no shard takes new allocations: all drain");
    json_end_array(json);
}

void status_print_json(const struct relay_place *place, const struct shard_pages *pages,
                       const struct host_status *status, FILE *out)
{
    const struct deployment *deployment = &place->deployment;
    struct json_writer json = json_writer_to(out);
    char text[COORDINATION_TEXT_MAX];

    json_begin_object(&json, NULL);
    json_text(&json, "instance", deployment->instance);
    json_text(&json, "verdict", host_verdict_name(status->verdict));
    reasons_json(&json, pages, status);
    json_text(&json, "state_dir", place->dir.path);
    if (place->is_recorded) {
        json_text(&json, "version", deployment->version);
        json_u64(&json, "lowest_port", deployment->lowest_port);
        json_u64(&json, "highest_port", deployment->highest_port);
    }
    if (deployment->http_addr[0] != '\0') {
        json_text(&json, "http_addr", deployment->http_addr);
        json_u64(&json, "http_shards", status->with_http);
    }
    json_begin_object(&json, "registry");
    json_text(&json, "url", registry_of(place, text));
    json_u64(&json, "answers_shards", status->with_registry);
    json_end_object(&json);
    portal_print_json(place, (uint64_t)time(NULL), &json);
    json_u64(&json, "shard_count", pages->expected);
    json_u64(&json, "serving", status->serving);
    json_u64(&json, "restarts", status->restarts);
    json_begin_array(&json, "shards");
    for (size_t i = 0; i < pages->count; i++)
        shard_json(&json, pages, &pages->pages[i]);
    json_end_array(&json);
    json_end_object(&json);
}
