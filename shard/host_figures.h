/* host_figures.h — a copy of the counter pages of all shards of this host, seldom taken.
 *
 * Whoever asks over HTTP asks any shard about the whole host. The copy is
 * taken anew when it is asked for and older than HOST_FIGURES_MSEC, so that its cost, some ten
 * system calls for each shard, does not depend on how many ask.
 */
#ifndef RELAY_HOST_FIGURES_H
#define RELAY_HOST_FIGURES_H

#include "counter_page.h"
#include "err.h"
#include "mono_time.h"
#include "state_dir.h"

#include <stdbool.h>
#include <stdint.h>

enum { HOST_FIGURES_MSEC = 500 };

/* What is known of one shard. */
struct shard_figures {
    enum err err; /* of counter_page_read: |snapshot.page| means something with ERR_OK only */
    struct counter_snapshot snapshot; /* |is_live| is false where it is not known */
    int64_t cpu_usec;                 /* that its process has used; -1 when that is not known */
};

struct host_figures;

/* host_figures_new prepares for |shards| shards with pages in |dir|, which must outlive it.
 * NULL when there is no memory. */
struct host_figures *host_figures_new(const struct state_dir *dir, uint32_t shards);

/* host_figures_free: NULL is fine. */
void host_figures_free(struct host_figures *figures);

uint32_t host_figures_shards(const struct host_figures *figures);

/* host_figures_read returns what is known at |now|, at most HOST_FIGURES_MSEC old, shard 0
 * first. |ret_read_at|: how old it is; may be NULL. Until the next call. */
const struct shard_figures *host_figures_read(struct host_figures *figures, struct mono_time now,
                                              struct mono_time *ret_read_at);

#endif
