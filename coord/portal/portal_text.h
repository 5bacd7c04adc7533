/* portal_text.h — how the connection to the control plane is, in one sentence for people. Pure. */
#ifndef RELAY_PORTAL_TEXT_H
#define RELAY_PORTAL_TEXT_H

#include "portal/portal_status.h"

#include <stdint.h>

enum { PORTAL_TEXT_MAX = PORTAL_ERROR_MAX + 256 };

/*
 * portal_text_write writes how things are at |now_sec| on the wall clock, without a full stop, and
 * returns |text|. |snapshot|: as portal_status_read gave it, NULL when no portal process has run.
 *
 *     connected for 3 h, heartbeat answered 4 s ago
 *     not connected for 12 s, attempt 4, the next one in 2 s: TCP: connection refused
 *     the portal process has ended, 5 min ago: the token was refused
 */
const char *portal_text_write(const struct portal_snapshot *snapshot, uint64_t now_sec,
                              char text[static PORTAL_TEXT_MAX]);

#endif
