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

static void watch(struct overload *overload, struct mono_time now)
{
    overload->is_watching = true;
    overload->since = now;
    overload->received = overload->dropped = overload->votes = 0;
}

/* The candidate of the vote stays until as many messages have come from others (Boyer and Moore):
 * who sends most of them is the one that is left. */
void overload_vote(struct overload *overload, const struct transport_addr *client)
{
    overload->received++;
    if (overload->votes == 0)
        overload->candidate = *client;
    if (transport_addr_equal(&overload->candidate, client))
        overload->votes++;
    else
        overload->votes--;
}

static void apply(struct overload *overload)
{
    (void)shed_filter_attach(overload->fd, overload->family,
                             overload->is_one_client ? &overload->client : NULL, overload->pass);
}

static void begin_shedding(struct overload *overload, struct mono_time now)
{
    uint64_t all = overload->received + overload->dropped;
    uint64_t pass = all > 0 ? overload->received * ALL / all : ALL;

    overload->is_shedding = true;
    overload->pass = pass > PASS_LEAST ? (uint32_t)pass : PASS_LEAST;
    overload->stepped = overload->unshed = now;
    /* It has five of eight messages at least. */
    overload->is_one_client = overload->votes > overload->received / 4;
    overload->client = overload->candidate;
    apply(overload);
}

void overload_dropped(struct overload *overload, struct mono_time now, uint32_t count)
{
    /* What the filter drops is counted too. */
    if (overload->is_shedding)
        return;
    if (!overload->is_watching || !is_within(overload->last, now, OVERLOAD_GAP_USEC))
        watch(overload, now);
    overload->last = now;
    overload->dropped += count;
    if (!is_within(overload->since, now, OVERLOAD_WATCH_USEC))
        begin_shedding(overload, now);
}

/* The bytes that wait in the socket, as the kernel counts what it has reserved for them. */
static uint32_t queued_bytes(int fd)
{
    uint32_t info[SK_MEMINFO_VARS] = {0};
    socklen_t len = sizeof(info);

    return getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len) == 0 ? info[SK_MEMINFO_RMEM_ALLOC]
                                                                   : 0;
}

static void shed_more(struct overload *overload, bool is_urgent)
{
    overload->pass -= overload->pass / (is_urgent ? 4 : 16);
    if (overload->pass >= PASS_LEAST)
        return;
    /* It was not this client, or not alone. */
    overload->pass = overload->is_one_client ? ALL / 2 : PASS_LEAST;
    overload->is_one_client = false;
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
    uint32_t queued = queued_bytes(overload->fd), before = overload->pass;
    uint32_t wanted = overload->is_one_client ? OVERLOAD_QUEUED_OF_ONE : OVERLOAD_QUEUED_OF_ALL;

    if (queued > wanted)
        shed_more(overload, queued / 4 > wanted);
    else if (queued < wanted / 2)
        shed_less(overload, steps);
    if (overload->pass != before)
        apply(overload);
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
    if (is_within(overload->unshed, now, OVERLOAD_OVER_USEC))
        return;
    overload_end(overload);
    overload->told_until = mono_time_add_usec(now, OVERLOAD_TOLD_USEC);
}
