/* http_shards.h — /api/shards: what the status page tells of each shard of the host. Pure.
 *
 *     {"host":…, "version":…, "mono_msec":…, "control_plane":{"connected":…, "summary":…},
 *      "reasons":[{"name":…,"help":…}…], "shards":[
 *         {"shard":0, "state":"serving", "age_msec":…, "pid":…, "uptime_sec":…, "cpu_msec":…,
 *          "lowest_port":…, "highest_port":…, "allocations":…, "channels":…, "capacity":…,
 *          "to_peer_packets":…, "to_peer_bytes":…, "to_client_packets":…, "to_client_bytes":…,
 *          "misrouted":…, "redirected":…, "taken_over":…, "registry":…, "lease":…,
 *          "admitted":…, "dropped":…, "drops":{REASON:…}}…]}
 *
 * |state| is counter_snapshot_state. Counters are those of the process |pid|, since it started.
 * |mono_msec| is when all this was read, by a clock that begins anew when the host does; |age_msec|
 * how much older the figures of a shard are, null like |pid| and the like where there is nothing to
 * say. So is |control_plane| without one. |reasons| are those of all drops that there were.
 */
#ifndef RELAY_HTTP_SHARDS_H
#define RELAY_HTTP_SHARDS_H

#include "http_health.h"
#include "http_text.h"

#include <stdint.h>

/* The host, as its options say. */
struct http_shards_host {
    const char *instance;
    uint16_t lowest_port;
    uint16_t highest_port;
};

/* http_shards_write appends all of it. */
void http_shards_write(const struct host_state *state, const struct http_shards_host *host,
                       struct http_text *text);

#endif
