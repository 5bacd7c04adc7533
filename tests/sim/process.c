/* process.c — a process of a shard in the simulated deployment: shard.c without sockets. */
#include "process.h"

#include "handover.h"
#include "log.h"
#include "port_slice.h"
#include "registrar.h"
#include "server_setup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    /* While nothing may be sent the sockets stay readable: the next round comes so soon. */
    UNSENT_WAIT_USEC = 10000,
    READ_MAX = 16,
};

struct turn_now simulated_now(struct mono_time mono)
{
    return (struct turn_now){.mono = mono,
                             .wall = {TEST_WALL_SEC + (uint64_t)(mono.usec / USEC_PER_SEC)}};
}

/*
 * Rounds.
 */

static void hand_over(struct process *process)
{
    const struct process_config *config = &process->config;
    struct handed_over *handed;
    while ((handed = simulated_redirect_take(&process->redirect)) != NULL) {
        process->values[SHARD_COUNT_REDIRECT_SENT]++;
        config->on_handed_over(config->context, handed->shard, &handed->redirected);
        free(handed);
    }
}

static void send_answers(struct process *process)
{
    const struct process_config *config = &process->config;
    struct queued *queued;
    registrar_flush(process->registrar);
    while ((queued = datagram_queue_take(&process->answers)) != NULL) {
        struct sent sent = {.kind = queued->peer.port ? SENT_TO_CLIENT : SENT_ANSWER,
                            .five_tuple = queued->five_tuple,
                            .relay_id = queued->relay_id,
                            .port = queued->peer.port,
                            .bytes = queued_bytes(queued)};
        config->on_sent(config->context, process, &sent);
        free(queued);
    }
}

struct turn_now process_begin(void *context)
{
    struct process *process = context;
    if (!process->is_round_open) {
        process->is_round_open = true;
        process->may_send = registrar_seen(process->registrar, process->now);
    }
    return process->now;
}

/*
 * Commands: relay_commands.c.
 */

struct outcome {
    bool is_pending;
    bool is_open;
    struct turn_relay_id id;
    enum turn_relay_failure failure;
};

static struct outcome open_relay(struct process *process, const struct turn_command *command)
{
    const struct process_config *config = &process->config;
    struct process_relay *relay = &process->relays[command->relay_id.index];
    struct outcome outcome = {.is_pending = true, .id = command->relay_id};
    if (command->relay_id.index >= PROCESS_RELAYS_MAX)
        config->failed(config->context, "more relays than ports");
    if (relay->is_open)
        config->failed(config->context, "a relay opened twice");
    /* Its own too: it is not among the others yet while it starts. */
    if (process_relay_of(process, command->port) ||
        config->port_is_taken(config->context, command->port)) {
        process->values[SHARD_COUNT_RELAY_OPEN_PORT_TAKEN]++;
        outcome.failure = TURN_RELAY_PORT_TAKEN;
        return outcome;
    }
    *relay = (struct process_relay){true, command->relay_id, command->port};
    outcome.is_open = true;
    return outcome;
}

static void close_relay(struct process *process, const struct turn_command *command)
{
    struct process_relay *relay = &process->relays[command->relay_id.index];
    static const char *const ends[] = {"deleted", "removed", "expired", "lost", "refused"};
    if (!relay->is_open || relay->id.generation != command->relay_id.generation)
        return;
    relay->is_open = false;
    log_event(LOG_LEVEL_DEBUG, "allocation ended", "shard", LOG_U64(process->config.shard),
              "client", LOG_ADDR(&command->five_tuple.client), "port", LOG_U64(command->port),
              "reason", ends[command->end], NULL);
}

static void answer(struct process *process, const struct turn_command *command)
{
    const struct process_config *config = &process->config;
    struct queued head = {.five_tuple = command->five_tuple};
    struct sent sent = {
        .kind = SENT_ANSWER, .five_tuple = command->five_tuple, .bytes = command->bytes};
    config->on_answer(config->context, process, &sent);
    datagram_queue_add(&process->answers, &head, command->bytes);
}

static struct outcome drain(struct process *process, struct turn_now now, struct bytes datagram)
{
    struct outcome outcome = {.is_pending = false};
    struct turn_command command;
    while (turn_server_next_command(process->server, &command)) {
        switch (command.kind) {
        case TURN_COMMAND_SEND:
            answer(process, &command);
            break;
        case TURN_COMMAND_OPEN_RELAY:
            outcome = open_relay(process, &command);
            break;
        case TURN_COMMAND_CLOSE_RELAY:
            close_relay(process, &command);
            break;
        case TURN_COMMAND_CLAIM:
            handover_claimed(process->handover, &command.five_tuple);
            registrar_claim(process->registrar, now, &command, datagram, process->hops);
            break;
        case TURN_COMMAND_RECORD:
        case TURN_COMMAND_FORGET:
            registrar_write(process->registrar, now, &command);
            break;
        }
    }
    return outcome;
}

static void run_commands(struct process *process, struct turn_now now, struct bytes datagram)
{
    struct outcome outcome = drain(process, now, datagram);
    while (outcome.is_pending) {
        if (outcome.is_open)
            turn_server_relay_opened(process->server, now, outcome.id);
        else
            turn_server_relay_failed(process->server, now, outcome.id, outcome.failure, 0);
        outcome = drain(process, now, datagram);
    }
}

void process_run_own_commands(void *context, struct turn_now now)
{
    run_commands(context, now, (struct bytes){0});
}

/*
 * Datagrams: datapath.c.
 */

static void client_datagram(struct process *process, struct turn_now now,
                            const struct five_tuple *five_tuple, struct bytes datagram,
                            enum turn_arrival arrival)
{
    const struct process_config *config = &process->config;
    struct turn_relay relayed;
    struct sent sent = {.kind = SENT_TO_PEER, .five_tuple = *five_tuple};
    switch (turn_server_client_datagram(process->server, now, five_tuple, datagram, arrival,
                                        &relayed)) {
    case TURN_VERDICT_DROP:
        break;
    case TURN_VERDICT_RELAY:
        sent.relay_id = relayed.relay_id;
        sent.port = process->relays[relayed.relay_id.index].port;
        sent.peer = relayed.peer;
        sent.bytes = relayed.payload;
        config->on_sent(config->context, process, &sent);
        break;
    case TURN_VERDICT_CONTROL:
        run_commands(process, now, datagram);
        break;
    case TURN_VERDICT_NOT_MINE:
        if (process->hops > 0) {
            process->values[SHARD_COUNT_REDIRECT_HOP_LIMIT]++;
            break;
        }
        handover_datagram(process->handover, now, five_tuple, datagram, relayed.shard);
        break;
    }
}

void process_on_settled(void *context, struct turn_now now, const struct five_tuple *five_tuple,
                        struct bytes datagram)
{
    client_datagram(context, now, five_tuple, datagram, TURN_ARRIVAL_SETTLED);
}

static void peer_datagram(struct process *process, struct queued *queued)
{
    const struct process_relay *relay = &process->relays[queued->relay_id.index];
    struct turn_relay relayed;
    if (!relay->is_open || relay->id.generation != queued->relay_id.generation)
        return; /* the socket was closed with all that was in it */
    if (turn_server_peer_datagram(process->server, process->now, queued->relay_id, &queued->peer,
                                  queued->bytes + TURN_HEADROOM, queued->len,
                                  &relayed) != TURN_VERDICT_RELAY)
        return;
    /* A port tells data from an answer here. */
    struct queued head = {.five_tuple = relayed.five_tuple,
                          .relay_id = queued->relay_id,
                          .peer = {.port = relay->port}};
    datagram_queue_add(&process->answers, &head, relayed.payload);
}

static void read_listener(struct process *process)
{
    struct queued *queued;
    for (int i = 0; process->config.listener->first; i++) {
        (void)process_begin(process);
        if (!process->may_send)
            return;
        if (i == READ_MAX || chance(process->config.choices, 10)) {
            send_answers(process); /* the next portion */
            if (i == READ_MAX)
                return;
        }
        queued = datagram_queue_take(process->config.listener);
        client_datagram(process, process->now, &queued->five_tuple, queued_bytes(queued),
                        TURN_ARRIVAL_FIRST);
        free(queued);
    }
}

static void read_redirected(struct process *process)
{
    struct queued *queued;
    while (process->config.redirected->first) {
        (void)process_begin(process);
        if (!process->may_send)
            return;
        queued = datagram_queue_take(process->config.redirected);
        process->hops = queued->hops;
        process->values[SHARD_COUNT_REDIRECT_RECEIVED]++;
        client_datagram(process, process->now, &queued->five_tuple, queued_bytes(queued),
                        TURN_ARRIVAL_FIRST);
        process->hops = 0;
        free(queued);
    }
}

static void read_relays(struct process *process)
{
    struct queued *queued;
    while (process->from_peers.first) {
        (void)process_begin(process);
        if (!process->may_send)
            return;
        queued = datagram_queue_take(&process->from_peers);
        peer_datagram(process, queued);
        free(queued);
    }
}

static struct mono_time earlier(struct mono_time a, struct mono_time b)
{
    return mono_time_before(a, b) ? a : b;
}

static bool has_datagrams(const struct process *process)
{
    return process->from_peers.first || (process->is_ready && (process->config.listener->first ||
                                                               process->config.redirected->first));
}

static void end_round(struct process *process)
{
    struct turn_now now = process->now;
    if (mono_time_due(turn_server_next_deadline(process->server), now.mono)) {
        turn_server_timeout(process->server, now);
        process_run_own_commands(process, now);
    }
    if (process->may_send)
        handover_run(process->handover, now);
    struct mono_time registrar = registrar_run(process->registrar, now);
    struct mono_time restore = restore_run(process->restore, now);
    ownership_flush(process->ownership);
    if (process->may_send) {
        send_answers(process);
        hand_over(process);
    }
    process->is_round_open = false;
    if (process->may_send)
        process->unsent_since = MONO_TIME_NEVER;
    else if (mono_time_is_never(process->unsent_since))
        process->unsent_since = now.mono;
    process->deadline =
        earlier(earlier(registrar, restore), turn_server_next_deadline(process->server));
    if (!process->may_send)
        process->deadline =
            earlier(process->deadline, mono_time_add_usec(now.mono, UNSENT_WAIT_USEC));
}

void process_wake(struct process *process, struct mono_time now)
{
    process->now = simulated_now(now);
    bool answers_first = chance(process->config.choices, 50);
    if (answers_first)
        ownership_model_turn(process->ownership, now);
    read_relays(process);
    if (process->is_ready) {
        read_listener(process);
        read_redirected(process);
    }
    if (!answers_first)
        ownership_model_turn(process->ownership, now);
    if (mono_time_due(process->deadline, now))
        (void)process_begin(process);
    if (process->is_round_open)
        end_round(process);
}

struct mono_time process_next(const struct process *process)
{
    struct mono_time next = earlier(process->deadline, ownership_model_next(process->ownership));
    /* While nothing may be sent they wait for the next round. */
    if (has_datagrams(process) && process->may_send)
        return (struct mono_time){0};
    return next;
}

const struct process_relay *process_relay_of(const struct process *process, uint16_t port)
{
    for (size_t i = 0; i < PROCESS_RELAYS_MAX; i++)
        if (process->relays[i].is_open && process->relays[i].port == port)
            return &process->relays[i];
    return NULL;
}

size_t process_dump(struct process *process, struct turn_record *ret, size_t max)
{
    struct turn_publication publication = {0};
    size_t count = 0;
    while (turn_server_publish(process->server, &publication)) {
        struct turn_command command;
        while (turn_server_next_command(process->server, &command))
            if (count < max)
                ret[count++] = *command.record;
    }
    return count;
}

static struct shard_lease lease_of(const struct process_config *config, struct port_slice slice)
{
    return (struct shard_lease){.owner = {.host = "host", .shard = config->shard},
                                .pid = (int64_t)config->serial,
                                .shards = config->shards,
                                .lowest_port = slice.lowest,
                                .highest_port = slice.highest,
                                .state = SHARD_STATE_STARTING,
                                .version = "sim",
                                .boot = "boot"};
}

struct process *process_start(const struct process_config *config, struct mono_time mono)
{
    struct process *process = calloc(1, sizeof(*process));
    struct port_slice slice =
        port_slice_of(config->lowest_port, config->highest_port, config->shards, config->shard);
    const struct shard_lease lease = lease_of(config, slice);
    if (!process)
        abort();
    process->config = *config;
    process->now = simulated_now(mono);
    process->started_at = mono;
    process->redirect.values = process->values;
    process->unsent_since = MONO_TIME_NEVER;
    process->random_count = config->serial << 32;
    struct turn_config turn = *config->turn;
    turn.shard = (uint16_t)config->shard;
    turn.lowest_port = slice.lowest;
    turn.highest_port = slice.highest;
    turn.counters = process->values;
    turn.random_context = &process->random_count;
    if (turn_server_new(&turn, &process->server) != ERR_OK ||
        !process_join(process, &lease, process->now, (uint32_t)slice.highest - slice.lowest + 1))
        abort();
    registrar_change(process->registrar, ownership_is_available(process->ownership));
    end_round(process);
    return process;
}

void process_kill(struct process *process)
{
    process->is_closing = true;
    ownership_close(process->ownership);
    handover_free(process->handover);
    restore_free(process->restore);
    registrar_free(process->registrar);
    struct handed_over *handed;
    while ((handed = simulated_redirect_take(&process->redirect)) != NULL)
        free(handed);
    turn_server_free(process->server);
    datagram_queue_clear(&process->from_peers);
    datagram_queue_clear(&process->answers);
    free(process);
}
