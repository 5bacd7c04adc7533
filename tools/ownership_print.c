/* ownership_print.c — shards, allocations and channels as tables for people. */
#include "ownership_print.h"

#include "duration_text.h"
#include "text_table.h"

#include <inttypes.h>

#define CELL(text, ...) ((void)snprintf(text, TEXT_TABLE_CELL_MAX, __VA_ARGS__))

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* What is not known. */
#define UNKNOWN "-"

enum shards_column {
    SHARDS_SHARD,
    SHARDS_STATE,
    SHARDS_LEASE,
    SHARDS_PID,
    SHARDS_PORTS,
    SHARDS_ALLOCATIONS,
    SHARDS_CHANNELS,
    SHARDS_AGE,
};

static const struct text_column shards_columns[] = {
    [SHARDS_SHARD] = {.header = "shard", .is_right = true, .importance = 8},
    [SHARDS_STATE] = {.header = "state", .importance = 7},
    [SHARDS_LEASE] = {.header = "lease", .importance = 3},
    [SHARDS_PID] = {.header = "pid", .is_right = true, .importance = 1},
    [SHARDS_PORTS] = {.header = "relay ports", .importance = 4},
    [SHARDS_ALLOCATIONS] = {.header = "allocations", .is_right = true, .importance = 6},
    [SHARDS_CHANNELS] = {.header = "channels", .is_right = true, .importance = 2},
    [SHARDS_AGE] = {.header = "figures", .importance = 5},
};

static void write_counters_cell(const struct ownership_view *view, const struct shard_page *page,
                                enum shards_column column, char text[static TEXT_TABLE_CELL_MAX])
{
    switch (column) {
    case SHARDS_PID:
        CELL(text, "%" PRId64, page->snapshot.page.pid);
        return;
    case SHARDS_ALLOCATIONS:
        CELL(text, "%" PRIu64, shard_page_value(page, TURN_COUNT_ALLOCATIONS));
        return;
    case SHARDS_CHANNELS:
        CELL(text, "%" PRIu64, shard_page_value(page, TURN_COUNT_CHANNELS));
        return;
    case SHARDS_AGE:
        (void)age_text(counter_page_age(&page->snapshot.page, view->now), text);
        return;
    case SHARDS_SHARD:
    case SHARDS_STATE:
    case SHARDS_LEASE:
    case SHARDS_PORTS:
        return;
    }
}

static void write_shards_cell(const void *context, size_t row, size_t column,
                              char text[static TEXT_TABLE_CELL_MAX])
{
    const struct ownership_view *view = context;
    const struct view_shard *shard = &view->shards[row];

    CELL(text, UNKNOWN);
    switch ((enum shards_column)column) {
    case SHARDS_SHARD:
        CELL(text, "%" PRIu32, shard->lease.owner.shard);
        return;
    case SHARDS_STATE:
        CELL(text, "%s", view_shard_state(view, shard));
        return;
    case SHARDS_LEASE:
        if (shard->has_lease)
            CELL(text, "%s", shard->is_live ? "held" : "over");
        return;
    case SHARDS_PORTS:
        if (shard->lease.lowest_port != 0)
            CELL(text, "%u-%u", shard->lease.lowest_port, shard->lease.highest_port);
        return;
    case SHARDS_PID:
    case SHARDS_ALLOCATIONS:
    case SHARDS_CHANNELS:
        /* What a process that is gone had is kept in the registry, or another shard's by now. */
        if (shard->page.err == ERR_OK && shard->page.snapshot.is_live)
            write_counters_cell(view, &shard->page, (enum shards_column)column, text);
        return;
    case SHARDS_AGE:
        if (shard->page.err == ERR_OK)
            write_counters_cell(view, &shard->page, (enum shards_column)column, text);
        return;
    }
}

void print_shards_text(const struct ownership_view *view, unsigned width, FILE *out)
{
    const struct text_table table = {.columns = shards_columns,
                                     .column_count = COUNT_OF(shards_columns),
                                     .row_count = view->shard_count,
                                     .cell = write_shards_cell,
                                     .context = view};

    text_table_print(&table, width, out);
}

enum allocations_column {
    ALLOCATIONS_SHARD,
    ALLOCATIONS_CLIENT,
    ALLOCATIONS_PORT,
    ALLOCATIONS_FAMILIES,
    ALLOCATIONS_LEFT,
    ALLOCATIONS_CHANNELS,
    ALLOCATIONS_USERNAME,
};

static const struct text_column allocations_columns[] = {
    [ALLOCATIONS_SHARD] = {.header = "shard", .is_right = true, .importance = 5},
    [ALLOCATIONS_CLIENT] = {.header = "client", .importance = 7, .least = 15},
    [ALLOCATIONS_PORT] = {.header = "relay port", .is_right = true, .importance = 6},
    [ALLOCATIONS_FAMILIES] = {.header = "families", .importance = 1},
    [ALLOCATIONS_LEFT] = {.header = "left", .is_right = true, .importance = 4},
    [ALLOCATIONS_CHANNELS] = {.header = "channels", .is_right = true, .importance = 2},
    [ALLOCATIONS_USERNAME] = {.header = "username", .importance = 3, .least = 8},
};

static void write_allocations_cell(const void *context, size_t row, size_t column,
                                   char text[static TEXT_TABLE_CELL_MAX])
{
    const struct ownership_view *view = context;
    const struct view_allocation *allocation = &view->allocations[row];
    char
        part[RECORD_USER_MAX > TRANSPORT_ADDR_TEXT_MAX ? RECORD_USER_MAX : TRANSPORT_ADDR_TEXT_MAX];

    switch ((enum allocations_column)column) {
    case ALLOCATIONS_SHARD:
        CELL(text, "%" PRIu32, allocation->owner.shard);
        return;
    case ALLOCATIONS_CLIENT:
        CELL(text, "%s", transport_addr_format(&allocation->five_tuple.client, part));
        return;
    case ALLOCATIONS_PORT:
        CELL(text, "%u", allocation->record.port);
        return;
    case ALLOCATIONS_FAMILIES:
        CELL(text, "%s", view_families(allocation->record.families));
        return;
    case ALLOCATIONS_LEFT:
        CELL(text, "%s", duration_text(allocation->left_sec, part));
        return;
    case ALLOCATIONS_CHANNELS:
        CELL(text, "%zu", allocation->channel_count);
        return;
    case ALLOCATIONS_USERNAME:
        CELL(text, "%s", view_username(&allocation->record, part));
        return;
    }
}

void print_allocations_text(const struct ownership_view *view, unsigned width, FILE *out)
{
    const struct text_table table = {.columns = allocations_columns,
                                     .column_count = COUNT_OF(allocations_columns),
                                     .row_count = view->allocation_count,
                                     .cell = write_allocations_cell,
                                     .context = view};

    text_table_print(&table, width, out);
}

enum channels_column {
    CHANNELS_SHARD,
    CHANNELS_CLIENT,
    CHANNELS_PORT,
    CHANNELS_NUMBER,
    CHANNELS_PEER,
    CHANNELS_LEFT,
};

static const struct text_column channels_columns[] = {
    [CHANNELS_SHARD] = {.header = "shard", .is_right = true, .importance = 1},
    [CHANNELS_CLIENT] = {.header = "client", .importance = 6, .least = 15},
    [CHANNELS_PORT] = {.header = "relay port", .is_right = true, .importance = 2},
    [CHANNELS_NUMBER] = {.header = "channel", .importance = 4},
    [CHANNELS_PEER] = {.header = "peer", .importance = 5, .least = 15},
    [CHANNELS_LEFT] = {.header = "left", .is_right = true, .importance = 3},
};

/* A row of the table. */
struct channel_row {
    const struct view_allocation *allocation;
    const struct view_channel *channel;
};

/* Rows are asked for in their order, twice: where the last one was found is where to go on. */
struct channel_rows {
    const struct ownership_view *view;
    size_t allocation, before; /* and the rows of those before it */
};

static struct channel_row channel_row_of(struct channel_rows *rows, size_t row)
{
    const struct view_allocation *allocations = rows->view->allocations;

    if (row < rows->before)
        rows->allocation = rows->before = 0;
    while (row - rows->before >= allocations[rows->allocation].channel_count)
        rows->before += allocations[rows->allocation++].channel_count;
    return (struct channel_row){.allocation = &allocations[rows->allocation],
                                .channel =
                                    &allocations[rows->allocation].channels[row - rows->before]};
}

static void write_channels_cell(const void *context, size_t row, size_t column,
                                char text[static TEXT_TABLE_CELL_MAX])
{
    /* What it points to is the caller's own. */
    struct channel_rows *rows = *(struct channel_rows *const *)context;
    const struct channel_row found = channel_row_of(rows, row);
    char part[TRANSPORT_ADDR_TEXT_MAX];

    switch ((enum channels_column)column) {
    case CHANNELS_SHARD:
        CELL(text, "%" PRIu32, found.allocation->owner.shard);
        return;
    case CHANNELS_CLIENT:
        CELL(text, "%s", transport_addr_format(&found.allocation->five_tuple.client, part));
        return;
    case CHANNELS_PORT:
        CELL(text, "%u", found.allocation->record.port);
        return;
    case CHANNELS_NUMBER:
        CELL(text, "0x%04x", found.channel->number);
        return;
    case CHANNELS_PEER:
        CELL(text, "%s", transport_addr_format(&found.channel->peer, part));
        return;
    case CHANNELS_LEFT:
        if (found.channel->left_sec >= 0)
            CELL(text, "%s", duration_text(found.channel->left_sec, part));
        else
            CELL(text, "reserved");
        return;
    }
}

void print_channels_text(const struct ownership_view *view, unsigned width, FILE *out)
{
    struct channel_rows rows = {.view = view};
    struct channel_rows *const place = &rows;
    struct text_table table = {.columns = channels_columns,
                               .column_count = COUNT_OF(channels_columns),
                               .cell = write_channels_cell,
                               .context = &place};

    for (size_t i = 0; i < view->allocation_count; i++)
        table.row_count += view->allocations[i].channel_count;
    text_table_print(&table, width, out);
}

void print_owner_text(const struct ownership_view *view, const struct view_allocation *allocation,
                      FILE *out)
{
    const struct view_shard *shard = view_shard_of(view, &allocation->owner);
    bool is_over = view->source == VIEW_OF_REGISTRY && (shard == NULL || !shard->is_live);
    char client[TRANSPORT_ADDR_TEXT_MAX], server[TRANSPORT_ADDR_TEXT_MAX];
    char peer[TRANSPORT_ADDR_TEXT_MAX], user[RECORD_USER_MAX], left[DURATION_TEXT_MAX];

    fprintf(out, "%s at %s: shard %" PRIu32 " of %s%s, relay port %u (%s), %s left, username %s",
            transport_addr_format(&allocation->five_tuple.client, client),
            transport_addr_format(&allocation->five_tuple.server, server), allocation->owner.shard,
            allocation->owner.host, is_over ? " (its lease is over)" : "", allocation->record.port,
            view_families(allocation->record.families), duration_text(allocation->left_sec, left),
            view_username(&allocation->record, user));
    fputs(allocation->channel_count > 0 ? ", channels" : ", no channels", out);
    for (size_t i = 0; i < allocation->channel_count; i++)
        fprintf(out, " 0x%04x=%s%s", allocation->channels[i].number,
                transport_addr_format(&allocation->channels[i].peer, peer),
                allocation->channels[i].left_sec >= 0 ? "" : " (reserved)");
    fputc('\n', out);
}
