/* ownership_local_store.h — the embedded store: opening, locking, transactions, making it anew.
 *
 *     ownership.mdb        the data, sparse: as long as the map, so that a shorter one is known to
 * be truncated before it is touched ownership.mdb-lock   LMDB's, for its readers ownership.lock
 * ours, locked by whoever writes, opens or replaces the store
 *
 * all mode 0600, in the state directory; made by root they are given to the directory's owner.
 *
 * Nothing here waits. LMDB's own lock for writers would: a process that is stopped while it has
 * that would stop all others. So each writer first takes the lock of ownership.lock, if it is
 * free, and thereby finds LMDB's free too. The kernel lets go of it when its process ends.
 * Readers take no lock, but when they open the store. One that is stopped while it reads (that is
 * microseconds) keeps what it reads from being written over, so that the store grows.
 *
 * Nothing is forced to disk: the store is to outlive processes, not the host. After a crash of the
 * host it may be damaged, and the times in it mean nothing; so a store of another boot is made
 * anew. Before each transaction the files are compared with what is open. A store that is
 * missing, truncated, not ours or unreadable is made anew; one that another process has made is
 * opened. Both give it another generation.
 *
 * What is truncated between that look and the end of the transaction (microseconds), or overwritten
 * in its middle by somebody who may write to our files, is met with by LMDB, under a guard:
 * ownership_local_guard.h says how far that goes. Where it does not reach, the process dies; after
 * three in a row that died in a write transaction the store is made anew. LMDB's lock file,
 * overwritten in its middle, is not noticed.
 *
 * A process has one store for each directory, whoever opens it: LMDB forbids a second one. Not
 * for threads. After a fork the child opens its own.
 */
#ifndef RELAY_OWNERSHIP_LOCAL_STORE_H
#define RELAY_OWNERSHIP_LOCAL_STORE_H

#include "ownership_local_table.h"
#include "problem.h"
#include "state_dir.h"

/*
 * Of a new store. 16,384 allocations with 16 channels each and the longest usernames take a fifth
 * of it; the rest is for pages that are half full, and for what is being rewritten. An old store
 * keeps its own size.
 */
#define LOCAL_MAP_SIZE ((size_t)512 << 20)

struct local_store;

enum local_result {
    LOCAL_OK,
    LOCAL_BUSY,   /* another process has the lock: later */
    LOCAL_BROKEN, /* it cannot be used now; the next attempt may make it anew */
    LOCAL_FULL,   /* nothing was written */
};

/*
 * local_store_open opens the store of |dir|, or makes it. |map_size| is for a new one; with 0
 * none is made: a store that is not there, damaged or of another boot cannot be used then.
 * ERR_OK, also when it cannot be used now; ERR_NO_MEMORY, ERR_IO (the directory). |problem| is
 * written with an error.
 */
enum err local_store_open(const struct state_dir *dir, size_t map_size, struct local_store **ret,
                          struct problem *problem) MUST_CHECK;

/* local_store_close closes it when it was opened no more often. NULL is fine. */
void local_store_close(struct local_store *store);

/*
 * local_store_begin begins a transaction, of which there is one at a time. With LOCAL_BROKEN and
 * LOCAL_FULL |problem| is written.
 * local_store_end ends it: commits it with |commit| and no error in |table|, else drops it.
 * LOCAL_OK, or LOCAL_BROKEN and LOCAL_FULL with |problem| written, when there was an error.
 */
enum local_result local_store_begin(struct local_store *store, bool is_write,
                                    struct local_table *ret, struct problem *problem) MUST_CHECK;
enum local_result local_store_end(struct local_store *store, struct local_table *table, bool commit,
                                  struct problem *problem) MUST_CHECK;

/* local_store_generation is another number for each store that was opened; 0 before the first. */
uint64_t local_store_generation(const struct local_store *store);

#endif
