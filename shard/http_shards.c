/* http_shards.c — /api/shards: what the status page tells of each shard of the host. Pure. */
#include "http_shards.h"

#include "http_json.h"
#include "port_slice.h"
#include "version.h"

static void write_reasons(struct http_json *json, const struct host_state *state)
{
    http_json_begin(json, "reasons", '[');
    for (size_t i = 0; i < COUNTER_PAGE_VALUES; i++) {
        const struct counter_info *info = counter_info_of(i);
        bool is_there = false;

        if (info->kind != COUNTER_DROP)
            continue;
        for (uint32_t k = 0; k < state->count && !is_there; k++)
            is_there =
                state->shards[k].err == ERR_OK && state->shards[k].snapshot.page.values[i] > 0;
        if (!is_there)
            continue;
        http_json_begin(json, NULL, '{');
        http_json_text(json, "name", counter_drop_reason(info));
        http_json_text(json, "help", info->help);
        http_json_end(json, '}');
    }
    http_json_end(json, ']');
}

static void write_drops(struct http_json *json, const uint64_t *values)
{
    http_json_begin(json, "drops", '{');
    for (size_t i = 0; i < COUNTER_PAGE_VALUES; i++) {
        const struct counter_info *info = counter_info_of(i);

        if (info->kind != COUNTER_DROP || values[i] == 0)
            continue;
        http_json_number(json, counter_drop_reason(info), (int64_t)values[i]);
    }
    http_json_end(json, '}');
    http_json_number(json, "dropped", (int64_t)counter_sum_dropped(values));
}

static void write_value(struct http_json *json, const char *key, uint64_t value)
{
    http_json_number(json, key, (int64_t)value);
}

/* Of a shard without a page the values are zero. */
static void write_values(struct http_json *json, const uint64_t *values)
{
    write_value(json, "allocations", values[TURN_COUNT_ALLOCATIONS]);
    write_value(json, "channels", values[TURN_COUNT_CHANNELS]);
    write_value(json, "capacity", values[SHARD_COUNT_CAPACITY]);
    write_value(json, "to_peer_packets", values[TURN_COUNT_RELAYED_TO_PEER]);
    write_value(json, "to_peer_bytes", values[TURN_COUNT_RELAYED_TO_PEER_BYTES]);
    write_value(json, "to_client_packets", values[TURN_COUNT_RELAYED_TO_CLIENT]);
    write_value(json, "to_client_bytes", values[TURN_COUNT_RELAYED_TO_CLIENT_BYTES]);
    write_value(json, "misrouted", counter_sum_misrouted(values));
    write_value(json, "redirected", values[SHARD_COUNT_REDIRECT_SENT]);
    write_value(json, "taken_over", values[SHARD_COUNT_REDIRECT_RECEIVED]);
    write_drops(json, values);
}

/* What there is only while the process is. */
static void write_process(struct http_json *json, const struct shard_figures *shard,
                          struct mono_time now)
{
    const struct counter_page *page = &shard->snapshot.page;
    static const char *const keys[] = {"pid",      "uptime_sec", "cpu_msec",
                                       "registry", "lease",      "admitted"};

    if (shard->err != ERR_OK || !shard->snapshot.is_live) {
        for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
            http_json_null(json, keys[i]);
        return;
    }
    http_json_number(json, "pid", page->pid);
    http_json_number(json, "uptime_sec", (now.usec - page->started_mono_usec) / USEC_PER_SEC);
    if (shard->cpu_usec >= 0)
        http_json_number(json, "cpu_msec", shard->cpu_usec / 1000);
    else
        http_json_null(json, "cpu_msec");
    http_json_bool(json, "registry", page->values[SHARD_COUNT_REGISTRY_AVAILABLE] != 0);
    http_json_bool(json, "lease", page->values[SHARD_COUNT_LEASE_HELD] != 0);
    http_json_bool(json, "admitted", page->values[SHARD_COUNT_ADMITTED] != 0);
}

static void write_shard(struct http_json *json, const struct host_state *state,
                        const struct http_shards_host *host, uint32_t k)
{
    static const uint64_t nothing[COUNTER_PAGE_VALUES];
    const struct shard_figures *shard = &state->shards[k];
    struct port_slice slice = port_slice_of(host->lowest_port, host->highest_port, state->count, k);

    http_json_begin(json, NULL, '{');
    http_json_number(json, "shard", k);
    http_json_text(json, "state", counter_snapshot_state(shard->err, &shard->snapshot, state->now));
    if (shard->err == ERR_OK)
        http_json_number(json, "age_msec",
                         counter_page_age(&shard->snapshot.page, state->now) / 1000);
    else
        http_json_null(json, "age_msec");
    http_json_number(json, "lowest_port", slice.lowest);
    http_json_number(json, "highest_port", slice.highest);
    write_process(json, shard, state->now);
    write_values(json, shard->err == ERR_OK ? shard->snapshot.page.values : nothing);
    http_json_end(json, '}');
}

void http_shards_write(const struct host_state *state, const struct http_shards_host *host,
                       struct http_text *text)
{
    struct http_json json = {.text = text};

    http_json_begin(&json, NULL, '{');
    http_json_text(&json, "host", host->instance);
    http_json_text(&json, "version", relay_version());
    http_json_number(&json, "mono_msec", state->now.usec / 1000);
    if (state->portal != NULL)
        http_portal_json(state->portal, "control_plane", &json);
    else
        http_json_null(&json, "control_plane");
    write_reasons(&json, state);
    http_json_begin(&json, "shards", '[');
    for (uint32_t k = 0; k < state->count; k++)
        write_shard(&json, state, host, k);
    http_json_end(&json, ']');
    http_json_end(&json, '}');
}
