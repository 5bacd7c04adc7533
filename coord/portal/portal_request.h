/* portal_request.h — the header fields that we add to the upgrade request, and the token's way
 * through it. */
#ifndef RELAY_PORTAL_REQUEST_H
#define RELAY_PORTAL_REQUEST_H

#include "portal/portal_token.h"

#include <stdbool.h>
#include <stddef.h>

/* Zeroed is none. */
struct portal_request {
    struct portal_token token; /* until it is in the request */
    unsigned char *sent;       /* where it lies in the library's buffer; NULL once wiped */
    size_t sent_len;
};

/* portal_request_write adds User-Agent and X-Authorization at |*at|, where there is room for |room|
 * bytes, and moves |*at| behind them. The token is wiped here. False when they do not fit. */
bool portal_request_write(struct portal_request *request, const char *user_agent,
                          unsigned char **at, size_t room);

/* portal_request_wipe wipes the token here, and in the buffer that it was written to: once the
 * request has left, or will not. The library reads responses into that buffer, so that it would
 * keep some of it for long. */
void portal_request_wipe(struct portal_request *request);

#endif
