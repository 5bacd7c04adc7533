/* turn_request.c — requests of a TURN client on the wire, and what their answers say. */
#include "turn_request.h"

#include "stun_integrity.h"
#include "stun_writer.h"

#include <string.h>

/* REQUESTED-TRANSPORT and the address families keep their value in the first byte
 * (RFC 8656 §18.7, §18.9); CHANNEL-NUMBER in the first two (§18.1). */
#define FIRST_BYTE(value)  ((uint32_t)(value) << 24)
#define FIRST_BYTES(value) ((uint32_t)(value) << 16)

enum { PROTOCOL_UDP = 17 };

enum err turn_request_write(const struct turn_request *request,
                            const uint8_t transaction_id[static STUN_TRANSACTION_ID_LEN],
                            const struct turn_long_term *auth, struct crypto *crypto, uint8_t *buf,
                            size_t capacity, size_t *ret_len)
{
    struct stun_writer writer;
    stun_writer_begin(&writer, buf, capacity, STUN_REQUEST, request->method, transaction_id);
    if (request->method == TURN_ALLOCATE) {
        stun_add_u32(&writer, STUN_ATTR_REQUESTED_TRANSPORT, FIRST_BYTE(PROTOCOL_UDP));
        if (request->family != IP_FAMILY_NONE)
            stun_add_u32(&writer, STUN_ATTR_REQUESTED_ADDRESS_FAMILY,
                         FIRST_BYTE(stun_family_code(request->family)));
        if (request->lifetime_sec != 0)
            stun_add_u32(&writer, STUN_ATTR_LIFETIME, request->lifetime_sec);
    } else if (request->method == TURN_REFRESH) {
        stun_add_u32(&writer, STUN_ATTR_LIFETIME, request->lifetime_sec);
    } else if (request->method == TURN_CHANNEL_BIND) {
        stun_add_u32(&writer, STUN_ATTR_CHANNEL_NUMBER, FIRST_BYTES(request->channel));
        stun_add_xor_address(&writer, STUN_ATTR_XOR_PEER_ADDRESS, &request->peer);
    }
    if (auth) {
        stun_add_bytes(&writer, STUN_ATTR_USERNAME, auth->username);
        stun_add_bytes(&writer, STUN_ATTR_REALM, auth->realm);
        stun_add_bytes(&writer, STUN_ATTR_NONCE, auth->nonce);
        stun_add_integrity(&writer, crypto,
                           (struct bytes){auth->key->bytes, sizeof auth->key->bytes});
    }
    return stun_writer_finish(&writer, ret_len);
}

static enum turn_integrity judge_integrity(struct crypto *crypto,
                                           const struct stun_message *message,
                                           const struct turn_key *key)
{
    if (!key)
        return TURN_INTEGRITY_UNCHECKED;
    enum err err =
        stun_integrity_check(crypto, message, (struct bytes){key->bytes, sizeof key->bytes});
    if (err == ERR_OK)
        return TURN_INTEGRITY_GOOD;
    return err == ERR_NOT_FOUND ? TURN_INTEGRITY_MISSING : TURN_INTEGRITY_WRONG;
}

/* An attribute may be absent, but not broken. */
static bool absent_or_good(enum err err)
{
    return err == ERR_OK || err == ERR_NOT_FOUND;
}

enum err turn_answer_read(struct bytes datagram, uint16_t method,
                          const uint8_t transaction_id[static STUN_TRANSACTION_ID_LEN],
                          struct crypto *crypto, const struct turn_key *key,
                          struct turn_answer *ret)
{
    struct stun_message message;
    enum err err = stun_message_parse(datagram, &message);
    if (err != ERR_OK && err != ERR_MALFORMED)
        return ERR_NOT_FOUND;
    if ((message.class != STUN_SUCCESS && message.class != STUN_ERROR) ||
        message.method != method ||
        memcmp(message.transaction_id, transaction_id, STUN_TRANSACTION_ID_LEN) != 0)
        return ERR_NOT_FOUND;
    if (err != ERR_OK || !stun_fingerprint_ok(&message))
        return ERR_MALFORMED;

    struct turn_answer answer = {0};
    if (message.class == STUN_ERROR && stun_get_error_code(&message, &answer.code) != ERR_OK)
        return ERR_MALFORMED;
    if (!absent_or_good(stun_get_realm(&message, &answer.realm)) ||
        !absent_or_good(stun_get_nonce(&message, &answer.nonce)) ||
        !absent_or_good(stun_get_lifetime(&message, &answer.lifetime_sec)) ||
        !absent_or_good(
            stun_get_xor_address(&message, STUN_ATTR_XOR_RELAYED_ADDRESS, &answer.relayed)) ||
        !absent_or_good(
            stun_get_xor_address(&message, STUN_ATTR_XOR_MAPPED_ADDRESS, &answer.mapped)))
        return ERR_MALFORMED;
    struct stun_attr software;
    if (stun_message_find(&message, STUN_ATTR_SOFTWARE, &software))
        answer.software = software.value;
    answer.integrity = judge_integrity(crypto, &message, key);
    *ret = answer;
    return ERR_OK;
}
