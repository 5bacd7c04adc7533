/* turn_recording.c — what is written down of allocations outside the process, as commands. */
#include "turn_internal.h"

#include <string.h>

/* Records of channels that one call of turn_server_publish queues, beside the CLAIM. */
enum { PUBLISH_BATCH = TURN_COMMANDS_MAX - 1 };

void turn_key_check(const struct turn_server *server, const struct turn_key *key,
                    uint8_t ret[static TURN_KEY_CHECK_LEN])
{
    uint64_t hash = siphash(&server->key_check_key, key->bytes, sizeof key->bytes);
    for (size_t i = 0; i < TURN_KEY_CHECK_LEN; i++)
        ret[i] = (uint8_t)(hash >> 8 * i);
}

void turn_set_unclaimed(struct turn_server *server, struct turn_allocation *allocation,
                        bool unclaimed)
{
    if (allocation->unclaimed == unclaimed)
        return;
    allocation->unclaimed = unclaimed;
    server->unclaimed_count += unclaimed ? 1 : UINT32_MAX;
    turn_gauge(server, TURN_COUNT_ALLOCATIONS_UNCLAIMED, server->unclaimed_count);
}

static void write_allocation(struct turn_record *record, const struct turn_allocation *allocation)
{
    struct turn_allocation_record *ret = &record->allocation;
    *ret = (struct turn_allocation_record){
        .port = allocation->port,
        .families = allocation->families,
        .missing_families = allocation->missing_families,
        .dont_fragment = allocation->dont_fragment,
        .unclaimed = allocation->unclaimed,
        .granted_lifetime_sec = allocation->granted_lifetime_sec,
        .created = allocation->created,
        .expires = allocation->expiry.at,
        .username_len = allocation->user->name_len,
    };
    memcpy(ret->transaction_id, allocation->transaction_id, sizeof ret->transaction_id);
    memcpy(ret->key_check, allocation->key_check, sizeof ret->key_check);
    memcpy(ret->username, allocation->user->name, allocation->user->name_len);
}

static void push_allocation(struct turn_server *server, enum turn_command_kind kind,
                            const struct turn_allocation *allocation)
{
    write_allocation(
        turn_command_push_record(server, kind, TURN_RECORD_ALLOCATION, &allocation->five_tuple),
        allocation);
}

static void write_channel(struct turn_record *record, const struct turn_channel *channel)
{
    record->channel = (struct turn_channel_record){
        .number = channel->number, .peer = channel->peer, .bound_until = channel->bound_until};
}

static void push_channel(struct turn_server *server, enum turn_command_kind kind,
                         const struct turn_channel *channel)
{
    write_channel(turn_command_push_record(server, kind, TURN_RECORD_CHANNEL,
                                           &channel->allocation->five_tuple),
                  channel);
}

void turn_claim(struct turn_server *server, const struct turn_allocation *allocation)
{
    push_allocation(server, TURN_COMMAND_CLAIM, allocation);
    server->queue.commands[server->queue.count - 1].relay_id =
        turn_allocation_relay_id(&server->allocations, allocation);
}

void turn_record_allocation(struct turn_server *server, const struct turn_allocation *allocation)
{
    if (server->config.recorded)
        push_allocation(server, TURN_COMMAND_RECORD, allocation);
}

void turn_record_channel(struct turn_server *server, const struct turn_channel *channel)
{
    if (server->config.recorded)
        push_channel(server, TURN_COMMAND_RECORD, channel);
}

void turn_forget_allocation(struct turn_server *server, const struct turn_allocation *allocation)
{
    if (server->config.recorded)
        push_allocation(server, TURN_COMMAND_FORGET, allocation);
}

void turn_forget_channel(struct turn_server *server, const struct turn_channel *channel)
{
    if (server->config.recorded)
        push_channel(server, TURN_COMMAND_FORGET, channel);
}

/* The first allocation to publish at or after |from|; NULL when there is none. */
static struct turn_allocation *next_to_publish(const struct turn_server *server, uint32_t from,
                                               bool only_unclaimed)
{
    struct turn_allocation *allocation;
    for (; (allocation = pool_at(&server->allocations.pool, from)); from++)
        if (allocation->state == TURN_ALLOCATION_LIVE && (allocation->unclaimed || !only_unclaimed))
            return allocation;
    return NULL;
}

bool turn_server_publish(struct turn_server *server, struct turn_publication *publication)
{
    turn_command_begin_input(server);
    struct turn_allocation *allocation =
        next_to_publish(server, publication->allocation, publication->only_unclaimed);
    if (!allocation)
        return false;
    if (publication->channel == 0)
        turn_claim(server, allocation);
    uint32_t at = 0, end = publication->channel + PUBLISH_BATCH;
    for (const struct turn_channel *channel = allocation->channels; channel && at < end;
         channel = channel->next, at++)
        if (at >= publication->channel)
            push_channel(server, TURN_COMMAND_RECORD, channel);
    bool is_done = end >= allocation->channel_count;
    publication->allocation = pool_index_of(&server->allocations.pool, allocation) + is_done;
    publication->channel = is_done ? 0 : end;
    return true;
}

/* Writes down what |listing| has not told of |allocation|, as far as |max| goes. */
static size_t list_allocation(const struct turn_allocation *allocation,
                              struct turn_listing *listing, struct turn_record *records, size_t max)
{
    size_t count = 0;
    if (listing->told == 0 || listing->generation != allocation->generation) {
        listing->generation = allocation->generation;
        listing->told = 1;
        records[count] = (struct turn_record){.kind = TURN_RECORD_ALLOCATION,
                                              .five_tuple = allocation->five_tuple};
        write_allocation(&records[count++], allocation);
    }
    const struct turn_channel *channel = allocation->channels;
    for (uint32_t at = 1; channel && at < listing->told; at++)
        channel = channel->next;
    for (; channel && count < max; channel = channel->next, listing->told++) {
        records[count] =
            (struct turn_record){.kind = TURN_RECORD_CHANNEL, .five_tuple = allocation->five_tuple};
        write_channel(&records[count++], channel);
    }
    if (!channel) {
        listing->allocation++;
        listing->told = 0;
    }
    return count;
}

bool turn_server_list(const struct turn_server *server, struct turn_listing *listing,
                      struct turn_record *records, size_t max, size_t *ret_count)
{
    const struct turn_allocation *allocation;
    *ret_count = 0;
    for (size_t looked_at = 0; looked_at < max && *ret_count < max; looked_at++) {
        allocation = pool_at(&server->allocations.pool, listing->allocation);
        if (!allocation)
            return false;
        if (allocation->state == TURN_ALLOCATION_LIVE) {
            *ret_count +=
                list_allocation(allocation, listing, records + *ret_count, max - *ret_count);
        } else {
            listing->allocation++;
            listing->told = 0;
        }
    }
    return true;
}
