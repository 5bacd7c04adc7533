/* ownership_print.c — shards and allocations as lines for people, or as JSON. */
#include "ownership_print.h"

#include "json_writer.h"

#include <inttypes.h>

static uint64_t counter(const struct view_shard *shard, size_t index)
{
    return shard->has_counters ? shard->counters.page.values[index] : 0;
}

/* What the shard says of itself, or that there is no process to say anything. */
static const char *state_of(const struct view_shard *shard)
{
    if (shard->has_counters && !shard->counters.is_live)
        return "gone";
    return shard_state_name(shard->has_counters ? shard->counters.page.state : shard->lease.state);
}

void print_shards_text(const struct ownership_view *view, FILE *out)
{
    fprintf(out, "%5s  %-9s %-5s %8s  %-12s %11s %8s\n", "shard", "state", "lease", "pid",
            "relay ports", "allocations", "channels");
    for (size_t i = 0; i < view->shard_count; i++) {
        const struct view_shard *shard = &view->shards[i];

        fprintf(out, "%5" PRIu32 "  %-9s %-5s %8" PRId64 "  %5u-%-6u ", shard->lease.owner.shard,
                state_of(shard), shard->is_live ? "held" : "over", shard->lease.pid,
                shard->lease.lowest_port, shard->lease.highest_port);
        if (shard->has_counters)
            fprintf(out, "%11" PRIu64 " %8" PRIu64 "\n", counter(shard, TURN_COUNT_ALLOCATIONS),
                    counter(shard, TURN_COUNT_CHANNELS));
        else
            fprintf(out, "%11s %8s\n", "-", "-");
    }
}

void print_shards_json(const struct ownership_view *view, FILE *out)
{
    struct json_writer json = json_writer_to(out);

    json_begin_array(&json, NULL);
    for (size_t i = 0; i < view->shard_count; i++) {
        const struct view_shard *shard = &view->shards[i];

        json_begin_object(&json, NULL);
        json_text(&json, "host", shard->lease.owner.host);
        json_u64(&json, "shard", shard->lease.owner.shard);
        json_text(&json, "state", state_of(shard));
        json_bool(&json, "lease_held", shard->is_live);
        json_u64(&json, "epoch", shard->lease.epoch);
        json_u64(&json, "pid", (uint64_t)shard->lease.pid);
        json_u64(&json, "shards", shard->lease.shards);
        json_u64(&json, "lowest_port", shard->lease.lowest_port);
        json_u64(&json, "highest_port", shard->lease.highest_port);
        json_u64(&json, "started", shard->lease.started_wall_sec);
        json_text(&json, "version", shard->lease.version);
        if (shard->has_counters) {
            json_u64(&json, "allocations", counter(shard, TURN_COUNT_ALLOCATIONS));
            json_u64(&json, "channels", counter(shard, TURN_COUNT_CHANNELS));
            json_u64(&json, "unclaimed", counter(shard, TURN_COUNT_ALLOCATIONS_UNCLAIMED));
            json_u64(&json, "registry_available", counter(shard, SHARD_COUNT_REGISTRY_AVAILABLE));
        }
        json_end_object(&json);
    }
    json_end_array(&json);
}

static uint64_t seconds(int64_t left_sec)
{
    return left_sec > 0 ? (uint64_t)left_sec : 0;
}

void print_allocations_text(const struct ownership_view *view, FILE *out)
{
    fprintf(out, "%5s  %-24s %10s  %-9s %8s %8s  %s\n", "shard", "client", "relay port", "families",
            "left", "channels", "username");
    for (size_t i = 0; i < view->allocation_count; i++) {
        const struct view_allocation *allocation = &view->allocations[i];
        char client[TRANSPORT_ADDR_TEXT_MAX], user[RECORD_USER_MAX];

        fprintf(out, "%5" PRIu32 "  %-24s %10u  %-9s %6" PRIu64 " s %8zu  %s\n",
                allocation->owner.shard,
                transport_addr_format(&allocation->five_tuple.client, client),
                allocation->record.port, view_families(allocation->record.families),
                seconds(allocation->left_sec), allocation->channel_count,
                view_username(&allocation->record, user));
    }
}

static void channel_json(struct json_writer *json, const struct view_channel *channel)
{
    char number[8], peer[TRANSPORT_ADDR_TEXT_MAX];

    (void)snprintf(number, sizeof(number), "0x%04x", channel->number);
    json_begin_object(json, NULL);
    json_text(json, "number", number);
    json_text(json, "peer", transport_addr_format(&channel->peer, peer));
    json_bool(json, "bound", channel->left_sec >= 0);
    json_u64(json, "left_sec", seconds(channel->left_sec));
    json_end_object(json);
}

static void allocation_json(struct json_writer *json, const struct view_allocation *allocation)
{
    char address[TRANSPORT_ADDR_TEXT_MAX], user[RECORD_USER_MAX];

    json_begin_object(json, NULL);
    json_text(json, "host", allocation->owner.host);
    json_u64(json, "shard", allocation->owner.shard);
    json_bool(json, "lease_held", allocation->is_live);
    json_text(json, "client", transport_addr_format(&allocation->five_tuple.client, address));
    json_text(json, "server", transport_addr_format(&allocation->five_tuple.server, address));
    json_u64(json, "relay_port", allocation->record.port);
    json_text(json, "families", view_families(allocation->record.families));
    json_text(json, "username", view_username(&allocation->record, user));
    json_bool(json, "unclaimed", allocation->record.unclaimed);
    json_u64(json, "left_sec", seconds(allocation->left_sec));
    json_begin_array(json, "channels");
    for (size_t i = 0; i < allocation->channel_count; i++)
        channel_json(json, &allocation->channels[i]);
    json_end_array(json);
    json_end_object(json);
}

void print_allocations_json(const struct ownership_view *view, FILE *out)
{
    struct json_writer json = json_writer_to(out);

    json_begin_array(&json, NULL);
    for (size_t i = 0; i < view->allocation_count; i++)
        allocation_json(&json, &view->allocations[i]);
    json_end_array(&json);
}

void print_owner_text(const struct view_allocation *allocation, FILE *out)
{
    char client[TRANSPORT_ADDR_TEXT_MAX], server[TRANSPORT_ADDR_TEXT_MAX];
    char peer[TRANSPORT_ADDR_TEXT_MAX], user[RECORD_USER_MAX];

    fprintf(out,
            "%s at %s: shard %" PRIu32 " of %s%s, relay port %u (%s), %" PRIu64
            " s left, username %s",
            transport_addr_format(&allocation->five_tuple.client, client),
            transport_addr_format(&allocation->five_tuple.server, server), allocation->owner.shard,
            allocation->owner.host, allocation->is_live ? "" : " (its lease is over)",
            allocation->record.port, view_families(allocation->record.families),
            seconds(allocation->left_sec), view_username(&allocation->record, user));
    fputs(allocation->channel_count > 0 ? ", channels" : ", no channels", out);
    for (size_t i = 0; i < allocation->channel_count; i++)
        fprintf(out, " 0x%04x=%s%s", allocation->channels[i].number,
                transport_addr_format(&allocation->channels[i].peer, peer),
                allocation->channels[i].left_sec >= 0 ? "" : " (reserved)");
    fputc('\n', out);
}

void print_owner_json(const struct view_allocation *allocation, FILE *out)
{
    struct json_writer json = json_writer_to(out);

    allocation_json(&json, allocation);
}
