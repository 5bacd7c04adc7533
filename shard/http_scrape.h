/* http_scrape.h — answers /metrics: written once for all who ask within a while, a part at a time.
 *
 * All metrics of a large host are ten thousand lines. The packet path waits for a part of them
 * only: the rest follows in later turns of the event loop, and whoever has asked is answered then.
 */
#ifndef RELAY_HTTP_SCRAPE_H
#define RELAY_HTTP_SCRAPE_H

#include "http_server.h"
#include "mono_time.h"
#include "state_dir.h"

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    HTTP_SCRAPE_MSEC = 1000, /* how old what is served may be */
    /* The writing takes so much of the loop at a time, and leaves it alone for as long as that. */
    HTTP_SCRAPE_WORK_USEC = 100,
    HTTP_SCRAPE_PAUSE_MSEC = 5,
};

struct http_scrape;

struct http_scrape_config {
    struct event_base *base;     /* must outlive it */
    const struct state_dir *dir; /* of the counter pages; must outlive it */
    uint32_t shards;
    bool has_portal;        /* there is a control plane: http_portal.h */
    struct mono_time since; /* http_health.h */
    /* What was waited for is there: have the handler asked again (http_server_retry). */
    void (*retry)(void *context);
    void *context;
};

/* http_scrape_new: NULL when there is no memory. */
struct http_scrape *http_scrape_new(const struct http_scrape_config *config);

/* http_scrape_free: after its server. NULL is fine. */
void http_scrape_free(struct http_scrape *scrape);

/* http_scrape_handle is the handler of the route; |context| the scrape. */
void http_scrape_handle(void *context, struct http_exchange *exchange);

#endif
