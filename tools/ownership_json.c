/* ownership_json.c — shards, allocations and channels as JSON. */
#include "ownership_json.h"

#include "json_writer.h"

static void counters_json(struct json_writer *json, const struct ownership_view *view,
                          const struct shard_page *page)
{
    const struct counter_page *values = &page->snapshot.page;

    json_bool(json, "running", page->snapshot.is_live);
    json_bool(json, "hangs", counter_snapshot_hangs(&page->snapshot, view->now));
    json_number(json, "age_sec", (double)counter_page_age(values, view->now) / USEC_PER_SEC, 3);
    json_u64(json, "pid", (uint64_t)values->pid);
    json_u64(json, "shards", values->shards);
    json_u64(json, "started", values->started_wall_sec);
    json_u64(json, "allocations", shard_page_value(page, TURN_COUNT_ALLOCATIONS));
    json_u64(json, "capacity", shard_page_value(page, SHARD_COUNT_CAPACITY));
    json_u64(json, "channels", shard_page_value(page, TURN_COUNT_CHANNELS));
    json_u64(json, "unclaimed", shard_page_value(page, TURN_COUNT_ALLOCATIONS_UNCLAIMED));
    json_bool(json, "registry_available",
              shard_page_value(page, SHARD_COUNT_REGISTRY_AVAILABLE) != 0);
}

static void shard_json(struct json_writer *json, const struct ownership_view *view,
                       const struct view_shard *shard)
{
    json_begin_object(json, NULL);
    json_text(json, "host", shard->lease.owner.host);
    json_u64(json, "shard", shard->lease.owner.shard);
    json_text(json, "state", view_shard_state(view, shard));
    json_bool(json, "missing", shard->is_missing);
    if (shard->lease.lowest_port != 0) {
        json_u64(json, "lowest_port", shard->lease.lowest_port);
        json_u64(json, "highest_port", shard->lease.highest_port);
    }
    if (shard->has_lease) {
        json_bool(json, "lease_held", shard->is_live);
        json_u64(json, "epoch", shard->lease.epoch);
        json_text(json, "version", shard->lease.version);
    }
    if (shard->page.err == ERR_OK)
        counters_json(json, view, &shard->page);
    json_end_object(json);
}

static void source_json(struct json_writer *json, const struct ownership_view *view)
{
    json_text(json, "source", view->source == VIEW_OF_REGISTRY ? "registry" : "shards");
    json_begin_array(json, "notes");
    for (size_t i = 0; i < view->note_count; i++)
        json_text(json, NULL, view->notes[i].text);
    json_end_array(json);
}

/* Begins the object that all listings are, with what they have in common. */
static void begin_listing(struct json_writer *json, const struct ownership_view *view)
{
    json_begin_object(json, NULL);
    source_json(json, view);
    json_begin_array(json, "shards");
    for (size_t i = 0; i < view->shard_count; i++)
        shard_json(json, view, &view->shards[i]);
    json_end_array(json);
}

void print_shards_json(const struct ownership_view *view, FILE *out)
{
    struct json_writer json = json_writer_to(out);

    begin_listing(&json, view);
    json_end_object(&json);
}

static uint64_t seconds(int64_t left_sec)
{
    return left_sec > 0 ? (uint64_t)left_sec : 0;
}

static void channel_members(struct json_writer *json, const struct view_channel *channel)
{
    char number[8], peer[TRANSPORT_ADDR_TEXT_MAX];

    (void)snprintf(number, sizeof(number), "0x%04x", channel->number);
    json_text(json, "number", number);
    json_text(json, "peer", transport_addr_format(&channel->peer, peer));
    json_bool(json, "bound", channel->left_sec >= 0);
    json_u64(json, "left_sec", seconds(channel->left_sec));
}

static void allocation_members(struct json_writer *json, const struct ownership_view *view,
                               const struct view_allocation *allocation)
{
    const struct view_shard *shard = view_shard_of(view, &allocation->owner);
    char address[TRANSPORT_ADDR_TEXT_MAX], user[RECORD_USER_MAX];

    json_text(json, "host", allocation->owner.host);
    json_u64(json, "shard", allocation->owner.shard);
    if (view->source == VIEW_OF_REGISTRY)
        json_bool(json, "lease_held", shard != NULL && shard->is_live);
    json_text(json, "client", transport_addr_format(&allocation->five_tuple.client, address));
    json_text(json, "server", transport_addr_format(&allocation->five_tuple.server, address));
    json_u64(json, "relay_port", allocation->record.port);
    json_text(json, "families", view_families(allocation->record.families));
    json_text(json, "username", view_username(&allocation->record, user));
    json_bool(json, "unclaimed", allocation->record.unclaimed);
    json_u64(json, "left_sec", seconds(allocation->left_sec));
    json_begin_array(json, "channels");
    for (size_t i = 0; i < allocation->channel_count; i++) {
        json_begin_object(json, NULL);
        channel_members(json, &allocation->channels[i]);
        json_end_object(json);
    }
    json_end_array(json);
}

void print_allocations_json(const struct ownership_view *view, FILE *out)
{
    struct json_writer json = json_writer_to(out);

    begin_listing(&json, view);
    json_begin_array(&json, "allocations");
    for (size_t i = 0; i < view->allocation_count; i++) {
        json_begin_object(&json, NULL);
        allocation_members(&json, view, &view->allocations[i]);
        json_end_object(&json);
    }
    json_end_array(&json);
    json_end_object(&json);
}

static void channel_json(struct json_writer *json, const struct view_allocation *allocation,
                         const struct view_channel *channel)
{
    char client[TRANSPORT_ADDR_TEXT_MAX];

    json_begin_object(json, NULL);
    json_text(json, "host", allocation->owner.host);
    json_u64(json, "shard", allocation->owner.shard);
    json_text(json, "client", transport_addr_format(&allocation->five_tuple.client, client));
    json_u64(json, "relay_port", allocation->record.port);
    channel_members(json, channel);
    json_end_object(json);
}

void print_channels_json(const struct ownership_view *view, FILE *out)
{
    struct json_writer json = json_writer_to(out);

    begin_listing(&json, view);
    json_begin_array(&json, "channels");
    for (size_t i = 0; i < view->allocation_count; i++)
        for (size_t j = 0; j < view->allocations[i].channel_count; j++)
            channel_json(&json, &view->allocations[i], &view->allocations[i].channels[j]);
    json_end_array(&json);
    json_end_object(&json);
}

void print_owner_json(const struct ownership_view *view, const struct view_allocation *allocation,
                      FILE *out)
{
    const struct view_shard *shard = view_shard_of(view, &allocation->owner);
    struct json_writer json = json_writer_to(out);

    json_begin_object(&json, NULL);
    source_json(&json, view);
    if (shard != NULL && shard->page.err == ERR_OK) {
        const struct counter_snapshot *snapshot = &shard->page.snapshot;

        json_bool(&json, "hangs", counter_snapshot_hangs(snapshot, view->now));
        json_number(&json, "age_sec",
                    (double)counter_page_age(&snapshot->page, view->now) / USEC_PER_SEC, 3);
    }
    allocation_members(&json, view, allocation);
    json_end_object(&json);
}
