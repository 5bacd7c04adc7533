/* shard.c — `relay shard`: one worker, from its listening sockets to the end of its event loop. */
#include "shard.h"

#include "event_loop.h"
#include "log.h"
#include "shard_internal.h"
#include "shard_ready.h"
#include "turn_setup.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

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
                               shard_relay_readable, shard);
    if (err == ERR_OK) {
        struct datapath_config datapath_config = {.server = shard->server,
                                                  .relays = &shard->relays,
                                                  .listeners = shard->resources.listeners,
                                                  .values = shard->resources.counters.page->values,
                                                  .on_control = shard_run_commands,
                                                  .on_not_mine = shard_not_mine,
                                                  .before_answers = shard_write_before_answers,
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
                                           .on_datagram = shard_handle_redirected,
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
    if (round_init(&shard->round, shard->base, shard_begin_round, shard_end_round, shard) ==
            ERR_OK &&
        watch_signal(shard, &shard->terminate, SIGTERM) &&
        watch_signal(shard, &shard->interrupt, SIGINT) &&
        shard_report_run(&shard->report, shard->base, shard->resources.counters.page))
        return true;
    return fail("shard cannot start", "the event loop takes no events");
}

static bool watch_sockets(struct shard *shard)
{
    return watch_socket(shard, &shard->readable_v4, shard->resources.listeners.v4,
                        shard_v4_readable) &&
           watch_socket(shard, &shard->readable_v6, shard->resources.listeners.v6,
                        shard_v6_readable) &&
           watch_socket(shard, &shard->readable_redirect, shard->resources.redirect_fd,
                        shard_redirect_readable);
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
                                          .begin = shard_current_round,
                                          .on_commands = shard_run_own_commands,
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
                                             .begin = shard_current_round,
                                             .on_commands = shard_run_own_commands,
                                             .on_settled = shard_settled,
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

static bool await_admission(struct shard *shard)
{
    enum err err =
        admission_watch(shard->options, &shard->resources.state_dir, shard->base, shard->server,
                        shard->resources.counters.page->values, &shard->admission);

    return err == ERR_OK || fail("shard cannot start", err_name(err));
}

static bool start(struct shard *shard)
{
    return shard_resources_open(shard->options, &shard->resources) && make_base(shard) &&
           open_http(shard) && make_server(shard) && make_redirect(shard) &&
           watch_time_and_signals(shard) && await_admission(shard) && join(shard);
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
    admission_unwatch(&shard->admission);
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
    else
        shard_report_cannot_start(&shard->report);
    stop(shard);
    free(shard);
    return code;
}
