/* shard.c — `relay shard`: one worker, from its listening sockets to the end of its event loop. */
#include "shard.h"

#include "control.h"
#include "datapath.h"
#include "drain.h"
#include "event_loop.h"
#include "http.h"
#include "log.h"
#include "membership.h"
#include "options.h"
#include "random_pool.h"
#include "redirect.h"
#include "relay_commands.h"
#include "relay_table.h"
#include "round.h"
#include "shard_ready.h"
#include "shard_report.h"
#include "shard_resources.h"
#include "turn_setup.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

enum {
    UNSENT_WAIT_USEC = 1000, /* how long a round lasts in which nothing may be sent */
};

struct shard {
    const struct relay_options *options;
    struct shard_resources resources;
    struct random_pool random;
    struct event_base *base;
    struct relay_table relays;
    struct turn_server *server;
    struct datapath *datapath;
    struct redirect *redirect;
    struct membership *membership;
    struct http *http;
    struct drain drain;
    struct control *control;
    struct relay_commands commands;
    struct round round;
    struct shard_report report;
    bool may_send; /* in this round: membership.h */
    uint8_t hops;  /* of the datagram that is being handled */
    struct event readable_v4;
    struct event readable_v6;
    struct event readable_redirect;
    struct event terminate;
    struct event interrupt;
    unsigned relay_credit; /* datagrams of peers that this round still takes */
};

static void run_commands(void *context, struct turn_now now, struct bytes datagram)
{
    struct shard *shard = context;

    relay_commands_run(&shard->commands, now, datagram, shard->hops);
}

static void run_own_commands(void *context, struct turn_now now)
{
    struct shard *shard = context;

    relay_commands_run(&shard->commands, now, (struct bytes){0}, 0);
}

static void begin_round(void *context, struct turn_now now)
{
    struct shard *shard = context;

    shard->may_send = membership_seen(shard->membership, now);
}

static struct turn_now current_round(void *context)
{
    struct shard *shard = context;

    return round_now(&shard->round);
}

static void write_before_answers(void *context)
{
    struct shard *shard = context;

    membership_flush(shard->membership);
}

static struct mono_time end_round(void *context, struct turn_now now)
{
    struct shard *shard = context;

    if (mono_time_due(turn_server_next_deadline(shard->server), now.mono)) {
        turn_server_timeout(shard->server, now);
        run_own_commands(shard, now);
    }
    struct mono_time deadline = membership_run(shard->membership, now, shard->may_send);

    if (shard->may_send) {
        datapath_flush(shard->datapath);
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

static void on_not_mine(void *context, struct turn_now now, const struct five_tuple *five_tuple,
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

static void on_settled(void *context, struct turn_now now, const struct five_tuple *five_tuple,
                       struct bytes datagram)
{
    struct shard *shard = context;

    datapath_client_datagram(shard->datapath, five_tuple, datagram, TURN_ARRIVAL_SETTLED, now);
    datapath_flush_up(shard->datapath);
}

static void handle_redirected(void *context, struct turn_now now,
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

static void on_v4_readable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    read_listener(arg, IP_FAMILY_V4);
}

static void on_v6_readable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    read_listener(arg, IP_FAMILY_V6);
}

static void on_redirect_readable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    read_redirect(arg);
}

static void on_relay_readable(evutil_socket_t fd, short what, void *arg)
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

static void on_signal(evutil_socket_t number, short what, void *arg)
{
    struct shard *shard = arg;

    (void)what;
    log_event(LOG_LEVEL_INFO, "shard stopping", "signal", number == SIGTERM ? "SIGTERM" : "SIGINT",
              NULL);
    /* A second one has its default action again: the end, at once. */
    (void)event_del(&shard->terminate);
    (void)event_del(&shard->interrupt);
    shard_report_stopping(&shard->report);
    (void)event_base_loopexit(shard->base, NULL);
}

static bool fail(const char *what, const char *why)
{
    log_event(LOG_LEVEL_ERROR, what, "error", why, NULL);
    return false;
}

static bool make_base(struct shard *shard)
{
    shard->base = event_loop_new();
    return shard->base != NULL || fail("shard cannot start", "no event loop");
}

static bool make_server(struct shard *shard)
{
    struct turn_setup setup = {.capacity = shard->resources.capacity,
                               .policy = &shard->resources.policy,
                               .random = random_pool_fill,
                               .random_context = &shard->random,
                               .counters = shard->resources.counters.page->values};
    struct turn_config config = turn_setup_config(shard->options, &setup);
    enum err err = turn_server_new(&config, &shard->server);

    if (err == ERR_OK)
        err = relay_table_init(&shard->relays, shard->resources.capacity, shard->base,
                               on_relay_readable, shard);
    if (err == ERR_OK) {
        struct datapath_config datapath_config = {.server = shard->server,
                                                  .relays = &shard->relays,
                                                  .listeners = shard->resources.listeners,
                                                  .values = shard->resources.counters.page->values,
                                                  .on_control = run_commands,
                                                  .on_not_mine = on_not_mine,
                                                  .before_answers = write_before_answers,
                                                  .context = shard};

        err = datapath_new(&datapath_config, &shard->datapath);
    }
    shard->commands.server = shard->server;
    shard->commands.datapath = shard->datapath;
    shard->commands.relays = &shard->relays;
    shard->commands.ports = &shard->resources.ports;
    shard->commands.binding = shard->resources.binding;
    shard->commands.values = shard->resources.counters.page->values;
    return err == ERR_OK || fail("shard cannot start", err_name(err));
}

static bool make_redirect(struct shard *shard)
{
    const struct redirect_config config = {.dir = &shard->resources.state_dir,
                                           .base = shard->base,
                                           .values = shard->resources.counters.page->values,
                                           .shards = RELAY_SHARDS_MAX,
                                           .fd = shard->resources.redirect_fd,
                                           .on_datagram = handle_redirected,
                                           .context = shard};
    enum err err = redirect_new(&config, &shard->redirect);

    return err == ERR_OK || fail("shard cannot start", err_name(err));
}

static bool watch_socket(struct shard *shard, struct event *event, int fd,
                         event_callback_fn callback)
{
    return fd < 0 ||
           (event_assign(event, shard->base, fd, EV_READ | EV_PERSIST, callback, shard) == 0 &&
            event_add(event, NULL) == 0);
}

static bool watch_signal(struct shard *shard, struct event *event, int number)
{
    return event_assign(event, shard->base, number, EV_SIGNAL | EV_PERSIST, on_signal, shard) ==
               0 &&
           event_add(event, NULL) == 0;
}

/* What is needed before anything is received. */
static bool watch_time_and_signals(struct shard *shard)
{
    if (round_init(&shard->round, shard->base, begin_round, end_round, shard) == ERR_OK &&
        watch_signal(shard, &shard->terminate, SIGTERM) &&
        watch_signal(shard, &shard->interrupt, SIGINT) &&
        shard_report_run(&shard->report, shard->base, shard->resources.counters.page))
        return true;
    return fail("shard cannot start", "the event loop takes no events");
}

static bool watch_sockets(struct shard *shard)
{
    return watch_socket(shard, &shard->readable_v4, shard->resources.listeners.v4,
                        on_v4_readable) &&
           watch_socket(shard, &shard->readable_v6, shard->resources.listeners.v6,
                        on_v6_readable) &&
           watch_socket(shard, &shard->readable_redirect, shard->resources.redirect_fd,
                        on_redirect_readable);
}

static enum err set_draining(void *context, bool is_draining, struct problem *problem)
{
    struct shard *shard = context;

    return drain_set(&shard->drain, is_draining, problem);
}

static bool make_control(struct shard *shard)
{
    const struct control_config config = {.dir = &shard->resources.state_dir,
                                          .shard = shard->options->shard,
                                          .base = shard->base,
                                          .server = shard->server,
                                          .begin = current_round,
                                          .on_commands = run_own_commands,
                                          .set_draining = set_draining,
                                          .context = shard};
    struct problem problem;

    return control_new(&config, &shard->control, &problem) == ERR_OK ||
           fail("shard cannot be controlled", problem.text);
}

static void on_ready(void *context, struct turn_now now)
{
    struct shard *shard = context;
    struct counter_page *page = shard->resources.counters.page;

    if (!watch_sockets(shard)) {
        (void)fail("shard cannot serve", "the event loop takes no events");
        (void)event_base_loopexit(shard->base, NULL);
        return;
    }
    page->values[SHARD_COUNT_RESTORE_USEC] = (uint64_t)(now.mono.usec - page->started_mono_usec);
    /* Without it the shard relays all the same. */
    (void)make_control(shard);
    drain_ready(&shard->drain);
    shard_log_ready(shard->options, &shard->resources);
    shard_report_ready(&shard->report);
}

static bool join(struct shard *shard)
{
    const struct membership_config config = {.options = shard->options,
                                             .dir = &shard->resources.state_dir,
                                             .base = shard->base,
                                             .server = shard->server,
                                             .redirect = shard->redirect,
                                             .capacity = shard->resources.capacity,
                                             .values = shard->resources.counters.page->values,
                                             .begin = current_round,
                                             .on_commands = run_own_commands,
                                             .on_settled = on_settled,
                                             .on_ready = on_ready,
                                             .context = shard};
    struct problem problem;

    if (membership_new(&config, clocks_read(), &shard->membership, &problem) != ERR_OK)
        return fail("shard cannot use the ownership registry", problem.text);
    shard->commands.membership = shard->membership;
    http_use_registry(shard->http, membership_registry(shard->membership));
    shard->drain = (struct drain){.dir = &shard->resources.state_dir,
                                  .shard = shard->options->shard,
                                  .page = shard->resources.counters.page,
                                  .membership = shard->membership};
    drain_begin(&shard->drain);
    return true;
}

/* From the beginning: it tells why a shard is not ready. */
static bool open_http(struct shard *shard)
{
    const struct http_config config = {.options = shard->options,
                                       .dir = &shard->resources.state_dir,
                                       .base = shard->base,
                                       .policy = &shard->resources.policy,
                                       .values = shard->resources.counters.page->values};
    enum err err = http_new(&config, &shard->http);

    return err == ERR_OK || fail("shard cannot serve HTTP", err_name(err));
}

static bool start(struct shard *shard)
{
    return shard_resources_open(shard->options, &shard->resources) && make_base(shard) &&
           open_http(shard) && make_server(shard) && make_redirect(shard) &&
           watch_time_and_signals(shard) && join(shard);
}

static int serve(struct shard *shard)
{
    shard->relay_credit = RELAY_CREDIT;
    (void)round_now(&shard->round); /* takes the lease */
    if (event_base_dispatch(shard->base) < 0) {
        (void)fail("the event loop broke", strerror(errno));
        return 1;
    }
    shard->resources.counters.page->state = SHARD_STATE_STOPPED;
    log_event(LOG_LEVEL_INFO, "shard stopped", "allocations",
              LOG_U64(turn_server_allocation_count(shard->server)), NULL);
    return 0;
}

static void unwatch(struct shard *shard)
{
    struct event *const events[] = {&shard->readable_v4, &shard->readable_v6,
                                    &shard->readable_redirect, &shard->terminate,
                                    &shard->interrupt};

    for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
        if (event_initialized(events[i]))
            (void)event_del(events[i]);
    }
    shard_report_end(&shard->report);
    relay_table_deinit(&shard->relays);
}

static void stop(struct shard *shard)
{
    unwatch(shard);
    control_free(shard->control);
    membership_free(shard->membership);
    http_free(shard->http);
    if (event_initialized(&shard->round.end))
        round_deinit(&shard->round);
    event_loop_settle(shard->base); /* none of our events is there any more */
    redirect_free(shard->redirect);
    datapath_free(shard->datapath);
    turn_server_free(shard->server);
    if (shard->base != NULL)
        event_base_free(shard->base);
    shard_resources_close(&shard->resources);
    explicit_bzero(&shard->random, sizeof(shard->random));
}

int shard_run(const struct relay_options *options)
{
    struct shard *shard = calloc(1, sizeof(*shard));
    char name[16];
    int code = 1;

    if (shard == NULL) {
        (void)fail("shard cannot start", err_name(ERR_NO_MEMORY));
        return 1;
    }
    shard->options = options;
    shard->resources = SHARD_RESOURCES_NONE;
    shard->report = SHARD_REPORT_NONE;
    shard_report_begin(&shard->report);
    /* Started by the supervisor the process would be called "exe". */
    (void)snprintf(name, sizeof(name), "relay-%u", options->shard);
    (void)prctl(PR_SET_NAME, name);
    (void)signal(SIGPIPE, SIG_IGN);
    if (start(shard))
        code = serve(shard);
    stop(shard);
    free(shard);
    return code;
}
