/* message.c — builds the STUN messages of a client from a list of attributes. */
#include "message.h"

#include "stun_integrity.h"
#include "stun_writer.h"

#include <stdlib.h>

const uint8_t EVEN_PORT_R0[1] = {0x00};
const uint8_t EVEN_PORT_R1[1] = {0x80};

static void add_attrs(struct stun_writer *w, const struct attr *attrs)
{
    for (; attrs && attrs->kind != ATTR_END; attrs++) {
        if (attrs->kind == ATTR_U32)
            stun_add_u32(w, attrs->type, attrs->u32);
        else if (attrs->kind == ATTR_XOR_ADDRESS)
            stun_add_xor_address(w, attrs->type, &attrs->addr);
        else
            stun_add_bytes(w, attrs->type, attrs->bytes);
    }
}

size_t message_build(struct crypto *crypto, const struct message *message,
                     uint8_t buf[static MESSAGE_MAX])
{
    struct stun_writer w;
    stun_writer_begin(&w, buf, MESSAGE_MAX, message->class, message->method,
                      message->transaction_id);
    add_attrs(&w, message->attrs);
    if (message->username.data)
        stun_add_bytes(&w, STUN_ATTR_USERNAME, message->username);
    if (message->realm.data)
        stun_add_bytes(&w, STUN_ATTR_REALM, message->realm);
    if (message->nonce.data)
        stun_add_bytes(&w, STUN_ATTR_NONCE, message->nonce);
    if (message->key && message->integrity != INTEGRITY_NONE) {
        struct bytes key = {.data = message->key->bytes, .len = sizeof(message->key->bytes)};
        if (message->integrity != INTEGRITY_SHA256)
            stun_add_integrity(&w, crypto, key);
        if (message->integrity != INTEGRITY_SHA1)
            stun_add_integrity_sha256(&w, crypto, key);
    }
    add_attrs(&w, message->after);
    if (message->fingerprint)
        stun_add_fingerprint(&w);
    size_t len;
    if (stun_writer_finish(&w, &len) != ERR_OK)
        abort();
    return len;
}
