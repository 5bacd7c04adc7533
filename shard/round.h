/* round.h — one round of the event loop: a clock reading at its beginning, the deadline at its end.
 *
 * Whatever callback runs first in a wake-up begins the round: the clocks are
 * latched, and everything until its end happens at that one instant. The end
 * is an event of its own, put behind the callbacks that are ready already. There
 * batches are flushed, the core's deadline is carried out when it is due, and
 * the timer is set for the next one.
 *
 *     wake-up ─► callback ─► callback ─► … ─► end of the round
 *                └ latch                      └ flush, deadline, timer
 */
#ifndef RELAY_ROUND_H
#define RELAY_ROUND_H

#include "err.h"
#include "mono_time.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdbool.h>

struct round {
    struct event end;
    struct event timer;
    struct turn_now now;
    bool is_open;
    struct mono_time timer_at; /* the deadline that |timer| is set for; NEVER when it is not set */
    void (*on_begin)(void *context, struct turn_now now);
    struct mono_time (*on_end)(void *context, struct turn_now now);
    void *context;
};

/* clocks_read reads both clocks. */
struct turn_now clocks_read(void);

/*
 * round_init prepares |round| on |base|, which must outlive it.
 *
 * |on_begin| called once at the beginning of every round; may be NULL.
 * |on_end|   called once at the end of every round: does what is due at |now|
 *            and returns the next deadline, NEVER when there is none.
 */
enum err round_init(struct round *round, struct event_base *base,
                    void (*on_begin)(void *context, struct turn_now now),
                    struct mono_time (*on_end)(void *context, struct turn_now now),
                    void *context) MUST_CHECK;

/* round_deinit takes its events out of the loop. */
void round_deinit(struct round *round);

/* round_now begins a round unless one is open, and returns its instant. */
struct turn_now round_now(struct round *round);

/* round_end ends the open round now; the next call of round_now begins another one. */
void round_end(struct round *round);

#endif
