/* checked_rules.h — the invariants of checked_server.h, by what they look at. */
#ifndef RELAY_TESTS_CHECKED_RULES_H
#define RELAY_TESTS_CHECKED_RULES_H

#include "checked_server.h"

/* The input that is being carried out. */
struct checked_input {
    enum {
        INPUT_CLIENT,
        INPUT_PEER,
        INPUT_OUTCOME,
        INPUT_CLAIM,
        INPUT_LOST,
        INPUT_DELETE,
        INPUT_PUBLISH,
        INPUT_TIMEOUT
    } kind;
    enum trust trust;
    struct five_tuple tuple; /* CLIENT; of an OUTCOME, once looked up */
    struct bytes datagram;   /* CLIENT, PEER */
    struct turn_relay_id relay_id;
    struct transport_addr peer;
    bool failed; /* OUTCOME */
    enum turn_claim claim;
    enum turn_relay_failure failure;
    uint8_t families;
    uint8_t transaction_id[STUN_TRANSACTION_ID_LEN]; /* OUTCOME: of the Allocate */
};

/* RFC 8656 §12 by default, RFC 5766 §11 on request. */
static inline uint16_t checked_highest_channel(const struct turn_config *config)
{
    return config->rfc5766_channels ? 0x7FFF : 0x4FFF;
}

/* rules_command looks at one command and moves the model on. */
void rules_command(struct checked_server *cs, const struct checked_input *input,
                   const struct seen_command *seen);

/* Verdicts, their counters, the number and size of what was sent. */
void rules_client_verdict(struct checked_server *cs, const struct checked_input *input);
void rules_peer_verdict(struct checked_server *cs, const struct checked_input *input);

/* Before and after an outcome is handed to the server. */
void rules_outcome(struct checked_server *cs, struct checked_input *input);
void rules_outcome_end(struct checked_server *cs, const struct checked_input *input);

/* After all that was due has been carried out. */
void rules_expired(struct checked_server *cs);

/* What is recorded outside is what is. */
void rules_mirror(struct checked_server *cs);

/* What holds at any time. */
void rules_state(struct checked_server *cs);

#endif
