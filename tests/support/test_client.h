/* test_client.h — a client: its address, credential and nonce, and what it demands of answers. */
#ifndef RELAY_TESTS_TEST_CLIENT_H
#define RELAY_TESTS_TEST_CLIENT_H

#include "answer.h"
#include "message.h"

#include "stun_attr.h"
#include "turn_command.h"
#include "turn_limits.h"

/* What the answer to a request carries. */
struct want {
    size_t request_len;
    bool integrity;
    bool sha256; /* of that kind */
    bool fingerprint;
};

struct test_client {
    struct five_tuple tuple;
    char username[STUN_USERNAME_MAX + 1];
    struct turn_key key;
    bool underivable; /* the server cannot know a key for |username| */
    char realm[TURN_REALM_MAX + 1];
    uint8_t nonce[ANSWER_TEXT_MAX]; /* the latest one given to it */
    size_t nonce_len;
    enum integrity integrity; /* of its requests */
    bool fingerprint;
    uint8_t transaction_id[STUN_TRANSACTION_ID_LEN]; /* of the last request; counts up */
    uint8_t request[MESSAGE_MAX];                    /* the last request */
    size_t request_len;
    struct want want; /* of its answer */
    /* Filled by whoever carries out OPEN_RELAY, and from Allocate's success. */
    struct turn_relay_id relay_id;
    uint16_t port;
    struct transport_addr relayed_v4;
    struct transport_addr relayed_v6;
    uint8_t token[8];
};

/*
 * client_init makes a client at |client|, talking to |server|, with the
 * credential |username| and |password| in |realm|.
 */
void client_init(struct test_client *client, struct crypto *crypto, struct transport_addr at,
                 struct transport_addr server, const char *username, const char *password,
                 const char *realm);

/* client_message is a signed request of |method| with a fresh transaction id; the caller may
 * change it before client_build. */
struct message client_message(struct test_client *client, uint16_t method,
                              const struct attr *attrs);

/* client_build makes |request| from the message and notes what the answer must carry. */
void client_build(struct test_client *client, struct crypto *crypto, const struct message *message);

/*
 * client_check_answer holds an answer against the rules of all responses: SOFTWARE
 * there (unless the reflection bound leaves no room), REALM and NONCE in 401 and
 * 438 only, integrity whenever the username stands for a key, FINGERPRINT when
 * asked with one. NULL, or what is wrong.
 */
const char *client_check_answer(const struct test_client *client, const struct want *want,
                                struct crypto *crypto, struct bytes datagram,
                                const struct answer *answer);

/* client_take_answer learns from an answer: nonce, relayed addresses, token. */
void client_take_answer(struct test_client *client, const struct answer *answer);

#endif
