/* host_status.c — judges from the counter pages whether all is well with a relay. */
#include "host_status.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { NAMED_MAX = 8 }; /* shards that a sentence names */

static const struct {
    const char *code, *one, *several;
} troubles[SHARD_TROUBLE_COUNT] = {
#define X(name, code_, one_, several_) {.code = code_, .one = one_, .several = several_},
    SHARD_TROUBLES(X)
#undef X
};

/* Its process is there, and moves. */
static bool moves(const struct shard_pages *pages, const struct shard_page *page)
{
    return page->err == ERR_OK && page->snapshot.is_live &&
           !counter_snapshot_hangs(&page->snapshot, pages->now);
}

static bool serves(const struct shard_pages *pages, const struct shard_page *page)
{
    uint32_t state = page->snapshot.page.state;

    return moves(pages, page) && (state == SHARD_STATE_SERVING || state == SHARD_STATE_DRAINING);
}

bool shard_has_trouble(const struct shard_pages *pages, const struct shard_page *page,
                       enum shard_trouble trouble)
{
    const struct counter_snapshot *snapshot = &page->snapshot;

    switch (trouble) {
    case SHARD_TROUBLE_NOT_RUNNING:
        return page->err == ERR_NOT_FOUND || (page->err == ERR_OK && !snapshot->is_live);
    case SHARD_TROUBLE_HANGS:
        return page->err == ERR_OK && counter_snapshot_hangs(snapshot, pages->now);
    case SHARD_TROUBLE_UNREADABLE:
        return page->err != ERR_OK && page->err != ERR_NOT_FOUND && page->err != ERR_UNAVAILABLE;
    case SHARD_TROUBLE_STARTING:
        return page->err == ERR_UNAVAILABLE ||
               (moves(pages, page) && snapshot->page.state == SHARD_STATE_STARTING);
    case SHARD_TROUBLE_NOT_ADMITTED:
        return serves(pages, page) && shard_page_value(page, SHARD_COUNT_ADMITTED) == 0;
    case SHARD_TROUBLE_REGISTRY_AWAY:
        return serves(pages, page) && shard_page_value(page, SHARD_COUNT_REGISTRY_AVAILABLE) == 0;
    case SHARD_TROUBLE_NO_LEASE:
        return serves(pages, page) && shard_page_value(page, SHARD_COUNT_REGISTRY_AVAILABLE) != 0 &&
               shard_page_value(page, SHARD_COUNT_LEASE_HELD) == 0;
    case SHARD_TROUBLE_OVERLOADED:
        return serves(pages, page) && shard_page_value(page, SHARD_COUNT_OVERLOADED) != 0;
    case SHARD_TROUBLE_FULL:
        return serves(pages, page) && shard_page_value(page, TURN_COUNT_ALLOCATIONS) >=
                                          shard_page_value(page, SHARD_COUNT_CAPACITY);
    case SHARD_TROUBLE_SURPLUS:
        return page->shard >= pages->expected;
    case SHARD_TROUBLE_COUNT:
        break;
    }
    return false;
}

struct host_status host_status_judge(const struct shard_pages *pages)
{
    struct host_status status = {.verdict = HOST_OK};
    uint32_t taking = 0, trouble_count = 0;

    for (size_t i = 0; i < pages->count; i++) {
        const struct shard_page *page = &pages->pages[i];

        for (unsigned t = 0; t < SHARD_TROUBLE_COUNT; t++)
            status.troubled[t] += shard_has_trouble(pages, page, (enum shard_trouble)t);
        if (page->err == ERR_OK && page->snapshot.page.starts > 0)
            status.restarts += page->snapshot.page.starts - 1;
        if (!serves(pages, page))
            continue;
        status.serving++;
        taking += page->snapshot.page.state == SHARD_STATE_SERVING;
        status.with_registry += shard_page_value(page, SHARD_COUNT_REGISTRY_AVAILABLE) != 0;
        status.with_http += shard_page_value(page, SHARD_COUNT_HTTP_LISTENING) != 0;
    }
    for (unsigned t = 0; t < SHARD_TROUBLE_COUNT; t++)
        trouble_count += status.troubled[t];
    status.none_takes_new = status.serving > 0 && taking == 0;
    if (status.serving == 0)
        status.verdict = HOST_DOWN;
    else if (trouble_count > 0 || status.none_takes_new)
        status.verdict = HOST_DEGRADED;
    return status;
}

const char *host_verdict_name(enum host_verdict verdict)
{
    static const char *const names[] = {
        [HOST_OK] = "ok", [HOST_DEGRADED] = "degraded", [HOST_DOWN] = "down"};

    return names[verdict];
}

const char *shard_trouble_code(enum shard_trouble trouble)
{
    return troubles[trouble].code;
}

const char *shard_trouble_text(const struct shard_pages *pages, enum shard_trouble trouble,
                               char text[static TROUBLE_TEXT_MAX])
{
    uint32_t count = 0, named = 0;

    for (size_t i = 0; i < pages->count; i++)
        count += shard_has_trouble(pages, &pages->pages[i], trouble);
    int len = snprintf(text, TROUBLE_TEXT_MAX, count == 1 ? "shard" : "shards");

    for (size_t i = 0; i < pages->count && named < NAMED_MAX; i++) {
        if (!shard_has_trouble(pages, &pages->pages[i], trouble))
            continue;
        named++;
        const char *before = named == 1 ? " " : named == count ? " and " : ", ";

        len += snprintf(text + len, TROUBLE_TEXT_MAX - (size_t)len, "%s%" PRIu32, before,
                        pages->pages[i].shard);
    }
    if (count > named)
        len += snprintf(text + len, TROUBLE_TEXT_MAX - (size_t)len, " and %" PRIu32 " more",
                        count - named);
    (void)snprintf(text + len, TROUBLE_TEXT_MAX - (size_t)len, " %s",
                   count == 1 ? troubles[trouble].one : troubles[trouble].several);
    return text;
}
