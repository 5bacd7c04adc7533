/* turn_command.h — what the core asks its caller to do.
 *
 * Commands come out in the order in which they must be carried out; the order
 * is part of the contract and the scenario tests assert it.
 */
#ifndef RELAY_TURN_COMMAND_H
#define RELAY_TURN_COMMAND_H

#include "bytes.h"
#include "transport_addr.h"
#include "turn_limits.h"
#include "turn_record.h"

#include <stdbool.h>
#include <stdint.h>

/* Names a relay socket pair. |index| is below the allocation limit and is given
 * out again; |generation| tells an allocation from its predecessors there. */
struct turn_relay_id {
    uint32_t index;
    uint32_t generation;
};

enum turn_command_kind {
    TURN_COMMAND_SEND,        /* send |bytes| to five_tuple.client from five_tuple.server, once
                                 the RECORDs and FORGETs before it have been carried out */
    TURN_COMMAND_OPEN_RELAY,  /* open UDP sockets on |port| for |families|, then answer with
                                 turn_server_relay_opened or turn_server_relay_failed */
    TURN_COMMAND_CLOSE_RELAY, /* close the sockets of |families| */
    /* Only with turn_config.recorded: */
    TURN_COMMAND_CLAIM,  /* claim |record|, an allocation, in the registry, then answer with
                            turn_server_claim_result */
    TURN_COMMAND_RECORD, /* write |record| to the registry */
    TURN_COMMAND_FORGET, /* remove what |record| names: its kind, five_tuple, channel number */
};

/* Why a relay is closed. */
enum turn_end {
    TURN_END_DELETED, /* Refresh with lifetime 0 */
    TURN_END_EXPIRED, /* the lifetime ran out */
    TURN_END_REMOVED, /* the operator wanted it (turn_server_delete) */
    TURN_END_LOST,    /* another shard owns the five-tuple */
    TURN_END_REFUSED, /* never answered with success: a claim was refused, or a restored relay
                         could not be opened */
};

struct turn_command {
    enum turn_command_kind kind;
    struct five_tuple five_tuple;     /* of the client, in every kind */
    struct bytes bytes;               /* SEND: valid until the next input */
    struct turn_relay_id relay_id;    /* OPEN_RELAY, CLOSE_RELAY */
    uint16_t port;                    /* OPEN_RELAY, CLOSE_RELAY: one number for both families */
    uint8_t families;                 /* OPEN_RELAY, CLOSE_RELAY: FAMILY_SET_V4 | FAMILY_SET_V6 */
    bool dont_fragment;               /* OPEN_RELAY: set DF on what leaves (RFC 8656 §18.9) */
    bool restored;                    /* OPEN_RELAY: of an allocation that was there before */
    enum turn_end end;                /* CLOSE_RELAY */
    struct bytes username;            /* OPEN_RELAY: for the log; valid until the next input */
    const struct turn_record *record; /* CLAIM, RECORD, FORGET: valid until the next input */
};

#endif
