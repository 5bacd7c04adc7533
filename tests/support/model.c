/* model.c — what must be true of a server, kept apart from it: allocations, channels, ports. */
#include "model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* RFC 8656 §12 and design: bound 10 minutes, then 5 minutes kept for the same pair. */
enum { BOUND_SEC = 600, RESERVED_SEC = 300 };

static _Noreturn void too_small(const char *what)
{
    fprintf(stderr, "the model has no room for more %s\n", what);
    abort();
}

struct model_allocation *model_by_tuple(struct model *model, const struct five_tuple *tuple)
{
    for (size_t i = 0; i < model->allocation_count; i++) {
        if (memcmp(&model->allocations[i].five_tuple, tuple, sizeof(*tuple)) == 0)
            return &model->allocations[i];
    }
    return NULL;
}

struct model_allocation *model_by_id(struct model *model, struct turn_relay_id id)
{
    for (size_t i = 0; i < model->allocation_count; i++) {
        struct turn_relay_id other = model->allocations[i].relay_id;
        if (other.index == id.index && other.generation == id.generation)
            return &model->allocations[i];
    }
    return NULL;
}

struct model_allocation *model_by_port(struct model *model, uint16_t port)
{
    for (size_t i = 0; i < model->allocation_count; i++) {
        if (model->allocations[i].port == port)
            return &model->allocations[i];
    }
    return NULL;
}

struct model_allocation *model_add(struct model *model)
{
    if (model->allocation_count == MODEL_ALLOCATIONS_MAX)
        too_small("allocations");
    struct model_allocation *a = &model->allocations[model->allocation_count++];
    *a = (struct model_allocation){.expires = MONO_TIME_NEVER};
    return a;
}

void model_remove(struct model *model, struct model_allocation *allocation)
{
    *allocation = model->allocations[--model->allocation_count];
}

static bool is_known(const struct model_channel *channel, struct mono_time now)
{
    return mono_time_before(now, mono_time_add_sec(channel->bound_until, RESERVED_SEC));
}

struct model_channel *model_channel_by_number(struct model_allocation *allocation, uint16_t number,
                                              struct mono_time now)
{
    for (size_t i = 0; i < allocation->channel_count; i++) {
        struct model_channel *channel = &allocation->channels[i];
        if (channel->number == number && is_known(channel, now))
            return channel;
    }
    return NULL;
}

struct model_channel *model_channel_by_peer(struct model_allocation *allocation,
                                            const struct transport_addr *peer, struct mono_time now)
{
    for (size_t i = 0; i < allocation->channel_count; i++) {
        struct model_channel *channel = &allocation->channels[i];
        if (memcmp(&channel->peer, peer, sizeof(*peer)) == 0 && is_known(channel, now))
            return channel;
    }
    return NULL;
}

bool model_channel_bound(const struct model_allocation *allocation,
                         const struct model_channel *channel, struct mono_time now)
{
    return (allocation->families & family_set_of(channel->peer.family)) != 0 &&
           mono_time_before(now, channel->bound_until);
}

const char *model_bind(struct model_allocation *allocation, uint16_t number,
                       const struct transport_addr *peer, struct mono_time now)
{
    struct model_channel *by_number = model_channel_by_number(allocation, number, now);
    struct model_channel *by_peer = model_channel_by_peer(allocation, peer, now);
    if ((allocation->families & family_set_of(peer->family)) == 0)
        return "a peer of a family that the allocation lacks is bound";
    if (by_number != by_peer)
        return "a number or a peer has two bindings";
    if (!by_number) {
        /* Forgotten ones make room. */
        size_t kept = 0;
        for (size_t i = 0; i < allocation->channel_count; i++) {
            if (is_known(&allocation->channels[i], now))
                allocation->channels[kept++] = allocation->channels[i];
        }
        allocation->channel_count = kept;
        if (kept == MODEL_CHANNELS_MAX)
            too_small("channels");
        by_number = &allocation->channels[allocation->channel_count++];
        *by_number = (struct model_channel){.number = number, .peer = *peer};
    }
    by_number->bound_until = mono_time_add_sec(now, BOUND_SEC);
    return NULL;
}

size_t model_channel_count(struct model *model, struct mono_time now)
{
    size_t count = 0;
    for (size_t i = 0; i < model->allocation_count; i++) {
        const struct model_allocation *a = &model->allocations[i];
        for (size_t k = 0; k < a->channel_count; k++)
            count += is_known(&a->channels[k], now);
    }
    return count;
}

void model_keep_port(struct model *model, struct model_port port, struct mono_time now)
{
    size_t kept = 0;
    for (size_t i = 0; i < model->port_count; i++) {
        if (mono_time_before(now, model->ports[i].until))
            model->ports[kept++] = model->ports[i];
    }
    if (kept == MODEL_PORTS_MAX)
        too_small("ports");
    model->ports[kept++] = port;
    model->port_count = kept;
}

struct model_port *model_port_kept(struct model *model, uint16_t port, struct mono_time now)
{
    for (size_t i = 0; i < model->port_count; i++) {
        if (model->ports[i].port == port && mono_time_before(now, model->ports[i].until))
            return &model->ports[i];
    }
    return NULL;
}

struct transport_addr model_peer(const struct transport_addr *peer)
{
    static const uint8_t mapped[12] = {[10] = 0xFF, [11] = 0xFF};
    if (peer->family == IP_FAMILY_V6 && memcmp(peer->ip, mapped, sizeof(mapped)) == 0)
        return transport_addr_v4(peer->ip + 12, peer->port);
    return *peer;
}
