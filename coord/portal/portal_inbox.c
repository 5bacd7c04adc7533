/* portal_inbox.c — the message that is coming in on a WebSocket connection, put together. */
#include "portal/portal_inbox.h"

#include <string.h>

enum err portal_inbox_take(struct portal_inbox *inbox, struct lws *wsi, const void *bytes,
                           size_t len)
{
    if (lws_is_first_fragment(wsi)) {
        inbox->len = 0;
        inbox->is_binary = lws_frame_is_binary(wsi) != 0;
    }
    if (len > sizeof(inbox->bytes) - inbox->len)
        return ERR_LIMIT;
    if (len > 0)
        memcpy(inbox->bytes + inbox->len, bytes, len);
    inbox->len += len;
    return lws_is_final_fragment(wsi) ? ERR_OK : ERR_UNAVAILABLE;
}
