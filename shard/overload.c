/* overload.c — sheds clients' data when more comes to a listening socket than the shard can relay.
 */
#include "overload.h"

#include "shed_filter.h"

#include <linux/sock_diag.h>
#include <sys/socket.h>

#define ALL UINT32_MAX

enum {
    STEPS_MAX = 1024,
    PASS_LEAST = 1 << 20, /* a 4096th */
    /* Parts of the share that passes: what it grows by in a step while little waits, what it falls
     * by while much does, and by while far too much does: quickly only until that gets no more,
     * since a queue takes its time to be worked off. */
    GROWTH_OF_ONE = 400,
    GROWTH_OF_ALL = 100,
    FALL = 64,
    URGENT_FALL = 16,
    GROWING_FALL = 4,
    CHANGE_LEAST = 64, /* and so much is worth a new filter */
    LOST_LEAST = 64,   /* part of what was received: if more is lost, it was full */
};

static bool is_within(struct mono_time from, struct mono_time now, int64_t usec)
{
    return mono_time_before(now, mono_time_add_usec(from, usec));
}

void overload_init(struct overload *overload, int fd, enum ip_family family)
{
    *overload = (struct overload){.fd = fd, .family = family};
    if (fd >= 0)
        shed_filter_detach(fd);
}

void overload_end(struct overload *overload)
{
    if (overload->is_shedding)
        shed_filter_detach(overload->fd);
    overload->is_shedding = overload->is_watching = false;
}

static void begin_vote(struct overload *overload, struct mono_time now)
{
    overload->voted = now;
    overload->received = overload->votes = 0;
}

static void watch(struct overload *overload, struct mono_time now)
{
    overload->is_watching = true;
    overload->since = now;
    overload->messages = overload->data = overload->dropped = 0;
    begin_vote(overload, now);
}

/* The candidate stays until as many datagrams have come from others (Boyer and Moore), so whoever
 * sends more than half of them is the one that is left. */
void overload_vote(struct overload *overload, const struct transport_addr *client,
                   unsigned datagrams)
{
    overload->messages++;
    overload->data += datagrams > 0;
    overload->received += datagrams;
    if (transport_addr_equal(&overload->candidate, client)) {
        overload->votes += datagrams;
    } else if (overload->votes >= datagrams) {
        overload->votes -= datagrams;
    } else {
        overload->candidate = *client;
        overload->votes = datagrams - overload->votes;
    }
}

/* Then more than half are the candidate's own, however they came; more than three quarters always
 * show. */
static bool has_winner(const struct overload *overload, struct mono_time now)
{
    return overload->votes > overload->received / 2 &&
           !(mono_time_before(now, overload->one_futile_until) &&
             transport_addr_equal(&overload->candidate, &overload->futile_client));
}

static bool apply(struct overload *overload)
{
    if (!shed_filter_attach(overload->fd, overload->family,
                            overload->is_one_client ? &overload->client : NULL, overload->pass))
        return false;
    overload->applied = overload->pass;
    overload->is_stale = false;
    return true;
}

/* What waits in the socket, and what may, as the kernel counts. */
struct queue {
    uint32_t bytes, room;
};

static struct queue look(int fd)
{
    uint32_t info[SK_MEMINFO_VARS] = {0};
    socklen_t len = sizeof(info);

    if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len) != 0)
        return (struct queue){.room = UINT32_MAX};
    return (struct queue){.bytes = info[SK_MEMINFO_RMEM_ALLOC], .room = info[SK_MEMINFO_RCVBUF]};
}

static uint32_t wanted_bytes(bool is_one_client, uint32_t room)
{
    uint32_t wanted = is_one_client ? OVERLOAD_QUEUED_OF_ONE : OVERLOAD_QUEUED_OF_ALL;

    return wanted < room / 4 ? wanted : room / 4;
}

static void begin_shedding(struct overload *overload, struct mono_time now, uint32_t queued,
                           bool is_one_client)
{
    uint64_t all = overload->messages + overload->dropped;
    uint64_t pass = all > 0 ? overload->messages * ALL / all : ALL;

    if (is_one_client)
        pass /= 2; /* what waits already is worked off at once */
    overload->is_shedding = true;
    overload->is_stale = true;
    overload->pass = pass > PASS_LEAST ? (uint32_t)pass : PASS_LEAST;
    overload->stepped = overload->unshed = now;
    overload->is_one_client = is_one_client;
    overload->client = overload->candidate;
    overload->emptied = (struct mono_time){0};
    overload->queued = queued;
    begin_vote(overload, now);
    (void)apply(overload); /* else it is tried again at the next look */
}

void overload_dropped(struct overload *overload, struct mono_time now, uint32_t count)
{
    /* What the filter drops is counted too. */
    if (overload->is_shedding)
        return;
    if (!overload->is_watching || !is_within(overload->last, now, OVERLOAD_GAP_USEC) ||
        !is_within(overload->since, now, OVERLOAD_WATCH_MAX_USEC))
        watch(overload, now); /* |count| is of the time before */
    else
        overload->dropped += count;
    overload->last = now;
    bool is_one_client = has_winner(overload, now);
    int64_t usec = is_one_client ? OVERLOAD_WATCH_ONE_USEC : OVERLOAD_WATCH_ALL_USEC;

    if (is_within(overload->since, now, usec) || mono_time_before(now, overload->futile_until) ||
        overload->data <= overload->messages / 2 ||
        is_within(overload->stepped, now, OVERLOAD_STEP_USEC))
        return;
    overload->stepped = now;
    /* A few are lost of wrong checksums, while it need not be full. */
    struct queue queue = look(overload->fd);
    bool is_full =
        overload->dropped > overload->messages / LOST_LEAST || queue.bytes > queue.room / 2;

    if (is_full && queue.bytes > wanted_bytes(true, queue.room))
        begin_shedding(overload, now, queue.bytes, is_one_client);
}

/* Shedding data does not help: it is no data that floods. */
static void give_up(struct overload *overload, struct mono_time now)
{
    overload_end(overload);
    overload->futile_until = overload->told_until = mono_time_add_usec(now, OVERLOAD_TOLD_USEC);
}

static void vote_again(struct overload *overload, struct mono_time now)
{
    if (is_within(overload->voted, now, OVERLOAD_VOTE_USEC))
        return;
    if (!overload->is_one_client && has_winner(overload, now)) {
        overload->is_one_client = overload->is_stale = true;
        overload->client = overload->candidate;
    }
    begin_vote(overload, now);
}

static void shed_more(struct overload *overload, struct mono_time now, unsigned part)
{
    overload->pass -= overload->pass / part;
    if (overload->pass >= PASS_LEAST)
        return;
    /* It was not this client, or not alone. */
    if (!overload->is_one_client) {
        give_up(overload, now);
        return;
    }
    overload->pass = ALL / 2;
    overload->is_one_client = false;
    overload->is_stale = true;
    overload->futile_client = overload->client;
    overload->one_futile_until = mono_time_add_usec(now, OVERLOAD_TOLD_USEC);
    begin_vote(overload, now);
}

static void shed_less(struct overload *overload, int64_t steps)
{
    uint32_t growth = overload->is_one_client ? GROWTH_OF_ONE : GROWTH_OF_ALL;

    for (int64_t i = 0; i < steps && i < STEPS_MAX && overload->pass < ALL; i++) {
        uint32_t more = overload->pass / growth + PASS_LEAST / 4;

        overload->pass = overload->pass < ALL - more ? overload->pass + more : ALL;
    }
}

static unsigned fall_of(uint32_t queued, uint32_t wanted, bool is_growing)
{
    if (queued / 4 <= wanted)
        return FALL;
    return is_growing ? GROWING_FALL : URGENT_FALL;
}

static bool is_worth_applying(const struct overload *overload)
{
    uint32_t pass = overload->pass, applied = overload->applied;
    uint32_t change = pass > applied ? pass - applied : applied - pass;

    return overload->is_stale || change > applied / CHANGE_LEAST || (pass == ALL && change > 0);
}

static void step(struct overload *overload, struct mono_time now, int64_t steps)
{
    struct queue queue = look(overload->fd);
    uint32_t wanted = wanted_bytes(overload->is_one_client, queue.room);
    bool is_growing = queue.bytes > overload->queued;

    /* A look can come at a bad moment, and the kernel counts some of what has been read already:
     * where all send too much, who empties the socket keeps up; else less at least is no help. */
    bool keeps_up =
        !overload->is_one_client && is_within(overload->emptied, now, OVERLOAD_EMPTY_USEC);
    bool was_emptied = mono_time_before(overload->stepped, overload->emptied);

    overload->queued = queue.bytes;
    if (keeps_up || queue.bytes < wanted / 2 || (was_emptied && queue.bytes <= wanted))
        shed_less(overload, steps);
    else if (queue.bytes > wanted && !was_emptied)
        shed_more(overload, now, fall_of(queue.bytes, wanted, is_growing));
    if (!overload->is_shedding)
        return;
    vote_again(overload, now);
    if (is_worth_applying(overload))
        (void)apply(overload); /* else it is tried again at the next look */
    if (overload->pass < ALL)
        overload->unshed = now;
}

void overload_run(struct overload *overload, struct mono_time now)
{
    if (!overload->is_watching)
        return;
    if (!overload->is_shedding) {
        overload->is_watching = is_within(overload->last, now, OVERLOAD_GAP_USEC);
        return;
    }
    if (is_within(overload->stepped, now, OVERLOAD_STEP_USEC))
        return;
    step(overload, now, (now.usec - overload->stepped.usec) / OVERLOAD_STEP_USEC);
    overload->stepped = now;
    if (!overload->is_shedding || is_within(overload->unshed, now, OVERLOAD_OVER_USEC))
        return;
    overload_end(overload);
    overload->told_until = mono_time_add_usec(now, OVERLOAD_TOLD_USEC);
}
