/* checked_commands.c — the invariants about commands, which also move the model on. */
#include "checked_rules.h"

#include "stun_attr.h"
#include "wire.h"

#include <stdlib.h>

/* RFC 8656 §7.2: how long a reserved port waits. */
enum { RESERVATION_SEC = 30 };

static uint8_t families_of(const struct turn_config *config)
{
    return (uint8_t)(family_set_of(config->public_v4.family) |
                     family_set_of(config->public_v6.family));
}

/* The request of the input; it must have been parsable, or the server could not act on it. */
static struct stun_message request_of(struct checked_server *cs, const struct checked_input *input)
{
    struct stun_message request;
    if (stun_message_parse(input->datagram, &request) != ERR_OK || request.class != STUN_REQUEST)
        checked_fail(cs, "the server acts on what is not a request");
    return request;
}

/* Zero-terminated; empty when there is none. */
static void username_of(const struct stun_message *request, char ret[static MODEL_USERNAME_MAX])
{
    struct bytes username;
    ret[0] = 0;
    if (stun_get_username(request, &username) != ERR_OK)
        return;
    memcpy(ret, username.data, username.len);
    ret[username.len] = 0;
}

/* Whatever is granted is granted to a username whose time has not run out (both timed schemes
 * begin with the expiry). */
static void check_expiry(struct checked_server *cs, const struct stun_message *request)
{
    char username[MODEL_USERNAME_MAX];
    username_of(request, username);
    if ((cs->config.schemes & TURN_SCHEME_STATIC) == 0 &&
        strtoull(username, NULL, 10) < cs->now.wall.sec)
        checked_fail(cs, "success for %s, which has expired", username);
}

static void check_owner(struct checked_server *cs, const struct stun_message *request,
                        const struct model_allocation *a)
{
    char username[MODEL_USERNAME_MAX];
    username_of(request, username);
    if (strcmp(username, a->username) != 0)
        checked_fail(cs, "%s acts on the allocation of %s", username, a->username);
}

static void check_quota(struct checked_server *cs, const struct model_allocation *a)
{
    size_t count = 0;
    for (size_t i = 0; i < cs->model.allocation_count; i++)
        count += strcmp(cs->model.allocations[i].username, a->username) == 0;
    if (cs->config.user_quota != 0 && count > cs->config.user_quota)
        checked_fail(cs, "%zu allocations of %s", count, a->username);
}

/* A port that waits for a token is for whoever brings the token. */
static void check_kept_port(struct checked_server *cs, const struct checked_input *input,
                            uint16_t port)
{
    struct model_port *kept = model_port_kept(&cs->model, port, cs->now.mono);
    if (!kept)
        return;
    if (!kept->reserved)
        checked_fail(cs, "port %u is given out again before it has rested", port);
    struct bytes token;
    struct stun_message request = request_of(cs, input);
    if (stun_get_reservation_token(&request, &token) != ERR_OK ||
        memcmp(token.data, kept->token, sizeof(kept->token)) != 0)
        checked_fail(cs, "port %u is reserved for a token", port);
    char username[MODEL_USERNAME_MAX];
    username_of(&request, username);
    if (strcmp(username, kept->username) != 0)
        checked_fail(cs, "port %u is reserved for %s", port, kept->username);
    kept->until = cs->now.mono; /* a token is good once */
}

static void on_open(struct checked_server *cs, const struct checked_input *input,
                    const struct turn_command *c)
{
    if (c->port < cs->config.lowest_port || c->port > cs->config.highest_port)
        checked_fail(cs, "port %u is outside the slice", c->port);
    if (c->families == 0 || (c->families & ~families_of(&cs->config)) != 0)
        checked_fail(cs, "families %u are opened", c->families);
    if (model_by_port(&cs->model, c->port))
        checked_fail(cs, "port %u is opened twice", c->port);
    check_kept_port(cs, input, c->port);

    struct model_allocation *a = model_by_id(&cs->model, c->relay_id);
    if (input->kind == INPUT_OUTCOME) {
        if (!a || a->state != MODEL_OPENING || a->port != 0 || !input->failed)
            checked_fail(cs, "another port is opened although none has failed");
    } else {
        if (input->kind != INPUT_CLIENT || !five_tuple_equal(&c->five_tuple, &input->tuple))
            checked_fail(cs, "a relay is opened for nobody's Allocate");
        if (a || model_by_tuple(&cs->model, &c->five_tuple))
            checked_fail(cs, "a second allocation of one five-tuple, or of one relay id");
        struct stun_message request = request_of(cs, input);
        if (request.method != TURN_ALLOCATE)
            checked_fail(cs, "method %#x opens a relay", request.method);
        a = model_add(&cs->model);
        a->five_tuple = c->five_tuple;
        a->relay_id = c->relay_id;
        memcpy(a->transaction_id, request.transaction_id, sizeof(a->transaction_id));
        username_of(&request, a->username);
        check_expiry(cs, &request);
        check_quota(cs, a);
    }
    if (!bytes_equal(c->username, bytes_of_text(a->username)))
        checked_fail(cs, "OPEN names another user than %s", a->username);
    a->port = c->port;
    a->families = c->families;
}

/* Only the registry takes an allocation away, and all of it. */
static void check_given_up(struct checked_server *cs, const struct checked_input *input,
                           const struct model_allocation *a, const struct turn_command *c)
{
    bool told = input->kind == INPUT_LOST ||
                (input->kind == INPUT_CLAIM &&
                 (input->claim == TURN_CLAIM_HELD || input->claim == TURN_CLAIM_OVER_QUOTA ||
                  input->claim == TURN_CLAIM_PORT_HELD));
    if (!told || !five_tuple_equal(&a->five_tuple, &input->tuple) || c->families != a->families)
        checked_fail(cs, "an allocation is given up although nobody has taken it");
}

static void on_close(struct checked_server *cs, const struct checked_input *input,
                     const struct turn_command *c)
{
    struct model_allocation *a = model_by_id(&cs->model, c->relay_id);
    bool is_refused = c->end == TURN_END_REFUSED;
    if (!a || a->state != (is_refused ? MODEL_OPEN : MODEL_LIVE) || a->port != c->port ||
        c->families == 0 || (c->families & ~a->families) != 0 ||
        !five_tuple_equal(&a->five_tuple, &c->five_tuple))
        checked_fail(cs, "CLOSE of port %u, which is not open like that", c->port);
    if (c->end == TURN_END_EXPIRED) {
        if (input->kind != INPUT_TIMEOUT || !mono_time_due(a->expires, cs->now.mono))
            checked_fail(cs, "an allocation expires before its time");
        if (c->families != a->families)
            checked_fail(cs, "half an allocation expires");
    } else if (c->end == TURN_END_REMOVED) {
        if (input->kind != INPUT_DELETE || !five_tuple_equal(&a->five_tuple, &input->tuple) ||
            c->families != a->families)
            checked_fail(cs, "an allocation is removed that nobody wanted to");
    } else if (is_refused || c->end == TURN_END_LOST) {
        check_given_up(cs, input, a, c);
    } else {
        if (input->kind != INPUT_CLIENT || !five_tuple_equal(&a->five_tuple, &input->tuple))
            checked_fail(cs, "an allocation is deleted from elsewhere");
        struct stun_message request = request_of(cs, input);
        check_owner(cs, &request, a);
    }
    a->families &= (uint8_t)~c->families;
    if (a->families != 0) {
        size_t kept = 0;
        for (size_t i = 0; i < a->channel_count; i++) {
            if (family_set_of(a->channels[i].peer.family) & a->families)
                a->channels[kept++] = a->channels[i];
        }
        a->channel_count = kept;
        return;
    }
    if (cs->config.port_rest_sec > 0)
        model_keep_port(
            &cs->model,
            (struct model_port){.port = a->port,
                                .until = mono_time_add_sec(cs->now.mono, cs->config.port_rest_sec)},
            cs->now.mono);
    model_remove(&cs->model, a);
}

/* An Allocate success names what was opened, and nothing else. */
static void on_allocate_success(struct checked_server *cs, const struct checked_input *input,
                                const struct answer *answer)
{
    struct model_allocation *a = model_by_tuple(&cs->model, &input->tuple);
    if (!a || a->state == MODEL_OPENING)
        checked_fail(cs, "Allocate succeeds before the relay is open");
    uint8_t families = 0;
    for (size_t i = 0; i < answer->relayed_count; i++) {
        const struct transport_addr *relayed = &answer->relayed[i];
        const struct transport_addr *public =
            relayed->family == IP_FAMILY_V4 ? &cs->config.public_v4 : &cs->config.public_v6;
        if (relayed->port != a->port || !transport_addr_same_ip(relayed, public))
            checked_fail(cs, "a wrong relayed address");
        families |= (uint8_t)family_set_of(relayed->family);
    }
    if (a->state == MODEL_LIVE) {
        /* A family may have been given back since; what is there is named. */
        if (memcmp(a->transaction_id, answer->transaction_id, sizeof(a->transaction_id)) != 0)
            checked_fail(cs, "a second Allocate succeeds");
        if ((a->families & ~families) != 0)
            checked_fail(cs, "a repeated success names other relayed addresses");
        return;
    }
    if (families != a->families || answer->relayed_count == 0)
        checked_fail(cs, "the relayed addresses are not the opened ones");
    if (!transport_addr_equal(&answer->mapped, &input->tuple.client))
        checked_fail(cs, "XOR-MAPPED-ADDRESS is not the client");
    if (answer->lifetime_sec < TURN_DEFAULT_LIFETIME_SEC ||
        answer->lifetime_sec > cs->config.max_lifetime_sec)
        checked_fail(cs, "a lifetime of %u s", answer->lifetime_sec);
    a->state = MODEL_LIVE;
    a->expires = mono_time_add_sec(cs->now.mono, answer->lifetime_sec);
    if (answer_has(answer, STUN_ATTR_RESERVATION_TOKEN)) {
        struct model_port kept = {.port = (uint16_t)(a->port + 1),
                                  .until = mono_time_add_sec(cs->now.mono, RESERVATION_SEC),
                                  .reserved = true};
        memcpy(kept.token, answer->token, sizeof(kept.token));
        memcpy(kept.username, a->username, sizeof(kept.username));
        if (a->port % 2 != 0 || model_by_port(&cs->model, kept.port))
            checked_fail(cs, "the port next to %u is not free to be reserved", a->port);
        model_keep_port(&cs->model, kept, cs->now.mono);
    }
}

/* CLOSE comes first, so that a client told of the end sends into nothing. */
static void check_deleted(struct checked_server *cs, const struct stun_message *request,
                          const struct model_allocation *left)
{
    uint8_t family;
    size_t others = 0; /* what is recorded of it is rules_mirror's */
    for (size_t i = 0; i < cs->seen_count; i++)
        others += cs->seen[i].command.record == NULL;
    if (others != 2 || cs->seen[0].command.kind != TURN_COMMAND_CLOSE_RELAY)
        checked_fail(cs, "lifetime 0 is granted and nothing closed");
    if (stun_get_address_family(request, STUN_ATTR_REQUESTED_ADDRESS_FAMILY, &family) == ERR_OK) {
        if (cs->seen[0].command.families != family_set_of(family))
            checked_fail(cs, "another family than the requested one is closed");
    } else if (left) {
        checked_fail(cs, "a part of a deleted allocation is left");
    }
}

static void on_refresh_success(struct checked_server *cs, const struct checked_input *input,
                               const struct answer *answer)
{
    struct model_allocation *a = model_by_tuple(&cs->model, &input->tuple);
    struct stun_message request = request_of(cs, input);
    check_expiry(cs, &request);
    if (a)
        check_owner(cs, &request, a);
    if (answer->lifetime_sec == 0) {
        check_deleted(cs, &request, a);
        return;
    }
    if (!a || a->state != MODEL_LIVE)
        checked_fail(cs, "Refresh of nothing succeeds");
    if (answer->lifetime_sec < TURN_DEFAULT_LIFETIME_SEC ||
        answer->lifetime_sec > cs->config.max_lifetime_sec)
        checked_fail(cs, "a lifetime of %u s", answer->lifetime_sec);
    a->expires = mono_time_add_sec(cs->now.mono, answer->lifetime_sec);
}

static void on_bind_success(struct checked_server *cs, const struct checked_input *input)
{
    struct stun_message request = request_of(cs, input);
    struct model_allocation *a = model_by_tuple(&cs->model, &input->tuple);
    uint16_t number;
    struct transport_addr peer;
    if (!a || a->state != MODEL_LIVE)
        checked_fail(cs, "a channel is bound without an allocation");
    check_owner(cs, &request, a);
    check_expiry(cs, &request);
    if (stun_get_channel_number(&request, &number) != ERR_OK ||
        stun_get_xor_address(&request, STUN_ATTR_XOR_PEER_ADDRESS, &peer) != ERR_OK)
        checked_fail(cs, "a channel is bound without number or peer");
    if (number < 0x4000 || number > checked_highest_channel(&cs->config))
        checked_fail(cs, "channel number %#x is bound", number);
    peer = model_peer(&peer);
    const char *wrong = model_bind(a, number, &peer, cs->now.mono);
    if (wrong)
        checked_fail(cs, "%s", wrong);
    size_t count = 0;
    for (size_t i = 0; i < a->channel_count; i++)
        count += mono_time_before(
            cs->now.mono, mono_time_add_sec(a->channels[i].bound_until, TURN_CHANNEL_RESERVED_SEC));
    if (count > cs->config.channels_per_allocation)
        checked_fail(cs, "%zu channels in one allocation", count);
}

static void on_send(struct checked_server *cs, const struct checked_input *input,
                    const struct seen_command *seen)
{
    const struct answer *answer = &seen->answer;
    const uint8_t *transaction_id = input->transaction_id;
    if (input->kind == INPUT_CLIENT) {
        if (input->datagram.len < STUN_HEADER_LEN)
            checked_fail(cs, "an answer to %zu bytes", input->datagram.len);
        transaction_id = input->datagram.data + 8;
        if (wire_load_u16(seen->bytes) !=
            (wire_load_u16(input->datagram.data) | stun_type(answer->class, 0)))
            checked_fail(cs, "an answer of another method");
    } else if ((input->kind != INPUT_OUTCOME && input->kind != INPUT_CLAIM) ||
               answer->method != TURN_ALLOCATE) {
        checked_fail(cs, "a response that nobody asked for");
    }
    if (!five_tuple_equal(&seen->command.five_tuple, &input->tuple))
        checked_fail(cs, "an answer to someone else");
    if (memcmp(answer->transaction_id, transaction_id, sizeof(answer->transaction_id)) != 0)
        checked_fail(cs, "an answer with another transaction id");
    if (answer->class != STUN_SUCCESS)
        return;
    if (answer->method == TURN_ALLOCATE)
        on_allocate_success(cs, input, answer);
    else if (answer->method == TURN_REFRESH)
        on_refresh_success(cs, input, answer);
    else if (answer->method == TURN_CHANNEL_BIND)
        on_bind_success(cs, input);
    else if (answer->method != STUN_BINDING && answer->method != TURN_CREATE_PERMISSION)
        checked_fail(cs, "success of method %#x", answer->method);
}

void rules_command(struct checked_server *cs, const struct checked_input *input,
                   const struct seen_command *seen)
{
    switch (seen->command.kind) {
    case TURN_COMMAND_SEND:
        on_send(cs, input, seen);
        break;
    case TURN_COMMAND_OPEN_RELAY:
        on_open(cs, input, &seen->command);
        break;
    case TURN_COMMAND_CLOSE_RELAY:
        on_close(cs, input, &seen->command);
        break;
    case TURN_COMMAND_CLAIM:
    case TURN_COMMAND_RECORD:
    case TURN_COMMAND_FORGET:
        break; /* rules_mirror */
    }
}
