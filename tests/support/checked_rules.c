/* checked_rules.c — the invariants about verdicts, counters and sums. */
#include "checked_rules.h"

#include "stun_error.h"
#include "wire.h"

enum { HEADER_LEN = 4, PAYLOAD_MAX = 65507 - HEADER_LEN };

/* The counters of events and drops that one input may raise by one at most. */
static uint64_t raised(const struct checked_server *cs, enum turn_counter counter)
{
    return cs->config.counters[counter] - cs->before[counter];
}

static uint64_t drops_raised(const struct checked_server *cs)
{
    uint64_t sum = 0;
    for (enum turn_counter c = TURN_COUNT_DROP_EMPTY; c < TURN_COUNTER_COUNT; c++)
        sum += raised(cs, c);
    return sum;
}

/* A drop is one drop, counted under its own name, without commands. A control message that
 * is not answered is a drop as well, though its verdict is CONTROL. */
static void check_drop(struct checked_server *cs)
{
    if (cs->verdict != TURN_VERDICT_DROP) {
        bool silent = cs->verdict == TURN_VERDICT_CONTROL && cs->seen_count == 0;
        if (drops_raised(cs) != silent)
            checked_fail(cs,
                         "%llu drops counted for a datagram that is not dropped, or for one "
                         "that is not answered",
                         (unsigned long long)drops_raised(cs));
        return;
    }
    if ((unsigned)cs->relay.drop >= TURN_DROP_COUNT)
        checked_fail(cs, "DROP without a reason");
    if (raised(cs, TURN_COUNT_DROP_EMPTY + (enum turn_counter)cs->relay.drop) != 1 ||
        drops_raised(cs) != 1)
        checked_fail(cs, "DROP for reason %d is not counted once, under its reason",
                     (int)cs->relay.drop);
    if (cs->seen_count != 0)
        checked_fail(cs, "DROP with commands");
}

static enum turn_counter response_counter(const struct answer *answer)
{
    if (answer->class == STUN_SUCCESS)
        return TURN_COUNT_SUCCESS_RESPONSES;
    switch (answer->error_code) {
#define X(number, name, phrase)                                                                    \
    case number:                                                                                   \
        return TURN_COUNT_ERROR_##number;
        STUN_ERRORS(X)
#undef X
    default:
        return TURN_COUNTER_COUNT;
    }
}

/* Every response is counted by what it says. */
static void check_responses(struct checked_server *cs)
{
    uint64_t sent[TURN_COUNTER_COUNT] = {0};
    for (size_t i = 0; i < cs->seen_count; i++) {
        if (cs->seen[i].command.kind != TURN_COMMAND_SEND)
            continue;
        enum turn_counter counter = response_counter(&cs->seen[i].answer);
        if (counter == TURN_COUNTER_COUNT)
            checked_fail(cs, "unknown error code %u", cs->seen[i].answer.error_code);
        sent[counter]++;
    }
    for (enum turn_counter c = TURN_COUNT_SUCCESS_RESPONSES; c <= TURN_COUNT_ERROR_508; c++) {
        if (raised(cs, c) != sent[c])
            checked_fail(cs, "%llu responses counted, %llu sent (counter %d)",
                         (unsigned long long)raised(cs, c), (unsigned long long)sent[c], (int)c);
    }
}

/* Design 2.4: an unauthenticated datagram creates nothing, and its answer is small. */
static void check_forged(struct checked_server *cs, const struct checked_input *input)
{
    static const enum turn_counter gauges[] = {TURN_COUNT_ALLOCATIONS, TURN_COUNT_CHANNELS,
                                               TURN_COUNT_RESERVATIONS};
    size_t sent = 0;
    for (size_t i = 0; i < cs->seen_count; i++) {
        const struct seen_command *seen = &cs->seen[i];
        if (seen->command.kind != TURN_COMMAND_SEND)
            checked_fail(cs, "OPEN or CLOSE for an unauthenticated datagram");
        if (seen->answer.class == STUN_SUCCESS && seen->answer.method != STUN_BINDING)
            checked_fail(cs, "success for an unauthenticated request");
        sent += seen->command.bytes.len;
    }
    if (sent > TURN_REFLECTION_FACTOR * input->datagram.len)
        checked_fail(cs, "an unauthenticated datagram of %zu bytes is answered with %zu",
                     input->datagram.len, sent);
    for (size_t i = 0; i < sizeof(gauges) / sizeof(*gauges); i++) {
        if (raised(cs, gauges[i]) != 0)
            checked_fail(cs, "state changed for an unauthenticated datagram (gauge %d)",
                         (int)gauges[i]);
    }
}

/* What the model says about a datagram from a client: the bound channel it is for, or NULL. */
static const struct model_channel *bound_channel(struct checked_server *cs,
                                                 const struct checked_input *input,
                                                 struct bytes *ret_payload,
                                                 const struct model_allocation **ret_allocation)
{
    struct bytes d = input->datagram;
    if (input->tuple.client.port == 0 || d.len < HEADER_LEN || d.data[0] < 0x40 ||
        d.data[0] > checked_highest_channel(&cs->config) >> 8)
        return NULL;
    size_t len = (size_t)d.data[2] << 8 | d.data[3];
    if (len > d.len - HEADER_LEN)
        return NULL;
    struct model_allocation *a = model_by_tuple(&cs->model, &input->tuple);
    if (!a || a->state == MODEL_OPENING)
        return NULL;
    const struct model_channel *channel =
        model_channel_by_number(a, wire_load_u16(d.data), cs->now.mono);
    if (!channel || !model_channel_bound(a, channel, cs->now.mono))
        return NULL;
    *ret_payload = (struct bytes){.data = d.data + HEADER_LEN, .len = len};
    *ret_allocation = a;
    return channel;
}

void rules_client_verdict(struct checked_server *cs, const struct checked_input *input)
{
    struct bytes payload = {0};
    const struct model_allocation *a = NULL;
    const struct model_channel *channel = bound_channel(cs, input, &payload, &a);
    bool relayed = cs->verdict == TURN_VERDICT_RELAY;
    if (relayed && !channel)
        checked_fail(cs, "ChannelData passes without a bound channel");
    if (!relayed && channel)
        checked_fail(cs, "ChannelData of a bound channel does not pass (drop %d)",
                     (int)cs->relay.drop);
    if (relayed) {
        if (!transport_addr_equal(&cs->relay.peer, &channel->peer) ||
            cs->relay.relay_id.index != a->relay_id.index ||
            cs->relay.relay_id.generation != a->relay_id.generation)
            checked_fail(cs, "ChannelData goes to another peer, or leaves another relay");
        if (cs->relay.payload.data != payload.data || cs->relay.payload.len != payload.len)
            checked_fail(cs, "the payload is not the datagram's");
        if (cs->seen_count != 0)
            checked_fail(cs, "RELAY with commands");
    }
    if (raised(cs, TURN_COUNT_RELAYED_TO_PEER) != relayed ||
        raised(cs, TURN_COUNT_RELAYED_TO_PEER_BYTES) != payload.len)
        checked_fail(cs, "relayed datagrams or bytes are not counted as they are");
    check_drop(cs);
    check_responses(cs);
    if (input->trust == FORGED)
        check_forged(cs, input);
}

void rules_peer_verdict(struct checked_server *cs, const struct checked_input *input)
{
    struct model_allocation *a = model_by_id(&cs->model, input->relay_id);
    const struct model_channel *channel = NULL;
    if (a && a->state != MODEL_OPENING && input->datagram.len <= PAYLOAD_MAX)
        channel = model_channel_by_peer(a, &input->peer, cs->now.mono);
    if (channel && !model_channel_bound(a, channel, cs->now.mono))
        channel = NULL;

    bool relayed = cs->verdict == TURN_VERDICT_RELAY;
    if (cs->verdict == TURN_VERDICT_CONTROL || cs->seen_count != 0)
        checked_fail(cs, "a peer's datagram causes commands");
    if (relayed && !channel)
        checked_fail(cs, "a peer's datagram passes without a bound channel");
    if (!relayed && channel)
        checked_fail(cs, "a bound peer's datagram does not pass (drop %d)", (int)cs->relay.drop);
    if (relayed) {
        struct bytes out = cs->relay.payload;
        if (memcmp(&cs->relay.five_tuple, &a->five_tuple, sizeof(a->five_tuple)) != 0)
            checked_fail(cs, "a peer's datagram goes to another client");
        if (out.data != input->datagram.data - HEADER_LEN ||
            out.len != input->datagram.len + HEADER_LEN)
            checked_fail(cs, "ChannelData is copied, padded or cut");
        if (wire_load_u16(out.data) != channel->number ||
            wire_load_u16(out.data + 2) != input->datagram.len)
            checked_fail(cs, "wrong ChannelData header");
    }
    if (raised(cs, TURN_COUNT_RELAYED_TO_CLIENT) != relayed ||
        raised(cs, TURN_COUNT_RELAYED_TO_CLIENT_BYTES) != (relayed ? input->datagram.len : 0))
        checked_fail(cs, "relayed datagrams or bytes are not counted as they are");
    check_drop(cs);
}

void rules_outcome(struct checked_server *cs, struct checked_input *input)
{
    struct model_allocation *a = model_by_id(&cs->model, input->relay_id);
    if (!a || a->state != MODEL_OPENING)
        checked_fail(cs, "the test answers an OPEN_RELAY that does not wait");
    input->tuple = a->five_tuple;
    memcpy(input->transaction_id, a->transaction_id, sizeof(input->transaction_id));
    if (!input->failed)
        a->state = MODEL_OPEN;
    else
        a->port = 0; /* nothing is open; the port may be anybody's */
}

void rules_outcome_end(struct checked_server *cs, const struct checked_input *input)
{
    struct model_allocation *a = model_by_id(&cs->model, input->relay_id);
    check_responses(cs);
    if (drops_raised(cs) != 0)
        checked_fail(cs, "an outcome is counted as a drop");
    if (input->failed && a && a->port == 0) {
        /* It has not been opened on another port, so the client must know. */
        if (cs->seen_count != 1 || cs->seen[0].answer.class != STUN_ERROR)
            checked_fail(cs, "a failed Allocate is not answered with one error");
        model_remove(&cs->model, a);
    } else if (!input->failed && a && a->state != MODEL_LIVE && !cs->has_claim) {
        checked_fail(cs, "an opened Allocate is not answered");
    }
    if (raised(cs, TURN_COUNT_RELAY_OPEN_FAILURES) != input->failed)
        checked_fail(cs, "failed openings are not counted");
}

void rules_expired(struct checked_server *cs)
{
    check_responses(cs);
    for (size_t i = 0; i < cs->model.allocation_count; i++) {
        if (mono_time_due(cs->model.allocations[i].expires, cs->now.mono))
            checked_fail(cs, "an allocation outlives its lifetime");
    }
}

void rules_state(struct checked_server *cs)
{
    rules_mirror(cs);
    const uint64_t *c = cs->config.counters;
    struct mono_time deadline = turn_server_next_deadline(cs->server);
    size_t live = 0, opening = 0, claiming = 0;
    for (size_t i = 0; i < cs->model.allocation_count; i++) {
        const struct model_allocation *a = &cs->model.allocations[i];
        if (a->state == MODEL_OPENING)
            opening++;
        else
            live++;
        claiming += a->state == MODEL_OPEN;
        if (mono_time_before(a->expires, deadline))
            checked_fail(cs, "no deadline for an allocation that expires");
    }
    if (mono_time_due(deadline, cs->now.mono))
        checked_fail(cs, "the next deadline is in the past");
    size_t count = turn_server_allocation_count(cs->server);
    if (count != live + opening || c[TURN_COUNT_ALLOCATIONS] != count)
        checked_fail(cs, "%zu allocations, gauge %llu, model %zu live and %zu opening", count,
                     (unsigned long long)c[TURN_COUNT_ALLOCATIONS], live, opening);
    size_t channels = model_channel_count(&cs->model, cs->now.mono);
    if (c[TURN_COUNT_CHANNELS] != channels)
        checked_fail(cs, "channel gauge %llu, model %zu",
                     (unsigned long long)c[TURN_COUNT_CHANNELS], channels);
    size_t slice = (size_t)(cs->config.highest_port - cs->config.lowest_port) + 1;
    if (c[TURN_COUNT_PORTS_FREE] + c[TURN_COUNT_PORTS_RESTING] + c[TURN_COUNT_RESERVATIONS] + live +
            opening !=
        slice)
        checked_fail(cs,
                     "ports do not add up: free %llu resting %llu reserved %llu live %zu "
                     "opening %zu of %zu",
                     (unsigned long long)c[TURN_COUNT_PORTS_FREE],
                     (unsigned long long)c[TURN_COUNT_PORTS_RESTING],
                     (unsigned long long)c[TURN_COUNT_RESERVATIONS], live, opening, slice);
    if (c[TURN_COUNT_ALLOCATIONS_CREATED] + c[TURN_COUNT_ALLOCATIONS_RESTORED] !=
        live - claiming + c[TURN_COUNT_ALLOCATIONS_DELETED] + c[TURN_COUNT_ALLOCATIONS_REMOVED] +
            c[TURN_COUNT_ALLOCATIONS_EXPIRED] + c[TURN_COUNT_ALLOCATIONS_LOST])
        checked_fail(cs, "allocations made, restored, ended and live do not add up");
}
