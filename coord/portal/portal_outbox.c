/* portal_outbox.c — the few messages that wait to leave on a WebSocket connection. */
#include "portal/portal_outbox.h"

#include "crypto.h"

#include <string.h>

bool portal_outbox_put(struct portal_outbox *outbox, struct lws *wsi, struct bytes text)
{
    size_t slot = (outbox->first + outbox->count) % PORTAL_OUTBOX_MAX;

    if (outbox->count == PORTAL_OUTBOX_MAX || text.len > PORTAL_OUTGOING_MAX)
        return false;
    outbox->messages[slot].len = text.len;
    memcpy(outbox->messages[slot].bytes + LWS_PRE, text.data, text.len);
    outbox->count++;
    lws_callback_on_writable(wsi);
    return true;
}

bool portal_outbox_write(struct portal_outbox *outbox, struct lws *wsi)
{
    size_t slot = outbox->first, len = outbox->messages[slot].len;
    bool is_written;

    if (outbox->count == 0)
        return true;
    is_written =
        lws_write(wsi, outbox->messages[slot].bytes + LWS_PRE, len, LWS_WRITE_TEXT) >= (int)len;
    crypto_wipe(&outbox->messages[slot], sizeof(outbox->messages[slot]));
    outbox->first = (slot + 1) % PORTAL_OUTBOX_MAX;
    outbox->count--;
    if (outbox->count > 0)
        lws_callback_on_writable(wsi);
    return is_written;
}

void portal_outbox_clear(struct portal_outbox *outbox)
{
    crypto_wipe(outbox, sizeof(*outbox));
}
