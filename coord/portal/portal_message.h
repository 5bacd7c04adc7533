/* portal_message.h — messages of a Phoenix channel (serializer version 1) to and from bytes; pure.
 *
 *     {"topic":"relay","event":"phx_reply","payload":{"status":"ok","response":{}},"ref":0}
 *
 * What comes in is untrusted. cJSON reads it, after a scan has bounded how deep it is and how many
 * values it has, so that a message costs a bounded amount of stack and heap.
 */
#ifndef RELAY_PORTAL_MESSAGE_H
#define RELAY_PORTAL_MESSAGE_H

#include "auth_secret.h"
#include "bytes.h"
#include "err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PORTAL_MESSAGE_DEPTH_MAX = 32,    /* objects and arrays in one another */
    PORTAL_MESSAGE_VALUES_MAX = 4096, /* values of one message */
    PORTAL_WORD_MAX = 128,            /* of a text taken from a message, with its zero */
    /* Bytes of an outgoing message: every character of the secret escaped. */
    PORTAL_OUTGOING_MAX = 2 * AUTH_SECRET_MAX + 128,
};

enum portal_event {
    PORTAL_EVENT_REPLY,      /* phx_reply */
    PORTAL_EVENT_INIT,       /* init */
    PORTAL_EVENT_CLOSE,      /* phx_close */
    PORTAL_EVENT_ERROR,      /* phx_error */
    PORTAL_EVENT_DISCONNECT, /* disconnect */
    PORTAL_EVENT_OTHER,
};

/* Texts are made printable: other bytes than printable ASCII are question marks; and cut. */
struct portal_message {
    enum portal_event event;
    bool is_relay_topic; /* the topic is "relay" */
    bool has_ref;        /* |ref| was an integer from 0 to 2^53 */
    uint64_t ref;
    bool is_ok;                   /* REPLY: the status is "ok" */
    char name[PORTAL_WORD_MAX];   /* of the event, as it came */
    char reason[PORTAL_WORD_MAX]; /* REPLY, DISCONNECT: the reason given; "" for none */
};

/*
 * portal_message_decode reads |text|.
 *   ERR_OK
 *   ERR_TRUNCATED  it ends before its JSON does; also when it is empty
 *   ERR_MALFORMED  no JSON object with a topic and an event
 *   ERR_LIMIT      too deep, or too many values
 */
enum err portal_message_decode(struct bytes text, struct portal_message *ret) MUST_CHECK;

/* Both write a message to |ret| and return its length. |secret| is printable ASCII of at most
 * AUTH_SECRET_MAX bytes. */
size_t portal_message_join(struct bytes secret, uint64_t ref, char ret[static PORTAL_OUTGOING_MAX]);
size_t portal_message_heartbeat(uint64_t ref, char ret[static PORTAL_OUTGOING_MAX]);

#endif
