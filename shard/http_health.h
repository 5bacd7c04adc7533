/* http_health.h — is this host well, is it ready, and why not: judged by its counter pages. Pure.
 *
 * healthz: every shard of the host was seen awake lately. One that hangs or is gone for longer
 * than HEALTH_GONE_SEC will not be back by itself, and nobody serves its clients.
 *
 * readyz: every shard serves, or takes no new allocations while others do. Not ready is a host with
 * a shard that starts, has stopped, is gone, or was not seen for COUNTER_PAGE_HANGS_SEC, or has
 * lost its lease although the registry is there; and one whose shards all drain. That the registry
 * is away is said, but is no reason: relaying and new allocations go on. Nor is a shard of another
 * version of the relay, which cannot be judged: in an upgrade there are such.
 */
#ifndef RELAY_HTTP_HEALTH_H
#define RELAY_HTTP_HEALTH_H

#include "host_figures.h"
#include "http_portal.h"
#include "http_text.h"
#include "mono_time.h"

#include <stdbool.h>
#include <stdint.h>

enum { HEALTH_GONE_SEC = 10 };

/* What is known of a host. */
struct host_state {
    const struct shard_figures *shards;
    uint32_t count;
    struct mono_time now;
    /* Since when somebody is here to judge: a shard without a page may be about to start. */
    struct mono_time since;
    const struct http_portal *portal; /* NULL without a control plane */
};

/*
 * http_health_alive and http_health_ready write a line with the verdict ("ok" or what not) and a
 * line for each thing that is not as it should be, and return the verdict.
 *
 *     not ready
 *     shard 1: starting: its allocations are being restored
 */
bool http_health_alive(const struct host_state *host, struct http_text *text);
bool http_health_ready(const struct host_state *host, struct http_text *text);

#endif
