/* ownership_redis_link.h — keeps a connection to the Redis of a target, made again whenever it
 * breaks.
 *
 *     find      the address; with sentinels, of the primary that they name
 *     connect
 *     greet     AUTH, SELECT, ROLE (with sentinels), SCRIPT LOAD of each script, the probe
 *     ready     until the connection breaks, or whoever uses it says that it is of no use
 *     wait      nothing after the first time, then 50 ms, doubled up to 2 s, each with jitter
 */
#ifndef RELAY_OWNERSHIP_REDIS_LINK_H
#define RELAY_OWNERSHIP_REDIS_LINK_H

#include "err.h"
#include "ownership_redis_connection.h"
#include "ownership_redis_target.h"

#include <stdbool.h>
#include <stdint.h>

struct event_base;
struct redis_link;

struct redis_link_config {
    struct event_base *base;
    const struct redis_target *target; /* must outlive the link, as |base| must */
    uint32_t timeout_msec;             /* of a command */
    /* Commands may be sent. */
    void (*on_ready)(void *context);
    /* An attempt failed, or the connection is over: what was sent gets no reply any more. |why|
     * is a sentence for the log, without secrets. Also called by redis_link_drop. */
    void (*on_down)(void *context, const char *why);
    void *context;
};

/* redis_link_new makes a link, which begins to connect in the next turn of the event loop. NULL
 * without memory. */
struct redis_link *redis_link_new(const struct redis_link_config *config);

/* redis_link_free ends it without a word. NULL is fine. */
void redis_link_free(struct redis_link *link);

/* redis_link_connection is the connection to send on, or NULL while there is none that is ready. */
struct redis_connection *redis_link_connection(const struct redis_link *link);

/* redis_link_load_scripts sends the scripts again, to a Redis that has forgotten them; what is sent
 * afterwards finds them there. */
void redis_link_load_scripts(struct redis_link *link);

/* redis_link_drop gives up a connection that is of no use, because of what |what| says, and begins
 * anew. Does nothing while there is none that is ready. */
void redis_link_drop(struct redis_link *link, const char *what);

#endif
