/* checked_server.c — a server whose every step is held against the model and the invariants. */
#include "checked_server.h"

#include "checked_rules.h"
#include "wire.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Far more than any test makes due at one instant; a server that loops is caught. */
enum { TIMEOUT_ROUNDS_MAX = 100000 };

/* Longer than any lifetime that a test grants, and than a port's rest. */
enum { ALL_IS_OVER_SEC = 100000 };

_Noreturn void checked_fail(const struct checked_server *cs, const char *format, ...)
{
    char message[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    if (cs->failed)
        cs->failed(message);
    fprintf(stderr, "invariant broken at %lld us: %s\n", (long long)cs->now.mono.usec, message);
    abort();
}

void checked_server_init(struct checked_server *cs, const struct server_setup *setup)
{
    *cs = (struct checked_server){
        .config = setup->config,
        .now = {.mono = {.usec = 1000 * USEC_PER_SEC}, .wall = {.sec = TEST_WALL_SEC}},
    };
    enum err err = turn_server_new(&cs->config, &cs->server);
    if (err != ERR_OK)
        checked_fail(cs, "turn_server_new: %s", err_name(err));
}

void checked_server_deinit(struct checked_server *cs)
{
    turn_server_free(cs->server);
    mirror_deinit(&cs->mirror);
    free(cs->seen);
    *cs = (struct checked_server){0};
}

const char *command_end_text(enum turn_end end)
{
    static const char *const texts[] = {"deleted", "removed", "expired", "lost", "refused"};
    return texts[end];
}

char *command_describe(const struct seen_command *seen, char *text, size_t size)
{
    const struct turn_command *c = &seen->command;
    char addr[TRANSPORT_ADDR_TEXT_MAX], answer[512];
    transport_addr_format(&c->five_tuple.client, addr);
    switch (c->kind) {
    case TURN_COMMAND_SEND:
        snprintf(text, size, "SEND to %s: %s", addr,
                 answer_describe(&seen->answer, answer, sizeof(answer)));
        break;
    case TURN_COMMAND_OPEN_RELAY:
        snprintf(text, size, "OPEN port %u families %u%s for %s", c->port, c->families,
                 c->dont_fragment ? " DF" : "", addr);
        break;
    case TURN_COMMAND_CLOSE_RELAY:
        snprintf(text, size, "CLOSE port %u families %u (%s) of %s", c->port, c->families,
                 command_end_text(c->end), addr);
        break;
    case TURN_COMMAND_CLAIM:
        snprintf(text, size, "CLAIM port %u for %s", seen->record.allocation.port, addr);
        break;
    case TURN_COMMAND_RECORD:
    case TURN_COMMAND_FORGET:
        snprintf(text, size, "%s %s %#x of %s",
                 c->kind == TURN_COMMAND_RECORD ? "RECORD" : "FORGET",
                 seen->record.kind == TURN_RECORD_CHANNEL ? "channel" : "allocation",
                 seen->record.kind == TURN_RECORD_CHANNEL ? seen->record.channel.number : 0, addr);
        break;
    }
    return text;
}

static void begin_input(struct checked_server *cs)
{
    cs->seen_count = 0;
    memcpy(cs->before, cs->config.counters, sizeof(cs->before));
}

static struct seen_command *new_seen(struct checked_server *cs)
{
    if (cs->seen_count == cs->seen_capacity) {
        cs->seen_capacity = cs->seen_capacity ? cs->seen_capacity * 2 : 8;
        cs->seen = realloc(cs->seen, cs->seen_capacity * sizeof(*cs->seen));
        if (!cs->seen)
            abort();
    }
    return &cs->seen[cs->seen_count++];
}

/* Does as the registry does; true when the test wants to see it. */
static bool keep_record(struct checked_server *cs, const struct turn_command *command)
{
    if (!cs->config.recorded)
        checked_fail(cs, "a record without turn_config.recorded");
    if (!five_tuple_equal(&command->five_tuple, &command->record->five_tuple))
        checked_fail(cs, "a record of another five-tuple than its command's");
    if (command->kind == TURN_COMMAND_CLAIM) {
        if (cs->has_claim)
            checked_fail(cs, "a second claim in one input");
        cs->has_claim = true;
        cs->claim = command->relay_id;
        cs->claimed = *command->record;
    } else {
        mirror_apply(&cs->mirror, command->kind, command->record);
    }
    return cs->shows_records;
}

/* Drains the commands of one call into the server. */
static void drain(struct checked_server *cs, const struct checked_input *input)
{
    struct turn_command command;
    size_t first = cs->seen_count;
    while (turn_server_next_command(cs->server, &command)) {
        if (cs->seen_count - first == TURN_COMMANDS_MAX)
            checked_fail(cs, "more than TURN_COMMANDS_MAX commands for one input");
        if (command.record && !keep_record(cs, &command))
            continue;
        struct seen_command *seen = new_seen(cs);
        *seen = (struct seen_command){.command = command};
        if (command.record)
            seen->record = *command.record;
        if (command.kind == TURN_COMMAND_SEND) {
            if (command.bytes.len > sizeof(seen->bytes))
                checked_fail(cs, "a response of %zu bytes", command.bytes.len);
            memcpy(seen->bytes, command.bytes.data, command.bytes.len);
            const char *wrong = answer_read(command.bytes, &seen->answer);
            if (wrong)
                checked_fail(cs, "a bad response: %s", wrong);
        }
        if (command.kind == TURN_COMMAND_OPEN_RELAY) {
            if (command.username.len == 0 || command.username.len > sizeof(seen->username))
                checked_fail(cs, "OPEN_RELAY without a username");
            memcpy(seen->username, command.username.data, command.username.len);
        }
    }
    /* Growing moves the elements: views are set when all are there. */
    for (size_t i = 0; i < cs->seen_count; i++) {
        cs->seen[i].command.bytes.data = cs->seen[i].bytes;
        cs->seen[i].command.username.data = cs->seen[i].username;
        if (cs->seen[i].command.record)
            cs->seen[i].command.record = &cs->seen[i].record;
    }
    for (size_t i = first; i < cs->seen_count; i++)
        rules_command(cs, input, &cs->seen[i]);
    if (cs->has_claim && !cs->shows_records) {
        cs->has_claim = false;
        mirror_apply(&cs->mirror, TURN_COMMAND_CLAIM, &cs->claimed);
        turn_server_claim_result(cs->server, cs->now, cs->claim, TURN_CLAIM_GRANTED);
        drain(cs, input);
    }
}

/* Nobody else has it: there is no other shard. */
static void settle(struct checked_server *cs, const struct five_tuple *tuple, struct bytes datagram)
{
    if (!cs->config.recorded || turn_server_next_command(cs->server, &(struct turn_command){0}) ||
        memcmp(cs->before, cs->config.counters, sizeof(cs->before)) != 0)
        checked_fail(cs, "NOT_MINE changes something");
    if (cs->shows_records)
        return;
    cs->verdict = turn_server_client_datagram(cs->server, cs->now, tuple, datagram,
                                              TURN_ARRIVAL_SETTLED, &cs->relay);
    if (cs->verdict == TURN_VERDICT_NOT_MINE)
        checked_fail(cs, "NOT_MINE although it is settled");
}

static void client_datagram(struct checked_server *cs, const struct five_tuple *tuple,
                            struct bytes datagram, enum trust trust, enum turn_arrival arrival)
{
    struct checked_input input = {
        .kind = INPUT_CLIENT, .tuple = *tuple, .datagram = datagram, .trust = trust};
    begin_input(cs);
    cs->relay = (struct turn_relay){0};
    cs->verdict =
        turn_server_client_datagram(cs->server, cs->now, tuple, datagram, arrival, &cs->relay);
    if (cs->verdict == TURN_VERDICT_NOT_MINE)
        settle(cs, tuple, datagram);
    drain(cs, &input);
    rules_client_verdict(cs, &input);
    rules_state(cs);
}

void checked_client_datagram(struct checked_server *cs, const struct five_tuple *tuple,
                             struct bytes datagram, enum trust trust)
{
    client_datagram(cs, tuple, datagram, trust, TURN_ARRIVAL_FIRST);
}

void checked_settled(struct checked_server *cs, const struct five_tuple *tuple,
                     struct bytes datagram, enum trust trust)
{
    client_datagram(cs, tuple, datagram, trust, TURN_ARRIVAL_SETTLED);
    if (cs->verdict == TURN_VERDICT_NOT_MINE)
        checked_fail(cs, "NOT_MINE although it is settled");
}

void checked_peer_datagram(struct checked_server *cs, struct turn_relay_id relay_id,
                           const struct transport_addr *peer, uint8_t *datagram, size_t len)
{
    struct checked_input input = {
        .kind = INPUT_PEER,
        .datagram = {.data = datagram, .len = len},
        .relay_id = relay_id,
        .peer = *peer,
    };
    begin_input(cs);
    cs->relay = (struct turn_relay){0};
    cs->verdict =
        turn_server_peer_datagram(cs->server, cs->now, relay_id, peer, datagram, len, &cs->relay);
    drain(cs, &input);
    rules_peer_verdict(cs, &input);
    rules_state(cs);
}

static void outcome(struct checked_server *cs, struct checked_input *input)
{
    begin_input(cs);
    rules_outcome(cs, input);
    if (input->failed)
        turn_server_relay_failed(cs->server, cs->now, input->relay_id, input->failure,
                                 input->families);
    else
        turn_server_relay_opened(cs->server, cs->now, input->relay_id);
    drain(cs, input);
    rules_outcome_end(cs, input);
    rules_state(cs);
}

void checked_opened(struct checked_server *cs, struct turn_relay_id relay_id)
{
    outcome(cs, &(struct checked_input){.kind = INPUT_OUTCOME, .relay_id = relay_id});
}

void checked_open_failed(struct checked_server *cs, struct turn_relay_id relay_id,
                         enum turn_relay_failure failure, uint8_t families)
{
    outcome(cs, &(struct checked_input){.kind = INPUT_OUTCOME,
                                        .relay_id = relay_id,
                                        .failed = true,
                                        .failure = failure,
                                        .families = families});
}

void checked_claim_result(struct checked_server *cs, struct turn_relay_id relay_id,
                          enum turn_claim result)
{
    struct checked_input input = {.kind = INPUT_CLAIM, .relay_id = relay_id, .claim = result};
    struct model_allocation *a = model_by_id(&cs->model, relay_id);
    begin_input(cs);
    if (a) {
        input.tuple = a->five_tuple;
        memcpy(input.transaction_id, a->transaction_id, sizeof(input.transaction_id));
        if (a->state != MODEL_OPENING)
            a->unclaimed = result != TURN_CLAIM_GRANTED;
        if (result == TURN_CLAIM_HELD) /* the records there are its owner's */
            mirror_apply(
                &cs->mirror, TURN_COMMAND_FORGET,
                &(struct turn_record){.kind = TURN_RECORD_ALLOCATION, .five_tuple = a->five_tuple});
    }
    if (result == TURN_CLAIM_GRANTED)
        mirror_apply(&cs->mirror, TURN_COMMAND_CLAIM, &cs->claimed);
    cs->has_claim = false;
    turn_server_claim_result(cs->server, cs->now, relay_id, result);
    drain(cs, &input);
    rules_state(cs);
}

bool checked_publish(struct checked_server *cs, struct turn_publication *publication)
{
    struct checked_input input = {.kind = INPUT_PUBLISH};
    begin_input(cs);
    bool any = turn_server_publish(cs->server, publication);
    drain(cs, &input);
    if (any != (cs->seen_count > 0))
        checked_fail(cs, "publishing says that it has done something, or nothing, wrongly");
    rules_state(cs);
    return any;
}

void checked_lost(struct checked_server *cs, const struct five_tuple *tuple)
{
    struct checked_input input = {.kind = INPUT_LOST, .tuple = *tuple};
    begin_input(cs);
    mirror_apply(&cs->mirror, TURN_COMMAND_FORGET,
                 &(struct turn_record){.kind = TURN_RECORD_ALLOCATION, .five_tuple = *tuple});
    turn_server_lost(cs->server, cs->now, tuple);
    drain(cs, &input);
    rules_state(cs);
}

bool checked_delete(struct checked_server *cs, const struct transport_addr *client)
{
    struct checked_input input = {.kind = INPUT_DELETE, .tuple.client = *client};
    uint16_t port = 0;
    begin_input(cs);
    bool any = turn_server_delete(cs->server, cs->now, client, &input.tuple, &port);
    const struct model_allocation *a = model_by_tuple(&cs->model, &input.tuple);
    if (any && (!a || a->state != MODEL_LIVE || a->port != port ||
                !transport_addr_equal(&a->five_tuple.client, client)))
        checked_fail(cs, "another allocation is deleted than was to be");
    drain(cs, &input);
    if (any != (cs->seen_count > 0))
        checked_fail(cs, "deleting says that it has done something, or nothing, wrongly");
    rules_state(cs);
    return any;
}

void checked_advance(struct checked_server *cs, int64_t usec)
{
    struct checked_input input = {.kind = INPUT_TIMEOUT};
    int64_t seconds_before = cs->now.mono.usec / USEC_PER_SEC;
    begin_input(cs);
    cs->now.mono.usec += usec;
    cs->now.wall.sec += (uint64_t)(cs->now.mono.usec / USEC_PER_SEC - seconds_before);
    size_t rounds = 0;
    while (mono_time_due(turn_server_next_deadline(cs->server), cs->now.mono)) {
        if (++rounds > TIMEOUT_ROUNDS_MAX)
            checked_fail(cs, "the next deadline stays in the past");
        turn_server_timeout(cs->server, cs->now);
        drain(cs, &input);
    }
    rules_expired(cs);
    rules_state(cs);
}

void checked_let_all_end(struct checked_server *cs)
{
    for (size_t i = cs->model.allocation_count; i-- > 0;) {
        struct model_allocation *a = &cs->model.allocations[i];
        if (a->state == MODEL_OPENING)
            checked_open_failed(cs, a->relay_id, TURN_RELAY_NO_RESOURCES, 0);
    }
    /* Twice, as ports rest from when they were freed; the last call wakes them. */
    for (int i = 0; i < 2; i++)
        checked_advance(cs, ALL_IS_OVER_SEC * USEC_PER_SEC);
    turn_server_timeout(cs->server, cs->now);
    size_t slice = (size_t)(cs->config.highest_port - cs->config.lowest_port) + 1;
    const uint64_t *c = cs->config.counters;
    if (cs->model.allocation_count != 0 || c[TURN_COUNT_ALLOCATIONS] != 0 ||
        c[TURN_COUNT_CHANNELS] != 0 || c[TURN_COUNT_RESERVATIONS] != 0 ||
        c[TURN_COUNT_PORTS_RESTING] != 0 || c[TURN_COUNT_PORTS_FREE] != slice)
        checked_fail(cs, "something is left when every lifetime has passed");
    if (!mono_time_is_never(turn_server_next_deadline(cs->server)))
        checked_fail(cs, "a deadline is left when nothing is");
}
