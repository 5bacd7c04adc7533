/* portal_dial.h — which of a host's addresses is dialled when; pure. */
#ifndef RELAY_PORTAL_DIAL_H
#define RELAY_PORTAL_DIAL_H

#include "mono_time.h"
#include "portal/portal_resolver.h"

#include <stdbool.h>

enum {
    /* For TCP with one address, before the next one is dialled. The last one has what the attempt
     * has left. */
    PORTAL_DIAL_MSEC = 2000,
};

/* Zeroed is one that has not dialled yet. */
struct portal_dial {
    struct portal_addresses addresses;
    size_t at;                   /* the address that is dialled; addresses.count: none is left */
    struct mono_time due_at;     /* then the next one is; NEVER for the last one */
    char good[INET6_ADDRSTRLEN]; /* which led to a connection last; "" for none */
    char bad[INET6_ADDRSTRLEN];  /* which answered last, but led to none; "" for none */
};

/* portal_dial_begin begins with the address that worked last, if it is one of |addresses|, then
 * goes on in their order, and ends with the one that answered but did not work: a dead address
 * costs its time limit once, not at each attempt, and one that takes connections and does nothing
 * with them does not keep us from the others. */
void portal_dial_begin(struct portal_dial *dial, const struct portal_addresses *addresses,
                       struct mono_time now);

/* portal_dial_next goes on to the next address. False when there is none. */
bool portal_dial_next(struct portal_dial *dial, struct mono_time now);

/* portal_dial_worked notes that the address has led to a connection. */
void portal_dial_worked(struct portal_dial *dial);

/* portal_dial_failed notes that the address has answered, and that nothing came of it. */
void portal_dial_failed(struct portal_dial *dial);

/* portal_dial_address returns the address that is dialled. */
static inline const char *portal_dial_address(const struct portal_dial *dial)
{
    return dial->addresses.text[dial->at];
}

#endif
