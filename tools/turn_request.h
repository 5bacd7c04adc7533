/* turn_request.h — requests of a TURN client on the wire, and what their answers say.
 *
 * Pure: bytes and values in, bytes and values out. turn_client.h puts requests
 * and answers together into transactions.
 */
#ifndef RELAY_TURN_REQUEST_H
#define RELAY_TURN_REQUEST_H

#include "bytes.h"
#include "crypto.h"
#include "err.h"
#include "stun_attr.h"
#include "stun_message.h"
#include "transport_addr.h"
#include "turn_credential.h"

#include <stdint.h>

/* The longest request: the three longest texts and everything else of a ChannelBind. */
enum { TURN_REQUEST_MAX = 2304 };

/* What is asked for. Fields that a method does not name are ignored. */
struct turn_request {
    uint16_t method;       /* STUN_BINDING, TURN_ALLOCATE, TURN_REFRESH, TURN_CHANNEL_BIND */
    uint8_t family;        /* Allocate: of the relayed transport address; an enum ip_family,
                              NONE leaves out REQUESTED-ADDRESS-FAMILY, which means IPv4 */
    uint16_t channel;      /* ChannelBind: channel number */
    uint32_t lifetime_sec; /* Allocate: 0 leaves the choice to the server; Refresh: 0 deletes */
    struct transport_addr peer; /* ChannelBind: peer transport address */
};

/* What a request is authenticated with (RFC 8489 §9.2). Views. */
struct turn_long_term {
    struct bytes username;
    struct bytes realm;
    struct bytes nonce;
    const struct turn_key *key;
};

/* What MESSAGE-INTEGRITY said about an answer. */
enum turn_integrity {
    TURN_INTEGRITY_UNCHECKED, /* there was no key to check it with */
    TURN_INTEGRITY_GOOD,
    TURN_INTEGRITY_MISSING,
    TURN_INTEGRITY_WRONG,
};

/* An answer. Views point into the datagram; what the answer does not hold is zero. */
struct turn_answer {
    uint16_t code; /* 0: success; otherwise the STUN error code */
    enum turn_integrity integrity;
    uint32_t lifetime_sec;
    struct bytes realm;
    struct bytes nonce;
    struct bytes software;
    struct transport_addr relayed;
    struct transport_addr mapped;
};

/*
 * turn_request_write writes |request| into |buf|.
 *
 * |auth|  NULL for a request without credentials; otherwise USERNAME, REALM,
 *         NONCE and, keyed with auth->key, MESSAGE-INTEGRITY are added.
 *
 * ERR_OK with the length, or ERR_NO_SPACE (also when libcrypto refuses).
 * The same arguments give the same bytes: a retransmission is written again.
 */
enum err turn_request_write(const struct turn_request *request,
                            const uint8_t transaction_id[static STUN_TRANSACTION_ID_LEN],
                            const struct turn_long_term *auth, struct crypto *crypto, uint8_t *buf,
                            size_t capacity, size_t *ret_len) MUST_CHECK;

/*
 * turn_answer_read reads |datagram| as the answer to the request of |method|
 * with |transaction_id|.
 *
 * |key|  the key of that request, NULL when it had no credentials.
 *
 *   ERR_OK         |ret| is filled.
 *   ERR_NOT_FOUND  something else: not STUN, not a response, another transaction.
 *   ERR_MALFORMED  the answer to this request, but unreadable.
 */
enum err turn_answer_read(struct bytes datagram, uint16_t method,
                          const uint8_t transaction_id[static STUN_TRANSACTION_ID_LEN],
                          struct crypto *crypto, const struct turn_key *key,
                          struct turn_answer *ret) MUST_CHECK;

#endif
