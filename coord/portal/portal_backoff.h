/* portal_backoff.h — how long to wait before the next attempt to reach the control plane; pure.
 *
 * The control plane tells clients of a lost relay after a second. So a relay
 * that was admitted tries again at once, then within a second; only then the
 * waits grow. One that was never admitted has nobody waiting for it. Neither
 * ever gives up.
 */
#ifndef RELAY_PORTAL_BACKOFF_H
#define RELAY_PORTAL_BACKOFF_H

#include "mono_time.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    /* Waits grow by half each, from the first to the longest. */
    PORTAL_CONTACT_FIRST_MSEC = 1000, /* never admitted yet */
    PORTAL_CONTACT_LONGEST_MSEC = 30000,
    PORTAL_RETURN_FIRST_MSEC = 500, /* admitted before; after the attempt without a wait */
    PORTAL_RETURN_LONGEST_MSEC = 60000,
    /* An admission that ends sooner was a flap: the wait after it is as after so many failures as
     * there were flaps in a row. */
    PORTAL_STEADY_SEC = 10,
};

/* PORTAL_BACKOFF_START is a relay that has not tried yet. */
struct portal_backoff {
    bool was_admitted;
    uint32_t failures;            /* in a row */
    uint32_t flaps;               /* in a row */
    struct mono_time admitted_at; /* NEVER while not admitted */
};

#define PORTAL_BACKOFF_START ((struct portal_backoff){.admitted_at = {.usec = INT64_MAX}})

/* portal_backoff_admitted notes an admission. */
void portal_backoff_admitted(struct portal_backoff *backoff, struct mono_time now);

/*
 * portal_backoff_failed notes that an attempt failed, or that an admission ended. Returns the
 * microseconds to wait: between half and all of the wait that is due, as |random| says, so that
 * the relays of a control plane that was away do not come back together.
 */
int64_t portal_backoff_failed(struct portal_backoff *backoff, struct mono_time now,
                              uint32_t random);

#endif
