/* bare_control.c — the set-up that a bare forwarder answers: 401, Allocate, ChannelBind. */
#include "bare_control.h"

#include "stun_attr.h"
#include "stun_message.h"
#include "system_clock.h"
#include "system_random.h"
#include "turn_server.h"

#include <stdlib.h>
#include <string.h>

struct bare_control {
    struct bare_control_calls calls;
    struct turn_server *server;
    struct turn_users *users;
    struct turn_peer_policy policy;
    uint64_t counters[TURN_COUNTER_COUNT];
};

/* How an OPEN_RELAY went. */
struct opening {
    struct turn_relay_id id;
    bool is_open;
};

static enum err make_server(struct bare_control *control)
{
    const uint8_t loopback[4] = {127, 0, 0, 1};
    const struct turn_config config = {
        .public_v4 = transport_addr_v4(loopback, 0),
        .lowest_port = BARE_LOWEST_PORT,
        .highest_port = BARE_HIGHEST_PORT,
        .channels_per_allocation = 1,
        .max_channels = BARE_RELAYS_MAX,
        .max_lifetime_sec = TURN_MAX_LIFETIME_SEC,
        .realm = "firezone",
        .software = "bare",
        .schemes = TURN_SCHEME_STATIC,
        .secret = bytes_of_text("bare"),
        .users = control->users,
        .policy = &control->policy,
        .random = system_random,
        .counters = control->counters,
    };
    enum err err = turn_peer_policy_add_range(&control->policy, "127.0.0.0/8", true);

    return err == ERR_OK ? turn_server_new(&config, &control->server) : err;
}

enum err bare_control_new(const char *line, const struct bare_control_calls *calls,
                          struct bare_control **ret)
{
    struct bare_control *control = calloc(1, sizeof(*control));

    if (control == NULL)
        return ERR_NO_MEMORY;
    control->calls = *calls;
    control->users = turn_users_new();
    enum err err = control->users != NULL ? turn_users_add_line(control->users, line, strlen(line))
                                          : ERR_NO_MEMORY;

    if (err == ERR_OK)
        err = make_server(control);
    if (err != ERR_OK) {
        bare_control_free(control);
        return err;
    }
    *ret = control;
    return ERR_OK;
}

void bare_control_free(struct bare_control *control)
{
    if (control == NULL)
        return;
    turn_server_free(control->server);
    turn_users_free(control->users);
    free(control);
}

static struct turn_now now(void)
{
    return (struct turn_now){.mono = system_mono_time(), .wall = system_wall_time()};
}

/* Tells the forwarder of a ChannelBind that was granted. */
static void note_channel(struct bare_control *control, const struct five_tuple *five_tuple,
                         struct bytes request, struct bytes answer)
{
    struct stun_message asked;
    struct stun_message answered;
    struct transport_addr peer;
    uint16_t number;

    if (stun_message_parse(answer, &answered) == ERR_OK && answered.class == STUN_SUCCESS &&
        answered.method == TURN_CHANNEL_BIND && stun_message_parse(request, &asked) == ERR_OK &&
        stun_get_channel_number(&asked, &number) == ERR_OK &&
        stun_get_xor_address(&asked, STUN_ATTR_XOR_PEER_ADDRESS, &peer) == ERR_OK)
        control->calls.bind_channel(control->calls.context, five_tuple, number, &peer);
}

/* Carries out what is queued. True when a relay was opened, or not, which |*ret| tells. */
static bool drain(struct bare_control *control, struct bytes datagram, struct opening *ret)
{
    const struct bare_control_calls *calls = &control->calls;
    struct turn_command command;
    bool is_pending = false;

    while (turn_server_next_command(control->server, &command)) {
        const struct five_tuple *about = &command.five_tuple;

        if (command.kind == TURN_COMMAND_SEND) {
            note_channel(control, about, datagram, command.bytes);
            calls->answer(calls->context, about, command.bytes);
        } else if (command.kind == TURN_COMMAND_CLOSE_RELAY) {
            calls->close_relay(calls->context, command.relay_id.index);
        } else if (command.kind == TURN_COMMAND_OPEN_RELAY) {
            is_pending = true;
            ret->id = command.relay_id;
            ret->is_open =
                calls->open_relay(calls->context, about, command.relay_id.index, command.port);
        }
    }
    return is_pending;
}

void bare_control_datagram(struct bare_control *control, const struct five_tuple *five_tuple,
                           struct bytes datagram)
{
    struct turn_relay relayed;
    struct opening opening;

    if (turn_server_client_datagram(control->server, now(), five_tuple, datagram,
                                    TURN_ARRIVAL_FIRST, &relayed) != TURN_VERDICT_CONTROL)
        return;
    while (drain(control, datagram, &opening)) {
        if (opening.is_open)
            turn_server_relay_opened(control->server, now(), opening.id);
        else
            turn_server_relay_failed(control->server, now(), opening.id, TURN_RELAY_PORT_TAKEN, 0);
    }
}
