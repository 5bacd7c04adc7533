/* http_portal.h — what readiness and metrics say of the connection to the control plane.
 *
 * A relay that waits for its first init is not ready: its clients have no credentials for it. One
 * that was admitted once serves whatever becomes of the connection, so that a connection that is
 * lost is said, and is no reason.
 */
#ifndef RELAY_HTTP_PORTAL_H
#define RELAY_HTTP_PORTAL_H

#include "http_json.h"
#include "http_text.h"
#include "portal/portal_status.h"
#include "state_dir.h"

#include <stdbool.h>
#include <stdint.h>

struct http_portal {
    bool has_run; /* |snapshot| means something */
    struct portal_snapshot snapshot;
    uint64_t now_sec; /* on the wall clock */
};

/* http_portal_read reads what the portal process says of itself. A few system calls. */
void http_portal_read(const struct state_dir *dir, uint64_t now_sec, struct http_portal *ret);

/*
 * http_portal_ready appends a line, unless all is well, and returns the verdict. |is_awaited|: a
 * shard still waits for the init.
 *
 *     waiting for the control plane's init: not connected, attempt 4, the next one in 2 s: …
 *     control plane: not connected for 12 s, attempt 4, the next one in 2 s: …
 */
bool http_portal_ready(const struct http_portal *portal, bool is_awaited, struct http_text *text);

/* http_portal_json adds the object |key|: whether it is connected, and how it is, in a sentence. */
void http_portal_json(const struct http_portal *portal, const char *key, struct http_json *json);

/* http_portal_metrics appends relay_portal_connected, and the others of that beginning. */
void http_portal_metrics(const struct http_portal *portal, struct http_text *text);

#endif
