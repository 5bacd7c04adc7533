/* answer.h — reads what the server sent to a client.
 *
 * Reads attributes with its own loop rather than with the core's getters: order, padding and
 * what stands behind the integrity attribute are part of what is tested.
 */
#ifndef RELAY_TESTS_ANSWER_H
#define RELAY_TESTS_ANSWER_H

#include "crypto.h"
#include "stun_message.h"
#include "transport_addr.h"
#include "turn_credential.h"

#include <stdbool.h>

enum {
    ANSWER_ATTRS_MAX = 16,
    ANSWER_TEXT_MAX = 128,
    ANSWER_UNKNOWN_MAX = 32,
    ANSWER_RELAYED_MAX = 2,
};

/* Nothing in here points into the datagram. */
struct answer {
    enum stun_class class;
    uint16_t method;
    uint8_t transaction_id[STUN_TRANSACTION_ID_LEN];
    size_t len;                       /* of the datagram */
    uint16_t attrs[ANSWER_ATTRS_MAX]; /* types in their order */
    size_t attr_count;
    uint16_t error_code; /* 0 = none */
    char phrase[ANSWER_TEXT_MAX];
    char software[ANSWER_TEXT_MAX];
    char realm[ANSWER_TEXT_MAX];
    uint8_t nonce[ANSWER_TEXT_MAX];
    size_t nonce_len;
    uint32_t lifetime_sec;
    struct transport_addr mapped; /* family NONE when absent */
    struct transport_addr relayed[ANSWER_RELAYED_MAX];
    size_t relayed_count;
    uint8_t token[8];
    uint16_t unknown[ANSWER_UNKNOWN_MAX];
    size_t unknown_count;
    uint8_t address_error_family; /* code on the wire; 0 = no ADDRESS-ERROR-CODE */
    uint16_t address_error_code;
};

/*
 * answer_read reads a response. NULL when it is one that the server may send:
 * well formed, zero padding, no attribute twice but XOR-RELAYED-ADDRESS, a
 * FINGERPRINT that is right and last, integrity with nothing else behind it.
 * Otherwise what is wrong, in English.
 */
const char *answer_read(struct bytes datagram, struct answer *ret);

bool answer_has(const struct answer *answer, uint16_t type);

/* answer_integrity_ok: the integrity attribute is there and matches |key|. */
bool answer_integrity_ok(struct crypto *crypto, struct bytes datagram, const struct turn_key *key);

/* attr_name returns the name of an attribute type, or "?". */
const char *attr_name(uint16_t type);

/* answer_describe writes "437 Allocation Mismatch [SOFTWARE ERROR-CODE …]" and returns |text|. */
char *answer_describe(const struct answer *answer, char *text, size_t size);

#endif
