/* turn_restore.c — allocations rebuilt from their records, in a process that knows nothing yet. */
#include "turn_internal.h"

#include "channel_data.h"

#include <string.h>

/* The earlier of two instants: a record cannot grant what the configuration does not. */
static struct mono_time earlier(struct mono_time a, struct mono_time b)
{
    return mono_time_before(a, b) ? a : b;
}

/* The username stands for the very key that the allocation was made with. */
static bool same_key(const struct turn_server *server, struct turn_now now,
                     const struct turn_allocation_record *record)
{
    struct turn_candidate candidates[TURN_CANDIDATES_MAX];
    struct bytes username = {.data = record->username, .len = record->username_len};
    size_t count = turn_credentials_candidates(&server->auth.credentials, server->auth.crypto,
                                               now.wall, username, candidates);
    bool same = false;
    for (size_t i = 0; i < count; i++) {
        uint8_t check[TURN_KEY_CHECK_LEN];
        turn_key_check(server, &candidates[i].key, check);
        same |= crypto_equal(check, record->key_check, sizeof check);
    }
    crypto_wipe(candidates, sizeof candidates);
    return same;
}

/* Another shard's slice will do, but what the host does not relay on is not opened for a record:
 * no firewall lets it pass, and it may be a service's. */
static bool is_relay_port(const struct turn_server *server, uint16_t port)
{
    const struct turn_peer_policy *policy = server->config.policy;

    return port != 0 && port >= policy->lowest_port && port <= policy->highest_port;
}

static enum err make_allocation(struct turn_server *server, const struct turn_record *record,
                                struct turn_allocation **ret)
{
    const struct turn_allocation_record *from = &record->allocation;
    struct turn_allocation *allocation =
        turn_allocation_new(&server->allocations, &record->five_tuple);
    if (!allocation)
        return ERR_LIMIT;
    allocation->user = turn_user_refer(
        &server->users, (struct bytes){.data = from->username, .len = from->username_len});
    if (!allocation->user) {
        turn_allocation_end(&server->allocations, allocation);
        return ERR_LIMIT;
    }
    allocation->user->allocations++;
    allocation->state = TURN_ALLOCATION_RESTORING;
    allocation->port = from->port;
    allocation->families = from->families;
    allocation->missing_families = from->missing_families;
    allocation->granted_lifetime_sec = from->granted_lifetime_sec;
    allocation->dont_fragment = from->dont_fragment;
    allocation->created = from->created;
    memcpy(allocation->transaction_id, from->transaction_id, sizeof allocation->transaction_id);
    memcpy(allocation->key_check, from->key_check, sizeof allocation->key_check);
    *ret = allocation;
    return ERR_OK;
}

static enum err restore_allocation(struct turn_server *server, struct turn_now now,
                                   const struct turn_record *record)
{
    const struct turn_allocation_record *from = &record->allocation;
    if (mono_time_due(from->expires, now.mono))
        return ERR_EXPIRED;
    if (!from->families || from->families & ~server->families || !is_relay_port(server, from->port))
        return ERR_RANGE;
    if (!same_key(server, now, from))
        return ERR_AUTH;
    if (turn_allocation_find(&server->allocations, &record->five_tuple))
        return ERR_EXISTS;
    if (!turn_ports_take_port(&server->ports, from->port))
        return ERR_EXISTS;
    struct turn_allocation *allocation;
    enum err err = make_allocation(server, record, &allocation);
    if (err != ERR_OK) {
        turn_ports_release(&server->ports, from->port, now.mono);
        return err;
    }
    allocation->opening.restored_until =
        earlier(from->expires, mono_time_add_sec(now.mono, server->config.max_lifetime_sec));
    turn_set_unclaimed(server, allocation, from->unclaimed);
    turn_update_gauges(server);
    turn_queue_open(server, allocation);
    return ERR_OK;
}

static enum err restore_channel(struct turn_server *server, struct mono_time now,
                                const struct turn_record *record)
{
    const struct turn_channel_record *from = &record->channel;
    struct turn_allocation *allocation =
        turn_allocation_find(&server->allocations, &record->five_tuple);
    if (!allocation)
        return ERR_NOT_FOUND;
    if (mono_time_due(mono_time_add_sec(from->bound_until, TURN_CHANNEL_RESERVED_SEC), now))
        return ERR_EXPIRED;
    if (!channel_number_valid(from->number, server->config.rfc5766_channels) ||
        !(family_set_of(from->peer.family) & allocation->families))
        return ERR_RANGE;
    if (!turn_peer_policy_allows(server->config.policy, &from->peer))
        return ERR_AUTH;
    if (turn_channel_by_number(&server->channels, allocation, from->number) ||
        turn_channel_by_peer(&server->channels, allocation, &from->peer))
        return ERR_EXISTS;
    struct mono_time until =
        earlier(from->bound_until, mono_time_add_sec(now, TURN_CHANNEL_LIFETIME_SEC));
    if (allocation->channel_count >= server->config.channels_per_allocation ||
        !turn_channel_restore(&server->channels, allocation, from->number, &from->peer, until))
        return ERR_LIMIT;
    turn_update_gauges(server);
    return ERR_OK;
}

enum err turn_server_restore(struct turn_server *server, struct turn_now now,
                             const struct turn_record *record)
{
    turn_command_begin_input(server);
    switch (record->kind) {
    case TURN_RECORD_ALLOCATION:
        return restore_allocation(server, now, record);
    case TURN_RECORD_CHANNEL:
        return restore_channel(server, now.mono, record);
    case TURN_RECORD_PERMISSION:
        break;
    }
    return ERR_OK;
}
