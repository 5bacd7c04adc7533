/* http_health.c — is this host well, is it ready, and why not: judged by its counter pages. Pure.
 */
#include "http_health.h"

/* A line about shard |k|. |sec| is written in the middle, unless it is negative. */
static void say(struct http_text *text, uint32_t k, const char *what, int64_t sec, const char *rest)
{
    http_text_put(text, "shard ");
    http_text_number(text, k);
    http_text_put(text, ": ");
    http_text_put(text, what);
    if (sec >= 0)
        http_text_number(text, (uint64_t)sec);
    http_text_put(text, rest);
    http_text_put(text, "\n");
}

/* How long there has been no sign of life of |shard|. */
static int64_t unseen_sec(const struct host_state *host, const struct shard_figures *shard)
{
    if (shard->err != ERR_OK)
        return (host->now.usec - host->since.usec) / USEC_PER_SEC;
    return counter_page_age(&shard->snapshot.page, host->now) / USEC_PER_SEC;
}

/* Its process is there, and that is all that can be known: as in an upgrade, of those whose turn
 * is still to come. */
static bool is_of_another_version(const struct shard_figures *shard)
{
    return shard->err == ERR_MALFORMED && shard->snapshot.is_live;
}

static void say_unseen(const struct host_state *host, uint32_t k, struct http_text *text)
{
    const struct shard_figures *shard = &host->shards[k];
    int64_t sec = unseen_sec(host, shard);

    if (is_of_another_version(shard))
        say(text, k, "runs another version of the relay: how it is is not known", -1, "");
    else if (shard->err != ERR_OK)
        say(text, k, "it has no counter page: not started, or of another version", -1, "");
    else if (shard->snapshot.is_live)
        say(text, k, "hangs: last seen awake ", sec, " s ago");
    else
        say(text, k, "is gone: last seen awake ", sec, " s ago");
}

static bool is_there(const struct host_state *host, const struct shard_figures *shard)
{
    return shard->err == ERR_OK && shard->snapshot.is_live &&
           !counter_snapshot_hangs(&shard->snapshot, host->now);
}

bool http_health_alive(const struct host_state *host, struct http_text *text)
{
    struct http_text notes = {.data = NULL};
    bool is_well = true;

    for (uint32_t k = 0; k < host->count; k++) {
        const struct shard_figures *shard = &host->shards[k];

        if (is_there(host, shard))
            continue;
        say_unseen(host, k, &notes);
        is_well =
            is_well && (is_of_another_version(shard) || unseen_sec(host, shard) < HEALTH_GONE_SEC);
    }
    http_text_put(text, is_well ? "ok\n" : "not well\n");
    http_text_append(text, &notes);
    return is_well;
}

/* Whether a shard that is there serves. Says what is not as it should be. */
static bool judge_serving(uint32_t k, const struct shard_figures *shard, struct http_text *text)
{
    const uint64_t *values = shard->snapshot.page.values;
    bool is_ready = true;

    switch (shard->snapshot.page.state) {
    case SHARD_STATE_SERVING:
        break;
    case SHARD_STATE_DRAINING:
        say(text, k, "drains: it takes no new allocations", -1, "");
        break;
    case SHARD_STATE_STARTING:
        say(text, k, "starts: what it had is being restored", -1, "");
        return false;
    default:
        say(text, k, "stops", -1, "");
        return false;
    }
    if (values[SHARD_COUNT_REGISTRY_AVAILABLE] == 0) {
        say(text, k, "the ownership registry is away: relaying goes on", -1, "");
    } else if (values[SHARD_COUNT_LEASE_HELD] == 0) {
        say(text, k, "has no lease in the ownership registry", -1, "");
        is_ready = false;
    }
    if (values[SHARD_COUNT_HTTP_LISTENING] == 0)
        say(text, k, "does not listen for HTTP: its log says why", -1, "");
    return is_ready;
}

bool http_health_ready(const struct host_state *host, struct http_text *text)
{
    struct http_text notes = {.data = NULL};
    uint32_t draining = 0;
    bool is_ready = true;
    bool is_awaited = false;

    for (uint32_t k = 0; k < host->count; k++) {
        const struct shard_figures *shard = &host->shards[k];

        if (is_there(host, shard)) {
            is_ready = judge_serving(k, shard, &notes) && is_ready;
            draining += shard->snapshot.page.state == SHARD_STATE_DRAINING;
            is_awaited = is_awaited || shard->snapshot.page.values[SHARD_COUNT_ADMITTED] == 0;
        } else {
            say_unseen(host, k, &notes);
            is_ready = is_ready && is_of_another_version(shard);
        }
    }
    if (host->portal != NULL)
        is_ready = http_portal_ready(host->portal, is_awaited, &notes) && is_ready;
    is_ready = is_ready && draining < host->count;
    http_text_put(text, is_ready ? "ok\n" : "not ready\n");
    http_text_append(text, &notes);
    return is_ready;
}
