/* http_metrics.h — the counter pages of a host in Prometheus' text format 0.0.4. Pure.
 *
 * Everything is made from the tables of the counters (counter_info_of): a counter that is added
 * there is here as well. By name and kind it becomes
 *
 *     gauge  allocations            relay_allocations{shard}
 *     gauge  …_usec                 relay_…_seconds{shard}
 *     event  wakeups                relay_wakeups_total{shard}
 *     event  requests_binding       relay_requests_total{shard,method="binding"}
 *     event  responses_401          relay_responses_total{shard,code="401"}
 *     drop   [dropped_]no_channel   relay_dropped_datagrams_total{shard,reason="no_channel"}
 *     histogram                     relay_…{shard,le}
 *
 * beside what the header of the page says. Of a shard whose process is gone there is relay_shard_up
 * 0 and nothing else: its figures would look like those of an idle one.
 */
#ifndef RELAY_HTTP_METRICS_H
#define RELAY_HTTP_METRICS_H

#include "http_health.h"
#include "http_text.h"

#include <stddef.h>

#define HTTP_METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* http_metrics_write appends part |part| < http_metrics_parts() of all metrics of |host|: those of
 * one name, or of a few. All parts in their order are the whole. */
size_t http_metrics_parts(void);
void http_metrics_write(const struct host_state *host, size_t part, struct http_text *text);

#endif
