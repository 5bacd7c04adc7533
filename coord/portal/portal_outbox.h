/* portal_outbox.h — the few messages that wait to leave on a WebSocket connection. */
#ifndef RELAY_PORTAL_OUTBOX_H
#define RELAY_PORTAL_OUTBOX_H

#include "bytes.h"
#include "portal/portal_message.h"

#include <libwebsockets.h>
#include <stdbool.h>
#include <stddef.h>

enum { PORTAL_OUTBOX_MAX = 4 };

/* Zeroed is empty. Messages may hold the secret: each is wiped when it has left. */
struct portal_outbox {
    size_t first, count;
    struct {
        size_t len;
        unsigned char bytes[LWS_PRE + PORTAL_OUTGOING_MAX]; /* libwebsockets writes in front */
    } messages[PORTAL_OUTBOX_MAX];
};

/* portal_outbox_put copies |text| and asks |wsi| for room to write. False when it is full, or the
 * text is longer than PORTAL_OUTGOING_MAX. */
bool portal_outbox_put(struct portal_outbox *outbox, struct lws *wsi, struct bytes text);

/* portal_outbox_write writes one message, if there is one: for LWS_CALLBACK_CLIENT_WRITEABLE.
 * False when the connection takes no more. */
bool portal_outbox_write(struct portal_outbox *outbox, struct lws *wsi);

/* portal_outbox_clear wipes it. */
void portal_outbox_clear(struct portal_outbox *outbox);

#endif
