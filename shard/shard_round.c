/* shard_round.c — what a shard does in a round of its event loop: reads, relays, carries out. */
#include "shard_internal.h"

#include "counter_page.h"

#include <unistd.h>

enum {
    UNSENT_WAIT_USEC = 1000, /* how long a round lasts in which nothing may be sent */
};

void shard_run_commands(void *context, struct turn_now now, struct bytes datagram)
{
    struct shard *shard = context;

    relay_commands_run(&shard->commands, now, datagram, shard->hops);
}

void shard_run_own_commands(void *context, struct turn_now now)
{
    struct shard *shard = context;

    relay_commands_run(&shard->commands, now, (struct bytes){0}, 0);
}

void shard_begin_round(void *context, struct turn_now now)
{
    struct shard *shard = context;

    shard->may_send = membership_seen(shard->membership, now);
}

struct turn_now shard_current_round(void *context)
{
    struct shard *shard = context;

    return round_now(&shard->round);
}

void shard_write_before_answers(void *context)
{
    struct shard *shard = context;

    membership_flush(shard->membership);
}

struct mono_time shard_end_round(void *context, struct turn_now now)
{
    struct shard *shard = context;

    if (mono_time_due(turn_server_next_deadline(shard->server), now.mono)) {
        turn_server_timeout(shard->server, now);
        shard_run_own_commands(shard, now);
    }
    struct mono_time deadline = membership_run(shard->membership, now, shard->may_send);

    if (shard->may_send) {
        datapath_flush(shard->datapath);
        datapath_mind_overload(shard->datapath, now.mono);
        redirect_flush(shard->redirect);
    } else {
        /* The sockets stay readable meanwhile. */
        (void)usleep(UNSENT_WAIT_USEC);
    }
    shard->relay_credit = RELAY_CREDIT;
    shard->resources.counters.page->values[SHARD_COUNT_WAKEUPS]++;
    shard->resources.counters.page->seen_mono_usec = now.mono.usec;
    struct mono_time core_deadline = turn_server_next_deadline(shard->server);

    return mono_time_before(core_deadline, deadline) ? core_deadline : deadline;
}

void shard_not_mine(void *context, struct turn_now now, const struct five_tuple *five_tuple,
                    struct bytes datagram, uint32_t owner)
{
    struct shard *shard = context;

    if (shard->hops > 0) {
        /* Who handed it over will learn better, and its client asks again. An answer from here,
         * 437, would end an allocation that may be well elsewhere. */
        shard->resources.counters.page->values[SHARD_COUNT_REDIRECT_HOP_LIMIT]++;
        return;
    }
    membership_not_mine(shard->membership, now, five_tuple, datagram, owner);
}

void shard_settled(void *context, struct turn_now now, const struct five_tuple *five_tuple,
                   struct bytes datagram)
{
    struct shard *shard = context;

    datapath_client_datagram(shard->datapath, five_tuple, datagram, TURN_ARRIVAL_SETTLED, now);
    datapath_flush_up(shard->datapath);
}

void shard_handle_redirected(void *context, struct turn_now now,
                             const struct redirected *redirected)
{
    struct shard *shard = context;

    shard->hops = redirected->hops;
    datapath_client_datagram(shard->datapath, &redirected->five_tuple, redirected->datagram,
                             TURN_ARRIVAL_FIRST, now);
    shard->hops = 0;
}

static void read_redirect(struct shard *shard)
{
    struct turn_now now = round_now(&shard->round);
    unsigned total = 0;

    while (shard->may_send && total < REDIRECT_READ_MAX) {
        unsigned count = redirect_read(shard->redirect, now);

        if (count == 0)
            return;
        datapath_flush_up(shard->datapath);
        total += count;
    }
    if (shard->may_send)
        shard->resources.counters.page->values[SHARD_COUNT_REDIRECT_BUDGET_EXHAUSTED]++;
}

static void read_listener(struct shard *shard, enum ip_family family)
{
    struct turn_now now = round_now(&shard->round);

    if (shard->may_send)
        datapath_read_listener(shard->datapath, family, now);
}

/* All that clients have sent. */
static void read_listeners(struct shard *shard)
{
    if (shard->resources.listeners.v4 >= 0)
        read_listener(shard, IP_FAMILY_V4);
    if (shard->resources.listeners.v6 >= 0)
        read_listener(shard, IP_FAMILY_V6);
    read_redirect(shard);
}

void shard_v4_readable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    read_listener(arg, IP_FAMILY_V4);
}

void shard_v6_readable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    read_listener(arg, IP_FAMILY_V6);
}

void shard_redirect_readable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    read_redirect(arg);
}

void shard_relay_readable(evutil_socket_t fd, short what, void *arg)
{
    struct relay_socket *socket = arg;
    struct shard *shard = socket->context;

    (void)fd;
    (void)what;
    struct turn_now now = round_now(&shard->round);

    if (!shard->may_send)
        return;
    unsigned received = datapath_read_relay(shard->datapath, socket, now);

    shard->relay_credit -= received < shard->relay_credit ? received : shard->relay_credit;
    if (shard->relay_credit > 0)
        return;
    /* Thousands of relay sockets can be ready at once. The clients' requests must not wait for
     * all of them: a new round, with a new reading of the clocks, begins with a look at the
     * listening sockets. |socket| may be gone afterwards. */
    shard->resources.counters.page->values[SHARD_COUNT_DATA_BUDGET_EXHAUSTED]++;
    round_end(&shard->round);
    read_listeners(shard);
}
