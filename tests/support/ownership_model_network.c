/* ownership_model_network.c — the simulated registry's network: operations travel, are carried out,
 * and their answers travel back.
 */
#include "ownership_model_internal.h"

#include <string.h>

void model_free_operation(struct model_operation *operation)
{
    free(operation->records);
    free(operation->leases);
    free(operation);
}

/* Gives an allocation with all beneath it. */
static void add_found(struct model_operation *operation, const struct store_model *store,
                      const struct store_record *allocation)
{
    operation->records[operation->listed++] = *allocation;
    for (size_t i = 0; i < store->record_count; i++) {
        const struct store_record *record = &store->records[i];
        if (record->record.kind != TURN_RECORD_ALLOCATION &&
            five_tuple_equal(&record->record.five_tuple, &allocation->record.five_tuple))
            operation->records[operation->listed++] = *record;
    }
}

static enum ownership_outcome find(struct model_operation *operation, struct store_model *store,
                                   struct mono_time now)
{
    const struct store_record *found =
        operation->kind == FIND_PORT ? store_find_port(store, now, operation->host, operation->port)
                                     : store_find(store, now, &operation->write.record.five_tuple);
    if (!found)
        return OWNERSHIP_NONE;
    operation->answer.owner = found->owner;
    operation->answer.owner_is_live = store_is_live(store, now, &found->owner);
    if (operation->kind != FIND) {
        operation->records = model_array(store->record_count, sizeof(*operation->records));
        add_found(operation, store, found);
    }
    return OWNERSHIP_DONE;
}

static enum ownership_outcome list(struct model_operation *operation, struct store_model *store,
                                   struct mono_time now)
{
    store_model_expire(store, now);
    operation->records = model_array(store->record_count, sizeof(*operation->records));
    for (size_t i = 0; i < store->record_count; i++)
        if (store->records[i].record.kind == TURN_RECORD_ALLOCATION &&
            owner_equal(&store->records[i].owner, &operation->owner))
            add_found(operation, store, &store->records[i]);
    return OWNERSHIP_DONE;
}

static enum ownership_outcome list_leases(struct model_operation *operation,
                                          const struct store_model *store, struct mono_time now)
{
    operation->leases = model_array(store->lease_count, sizeof(*operation->leases));
    for (size_t i = 0; i < store->lease_count; i++) {
        const struct shard_lease *lease = &store->leases[i].lease;
        if (!operation->has_host || strcmp(lease->owner.host, operation->host) == 0)
            operation->leases[operation->listed++] =
                (struct listed_lease){*lease, store_is_live(store, now, &lease->owner)};
    }
    return OWNERSHIP_DONE;
}

void model_carry_out(struct ownership_network *network, struct model_operation *operation,
                     struct mono_time now)
{
    struct store_model *store = &network->store;
    struct ownership_answer *answer = &operation->answer;
    const struct store_write *write = &operation->write;
    const struct turn_now at = {.mono = now,
                                .wall = {network->wall_sec + (uint64_t)(now.usec / USEC_PER_SEC)}};
    bool is_known = true;
    network->carried_out++;
    operation->is_carried_out = true;
    switch (operation->kind) {
    case TAKE:
        answer->outcome =
            store_take_lease(store, at, &operation->lease, write->usec, answer, &operation->former);
        break;
    case WRITE_LEASE:
        answer->outcome = store_write_lease(store, at, &operation->lease, write->usec, &is_known);
        break;
    case CLAIM:
        answer->outcome = store_claim(store, at, write, &answer->owner, &is_known);
        break;
    case RECORD:
        answer->outcome = store_record(store, at, write, &answer->owner, &is_known);
        break;
    case FORGET:
        answer->outcome = store_forget(store, at, write, &answer->owner, &is_known);
        break;
    case FIND:
    case FIND_RECORDS:
    case FIND_PORT:
        answer->outcome = find(operation, store, now);
        break;
    case LIST:
        answer->outcome = list(operation, store, now);
        break;
    case LEASES:
        answer->outcome = list_leases(operation, store, now);
        break;
    }
    operation->is_store_new = answer->outcome == OWNERSHIP_STALE && !is_known;
}

/* Arrives at the store: is carried out unless the store is away, and answered. */
static void arrive(struct ownership_network *network, struct model_operation *operation)
{
    struct model_client *client = operation->client;
    if (!network->is_away)
        model_carry_out(network, operation, operation->arrives_at);
    if (!client) {
        model_free_operation(operation);
        return;
    }
    int64_t delay = network->is_away ? OWNERSHIP_MODEL_LOST : network->delay(network->context);
    if (delay == OWNERSHIP_MODEL_LOST)
        return; /* it waits for its time-out */
    operation->answered_at =
        model_later(client->last_answer, mono_time_add_usec(operation->arrives_at, delay));
    client->last_answer = operation->answered_at;
}

struct mono_time ownership_network_next(const struct ownership_network *network)
{
    struct mono_time next = MONO_TIME_NEVER;
    for (const struct model_operation *o = network->travelling; o; o = o->next_travelling)
        next = model_earlier(next, o->arrives_at);
    return next;
}

void ownership_network_move(struct ownership_network *network, struct mono_time now)
{
    for (;;) {
        struct mono_time next = ownership_network_next(network);
        struct model_operation **at = &network->travelling;
        if (!mono_time_due(next, now))
            return;
        while ((*at)->arrives_at.usec != next.usec)
            at = &(*at)->next_travelling;
        struct model_operation *operation = *at;
        *at = operation->next_travelling;
        operation->next_travelling = NULL;
        arrive(network, operation);
    }
}

void model_travel(struct ownership_network *network, struct model_operation *operation)
{
    struct model_operation **at = &network->travelling;
    /* In the order of sending among those that arrive at one time. */
    while (*at)
        at = &(*at)->next_travelling;
    operation->next_travelling = NULL;
    *at = operation;
}

void ownership_network_deinit(struct ownership_network *network)
{
    while (network->travelling) {
        struct model_operation *operation = network->travelling;
        network->travelling = operation->next_travelling;
        model_free_operation(operation);
    }
    store_model_deinit(&network->store);
}
