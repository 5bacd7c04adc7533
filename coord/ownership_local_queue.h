/* ownership_local_queue.h — operations on the embedded registry under way, and when they are tried.
 *
 *     waiting ──► carried out ──► finished ──► done is called
 *        │             ▲
 *        └─► listing ──┘  what gives many records: a step in each turn of the loop
 *
 * A run of operations is carried out in one transaction, up to some hundred, so that neither
 * the loop nor the other processes wait long. While another process has the store's lock they
 * wait, are tried again after 1 ms, then less often, and are finished AWAY after the time-out;
 * after three of these the store is away, and what would write is finished at once. While the store
 * is broken everything is; it is tried again by a timer. While it is full, what needs no room is
 * carried out.
 */
#ifndef RELAY_OWNERSHIP_LOCAL_QUEUE_H
#define RELAY_OWNERSHIP_LOCAL_QUEUE_H

#include "ownership_local_operation.h"
#include "ownership_local_store.h"

struct event_base;
struct local_queue;

struct local_queue_config {
    struct event_base *base;
    struct local_store *store;
    uint32_t timeout_msec;
    void (*on_change)(void *context, bool is_available, const char *why); /* may be NULL */
    void *context;
};

/* local_queue_new makes room for OWNERSHIP_PENDING_MAX operations. NULL without memory. */
struct local_queue *local_queue_new(const struct local_queue_config *config);

/* local_queue_free finishes all with AWAY; new ones are refused meanwhile. NULL is fine. */
void local_queue_free(struct local_queue *queue);

/* local_queue_place gives an operation to be filled in, or NULL when too many are under way;
 * local_queue_submit queues it. */
struct local_operation *local_queue_place(struct local_queue *queue);
void local_queue_submit(struct local_queue *queue, struct local_operation *operation);

/* local_queue_flush carries out what is queued, unless it is called while something is given. */
void local_queue_flush(struct local_queue *queue);

bool local_queue_is_available(const struct local_queue *queue);

#endif
