/* checked_mirror.c — the invariant of records: a server can be rebuilt from them at any moment. */
#include "checked_rules.h"

/* How many channel records one allocation can have in a test. */
enum { CHANNELS_MAX = 4096 };

static void check_channels(struct checked_server *cs, const struct model_allocation *a)
{
    for (size_t i = 0; i < a->channel_count; i++) {
        const struct model_channel *channel = &a->channels[i];
        if (mono_time_due(mono_time_add_sec(channel->bound_until, TURN_CHANNEL_RESERVED_SEC),
                          cs->now.mono))
            continue;
        const struct turn_record *record =
            mirror_find(&cs->mirror, TURN_RECORD_CHANNEL, &a->five_tuple, channel->number);
        if (!record || !transport_addr_equal(&record->channel.peer, &channel->peer) ||
            record->channel.bound_until.usec != channel->bound_until.usec)
            checked_fail(cs, "channel %#x is not recorded as it is", channel->number);
    }
}

static void check_allocation(struct checked_server *cs, const struct model_allocation *a)
{
    const struct turn_record *record =
        mirror_find(&cs->mirror, TURN_RECORD_ALLOCATION, &a->five_tuple, 0);
    if (!record)
        checked_fail(cs, "an allocation that was granted is not recorded");
    const struct turn_allocation_record *r = &record->allocation;
    if (r->port != a->port || r->families != a->families || r->expires.usec != a->expires.usec ||
        mono_time_before(cs->now.mono, r->created))
        checked_fail(cs, "the allocation on port %u is not recorded as it is", a->port);
    struct bytes username = {.data = r->username, .len = r->username_len};
    if (!bytes_equal(username, bytes_of_text(a->username)))
        checked_fail(cs, "the allocation on port %u is recorded for another user", a->port);
    check_channels(cs, a);
}

void rules_mirror(struct checked_server *cs)
{
    if (!cs->config.recorded)
        return;
    size_t live = 0, recorded = 0;
    for (size_t i = 0; i < cs->model.allocation_count; i++) {
        if (cs->model.allocations[i].state != MODEL_LIVE)
            continue;
        if (cs->model.allocations[i].unclaimed)
            continue;
        live++;
        check_allocation(cs, &cs->model.allocations[i]);
    }
    for (size_t i = 0; i < cs->mirror.count; i++)
        recorded += cs->mirror.records[i].kind == TURN_RECORD_ALLOCATION;
    if (recorded != live)
        checked_fail(cs, "%zu allocations are recorded, %zu claimed and live", recorded, live);
    if (cs->mirror.count > recorded * (1 + CHANNELS_MAX))
        checked_fail(cs, "records of nothing");
}

/* A claim under way is not an allocation yet, and dies with the process; so does what the
 * registry has not taken. */
static void forget_unanswered(struct checked_server *cs)
{
    for (size_t i = cs->model.allocation_count; i-- > 0;) {
        if (cs->model.allocations[i].state != MODEL_LIVE || cs->model.allocations[i].unclaimed)
            model_remove(&cs->model, &cs->model.allocations[i]);
    }
    /* Nor are resting ports remembered, or reservations. */
    cs->model.port_count = 0;
}

/* The allocation is back on its port, under another relay id, when its socket is open. */
static void restore(struct checked_server *cs, const struct turn_record *record)
{
    enum err err = turn_server_restore(cs->server, cs->now, record);
    struct model_allocation *a = model_by_tuple(&cs->model, &record->five_tuple);
    struct turn_command command;
    bool opens = false;
    while (turn_server_next_command(cs->server, &command)) {
        if (opens || err != ERR_OK || record->kind != TURN_RECORD_ALLOCATION ||
            command.kind != TURN_COMMAND_OPEN_RELAY || !command.restored)
            checked_fail(cs, "a restored record commands something else than its relay");
        opens = true;
        if (!a || command.port != a->port || command.families != a->families)
            checked_fail(cs, "an allocation comes back on another port");
        a->relay_id = command.relay_id;
    }
    if (record->kind == TURN_RECORD_ALLOCATION && !opens)
        checked_fail(cs, "an allocation is not restored: %s", err_name(err));
    if (opens) {
        turn_server_relay_opened(cs->server, cs->now, a->relay_id);
        if (turn_server_next_command(cs->server, &command))
            checked_fail(cs, "a restored allocation is answered");
    }
}

void checked_restart(struct checked_server *cs)
{
    turn_server_free(cs->server);
    memset(cs->config.counters, 0, TURN_COUNTER_COUNT * sizeof(*cs->config.counters));
    if (turn_server_new(&cs->config, &cs->server) != ERR_OK)
        checked_fail(cs, "no second server");
    forget_unanswered(cs);
    static const enum turn_record_kind order[] = {TURN_RECORD_ALLOCATION, TURN_RECORD_CHANNEL};
    for (size_t k = 0; k < sizeof(order) / sizeof(*order); k++)
        for (size_t i = 0; i < cs->mirror.count; i++)
            if (cs->mirror.records[i].kind == order[k])
                restore(cs, &cs->mirror.records[i]);
    rules_mirror(cs);
    rules_state(cs);
}
