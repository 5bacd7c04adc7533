/* relay_commands.c — carries out what the core asks for. */
#include "relay_commands.h"

#include "log.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

/* Failures for want of descriptors or memory come in floods: one line a second. */
enum { FAILURE_LOG_USEC = 1000000 };

/* How the OPEN_RELAY among a round of commands went; at most one input can ask for one. */
struct outcome {
    bool is_pending;
    bool is_open;
    struct turn_relay_id id;
    struct relay_failure failure;
};

static const char *families_text(uint8_t families)
{
    static const char *const texts[] = {"none", "ipv4", "ipv6", "ipv4+ipv6"};

    return texts[families & (FAMILY_SET_V4 | FAMILY_SET_V6)];
}

static const char *end_text(enum turn_end end)
{
    switch (end) {
    case TURN_END_DELETED:
        return "deleted";
    case TURN_END_REMOVED:
        return "deleted by the operator";
    case TURN_END_EXPIRED:
        return "expired";
    case TURN_END_LOST:
        return "owned by another shard";
    case TURN_END_REFUSED:
        return "refused";
    }
    return "unknown";
}

static void count(struct relay_commands *commands, enum shard_counter counter, uint64_t value)
{
    commands->values[counter] += value;
}

static uint64_t socket_count(uint8_t families)
{
    return (uint64_t)((families & FAMILY_SET_V4) != 0) + ((families & FAMILY_SET_V6) != 0);
}

static void log_failure(struct relay_commands *commands, const struct turn_command *command,
                        const struct relay_failure *failure, struct mono_time now)
{
    /* A taken port is everyday life and has a counter; anything else is worth a line. */
    if (failure->error == EADDRINUSE)
        return;
    if (mono_time_before(now, mono_time_add_usec(commands->failure_logged_at, FAILURE_LOG_USEC))) {
        commands->failures_unlogged++;
        return;
    }
    log_event(LOG_LEVEL_WARNING, "relay socket not opened", "port", LOG_U64(command->port),
              "families", families_text(command->families), "error", strerror(failure->error),
              "more_since_last_line", LOG_U64(commands->failures_unlogged), NULL);
    commands->failure_logged_at = now;
    commands->failures_unlogged = 0;
}

static struct outcome open_relay(struct relay_commands *commands,
                                 const struct turn_command *command, struct turn_now now)
{
    struct outcome outcome = {.is_pending = true, .id = command->relay_id};

    outcome.is_open =
        relay_table_open(commands->relays, &commands->binding, command, &outcome.failure);
    if (outcome.is_open) {
        count(commands, SHARD_COUNT_RELAY_SOCKETS, socket_count(command->families));
        port_map_set(commands->ports, command->port, true);
        /* Of those restored there can be thousands at a time; a line says how many (restore.h). */
        log_event(command->restored ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO,
                  command->restored ? "allocation restored" : "allocation created", "client",
                  LOG_ADDR(&command->five_tuple.client), "relay_port", LOG_U64(command->port),
                  "families", families_text(command->families), "username",
                  LOG_BYTES(command->username.data, command->username.len), NULL);
        return outcome;
    }
    count(commands,
          outcome.failure.kind == TURN_RELAY_PORT_TAKEN ? SHARD_COUNT_RELAY_OPEN_PORT_TAKEN
                                                        : SHARD_COUNT_RELAY_OPEN_FAILED,
          1);
    log_failure(commands, command, &outcome.failure, now.mono);
    return outcome;
}

static void close_relay(struct relay_commands *commands, const struct turn_command *command)
{
    struct relay *relay = relay_table_find(commands->relays, command->relay_id);

    if (relay == NULL)
        return;
    uint8_t before = relay->families;

    relay_close(relay, command->families);
    commands->values[SHARD_COUNT_RELAY_SOCKETS] -= socket_count(before ^ relay->families);
    if (relay->families == 0)
        port_map_set(commands->ports, relay->port, false);
    log_event(LOG_LEVEL_INFO,
              relay->families == 0 ? "allocation ended" : "allocation gave up a family", "client",
              LOG_ADDR(&command->five_tuple.client), "relay_port", LOG_U64(command->port),
              "families", families_text(before ^ relay->families), "reason", end_text(command->end),
              NULL);
}

/* Carries out all queued commands. The outcome of opening waits until the queue is
 * empty, as the core's rule is. */
static struct outcome drain(struct relay_commands *commands, struct turn_now now,
                            struct bytes datagram, uint8_t hops)
{
    struct outcome outcome = {.is_pending = false};
    struct turn_command command;

    while (turn_server_next_command(commands->server, &command)) {
        switch (command.kind) {
        case TURN_COMMAND_SEND:
            datapath_respond(commands->datapath, &command.five_tuple, command.bytes);
            break;
        case TURN_COMMAND_OPEN_RELAY:
            assert(!outcome.is_pending);
            outcome = open_relay(commands, &command, now);
            break;
        case TURN_COMMAND_CLOSE_RELAY:
            close_relay(commands, &command);
            break;
        case TURN_COMMAND_CLAIM:
        case TURN_COMMAND_RECORD:
        case TURN_COMMAND_FORGET:
            membership_command(commands->membership, now, &command, datagram, hops);
            break;
        }
    }
    return outcome;
}

void relay_commands_run(struct relay_commands *commands, struct turn_now now, struct bytes datagram,
                        uint8_t hops)
{
    struct outcome outcome = drain(commands, now, datagram, hops);

    while (outcome.is_pending) {
        if (outcome.is_open)
            turn_server_relay_opened(commands->server, now, outcome.id);
        else
            turn_server_relay_failed(commands->server, now, outcome.id, outcome.failure.kind,
                                     outcome.failure.families);
        outcome = drain(commands, now, datagram, hops);
    }
}
