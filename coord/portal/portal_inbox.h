/* portal_inbox.h — the message that is coming in on a WebSocket connection, put together. */
#ifndef RELAY_PORTAL_INBOX_H
#define RELAY_PORTAL_INBOX_H

#include "bytes.h"
#include "err.h"
#include "portal/portal_channel.h"

#include <libwebsockets.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zeroed is empty. */
struct portal_inbox {
    bool is_binary;
    size_t len;
    uint8_t bytes[PORTAL_MESSAGE_MAX];
};

/*
 * portal_inbox_take adds |len| bytes at |bytes|, as LWS_CALLBACK_CLIENT_RECEIVE of |wsi| has them.
 *   ERR_OK           the message is whole: portal_inbox_message, until the next call
 *   ERR_UNAVAILABLE  there is more to come
 *   ERR_LIMIT        it is longer than PORTAL_MESSAGE_MAX
 */
enum err portal_inbox_take(struct portal_inbox *inbox, struct lws *wsi, const void *bytes,
                           size_t len) MUST_CHECK;

static inline struct bytes portal_inbox_message(const struct portal_inbox *inbox)
{
    return (struct bytes){.data = inbox->bytes, .len = inbox->len};
}

#endif
