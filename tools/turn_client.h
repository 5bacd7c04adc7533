/* turn_client.h — one TURN client's transactions: challenges, retransmissions, integrity.
 *
 * Sans-IO: datagrams and the time go in, datagrams to send come out. A client
 * runs one request at a time:
 *
 *   start ──► SEND ──► input / timeout ──► WAIT | SEND | DONE | FAILED
 *
 * A 401 without credentials and a 438 are answered with the same request again,
 * authenticated with the realm and nonce given (RFC 8489 §9.2.5). A request is
 * sent again after 0.5, 1 and 2 seconds and given up 4 seconds later (§6.2.1).
 */
#ifndef RELAY_TURN_CLIENT_H
#define RELAY_TURN_CLIENT_H

#include "mono_time.h"
#include "turn_request.h"

/* What all clients of one run share; it outlives them. */
struct turn_client_config {
    struct crypto *crypto;
    struct bytes username; /* 1..508 bytes */
    struct bytes password;
    /* Fills |len| bytes at |out|, for transaction ids. */
    void (*random)(void *context, uint8_t *out, size_t len);
    void *random_context;
};

/* What the caller does next. */
enum turn_step {
    TURN_STEP_WAIT,   /* nothing, until a datagram comes or the deadline passes */
    TURN_STEP_SEND,   /* send what was written into the buffer */
    TURN_STEP_DONE,   /* the request succeeded; look at |result| */
    TURN_STEP_FAILED, /* the request failed; look at |result| */
};

/* Why a request failed. */
enum turn_failure {
    TURN_FAILURE_NONE,
    TURN_FAILURE_NO_ANSWER,   /* every transmission stayed unanswered */
    TURN_FAILURE_CODE,        /* an error response: |code| */
    TURN_FAILURE_CREDENTIALS, /* 401 to the request with credentials */
    TURN_FAILURE_FORGED,      /* only answers without the right MESSAGE-INTEGRITY came */
    TURN_FAILURE_MALFORMED,   /* an answer that cannot be read, or lacks what it must hold */
    TURN_FAILURE_LOCAL,       /* the request could not be written */
};

struct turn_result {
    enum turn_failure failure;
    uint16_t code;                 /* CODE and CREDENTIALS */
    uint32_t lifetime_sec;         /* Allocate, Refresh */
    struct transport_addr relayed; /* Allocate */
    struct transport_addr mapped;  /* Allocate, Binding */
};

/* What was seen over the client's life. */
struct turn_client_counters {
    uint32_t retransmissions;
    uint32_t integrity_missing; /* answers to authenticated requests without MESSAGE-INTEGRITY */
    uint32_t integrity_wrong;
};

struct turn_client {
    const struct turn_client_config *config;
    struct turn_result result; /* of the last request, after DONE or FAILED */
    struct turn_client_counters counters;

    /* The running transaction; |deadline| is NEVER when none runs. */
    struct mono_time deadline;
    struct turn_request request;
    uint8_t transaction_id[STUN_TRANSACTION_ID_LEN];
    uint8_t transmissions;
    uint8_t challenges;
    bool authenticated;
    bool forged;

    /* What the server's last challenge said. */
    bool challenged;
    struct turn_key key;
    uint16_t realm_len;
    uint16_t nonce_len;
    uint8_t realm[STUN_REALM_MAX];
    uint8_t nonce[STUN_NONCE_MAX];
};

/* turn_client_init makes a client that has not been challenged yet. */
void turn_client_init(struct turn_client *client, const struct turn_client_config *config);

/* turn_client_wipe forgets the key. */
void turn_client_wipe(struct turn_client *client);

/*
 * turn_client_start begins |request|; none may be running. Returns SEND with the
 * datagram in |buf| and its length in |ret_len|, or FAILED (LOCAL). Credentials
 * are sent along when a challenge is known; Binding never carries any.
 */
enum turn_step turn_client_start(struct turn_client *client, struct mono_time now,
                                 const struct turn_request *request,
                                 uint8_t buf[static TURN_REQUEST_MAX], size_t *ret_len);

/*
 * turn_client_input takes a datagram from the server. WAIT when it does not
 * belong to the running request, when none runs, or when its MESSAGE-INTEGRITY
 * is missing or wrong: that is counted, and the datagram treated as never
 * received (RFC 8489 §9.2.5), 400, 401 and 438 apart.
 */
enum turn_step turn_client_input(struct turn_client *client, struct mono_time now,
                                 struct bytes datagram, uint8_t buf[static TURN_REQUEST_MAX],
                                 size_t *ret_len);

/* turn_client_timeout: WAIT before the deadline; then SEND the request again, or FAILED. */
enum turn_step turn_client_timeout(struct turn_client *client, struct mono_time now,
                                   uint8_t buf[static TURN_REQUEST_MAX], size_t *ret_len);

/* turn_result_text describes a failed |result| in a few words, such as "486 Allocation
 * Quota Reached" or "no answer". Returns |text|. */
enum { TURN_RESULT_TEXT_MAX = 96 };
char *turn_result_text(const struct turn_result *result, char text[static TURN_RESULT_TEXT_MAX]);

#endif
