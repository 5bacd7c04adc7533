/* portal_retry_after.h — reads a Retry-After header field (RFC 9110 §10.2.3); pure. */
#ifndef RELAY_PORTAL_RETRY_AFTER_H
#define RELAY_PORTAL_RETRY_AFTER_H

#include "bytes.h"
#include "err.h"
#include "mono_time.h"

enum {
    /* More is taken as this: no relay stays away for days since a middlebox said so. */
    PORTAL_RETRY_AFTER_MAX_SEC = 3600,
};

/*
 * portal_retry_after_parse reads |field|: seconds, or a date in one of the three forms of
 * RFC 9110 §5.6.7, which is compared with |wall|.
 *   ERR_OK         |ret_usec| is the wait, more than 0 and at most PORTAL_RETRY_AFTER_MAX_SEC
 *   ERR_MALFORMED  it is neither, or empty, or names no wait: 0, and a date that has passed, such
 *                  as one by a clock that is behind ours, must not have us come back all the time
 */
enum err portal_retry_after_parse(struct bytes field, struct wall_time wall,
                                  int64_t *ret_usec) MUST_CHECK;

#endif
