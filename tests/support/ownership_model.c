/* ownership_model.c — a client of the simulated ownership registry: asks in order, hears in its
 * turns.
 */
#include "ownership_model.h"

#include "ownership_model_internal.h"

#include <string.h>

static struct model_client *client_of(struct ownership *ownership)
{
    return (struct model_client *)ownership;
}

static bool is_travelling(const struct model_operation *operation)
{
    for (const struct model_operation *o = operation->client->config.network->travelling; o;
         o = o->next_travelling)
        if (o == operation)
            return true;
    return false;
}

static void change(struct model_client *client, bool is_available, const char *why)
{
    client->is_available = is_available;
    if (!is_available && client->is_away)
        return;
    client->is_away = !is_available;
    if (client->config.on_change)
        client->config.on_change(client->config.context, is_available, why);
}

static void tell(struct model_operation *operation)
{
    ownership_each_record *each = operation->each_record;
    if (operation->answer.outcome == OWNERSHIP_DONE)
        for (size_t i = 0; i < operation->listed; i++) {
            if (operation->each_lease)
                operation->each_lease(operation->context, &operation->leases[i].lease,
                                      operation->leases[i].is_live);
            else
                each(operation->context, &operation->answer.owner, &operation->records[i].record);
        }
    if (operation->answer.former)
        operation->answer.former = &operation->former;
    operation->done(operation->context, &operation->answer);
}

/* Takes |operation| out of what is pending and gives its answer, or AWAY. */
static void finish(struct model_client *client, struct model_operation *operation, bool in_time)
{
    struct model_operation **at = &client->pending;
    while (*at != operation)
        at = &(*at)->next_pending;
    *at = operation->next_pending;
    bool is_lost = is_travelling(operation);
    operation->client = NULL;
    if (!in_time) {
        const struct ownership_answer away = {.outcome = OWNERSHIP_AWAY};
        operation->done(operation->context, &away);
        if (!is_lost)
            model_free_operation(operation);
        return;
    }
    client->heard_at = operation->answered_at;
    client->is_waiting = client->pending != NULL;
    client->has_lease |= operation->kind == TAKE && operation->answer.outcome == OWNERSHIP_DONE;
    tell(operation);
    if (operation->is_store_new && client->has_lease) {
        client->has_lease = false;
        change(client, false, "the store has lost what was recorded");
        change(client, true, "");
    }
    model_free_operation(operation);
}

static void fail_all(struct model_client *client)
{
    while (client->pending)
        finish(client, client->pending, false);
}

static struct model_operation *next_answered(const struct model_client *client,
                                             struct mono_time now)
{
    struct model_operation *next = NULL;
    for (struct model_operation *o = client->pending; o; o = o->next_pending)
        if (mono_time_due(o->answered_at, now) &&
            (!next || mono_time_before(o->answered_at, next->answered_at)))
            next = o;
    return next;
}

static struct model_operation *next_due(const struct model_client *client, struct mono_time now)
{
    for (struct model_operation *o = client->pending; o; o = o->next_pending)
        if (mono_time_due(o->due, now))
            return o;
    return NULL;
}

static void set_link(struct model_client *client, bool is_up)
{
    if (client->is_up && !is_up) {
        client->has_lost_link = true;
        /* Answers under way come to nothing; what was asked may still arrive at the store. */
        for (struct model_operation *o = client->pending; o; o = o->next_pending)
            o->answered_at = MONO_TIME_NEVER;
    }
    /* Another connection: what it carries may overtake what the one before does. */
    if (is_up && !client->is_up)
        client->is_waiting = false;
    if (is_up && !client->is_up)
        client->last_arrival = client->last_answer = (struct mono_time){0};
    client->is_up = is_up;
}

static void give_up(struct model_client *client, struct mono_time now)
{
    set_link(client, false);
    client->gave_up = true;
    client->retry_at = mono_time_add_usec(now, OWNERSHIP_MODEL_RETRY_USEC);
}

static void try_again(struct model_client *client, struct mono_time now)
{
    client->retry_at = mono_time_add_usec(now, OWNERSHIP_MODEL_RETRY_USEC);
    if (client->config.network->is_away)
        return;
    client->gave_up = false;
    client->heard_at = now;
    set_link(client, true);
}

void ownership_model_turn(struct ownership *ownership, struct mono_time now)
{
    struct model_client *client = client_of(ownership);
    struct model_operation *operation;
    if (client->gave_up && mono_time_due(client->retry_at, now))
        try_again(client, now);
    /* Sockets before timers, as in an event loop. */
    while (!client->has_lost_link && (operation = next_answered(client, now)) != NULL)
        finish(client, operation, true);
    if (client->is_up && next_due(client, now) &&
        mono_time_due(mono_time_add_usec(client->heard_at, OWNERSHIP_MODEL_SILENCE_USEC), now))
        give_up(client, now);
    if (client->has_lost_link) {
        client->has_lost_link = false;
        change(client, false, "the link is down");
        fail_all(client);
    }
    if (client->is_up && !client->is_available)
        change(client, true, "");
    if (!client->is_available && client->is_away)
        fail_all(client);
    while ((operation = next_due(client, now)) != NULL)
        finish(client, operation, false);
}

struct mono_time ownership_model_next(const struct ownership *ownership)
{
    const struct model_client *client = (const struct model_client *)ownership;
    struct mono_time next = client->gave_up ? client->retry_at : MONO_TIME_NEVER;
    if (client->has_lost_link || client->is_up != client->is_available)
        return (struct mono_time){0};
    for (const struct model_operation *o = client->pending; o; o = o->next_pending) {
        if (client->is_away)
            return (struct mono_time){0};
        next = model_earlier(next, model_earlier(o->answered_at, o->due));
    }
    return next;
}

size_t ownership_model_pending(const struct ownership *ownership)
{
    const struct model_client *client = (const struct model_client *)ownership;
    size_t count = 0;
    for (const struct model_operation *o = client->pending; o; o = o->next_pending)
        count++;
    return count;
}

void ownership_model_set_link(struct ownership *ownership, bool is_up)
{
    struct model_client *client = client_of(ownership);
    client->gave_up = false;
    set_link(client, is_up);
}

static void send_off(struct model_client *client, struct turn_now now,
                     struct model_operation *operation)
{
    struct ownership_network *network = client->config.network;
    int64_t delay = network->delay(network->context);
    if (delay == OWNERSHIP_MODEL_LOST)
        return;
    operation->arrives_at = model_later(client->last_arrival, mono_time_add_usec(now.mono, delay));
    client->last_arrival = operation->arrives_at;
    model_travel(network, operation);
}

enum err model_submit(struct ownership *ownership, struct turn_now now,
                      const struct model_operation *asked, ownership_done *done, void *context)
{
    struct model_client *client = client_of(ownership);
    struct model_operation **at = &client->pending;
    if (client->is_closing || ownership_model_pending(ownership) >= OWNERSHIP_PENDING_MAX)
        return ERR_LIMIT;
    struct model_operation *operation = model_array(1, sizeof(*operation));
    *operation = *asked;
    operation->client = client;
    operation->done = done;
    operation->context = context;
    operation->arrives_at = now.mono; /* a direct one: that is when it is carried out */
    operation->answered_at = MONO_TIME_NEVER;
    operation->due = mono_time_add_usec(now.mono, OWNERSHIP_MODEL_TIMEOUT_USEC);
    if (!client->is_waiting)
        client->heard_at = now.mono;
    client->is_waiting = true;
    while (*at)
        at = &(*at)->next_pending;
    *at = operation;
    if (!client->config.is_direct && client->is_up)
        send_off(client, now, operation);
    return ERR_OK;
}

void model_flush(struct ownership *ownership)
{
    struct model_client *client = client_of(ownership);
    struct ownership_network *network = client->config.network;
    while (client->config.is_direct && client->pending) {
        struct model_operation *operation = client->pending;
        bool is_reached = client->is_up && !network->is_away;
        if (client->is_up && network->is_away)
            give_up(client, operation->arrives_at);
        operation->answered_at = operation->arrives_at;
        if (is_reached)
            model_carry_out(network, operation, operation->arrives_at);
        finish(client, operation, is_reached);
    }
}

bool model_is_available(const struct ownership *ownership)
{
    return ((const struct model_client *)ownership)->is_available;
}

void model_close(struct ownership *ownership)
{
    struct model_client *client = client_of(ownership);
    client->is_closing = true;
    client->is_available = false;
    fail_all(client);
    free(client);
}

struct ownership *ownership_model_open(const struct ownership_model_config *config)
{
    struct model_client *client = model_array(1, sizeof(*client));
    client->ownership.backend = &ownership_model_backend;
    client->config = *config;
    client->is_up = client->is_available = config->is_direct;
    return &client->ownership;
}
