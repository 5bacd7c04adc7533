/* overload.c — sheds clients' data when more comes to a listening socket than the shard can relay.
 */
#include "overload.h"

#include "shed_filter.h"

#include <linux/sock_diag.h>
#include <sys/socket.h>

#define ALL UINT32_MAX

enum {
    STEPS_MAX = 256,
    PASS_LEAST = 1 << 20, /* a 4096th, and what is added at least */
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

/* Then more than half are the candidate's own, however they came. */
static bool has_winner(const struct overload *overload)
{
    return overload->votes > overload->received / 2;
}

static bool apply(struct overload *overload)
{
    return shed_filter_attach(overload->fd, overload->family,
                              overload->is_one_client ? &overload->client : NULL, overload->pass);
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

static void begin_shedding(struct overload *overload, struct mono_time now)
{
    uint64_t all = overload->messages + overload->dropped;
    uint64_t pass = all > 0 ? overload->messages * ALL / all : ALL;

    overload->is_shedding = true;
    overload->pass = pass > PASS_LEAST ? (uint32_t)pass : PASS_LEAST;
    overload->stepped = overload->unshed = now;
    overload->is_one_client = has_winner(overload);
    overload->client = overload->candidate;
    overload->was_emptied = false;
    begin_vote(overload, now);
    (void)apply(overload); /* else it is tried again with the next change */
}

void overload_dropped(struct overload *overload, struct mono_time now, uint32_t count)
{
    /* What the filter drops is counted too. */
    if (overload->is_shedding)
        return;
    if (!overload->is_watching || !is_within(overload->last, now, OVERLOAD_GAP_USEC))
        watch(overload, now); /* |count| is of the time before */
    else
        overload->dropped += count;
    overload->last = now;
    if (is_within(overload->since, now, OVERLOAD_WATCH_USEC) ||
        mono_time_before(now, overload->futile_until))
        return;
    /* A pause, or datagrams with a wrong checksum: nothing waits. */
    struct queue queue = look(overload->fd);

    if (queue.bytes > wanted_bytes(true, queue.room) && overload->data > overload->messages / 2)
        begin_shedding(overload, now);
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
    if (!overload->is_one_client && has_winner(overload)) {
        overload->is_one_client = true;
        overload->client = overload->candidate;
        (void)apply(overload);
    }
    begin_vote(overload, now);
}

static void shed_more(struct overload *overload, struct mono_time now, bool is_urgent)
{
    overload->pass -= overload->pass / (is_urgent ? 4 : 16);
    if (overload->pass >= PASS_LEAST)
        return;
    /* It was not this client, or not alone. */
    if (!overload->is_one_client) {
        give_up(overload, now);
        return;
    }
    overload->pass = ALL / 2;
    overload->is_one_client = false;
    begin_vote(overload, now);
}

static void shed_less(struct overload *overload, int64_t steps)
{
    for (int64_t i = 0; i < steps && i < STEPS_MAX && overload->pass < ALL; i++) {
        uint32_t more = overload->pass / 64 + PASS_LEAST;

        overload->pass = overload->pass < ALL - more ? overload->pass + more : ALL;
    }
}

static void step(struct overload *overload, struct mono_time now, int64_t steps)
{
    struct queue queue = look(overload->fd);
    uint32_t wanted = wanted_bytes(overload->is_one_client, queue.room), before = overload->pass;

    /* Where all send too much a look can come at a bad moment: who empties it keeps up. */
    bool keeps_up = overload->was_emptied && !overload->is_one_client;

    overload->was_emptied = false;
    if (keeps_up || queue.bytes < wanted / 2)
        shed_less(overload, steps);
    else if (queue.bytes > wanted)
        shed_more(overload, now, queue.bytes / 4 > wanted);
    if (!overload->is_shedding)
        return;
    vote_again(overload, now);
    if (overload->pass != before && !apply(overload))
        overload->pass = before;
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
