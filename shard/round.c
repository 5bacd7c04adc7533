/* round.c — one round of the event loop: a clock reading at its beginning, the deadline at its end.
 */
#include "round.h"

#include <time.h>

struct turn_now clocks_read(void)
{
    struct timespec mono;
    struct timespec wall;

    /* Neither can fail for these clocks. */
    (void)clock_gettime(CLOCK_MONOTONIC, &mono);
    (void)clock_gettime(CLOCK_REALTIME, &wall);
    return (struct turn_now){
        .mono = {.usec = (int64_t)mono.tv_sec * USEC_PER_SEC + mono.tv_nsec / 1000},
        .wall = {.sec = (uint64_t)wall.tv_sec},
    };
}

static void set_timer(struct round *round, struct mono_time deadline)
{
    if (deadline.usec == round->timer_at.usec)
        return;
    round->timer_at = deadline;
    if (mono_time_is_never(deadline)) {
        (void)event_del(&round->timer);
        return;
    }
    /* libevent's clock is coarse, so the timer can be early by a few milliseconds: then the
     * round that it begins finds nothing due and sets it again. */
    int64_t wait_usec = mono_time_until(deadline, round->now.mono);
    struct timeval wait = {.tv_sec = wait_usec / USEC_PER_SEC, .tv_usec = wait_usec % USEC_PER_SEC};

    (void)event_add(&round->timer, &wait);
}

void round_end(struct round *round)
{
    if (!round->is_open)
        return;
    struct mono_time deadline = round->on_end(round->context, round->now);

    set_timer(round, deadline);
    round->is_open = false;
}

static void on_end_event(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    round_end(arg);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct round *round = arg;

    (void)fd;
    (void)what;
    round->timer_at = MONO_TIME_NEVER;
    (void)round_now(round);
}

enum err round_init(struct round *round, struct event_base *base,
                    void (*on_begin)(void *context, struct turn_now now),
                    struct mono_time (*on_end)(void *context, struct turn_now now), void *context)
{
    *round = (struct round){
        .timer_at = MONO_TIME_NEVER, .on_begin = on_begin, .on_end = on_end, .context = context};
    if (event_assign(&round->end, base, -1, 0, on_end_event, round) < 0 ||
        event_assign(&round->timer, base, -1, 0, on_timer, round) < 0)
        return ERR_NO_MEMORY;
    return ERR_OK;
}

void round_deinit(struct round *round)
{
    (void)event_del(&round->end);
    (void)event_del(&round->timer);
}

struct turn_now round_now(struct round *round)
{
    if (!round->is_open) {
        round->is_open = true;
        round->now = clocks_read();
        /* Callbacks that are active already run first: the queue is in order of activation. */
        event_active(&round->end, EV_TIMEOUT, 1);
        if (round->on_begin != NULL)
            round->on_begin(round->context, round->now);
    }
    return round->now;
}
