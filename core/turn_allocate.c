/* turn_allocate.c — Allocate: what the request asks for, whether it may have it (RFC 8656 §7.2).
 *
 *   request ──► checks ──► an allocation in state OPENING, the rest is turn_opening.c
 */
#include "turn_internal.h"

#include "stun_attr.h"

#include <string.h>

/* RFC 8656 §18.8: the only transport there is. */
enum { TRANSPORT_UDP = 17 };

/* What a request asks for. */
struct asked {
    uint8_t families;
    uint8_t missing_families; /* asked for additionally, but this relay lacks them */
    enum turn_port_want want;
    bool dont_fragment;
    uint32_t lifetime_sec;
    struct turn_reservation *reservation; /* its port is wanted; else NULL */
};

/* The families that the request asks for (RFC 8656 §7.2, steps on address families).
 * Returns 0 or the STUN error. */
static unsigned read_families(const struct turn_server *server, const struct stun_message *message,
                              bool reserve_next, struct asked *asked)
{
    uint8_t requested = IP_FAMILY_NONE, additional = IP_FAMILY_NONE;
    if (stun_get_address_family(message, STUN_ATTR_REQUESTED_ADDRESS_FAMILY, &requested) ==
            ERR_MALFORMED ||
        stun_get_address_family(message, STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY, &additional) ==
            ERR_MALFORMED)
        return STUN_BAD_REQUEST;
    if (additional != IP_FAMILY_NONE &&
        (requested != IP_FAMILY_NONE || additional != IP_FAMILY_V6 || reserve_next))
        return STUN_BAD_REQUEST;

    unsigned wanted = requested == IP_FAMILY_NONE ? FAMILY_SET_V4 : family_set_of(requested);
    wanted |= family_set_of(additional);
    asked->families = (uint8_t)(wanted & server->families);
    asked->missing_families = (uint8_t)(wanted & ~(unsigned)server->families);
    return asked->families ? 0 : STUN_ADDRESS_FAMILY_NOT_SUPPORTED;
}

/* The reservation that |token| names, if it is held here for this user. */
static struct turn_reservation *find_reservation(struct turn_server *server,
                                                 const struct turn_request *request,
                                                 struct bytes token)
{
    uint16_t shard, port;
    turn_reservation_unseal(&server->reservation_key, token.data, &shard, &port);
    if (shard != server->config.shard)
        return NULL;
    struct turn_reservation *reservation = turn_reservation_find(&server->reservations, port);
    if (!reservation || mono_time_due(reservation->expiry.at, request->now.mono) ||
        !crypto_equal(reservation->token, token.data, TURN_RESERVATION_TOKEN_LEN) ||
        !turn_user_is(reservation->user, request->username))
        return NULL;
    return reservation;
}

bool turn_token_shard(const struct turn_server *server, const struct stun_message *message,
                      uint32_t *ret_shard)
{
    struct bytes token;
    if (stun_get_reservation_token(message, &token) != ERR_OK)
        return false;
    uint16_t shard, port;
    turn_reservation_unseal(&server->reservation_key, token.data, &shard, &port);
    *ret_shard = shard;
    return true;
}

/* EVEN-PORT, RESERVATION-TOKEN and the families, which restrict each other. */
static unsigned read_port(struct turn_server *server, const struct turn_request *request,
                          struct asked *asked)
{
    const struct stun_message *message = &request->message;
    bool reserve_next = false;
    enum err even = stun_get_even_port(message, &reserve_next);
    struct bytes token;
    enum err reserved = stun_get_reservation_token(message, &token);
    if (even == ERR_MALFORMED || reserved == ERR_MALFORMED)
        return STUN_BAD_REQUEST;
    if (reserved == ERR_OK) {
        struct stun_attr attr;
        if (even == ERR_OK ||
            stun_message_find(message, STUN_ATTR_REQUESTED_ADDRESS_FAMILY, &attr) ||
            stun_message_find(message, STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY, &attr))
            return STUN_BAD_REQUEST;
        asked->reservation = find_reservation(server, request, token);
        if (!asked->reservation)
            return STUN_INSUFFICIENT_CAPACITY;
        asked->families = asked->reservation->families;
        return 0;
    }
    if (even == ERR_OK)
        asked->want = reserve_next ? TURN_PORT_PAIR : TURN_PORT_EVEN;
    return read_families(server, message, reserve_next, asked);
}

static unsigned read_request(struct turn_server *server, const struct turn_request *request,
                             struct asked *asked)
{
    const struct stun_message *message = &request->message;
    *asked = (struct asked){.want = TURN_PORT_ANY};
    uint8_t transport;
    if (stun_get_requested_transport(message, &transport) != ERR_OK)
        return STUN_BAD_REQUEST;
    if (transport != TRANSPORT_UDP)
        return STUN_UNSUPPORTED_TRANSPORT;
    enum err dont_fragment = stun_get_dont_fragment(message);
    uint32_t lifetime_sec = 0;
    if (dont_fragment == ERR_MALFORMED ||
        stun_get_lifetime(message, &lifetime_sec) == ERR_MALFORMED)
        return STUN_BAD_REQUEST;
    asked->dont_fragment = dont_fragment == ERR_OK;
    asked->lifetime_sec = turn_granted_lifetime(server, lifetime_sec);
    return read_port(server, request, asked);
}

static struct turn_allocation *make_allocation(struct turn_server *server,
                                               const struct turn_request *request,
                                               const struct asked *asked)
{
    const struct turn_reply_to *reply = &request->reply;
    if (pool_in_use(&server->allocations.pool) >= server->config.max_allocations)
        return NULL;
    struct turn_allocation *allocation =
        turn_allocation_new(&server->allocations, &reply->five_tuple);
    if (!allocation)
        return NULL;
    allocation->user = turn_user_refer(&server->users, request->username);
    if (!allocation->user) {
        turn_allocation_end(&server->allocations, allocation);
        return NULL;
    }
    allocation->user->allocations++;
    allocation->families = asked->families;
    allocation->missing_families = asked->missing_families;
    allocation->granted_lifetime_sec = asked->lifetime_sec;
    allocation->dont_fragment = asked->dont_fragment;
    turn_key_check(server, &reply->key, allocation->key_check);
    memcpy(allocation->transaction_id, reply->transaction_id, sizeof allocation->transaction_id);
    allocation->opening = (struct turn_opening){
        .key = reply->key,
        .integrity_sha256 = reply->integrity_sha256,
        .fingerprint = reply->fingerprint,
        .port_is_reserved = asked->reservation != NULL,
        .want = asked->want,
    };
    return allocation;
}

static bool over_quota(const struct turn_server *server, struct bytes username)
{
    const struct turn_user *user = turn_user_find(&server->users, username);
    return server->config.user_quota > 0 && user && user->allocations >= server->config.user_quota;
}

void turn_handle_allocate(struct turn_server *server, const struct turn_request *request)
{
    const struct turn_reply_to *reply = &request->reply;
    struct mono_time now = request->now.mono;
    const struct turn_allocation *existing =
        turn_allocation_find(&server->allocations, &reply->five_tuple);
    if (existing) {
        /* A retransmission gets the answer that was lost; anything else is a mismatch. */
        if (memcmp(existing->transaction_id, reply->transaction_id, STUN_TRANSACTION_ID_LEN) == 0 &&
            turn_user_is(existing->user, request->username))
            turn_reply_allocated(server, existing, reply);
        else
            turn_reply_error(server, reply, now, STUN_ALLOCATION_MISMATCH);
        return;
    }

    struct asked asked;
    unsigned error = read_request(server, request, &asked);
    /* A port that is reserved was granted before. */
    if (error == 0 && server->is_draining && !asked.reservation)
        error = STUN_INSUFFICIENT_CAPACITY;
    if (error == 0 && over_quota(server, request->username))
        error = STUN_ALLOCATION_QUOTA_REACHED;
    struct turn_allocation *allocation = NULL;
    if (error == 0) {
        allocation = make_allocation(server, request, &asked);
        if (!allocation) {
            turn_count(server, TURN_COUNT_TABLE_FULL_ALLOCATIONS);
            error = STUN_INSUFFICIENT_CAPACITY;
        }
    }
    if (error) {
        turn_reply_error(server, reply, now, (enum stun_error)error);
        return;
    }

    turn_begin_opening(server, allocation, asked.reservation, now);
}
