/* turn_control.c — a datagram that looks like STUN: parsed, authenticated, handed to its method.
 *
 *   not STUN, wrong fingerprint, indication, response   dropped
 *   malformed request, unknown method                   400
 *   Binding                                             answered as it is
 *   somebody new, before the server is admitted         dropped
 *   other methods      authentication ─► whose is it? ─► unknown attributes (420) ─► the
 *                      method's file
 *
 * Nothing here is kept before authentication, and what is not authenticated is
 * answered only within its source's rate.
 */
#include "turn_internal.h"

#include "stun_integrity.h"

#include <string.h>

/* Comprehension-required attributes that are understood (RFC 8489 §6.3.1). */
static const uint16_t known_attrs[] = {
    STUN_ATTR_MAPPED_ADDRESS,
    STUN_ATTR_USERNAME,
    STUN_ATTR_MESSAGE_INTEGRITY,
    STUN_ATTR_ERROR_CODE,
    STUN_ATTR_UNKNOWN_ATTRIBUTES,
    STUN_ATTR_CHANNEL_NUMBER,
    STUN_ATTR_LIFETIME,
    STUN_ATTR_XOR_PEER_ADDRESS,
    STUN_ATTR_DATA,
    STUN_ATTR_REALM,
    STUN_ATTR_NONCE,
    STUN_ATTR_XOR_RELAYED_ADDRESS,
    STUN_ATTR_EVEN_PORT,
    STUN_ATTR_REQUESTED_ADDRESS_FAMILY,
    STUN_ATTR_DONT_FRAGMENT,
    STUN_ATTR_REQUESTED_TRANSPORT,
    STUN_ATTR_XOR_MAPPED_ADDRESS,
    STUN_ATTR_MESSAGE_INTEGRITY_SHA256,
    STUN_ATTR_RESERVATION_TOKEN,
};

struct method {
    uint16_t method;
    enum turn_counter counter;
    void (*handle)(struct turn_server *server, const struct turn_request *request);
};

static const struct method methods[] = {
    {TURN_ALLOCATE, TURN_COUNT_ALLOCATE_REQUESTS, turn_handle_allocate},
    {TURN_REFRESH, TURN_COUNT_REFRESH_REQUESTS, turn_handle_refresh},
    {TURN_CHANNEL_BIND, TURN_COUNT_CHANNEL_BIND_REQUESTS, turn_handle_channel_bind},
    {TURN_CREATE_PERMISSION, TURN_COUNT_CREATE_PERMISSION_REQUESTS, turn_handle_create_permission},
};

static const struct method *find_method(uint16_t number)
{
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (methods[i].method == number)
            return &methods[i];
    return NULL;
}

static bool within_rate(struct turn_server *server, const struct turn_request *request)
{
    bool shared;
    bool ok = turn_rate_limit_take(&server->rate_limit, &server->rate_key, request->now.mono,
                                   &request->reply.five_tuple.client, &shared);
    if (shared)
        turn_count(server, TURN_COUNT_RATE_LIMIT_COLLISIONS);
    if (!ok)
        turn_count(server, TURN_COUNT_DROP_RATE_LIMITED);
    return ok;
}

/* True when an unknown attribute was found and answered with 420. */
static bool refuse_unknown(struct turn_server *server, const struct turn_request *request)
{
    uint16_t types[TURN_UNKNOWN_ATTRS_MAX];
    size_t count = stun_message_unknown_required(&request->message, known_attrs,
                                                 sizeof known_attrs / sizeof *known_attrs, types,
                                                 TURN_UNKNOWN_ATTRS_MAX);
    if (count > 0)
        turn_reply_unknown(server, &request->reply, types, count);
    return count > 0;
}

static void answer_unauthenticated(struct turn_server *server, const struct turn_request *request,
                                   enum stun_error error)
{
    if (within_rate(server, request))
        turn_reply_error(server, &request->reply, request->now.mono, error);
}

static void handle_binding(struct turn_server *server, const struct turn_request *request)
{
    turn_count(server, TURN_COUNT_BINDING_REQUESTS);
    if (within_rate(server, request) && !refuse_unknown(server, request))
        turn_handle_binding(server, request);
}

/* Another shard may have to deal with it: the owner of the five-tuple, which is not here, or the
 * one that holds a reserved port. Asked of authenticated requests only, so that nobody else
 * can cause look-ups. |ret_shard| says which if that is known. */
static bool is_not_mine(const struct turn_server *server, const struct turn_request *request,
                        uint32_t *ret_shard)
{
    if (!server->config.recorded || request->arrival != TURN_ARRIVAL_FIRST ||
        turn_allocation_find(&server->allocations, &request->reply.five_tuple))
        return false;
    if (request->message.method == TURN_ALLOCATE &&
        turn_token_shard(server, &request->message, ret_shard))
        return *ret_shard != server->config.shard;
    *ret_shard = TURN_SHARD_UNKNOWN;
    /* Whether the five-tuple of an Allocate is somebody else's the claim will tell. */
    return request->message.method != TURN_ALLOCATE || server->is_draining;
}

/* Is it for an allocation that neither is here nor, as far as can be said, on another shard?
 * Whoever has one has had a nonce, so that a request without is from somebody new. */
static bool wants_new_allocation(const struct turn_server *server,
                                 const struct turn_request *request)
{
    struct bytes nonce;
    if (turn_allocation_find(&server->allocations, &request->reply.five_tuple))
        return false;
    return !server->config.recorded || request->arrival != TURN_ARRIVAL_FIRST ||
           request->message.method == TURN_ALLOCATE ||
           stun_get_nonce(&request->message, &nonce) != ERR_OK;
}

static enum turn_verdict handle_authenticated(struct turn_server *server,
                                              const struct turn_request *request,
                                              const struct method *method, struct turn_relay *ret)
{
    uint32_t shard;
    if (is_not_mine(server, request, &shard))
        return turn_not_mine(shard, ret);
    turn_count(server, method->counter);
    if (!refuse_unknown(server, request))
        method->handle(server, request);
    return TURN_VERDICT_CONTROL;
}

/* Authenticates and hands over; wipes what the answer needed of the key. */
static enum turn_verdict handle_method(struct turn_server *server, struct turn_request *request,
                                       const struct method *method, struct turn_relay *ret)
{
    struct turn_reply_to *reply = &request->reply;
    enum turn_verdict verdict = TURN_VERDICT_CONTROL;
    if (!server->is_admitted && wants_new_allocation(server, request))
        return turn_drop(server, TURN_DROP_NOT_ADMITTED, ret);
    bool nonce_valid = turn_auth_has_valid_nonce(&server->auth, request->now.mono,
                                                 &reply->five_tuple.client, &request->message);
    /* Whoever lacks a nonce may be anyone: the rate is asked before keys are derived. */
    if (!nonce_valid && !within_rate(server, request)) {
        turn_count(server, method->counter);
        return verdict;
    }
    struct turn_auth_result auth;
    turn_authenticate(&server->auth, request->now, &request->message, nonce_valid, &auth);
    reply->has_key = auth.has_key;
    reply->key = auth.key;
    reply->integrity_sha256 = auth.integrity_sha256;
    reply->authenticated = auth.error == 0;
    request->username = auth.username;
    if (auth.error == 0) {
        verdict = handle_authenticated(server, request, method, ret);
    } else {
        turn_count(server, method->counter);
        if (!nonce_valid || within_rate(server, request))
            turn_reply_error(server, reply, request->now.mono, (enum stun_error)auth.error);
    }
    crypto_wipe(&auth, sizeof auth);
    crypto_wipe(reply, sizeof *reply);
    return verdict;
}

static enum turn_verdict handle_request(struct turn_server *server, struct turn_request *request,
                                        bool malformed, struct turn_relay *ret)
{
    const struct method *method = find_method(request->message.method);
    if (malformed || (!method && request->message.method != STUN_BINDING))
        answer_unauthenticated(server, request, STUN_BAD_REQUEST);
    else if (!method)
        handle_binding(server, request);
    else
        return handle_method(server, request, method, ret);
    return TURN_VERDICT_CONTROL;
}

enum turn_verdict turn_control(struct turn_server *server, struct turn_now now,
                               const struct five_tuple *five_tuple, struct bytes datagram,
                               enum turn_arrival arrival, struct turn_relay *ret)
{
    struct turn_request request = {.now = now, .arrival = arrival};
    enum err err = stun_message_parse(datagram, &request.message);
    if (err == ERR_TRUNCATED)
        return turn_drop(server, TURN_DROP_NOT_STUN, ret);
    const struct stun_message *message = &request.message;
    switch ((enum stun_class)message->class) {
    case STUN_INDICATION:
        return turn_drop(server, err == ERR_OK ? TURN_DROP_INDICATION : TURN_DROP_MALFORMED_STUN,
                         ret);
    case STUN_SUCCESS:
    case STUN_ERROR:
        return turn_drop(server, err == ERR_OK ? TURN_DROP_RESPONSE : TURN_DROP_MALFORMED_STUN,
                         ret);
    case STUN_REQUEST:
        break;
    }
    if (err == ERR_OK && !stun_fingerprint_ok(message))
        return turn_drop(server, TURN_DROP_BAD_FINGERPRINT, ret);
    const struct turn_allocation *allocation =
        turn_allocation_find(&server->allocations, five_tuple);
    if (allocation && allocation->state != TURN_ALLOCATION_LIVE)
        return turn_drop(server, TURN_DROP_PENDING_ALLOCATE, ret);

    request.reply = (struct turn_reply_to){.five_tuple = *five_tuple,
                                           .method = message->method,
                                           .request_len = datagram.len,
                                           .fingerprint = message->fingerprint_offset != 0};
    memcpy(request.reply.transaction_id, message->transaction_id, STUN_TRANSACTION_ID_LEN);
    return handle_request(server, &request, err != ERR_OK, ret);
}
