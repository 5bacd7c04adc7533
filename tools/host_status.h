/* host_status.h — judges from the counter pages whether all is well with a relay. */
#ifndef RELAY_HOST_STATUS_H
#define RELAY_HOST_STATUS_H

#include "shard_pages.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* X(NAME, "code", "what one shard does", "what several do"): what can be wrong with a shard, the
 * worst first. */
#define SHARD_TROUBLES(X)                                                                          \
    X(NOT_RUNNING, "not_running", "does not run", "do not run")                                    \
    X(HANGS, "hangs", "hangs", "hang")                                                             \
    X(UNREADABLE, "unreadable", "has counters that cannot be read",                                \
      "have counters that cannot be read")                                                         \
    X(STARTING, "starting", "is starting", "are starting")                                         \
    X(NOT_ADMITTED, "not_admitted", "waits for the control plane", "wait for the control plane")   \
    X(REGISTRY_AWAY, "registry_away", "gets no answer from the registry",                          \
      "get no answer from the registry")                                                           \
    X(NO_LEASE, "no_lease", "has no lease in the registry", "have no lease in the registry")       \
    X(OVERLOADED, "overloaded", "is sent more than it can relay",                                  \
      "are sent more than they can relay")                                                         \
    X(FULL, "full", "is full", "are full")                                                         \
    X(SURPLUS, "surplus", "is more than this relay has", "are more than this relay has")

enum shard_trouble {
#define X(name, code, one, several) SHARD_TROUBLE_##name,
    SHARD_TROUBLES(X)
#undef X
        SHARD_TROUBLE_COUNT
};

enum host_verdict {
    HOST_OK,
    HOST_DEGRADED, /* something is wrong */
    HOST_DOWN,     /* no shard serves */
};

struct host_status {
    enum host_verdict verdict;
    bool none_takes_new; /* some serve, but all of these drain */
    /* The shards that have each trouble. */
    uint32_t troubled[SHARD_TROUBLE_COUNT];
    uint32_t serving;       /* shards that are there and move */
    uint32_t with_registry; /* of these, to whom the registry answers */
    uint32_t with_http;     /* of these, that listen for HTTP */
    uint64_t restarts;      /* of all shards, since their files were made */
};

/* host_status_judge: |pages| as read. */
struct host_status host_status_judge(const struct shard_pages *pages);

/* shard_has_trouble: |page| is one of |pages|. */
bool shard_has_trouble(const struct shard_pages *pages, const struct shard_page *page,
                       enum shard_trouble trouble);

/* host_verdict_name: "ok", "degraded", "down". shard_trouble_code: as in the table. Static. */
const char *host_verdict_name(enum host_verdict verdict);
const char *shard_trouble_code(enum shard_trouble trouble);

enum { TROUBLE_TEXT_MAX = 256 };

/* shard_trouble_text writes "shard 1 hangs" or "shards 0, 2 and 3 hang", of many the first ones.
 * Returns |text|. */
const char *shard_trouble_text(const struct shard_pages *pages, enum shard_trouble trouble,
                               char text[static TROUBLE_TEXT_MAX]);

#endif
