/* control.h — the shard's side of its control socket: drain, undrain, delete, records.
 *
 *     connection ─► who is it? ─► one line ─► answers, a few lines a wake-up ─► closed
 *
 * Nothing here waits, and nothing grows: so many connections, each with a buffer for one request
 * and one for answers, which are made when the former ones have left. Who does not ask, or does not
 * read what it asked for, is cut off. The packet path has its turn between any two steps.
 */
#ifndef RELAY_CONTROL_H
#define RELAY_CONTROL_H

#include "err.h"
#include "mono_time.h"
#include "problem.h"
#include "state_dir.h"
#include "turn_server.h"

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    CONTROL_CONNECTIONS_MAX = 8,  /* at a time; whoever comes then is told that it is busy */
    CONTROL_IDLE_MSEC = 5000,     /* for the request, and without progress of the answer */
    CONTROL_WHOLE_MSEC = 60000,   /* for both together */
    CONTROL_ACCEPTS_PER_SEC = 64, /* the rest waits, and behind that nobody can connect */
    CONTROL_RECORDS_AT_ONCE = 16,
    CONTROL_DELETES_AT_ONCE = 4,
};

struct control;

struct control_config {
    const struct state_dir *dir; /* must outlive it, as the next ones */
    uint32_t shard;
    struct event_base *base;
    struct turn_server *server;
    uint32_t idle_msec; /* 0 = as above */
    uint32_t whole_msec;
    /* Begins a round of the event loop, or returns the instant of the open one. */
    struct turn_now (*begin)(void *context);
    /* The core has commands to be carried out. */
    void (*on_commands)(void *context, struct turn_now now);
    /* Takes new allocations, or no longer (drain.h). ERR_OK, or |problem| is written. */
    enum err (*set_draining)(void *context, bool is_draining, struct problem *problem);
    void *context;
};

/* control_new makes the socket and listens. ERR_OK, or ERR_NO_MEMORY, ERR_EXISTS, ERR_IO, with
 * |problem| written. */
enum err control_new(const struct control_config *config, struct control **ret,
                     struct problem *problem) MUST_CHECK;

/* control_free hangs up on everybody. Before the server is freed. NULL is fine. */
void control_free(struct control *control);

#endif
