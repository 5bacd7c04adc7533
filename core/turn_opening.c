/* turn_opening.c — from an allocation that has nothing yet to the answer of its Allocate.
 *
 *   port drawn, OPEN_RELAY ──► relay opened, CLAIM ──► claim granted ──► success
 *           ▲                      │                        │
 *           └── port taken: another one, or 508, 440        └── closed again: 486, or not ours
 *
 * The answer waits until the relay socket is open and the five-tuple is ours, so a success is
 * always true. Restored allocations pass through without a claim or an answer.
 */
#include "turn_internal.h"

#include <string.h>

/* A reservation lasts at least until its token is told: its own time begins with the answer. */
enum { OPENING_RESERVATION_SEC = 86400 };

static struct turn_reply_to reply_to_opening(const struct turn_allocation *allocation)
{
    const struct turn_opening *opening = &allocation->opening;
    struct turn_reply_to reply = {
        .five_tuple = allocation->five_tuple,
        .method = TURN_ALLOCATE,
        .authenticated = true,
        .fingerprint = opening->fingerprint,
        .integrity_sha256 = opening->integrity_sha256,
        .has_key = true,
        .key = opening->key,
    };
    memcpy(reply.transaction_id, allocation->transaction_id, sizeof reply.transaction_id);
    return reply;
}

void turn_reply_allocated(struct turn_server *server, const struct turn_allocation *allocation,
                          const struct turn_reply_to *reply)
{
    const struct {
        unsigned set;
        uint8_t family;
        const struct transport_addr *public_addr;
    } families[] = {{FAMILY_SET_V4, IP_FAMILY_V4, &server->config.public_v4},
                    {FAMILY_SET_V6, IP_FAMILY_V6, &server->config.public_v6}};
    struct stun_writer writer;
    turn_reply_begin(server, reply, STUN_SUCCESS, &writer);
    for (size_t i = 0; i < 2; i++) {
        if (!(allocation->families & families[i].set))
            continue;
        struct transport_addr relayed = *families[i].public_addr;
        relayed.port = allocation->port;
        stun_add_xor_address(&writer, STUN_ATTR_XOR_RELAYED_ADDRESS, &relayed);
    }
    stun_add_xor_address(&writer, STUN_ATTR_XOR_MAPPED_ADDRESS, &allocation->five_tuple.client);
    stun_add_u32(&writer, STUN_ATTR_LIFETIME, allocation->granted_lifetime_sec);
    if (allocation->has_token)
        stun_add_bytes(&writer, STUN_ATTR_RESERVATION_TOKEN,
                       (struct bytes){.data = allocation->token, .len = sizeof allocation->token});
    for (size_t i = 0; i < 2; i++)
        if (allocation->missing_families & families[i].set)
            stun_add_address_error_code(&writer, families[i].family,
                                        STUN_ADDRESS_FAMILY_NOT_SUPPORTED,
                                        stun_error_phrase(STUN_ADDRESS_FAMILY_NOT_SUPPORTED));
    turn_reply_send(server, reply, &writer);
}

/* A uniformly random number below |n| >= 1. */
static uint32_t random_below(struct turn_server *server, uint32_t n)
{
    /* Numbers past the last whole multiple of n would favour the small ones. */
    const uint32_t usable = UINT32_MAX - UINT32_MAX % n;
    uint32_t drawn;
    do {
        server->config.random(server->config.random_context, (uint8_t *)&drawn, sizeof drawn);
    } while (drawn >= usable);
    return drawn % n;
}

/* Reserves the port after the drawn one and seals its token. False when the table is full. */
static bool reserve_next(struct turn_server *server, struct turn_allocation *allocation,
                         struct mono_time now)
{
    uint16_t port = (uint16_t)(allocation->port + 1);
    uint8_t random[4];
    server->config.random(server->config.random_context, random, sizeof random);
    turn_reservation_seal(&server->reservation_key, random, server->config.shard, port,
                          allocation->token);
    allocation->user->references++;
    if (!turn_reservation_new(&server->reservations, port, allocation->families, allocation->user,
                              allocation->token, mono_time_add_sec(now, OPENING_RESERVATION_SEC))) {
        allocation->user->references--;
        turn_ports_release(&server->ports, port, now);
        return false;
    }
    allocation->has_token = true;
    return true;
}

/* Gives |allocation| a free port, and the next one as a reservation if wanted. */
static bool draw_port(struct turn_server *server, struct turn_allocation *allocation,
                      struct mono_time now)
{
    enum turn_port_want want = allocation->opening.want;
    turn_ports_wake(&server->ports, now);
    uint32_t available = turn_ports_available(&server->ports, want);
    if (available == 0)
        return false;
    allocation->port = turn_ports_take(&server->ports, want, random_below(server, available));
    return want != TURN_PORT_PAIR || reserve_next(server, allocation, now);
}

/* The token is about to be told: from now on it is good for TURN_RESERVATION_SEC. */
static void start_reservation(struct turn_server *server, const struct turn_allocation *allocation,
                              struct mono_time now)
{
    struct turn_reservation *reservation =
        turn_reservation_find(&server->reservations, (uint16_t)(allocation->port + 1));
    if (reservation)
        deadline_heap_set(&server->reservations.deadlines, &reservation->expiry,
                          mono_time_add_sec(now, TURN_RESERVATION_SEC));
}

/* Ends the reservation that was made beside the port. */
static void return_reservation(struct turn_server *server, struct turn_allocation *allocation,
                               struct mono_time now)
{
    if (!allocation->has_token)
        return;
    struct turn_reservation *reservation =
        turn_reservation_find(&server->reservations, (uint16_t)(allocation->port + 1));
    if (reservation)
        turn_end_reservation(server, reservation, now);
    allocation->has_token = false;
}

/* Gives the port back, with the reservation that was made beside it. */
static void return_port(struct turn_server *server, struct turn_allocation *allocation,
                        struct mono_time now)
{
    return_reservation(server, allocation, now);
    if (allocation->port != 0)
        turn_ports_release(&server->ports, allocation->port, now);
    allocation->port = 0;
}

void turn_queue_open(struct turn_server *server, const struct turn_allocation *allocation)
{
    struct turn_command *command =
        turn_command_push(server, TURN_COMMAND_OPEN_RELAY, &allocation->five_tuple);
    command->relay_id = turn_allocation_relay_id(&server->allocations, allocation);
    command->port = allocation->port;
    command->families = allocation->families;
    command->dont_fragment = allocation->dont_fragment;
    command->restored = allocation->state == TURN_ALLOCATION_RESTORING;
    command->username =
        (struct bytes){.data = allocation->user->name, .len = allocation->user->name_len};
}

/* The Allocate of an opening |allocation| fails with |error|. */
static void fail(struct turn_server *server, struct turn_allocation *allocation,
                 struct mono_time now, enum stun_error error)
{
    struct turn_reply_to reply = reply_to_opening(allocation);
    return_port(server, allocation, now);
    turn_abandon_allocation(server, allocation, now);
    if (error == STUN_INSUFFICIENT_CAPACITY)
        turn_count(server, TURN_COUNT_TABLE_FULL_ALLOCATIONS);
    turn_reply_error(server, &reply, now, error);
    crypto_wipe(&reply, sizeof reply);
}

/* The port of a reservation passes to |allocation|. */
static void take_reserved_port(struct turn_server *server, struct turn_allocation *allocation,
                               struct turn_reservation *reservation)
{
    allocation->port = reservation->port;
    turn_user_drop(&server->users, reservation->user);
    turn_reservation_end(&server->reservations, reservation);
}

void turn_begin_opening(struct turn_server *server, struct turn_allocation *allocation,
                        struct turn_reservation *reservation, struct mono_time now)
{
    if (reservation) {
        take_reserved_port(server, allocation, reservation);
    } else if (!draw_port(server, allocation, now)) {
        fail(server, allocation, now, STUN_INSUFFICIENT_CAPACITY);
        return;
    }
    turn_update_gauges(server);
    turn_queue_open(server, allocation);
}

/* The allocation whose relay |relay_id| is being opened; NULL when none is any more. */
static struct turn_allocation *opening_at(struct turn_server *server, struct turn_relay_id relay_id)
{
    struct turn_allocation *allocation = turn_allocation_at(&server->allocations, relay_id);
    return allocation && (allocation->state == TURN_ALLOCATION_OPENING ||
                          allocation->state == TURN_ALLOCATION_RESTORING)
               ? allocation
               : NULL;
}

static void answer_allocate(struct turn_server *server, struct turn_allocation *allocation,
                            struct mono_time now)
{
    allocation->state = TURN_ALLOCATION_LIVE;
    if (allocation->has_token)
        start_reservation(server, allocation, now);
    turn_count(server, TURN_COUNT_ALLOCATIONS_CREATED);
    struct turn_reply_to reply = reply_to_opening(allocation);
    crypto_wipe(&allocation->opening, sizeof allocation->opening);
    turn_reply_allocated(server, allocation, &reply);
    crypto_wipe(&reply, sizeof reply);
}

static void set_expiry(struct turn_server *server, struct turn_allocation *allocation,
                       struct mono_time at)
{
    deadline_heap_set(&server->allocations.deadlines, &allocation->expiry, at);
}

void turn_server_relay_opened(struct turn_server *server, struct turn_now now,
                              struct turn_relay_id relay_id)
{
    turn_command_begin_input(server);
    struct turn_allocation *allocation = opening_at(server, relay_id);
    if (!allocation)
        return;
    if (allocation->state == TURN_ALLOCATION_RESTORING) {
        allocation->state = TURN_ALLOCATION_LIVE;
        set_expiry(server, allocation, allocation->opening.restored_until);
        turn_count(server, TURN_COUNT_ALLOCATIONS_RESTORED);
        return;
    }
    allocation->created = now.mono;
    set_expiry(server, allocation, mono_time_add_sec(now.mono, allocation->granted_lifetime_sec));
    if (!server->config.recorded) {
        answer_allocate(server, allocation, now.mono);
        return;
    }
    allocation->state = TURN_ALLOCATION_CLAIMING;
    turn_claim(server, allocation);
}

/* The claim of an Allocate under way was refused. Its relay is open. */
static void refuse(struct turn_server *server, struct turn_allocation *allocation,
                   struct mono_time now, enum turn_claim result)
{
    struct turn_reply_to reply = reply_to_opening(allocation);
    return_reservation(server, allocation, now);
    turn_end_allocation(server, allocation, now, TURN_END_REFUSED);
    if (result == TURN_CLAIM_HELD)
        turn_count(server, TURN_COUNT_CLAIMS_HELD);
    else if (result == TURN_CLAIM_PORT_HELD)
        turn_count(server, TURN_COUNT_CLAIMS_PORT_HELD);
    else
        turn_reply_error(server, &reply, now, STUN_ALLOCATION_QUOTA_REACHED);
    crypto_wipe(&reply, sizeof reply);
}

void turn_server_claim_result(struct turn_server *server, struct turn_now now,
                              struct turn_relay_id relay_id, enum turn_claim result)
{
    turn_command_begin_input(server);
    struct turn_allocation *allocation = turn_allocation_at(&server->allocations, relay_id);
    if (!allocation || (allocation->state != TURN_ALLOCATION_CLAIMING &&
                        allocation->state != TURN_ALLOCATION_LIVE))
        return;
    bool is_refused = result == TURN_CLAIM_HELD || result == TURN_CLAIM_OVER_QUOTA ||
                      result == TURN_CLAIM_PORT_HELD;
    if (allocation->state == TURN_ALLOCATION_CLAIMING) {
        if (is_refused) {
            refuse(server, allocation, now.mono, result);
            return;
        }
        answer_allocate(server, allocation, now.mono);
    } else if (result == TURN_CLAIM_HELD) {
        turn_end_allocation(server, allocation, now.mono, TURN_END_LOST);
        return;
    }
    turn_set_unclaimed(server, allocation, result != TURN_CLAIM_GRANTED);
}

void turn_server_relay_failed(struct turn_server *server, struct turn_now now,
                              struct turn_relay_id relay_id, enum turn_relay_failure failure,
                              uint8_t families)
{
    turn_command_begin_input(server);
    turn_count(server, TURN_COUNT_RELAY_OPEN_FAILURES);
    struct turn_allocation *allocation = opening_at(server, relay_id);
    if (!allocation)
        return;
    if (allocation->state == TURN_ALLOCATION_RESTORING) {
        turn_abandon_allocation(server, allocation, now.mono);
        return;
    }
    struct turn_opening *opening = &allocation->opening;
    if (failure == TURN_RELAY_FAMILY_MISSING) {
        allocation->missing_families |= allocation->families & families;
        allocation->families &= (uint8_t)~families;
        if (!allocation->families) {
            fail(server, allocation, now.mono, STUN_ADDRESS_FAMILY_NOT_SUPPORTED);
            return;
        }
    } else if (failure == TURN_RELAY_PORT_TAKEN && !opening->port_is_reserved) {
        return_port(server, allocation, now.mono);
    }
    /* Every failure counts, so that a caller that always fails comes to an end. */
    if (failure == TURN_RELAY_NO_RESOURCES || ++opening->attempts >= TURN_OPEN_ATTEMPTS ||
        (failure == TURN_RELAY_PORT_TAKEN &&
         (opening->port_is_reserved || !draw_port(server, allocation, now.mono)))) {
        fail(server, allocation, now.mono, STUN_INSUFFICIENT_CAPACITY);
        return;
    }
    turn_update_gauges(server);
    turn_queue_open(server, allocation);
}
