/* ownership_model.h — a backend of the ownership registry: a store in memory behind a network whose
 * delays and losses are chosen, on a clock that somebody moves.
 *
 *     client ─► operations in their order ─► store (store_model.h)
 *            ◄─ answers in their order    ◄─┘
 *
 * What one client sends arrives in its order, as through one connection, and is
 * carried out when it arrives; between clients there is no order. What is under way when a client
 * is closed or its link goes down may still arrive. A client hears of anything only in
 * ownership_model_turn, its event loop: a process that stands still hears nothing.
 *
 * A |direct| client has no network: ownership_flush carries out everything that is queued and
 * answers it, as an embedded store does.
 */
#ifndef RELAY_TESTS_OWNERSHIP_MODEL_H
#define RELAY_TESTS_OWNERSHIP_MODEL_H

#include "ownership.h"
#include "store_model.h"

enum {
    OWNERSHIP_MODEL_TIMEOUT_USEC = 250000,
    /* A store that has said nothing for so long, while it was asked, is given up, and tried again
     * every now and then. */
    OWNERSHIP_MODEL_SILENCE_USEC = 3 * OWNERSHIP_MODEL_TIMEOUT_USEC,
    OWNERSHIP_MODEL_RETRY_USEC = 200000,
};

struct model_operation;

struct ownership_network {
    struct store_model store;
    /* How long a message takes one way, in microseconds, or OWNERSHIP_MODEL_LOST. */
    int64_t (*delay)(void *context);
    void *context;
    bool is_away;                       /* what arrives is lost; direct clients are answered AWAY */
    uint64_t wall_sec;                  /* at monotonic time 0 */
    struct model_operation *travelling; /* to the store */
    uint64_t carried_out;
};
#define OWNERSHIP_MODEL_LOST INT64_C(-1)

struct ownership_model_config {
    struct ownership_network *network;
    bool is_direct;
    void (*on_change)(void *context, bool is_available, const char *why);
    void *context;
};

/* ownership_model_open: not available until its link is up; a direct one is at once. Aborts when
 * there is no memory. Close it with ownership_close, which answers all with AWAY. */
struct ownership *ownership_model_open(const struct ownership_model_config *config);

/* ownership_model_set_link: the client's way to the store goes or comes. It hears of it in its next
 * turn, and what is under way is answered AWAY then. */
void ownership_model_set_link(struct ownership *ownership, bool is_up);

/* ownership_model_turn tells the client what there is at |now|: answers in their order, time-outs,
 * changes. */
void ownership_model_turn(struct ownership *ownership, struct mono_time now);

/* ownership_model_next: when ownership_model_turn has something to do next; NEVER. */
struct mono_time ownership_model_next(const struct ownership *ownership);

/* ownership_model_pending: operations that are not answered yet. */
size_t ownership_model_pending(const struct ownership *ownership);

/* ownership_network_next: when the next message arrives at the store; NEVER.
 * ownership_network_move carries out what has arrived at |now|. */
struct mono_time ownership_network_next(const struct ownership_network *network);
void ownership_network_move(struct ownership_network *network, struct mono_time now);

void ownership_network_deinit(struct ownership_network *network);

#endif
