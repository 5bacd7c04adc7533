/* turn_reply.c — answers to requests: attribute order, integrity, and the reflection bound.
 *
 * SOFTWARE comes first, then what the method adds, then integrity, then
 * FINGERPRINT when the request had one. An answer to a request that was not
 * authenticated may go to a victim whose address was forged, so it is held to
 * TURN_REFLECTION_FACTOR times the request.
 */
#include "turn_internal.h"

#include "stun_integrity.h"
#include "turn_nonce.h"

#include <assert.h>

static uint8_t *response_buffer(struct turn_server *server)
{
    assert(server->queue.count < TURN_COMMANDS_MAX);
    return server->queue.responses[server->queue.count];
}

static void begin(struct turn_server *server, const struct turn_reply_to *to, enum stun_class class,
                  bool software, struct stun_writer *writer)
{
    stun_writer_begin(writer, response_buffer(server), TURN_RESPONSE_MAX, class, to->method,
                      to->transaction_id);
    if (software)
        stun_add_bytes(writer, STUN_ATTR_SOFTWARE, server->software);
}

static size_t finish(struct turn_server *server, const struct turn_reply_to *to,
                     struct stun_writer *writer)
{
    if (to->has_key) {
        struct bytes key = {.data = to->key.bytes, .len = sizeof to->key.bytes};
        if (to->integrity_sha256)
            stun_add_integrity_sha256(writer, server->auth.crypto, key);
        else
            stun_add_integrity(writer, server->auth.crypto, key);
    }
    if (to->fingerprint)
        stun_add_fingerprint(writer);
    size_t len;
    return stun_writer_finish(writer, &len) == ERR_OK ? len : 0;
}

static bool within_bound(const struct turn_reply_to *to, size_t len)
{
    return to->authenticated || len <= TURN_REFLECTION_FACTOR * to->request_len;
}

/* Queues the message of |len| bytes in the response buffer. 0 = it could not be made. */
static bool queue_response(struct turn_server *server, const struct turn_reply_to *to, size_t len)
{
    if (len == 0)
        return false;
    uint8_t *buffer = response_buffer(server);
    struct turn_command *command = turn_command_push(server, TURN_COMMAND_SEND, &to->five_tuple);
    command->bytes = (struct bytes){.data = buffer, .len = len};
    return true;
}

void turn_reply_begin(struct turn_server *server, const struct turn_reply_to *to,
                      enum stun_class class, struct stun_writer *writer)
{
    begin(server, to, class, true, writer);
}

void turn_reply_send(struct turn_server *server, const struct turn_reply_to *to,
                     struct stun_writer *writer)
{
    size_t len = finish(server, to, writer);
    if (!within_bound(to, len))
        turn_count(server, TURN_COUNT_DROP_REFLECTION_BOUND);
    else if (queue_response(server, to, len))
        turn_count(server, TURN_COUNT_SUCCESS_RESPONSES);
}

void turn_reply_success(struct turn_server *server, const struct turn_reply_to *to)
{
    struct stun_writer writer;
    turn_reply_begin(server, to, STUN_SUCCESS, &writer);
    turn_reply_send(server, to, &writer);
}

static void count_error(struct turn_server *server, enum stun_error error)
{
    switch (error) {
#define X(number, name, phrase)                                                                    \
    case STUN_##name:                                                                              \
        turn_count(server, TURN_COUNT_ERROR_##number);                                             \
        break;
        STUN_ERRORS(X)
#undef X
    }
}

static size_t write_error(struct turn_server *server, const struct turn_reply_to *to,
                          struct mono_time now, enum stun_error error, const uint16_t *unknown,
                          size_t unknown_count, bool full)
{
    struct stun_writer writer;
    begin(server, to, STUN_ERROR, full, &writer);
    stun_add_error_code(&writer, (uint16_t)error, full ? stun_error_phrase((uint16_t)error) : "");
    if (error == STUN_UNAUTHENTICATED || error == STUN_STALE_NONCE) {
        uint8_t nonce[TURN_NONCE_LEN];
        turn_nonce_make(&server->auth.nonce_key, now, &to->five_tuple.client, nonce);
        stun_add_bytes(&writer, STUN_ATTR_REALM, server->realm);
        stun_add_bytes(&writer, STUN_ATTR_NONCE,
                       (struct bytes){.data = nonce, .len = sizeof nonce});
    }
    if (unknown_count > 0)
        stun_add_unknown_attributes(&writer, unknown, unknown_count);
    return finish(server, to, &writer);
}

/* Sends the full answer, or, where that exceeds the bound, one without SOFTWARE
 * and reason phrase, or none. */
static void reply_error(struct turn_server *server, const struct turn_reply_to *to,
                        struct mono_time now, enum stun_error error, const uint16_t *unknown,
                        size_t unknown_count)
{
    size_t len = write_error(server, to, now, error, unknown, unknown_count, true);
    if (!within_bound(to, len))
        len = write_error(server, to, now, error, unknown, unknown_count, false);
    if (!within_bound(to, len))
        turn_count(server, TURN_COUNT_DROP_REFLECTION_BOUND);
    else if (queue_response(server, to, len))
        count_error(server, error);
}

void turn_reply_error(struct turn_server *server, const struct turn_reply_to *to,
                      struct mono_time now, enum stun_error error)
{
    reply_error(server, to, now, error, NULL, 0);
}

void turn_reply_unknown(struct turn_server *server, const struct turn_reply_to *to,
                        const uint16_t *types, size_t count)
{
    reply_error(server, to, (struct mono_time){0}, STUN_UNKNOWN_ATTRIBUTE, types, count);
}
