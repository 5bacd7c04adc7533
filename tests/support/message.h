/* message.h — builds the STUN messages of a client from a list of attributes.
 *
 *     message_build(crypto,
 *                   &(struct message){.method = TURN_ALLOCATE,
 *                                     .transaction_id = id,
 *                                     .attrs = ATTRS(UDP, LIFETIME(900)),
 *                                     .username = …, .key = …},
 *                   buf, sizeof(buf));
 *
 * The order on the wire is: |attrs|, USERNAME, REALM, NONCE, integrity, |after|,
 * FINGERPRINT. What is empty is left out, so that every incomplete or odd
 * message is a choice of fields.
 */
#ifndef RELAY_TESTS_MESSAGE_H
#define RELAY_TESTS_MESSAGE_H

#include "bytes.h"
#include "crypto.h"
#include "stun_message.h"
#include "transport_addr.h"
#include "turn_credential.h"

#include <stdbool.h>

/* One attribute of a message to be built. */
struct attr {
    enum attr_kind { ATTR_END, ATTR_U32, ATTR_BYTES, ATTR_XOR_ADDRESS } kind;
    uint16_t type;
    uint32_t u32;
    struct bytes bytes; /* borrowed until the message is built */
    struct transport_addr addr;
};

/* A list for the time of the enclosing block; never empty, see NO_ATTRS. */
#define ATTRS(...) ((const struct attr[]){__VA_ARGS__, {.kind = ATTR_END}})
#define NO_ATTRS   ((const struct attr[]){{.kind = ATTR_END}})

#define ATTR_OF_U32(t, v)                                                                          \
    {                                                                                              \
        .kind = ATTR_U32, .type = (t), .u32 = (v)                                                  \
    }
#define ATTR_OF_BYTES(t, d, n)                                                                     \
    {                                                                                              \
        .kind = ATTR_BYTES, .type = (t), .bytes = {.data = (d), .len = (n) }                       \
    }
#define TRANSPORT(protocol) ATTR_OF_U32(STUN_ATTR_REQUESTED_TRANSPORT, (uint32_t)(protocol) << 24)
#define UDP                 TRANSPORT(17)
#define LIFETIME(sec)       ATTR_OF_U32(STUN_ATTR_LIFETIME, (sec))
#define REQUESTED_FAMILY(code)                                                                     \
    ATTR_OF_U32(STUN_ATTR_REQUESTED_ADDRESS_FAMILY, (uint32_t)(code) << 24)
#define ADDITIONAL_FAMILY(code)                                                                    \
    ATTR_OF_U32(STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY, (uint32_t)(code) << 24)
#define CHANNEL(number) ATTR_OF_U32(STUN_ATTR_CHANNEL_NUMBER, (uint32_t)(number) << 16)
#define EVEN_PORT(r)    ATTR_OF_BYTES(STUN_ATTR_EVEN_PORT, (r) ? EVEN_PORT_R1 : EVEN_PORT_R0, 1)
#define TOKEN(bytes)    ATTR_OF_BYTES(STUN_ATTR_RESERVATION_TOKEN, (bytes), 8)
#define DONT_FRAGMENT   ATTR_OF_BYTES(STUN_ATTR_DONT_FRAGMENT, NULL, 0)
#define PEER(a)                                                                                    \
    {                                                                                              \
        .kind = ATTR_XOR_ADDRESS, .type = STUN_ATTR_XOR_PEER_ADDRESS, .addr = (a)                  \
    }
#define SOFTWARE_SNOWNET ATTR_OF_BYTES(STUN_ATTR_SOFTWARE, (const uint8_t *)"snownet", 7)

/* Values of EVEN-PORT without and with the R bit (RFC 8656 §18.5). */
extern const uint8_t EVEN_PORT_R0[1];
extern const uint8_t EVEN_PORT_R1[1];

enum integrity { INTEGRITY_SHA1, INTEGRITY_SHA256, INTEGRITY_BOTH, INTEGRITY_NONE };

struct message {
    enum stun_class class;
    uint16_t method;
    const uint8_t *transaction_id; /* STUN_TRANSACTION_ID_LEN bytes */
    const struct attr *attrs;      /* NULL = none */
    struct bytes username;
    struct bytes realm;
    struct bytes nonce;
    const struct turn_key *key; /* NULL = no integrity */
    enum integrity integrity;
    const struct attr *after; /* attributes behind the integrity; NULL = none */
    bool fingerprint;
};

enum { MESSAGE_MAX = 2048 };

/* message_build writes the message into |buf| and returns its length; it aborts when it does
 * not fit. */
size_t message_build(struct crypto *crypto, const struct message *message,
                     uint8_t buf[static MESSAGE_MAX]);

#endif
