/* turn_ports.c — the shard's slice of relay ports: drawn at random, rested after use. */
#include "turn_ports.h"

#include <assert.h>
#include <stdlib.h>

#define NOT_A_MEMBER UINT16_MAX

struct turn_port_rest {
    struct mono_time until;
    uint16_t offset;
};

static bool set_init(struct turn_port_set *set, uint32_t count)
{
    set->members = malloc(count * sizeof *set->members);
    set->positions = malloc(count * sizeof *set->positions);
    if (!set->members || !set->positions)
        return false;
    for (uint32_t i = 0; i < count; i++)
        set->positions[i] = NOT_A_MEMBER;
    return true;
}

static bool set_has(const struct turn_port_set *set, uint32_t offset)
{
    return set->positions[offset] != NOT_A_MEMBER;
}

static void set_add(struct turn_port_set *set, uint32_t offset)
{
    assert(!set_has(set, offset));
    set->positions[offset] = (uint16_t)set->count;
    set->members[set->count++] = (uint16_t)offset;
}

static void set_remove(struct turn_port_set *set, uint32_t offset)
{
    uint16_t position = set->positions[offset];
    uint16_t last = set->members[--set->count];
    set->members[position] = last;
    set->positions[last] = position;
    set->positions[offset] = NOT_A_MEMBER;
}

static bool is_even(const struct turn_ports *ports, uint32_t offset)
{
    return (ports->lowest + offset) % 2 == 0;
}

/* The even port of the pair that |offset| is in; false when a half is outside the slice. */
static bool pair_of(const struct turn_ports *ports, uint32_t offset, uint32_t *ret_even)
{
    if (!is_even(ports, offset)) {
        if (offset == 0)
            return false;
        offset--;
    }
    *ret_even = offset;
    return offset + 1 < ports->count;
}

static void make_free(struct turn_ports *ports, uint32_t offset)
{
    uint32_t even;
    set_add(&ports->free, offset);
    if (is_even(ports, offset))
        set_add(&ports->even, offset);
    if (pair_of(ports, offset, &even) && set_has(&ports->free, even) &&
        set_has(&ports->free, even + 1))
        set_add(&ports->pairs, even);
}

static void make_taken(struct turn_ports *ports, uint32_t offset)
{
    uint32_t even;
    set_remove(&ports->free, offset);
    if (is_even(ports, offset))
        set_remove(&ports->even, offset);
    if (pair_of(ports, offset, &even) && set_has(&ports->pairs, even))
        set_remove(&ports->pairs, even);
}

enum err turn_ports_init(struct turn_ports *ports, uint16_t lowest, uint16_t highest,
                         uint32_t rest_sec)
{
    assert(lowest >= 1 && lowest <= highest);
    *ports = (struct turn_ports){
        .lowest = lowest, .count = (uint32_t)(highest - lowest) + 1, .rest_sec = rest_sec};
    ports->resting = malloc(ports->count * sizeof *ports->resting);
    if (!ports->resting || !set_init(&ports->free, ports->count) ||
        !set_init(&ports->even, ports->count) || !set_init(&ports->pairs, ports->count)) {
        turn_ports_deinit(ports);
        return ERR_NO_MEMORY;
    }
    for (uint32_t offset = 0; offset < ports->count; offset++)
        make_free(ports, offset);
    return ERR_OK;
}

void turn_ports_deinit(struct turn_ports *ports)
{
    struct turn_port_set *sets[] = {&ports->free, &ports->even, &ports->pairs};
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        free(sets[i]->members);
        free(sets[i]->positions);
    }
    free(ports->resting);
    *ports = (struct turn_ports){0};
}

static const struct turn_port_set *set_for(const struct turn_ports *ports, enum turn_port_want want)
{
    switch (want) {
    case TURN_PORT_EVEN:
        return &ports->even;
    case TURN_PORT_PAIR:
        return &ports->pairs;
    case TURN_PORT_ANY:
        break;
    }
    return &ports->free;
}

uint32_t turn_ports_available(const struct turn_ports *ports, enum turn_port_want want)
{
    return set_for(ports, want)->count;
}

uint16_t turn_ports_take(struct turn_ports *ports, enum turn_port_want want, uint32_t pick)
{
    const struct turn_port_set *set = set_for(ports, want);
    assert(pick < set->count);
    uint32_t offset = set->members[pick];
    make_taken(ports, offset);
    if (want == TURN_PORT_PAIR)
        make_taken(ports, offset + 1);
    return (uint16_t)(ports->lowest + offset);
}

static bool in_slice(const struct turn_ports *ports, uint16_t port)
{
    return port >= ports->lowest && (uint32_t)(port - ports->lowest) < ports->count;
}

static struct turn_port_rest *resting_at(const struct turn_ports *ports, uint32_t i)
{
    return &ports->resting[(ports->resting_first + i) % ports->count];
}

/* Ends the rest of |offset|, which is taken then. False when it does not rest. */
static bool end_rest(struct turn_ports *ports, uint32_t offset)
{
    uint32_t i = 0;
    while (i < ports->resting_count && resting_at(ports, i)->offset != offset)
        i++;
    if (i == ports->resting_count)
        return false;
    for (; i + 1 < ports->resting_count; i++)
        *resting_at(ports, i) = *resting_at(ports, i + 1);
    ports->resting_count--;
    return true;
}

bool turn_ports_take_port(struct turn_ports *ports, uint16_t port)
{
    if (!in_slice(ports, port))
        return true;
    uint32_t offset = (uint32_t)(port - ports->lowest);
    if (!set_has(&ports->free, offset))
        return end_rest(ports, offset);
    make_taken(ports, offset);
    return true;
}

void turn_ports_release(struct turn_ports *ports, uint16_t port, struct mono_time now)
{
    if (!in_slice(ports, port))
        return;
    uint32_t offset = (uint32_t)(port - ports->lowest);
    assert(!set_has(&ports->free, offset));
    if (ports->rest_sec == 0) {
        make_free(ports, offset);
        return;
    }
    *resting_at(ports, ports->resting_count++) = (struct turn_port_rest){
        .until = mono_time_add_sec(now, ports->rest_sec), .offset = (uint16_t)offset};
}

void turn_ports_wake(struct turn_ports *ports, struct mono_time now)
{
    /* All rest equally long, so the oldest is always the first to wake. */
    while (ports->resting_count > 0) {
        const struct turn_port_rest *rest = resting_at(ports, 0);
        if (!mono_time_due(rest->until, now))
            return;
        make_free(ports, rest->offset);
        ports->resting_first = (ports->resting_first + 1) % ports->count;
        ports->resting_count--;
    }
}
