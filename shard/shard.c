/* shard.c — `relay shard`: one worker, from its listening sockets to the end of its event loop. */
#include "shard.h"

#include "counter_page.h"
#include "datapath.h"
#include "listener.h"
#include "log.h"
#include "options.h"
#include "own_addresses.h"
#include "passed_sockets.h"
#include "port_slice.h"
#include "random_pool.h"
#include "redirect.h"
#include "redirect_socket.h"
#include "relay_commands.h"
#include "relay_table.h"
#include "resource_limit.h"
#include "round.h"
#include "turn_setup.h"
#include "version.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

struct shard {
    const struct relay_options *options;
    uint8_t families; /* that have a public address */
    uint32_t max_allocations;
    struct turn_peer_policy policy;
    struct random_pool random;
    struct state_dir state_dir;
    struct counter_writer counters;
    struct listeners listeners;
    int redirect_fd; /* what other shards hand over comes here; -1 when not open */
    struct event_base *base;
    struct relay_table relays;
    struct turn_server *server;
    struct datapath *datapath;
    struct redirect *redirect;
    struct relay_commands commands;
    struct round round;
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

    (void)datagram;
    relay_commands_run(&shard->commands, now);
}

static struct mono_time end_round(void *context, struct turn_now now)
{
    struct shard *shard = context;

    if (mono_time_due(turn_server_next_deadline(shard->server), now.mono)) {
        turn_server_timeout(shard->server, now);
        relay_commands_run(&shard->commands, now);
    }
    datapath_flush(shard->datapath);
    redirect_flush(shard->redirect);
    shard->relay_credit = RELAY_CREDIT;
    shard->counters.page->values[SHARD_COUNT_WAKEUPS]++;
    return turn_server_next_deadline(shard->server);
}

static void handle_redirected(void *context, struct turn_now now,
                              const struct redirected *redirected)
{
    struct shard *shard = context;

    datapath_client_datagram(shard->datapath, &redirected->five_tuple, redirected->datagram,
                             TURN_ARRIVAL_SETTLED, now);
}

static void read_redirect(struct shard *shard)
{
    unsigned total = 0;

    while (total < REDIRECT_READ_MAX) {
        unsigned count = redirect_read(shard->redirect, round_now(&shard->round));

        if (count == 0)
            return;
        datapath_flush_up(shard->datapath);
        total += count;
    }
    shard->counters.page->values[SHARD_COUNT_REDIRECT_BUDGET_EXHAUSTED]++;
}

/* All that clients have sent. */
static void read_listeners(struct shard *shard)
{
    if (shard->listeners.v4 >= 0)
        datapath_read_listener(shard->datapath, IP_FAMILY_V4, round_now(&shard->round));
    if (shard->listeners.v6 >= 0)
        datapath_read_listener(shard->datapath, IP_FAMILY_V6, round_now(&shard->round));
    read_redirect(shard);
}

static void on_v4_readable(evutil_socket_t fd, short what, void *arg)
{
    struct shard *shard = arg;

    (void)fd;
    (void)what;
    datapath_read_listener(shard->datapath, IP_FAMILY_V4, round_now(&shard->round));
}

static void on_v6_readable(evutil_socket_t fd, short what, void *arg)
{
    struct shard *shard = arg;

    (void)fd;
    (void)what;
    datapath_read_listener(shard->datapath, IP_FAMILY_V6, round_now(&shard->round));
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
    unsigned received = datapath_read_relay(shard->datapath, socket, round_now(&shard->round));

    shard->relay_credit -= received < shard->relay_credit ? received : shard->relay_credit;
    if (shard->relay_credit > 0)
        return;
    /* Thousands of relay sockets can be ready at once. The clients' requests must not wait for
     * all of them: a new round, with a new reading of the clocks, begins with a look at the
     * listening sockets. |socket| may be gone afterwards. */
    shard->counters.page->values[SHARD_COUNT_DATA_BUDGET_EXHAUSTED]++;
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
    (void)event_base_loopexit(shard->base, NULL);
}

static bool fail(const char *what, const char *why)
{
    log_event(LOG_LEVEL_ERROR, what, "error", why, NULL);
    return false;
}

static bool open_counters(struct shard *shard)
{
    struct problem problem;
    int64_t holder;

    if (state_dir_open(shard->options->state_dir, STATE_DIR_SERVE, &shard->state_dir, &problem) !=
            ERR_OK ||
        counter_page_create(&shard->state_dir, shard->options->shard, shard->options->shards,
                            clocks_read(), &shard->counters, &holder, &problem) != ERR_OK)
        return fail("shard cannot start", problem.text);
    return true;
}

static bool open_listeners(struct shard *shard, const int *passed, unsigned count)
{
    struct problem problem;
    enum err err =
        count > 0 ? listeners_adopt(passed, count, shard->families, &shard->listeners, &problem)
                  : listeners_bind(shard->families, &shard->listeners, &problem);

    return err == ERR_OK || fail("shard cannot listen", problem.text);
}

static bool open_redirect(struct shard *shard)
{
    uint32_t number = shard->options->shard;
    struct problem problem;
    enum err err =
        shard->redirect_fd >= 0
            ? redirect_socket_adopt(shard->redirect_fd, &shard->state_dir, number, &problem)
            : redirect_socket_bind(&shard->state_dir, number, &shard->redirect_fd, &problem);

    return err == ERR_OK || fail("shard cannot listen to the others", problem.text);
}

/* Takes what was passed, each kind of socket to its place, and opens what was not. */
static bool open_sockets(struct shard *shard)
{
    int listeners[PASSED_SOCKETS_MAX];
    struct problem problem;
    unsigned passed;
    unsigned count = 0;

    if (passed_sockets_take(&passed, &problem) != ERR_OK)
        return fail("shard cannot listen", problem.text);
    for (unsigned i = 0; i < passed; i++) {
        int fd = PASSED_SOCKETS_FIRST + (int)i;

        if (shard->redirect_fd < 0 && redirect_socket_is_one(fd))
            shard->redirect_fd = fd;
        else
            listeners[count++] = fd;
    }
    return open_listeners(shard, listeners, count) && open_redirect(shard);
}

static bool choose_bindings(struct shard *shard)
{
    const struct relay_options *options = shard->options;
    struct relay_binding *binding = &shard->commands.binding;
    struct problem problem;

    if (options->public_v4.family != IP_FAMILY_NONE &&
        relay_binding_choose(&options->public_v4, &binding->v4, &problem) != ERR_OK)
        return fail("shard cannot relay", problem.text);
    if (options->public_v6.family != IP_FAMILY_NONE &&
        relay_binding_choose(&options->public_v6, &binding->v6, &problem) != ERR_OK)
        return fail("shard cannot relay", problem.text);
    return true;
}

static bool learn_own_addresses(struct shard *shard)
{
    shard->policy = shard->options->peer_policy;
    enum err err = own_addresses_add(&shard->policy);

    if (err == ERR_LIMIT)
        log_event(LOG_LEVEL_WARNING, "more addresses on this host than the peer policy holds",
                  "held", LOG_U64(TURN_POLICY_OWN_ADDRS_MAX), NULL);
    else if (err != ERR_OK)
        return fail("shard cannot learn the addresses of this host", strerror(errno));
    return true;
}

static bool fit_allocations(struct shard *shard)
{
    unsigned families = shard->families == (FAMILY_SET_V4 | FAMILY_SET_V6) ? 2 : 1;
    uint32_t wanted = slice_allocations(shard->options);
    uint64_t descriptors =
        raise_descriptor_limit(descriptors_wanted(wanted, families, shard->options->shards));

    shard->max_allocations =
        allocations_that_fit(descriptors, wanted, families, shard->options->shards);
    shard->counters.page->values[SHARD_COUNT_CAPACITY] = shard->max_allocations;
    if (shard->max_allocations == 0)
        return fail("shard cannot start", "the limit of open files leaves room for no allocation");
    if (shard->max_allocations < wanted)
        log_event(LOG_LEVEL_WARNING, "the limit of open files restricts allocations", "limit",
                  LOG_U64(descriptors), "needed",
                  LOG_U64(descriptors_wanted(wanted, families, shard->options->shards)),
                  "allocations", LOG_U64(shard->max_allocations), "relay_ports", LOG_U64(wanted),
                  NULL);
    return true;
}

static bool make_base(struct shard *shard)
{
    struct event_config *config = event_config_new();

    /* One thread: no locks. */
    if (config != NULL && event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK) == 0)
        shard->base = event_base_new_with_config(config);
    if (config != NULL)
        event_config_free(config);
    return shard->base != NULL || fail("shard cannot start", "no event loop");
}

static bool make_server(struct shard *shard)
{
    struct turn_setup setup = {.max_allocations = shard->max_allocations,
                               .policy = &shard->policy,
                               .random = random_pool_fill,
                               .random_context = &shard->random,
                               .counters = shard->counters.page->values};
    struct turn_config config = turn_setup_config(shard->options, &setup);
    enum err err = turn_server_new(&config, &shard->server);

    if (err == ERR_OK)
        err = relay_table_init(&shard->relays, shard->max_allocations, shard->base,
                               on_relay_readable, shard);
    if (err == ERR_OK) {
        struct datapath_config datapath_config = {.server = shard->server,
                                                  .relays = &shard->relays,
                                                  .listeners = shard->listeners,
                                                  .values = shard->counters.page->values,
                                                  .on_control = run_commands,
                                                  .context = shard};

        err = datapath_new(&datapath_config, &shard->datapath);
    }
    shard->commands.server = shard->server;
    shard->commands.datapath = shard->datapath;
    shard->commands.relays = &shard->relays;
    shard->commands.values = shard->counters.page->values;
    return err == ERR_OK || fail("shard cannot start", err_name(err));
}

static bool make_redirect(struct shard *shard)
{
    const struct redirect_config config = {.dir = &shard->state_dir,
                                           .base = shard->base,
                                           .values = shard->counters.page->values,
                                           .shards = shard->options->shards,
                                           .fd = shard->redirect_fd,
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

static bool watch(struct shard *shard)
{
    if (round_init(&shard->round, shard->base, end_round, shard) == ERR_OK &&
        watch_socket(shard, &shard->readable_v4, shard->listeners.v4, on_v4_readable) &&
        watch_socket(shard, &shard->readable_v6, shard->listeners.v6, on_v6_readable) &&
        watch_socket(shard, &shard->readable_redirect, shard->redirect_fd, on_redirect_readable) &&
        watch_signal(shard, &shard->terminate, SIGTERM) &&
        watch_signal(shard, &shard->interrupt, SIGINT))
        return true;
    return fail("shard cannot start", "the event loop takes no events");
}

static const char *binding_text(const struct transport_addr *binding,
                                const struct transport_addr *public_addr)
{
    if (binding->family == IP_FAMILY_NONE)
        return NULL;
    return transport_addr_same_ip(binding, public_addr) ? "public address" : "any address";
}

static void log_ready(const struct shard *shard)
{
    const struct relay_options *options = shard->options;
    struct port_slice slice =
        port_slice_of(options->lowest_port, options->highest_port, options->shards, options->shard);
    char ports[32];

    (void)snprintf(ports, sizeof(ports), "%u-%u", slice.lowest, slice.highest);
    log_event(LOG_LEVEL_INFO, "shard ready", "version", relay_version(), "of",
              LOG_U64(options->shards), "relay_ports", ports, "allocations_that_fit",
              LOG_U64(shard->max_allocations), "ipv4",
              options->public_v4.family ? LOG_ADDR(&options->public_v4) : NULL, "ipv4_bound_to",
              binding_text(&shard->commands.binding.v4, &options->public_v4), "ipv6",
              options->public_v6.family ? LOG_ADDR(&options->public_v6) : NULL, "ipv6_bound_to",
              binding_text(&shard->commands.binding.v6, &options->public_v6), NULL);
}

static bool start(struct shard *shard)
{
    return open_counters(shard) && fit_allocations(shard) && open_sockets(shard) &&
           choose_bindings(shard) && learn_own_addresses(shard) && make_base(shard) &&
           make_server(shard) && make_redirect(shard) && watch(shard);
}

static int serve(struct shard *shard)
{
    shard->relay_credit = RELAY_CREDIT;
    shard->counters.page->state = SHARD_STATE_SERVING;
    log_ready(shard);
    if (event_base_dispatch(shard->base) < 0) {
        (void)fail("the event loop broke", strerror(errno));
        return 1;
    }
    shard->counters.page->state = SHARD_STATE_STOPPED;
    log_event(LOG_LEVEL_INFO, "shard stopped", "allocations",
              LOG_U64(turn_server_allocation_count(shard->server)), NULL);
    return 0;
}

static void stop(struct shard *shard)
{
    relay_table_deinit(&shard->relays);
    redirect_free(shard->redirect);
    datapath_free(shard->datapath);
    turn_server_free(shard->server);
    if (shard->base != NULL)
        event_base_free(shard->base);
    listeners_close(&shard->listeners);
    if (shard->redirect_fd >= 0)
        close(shard->redirect_fd);
    counter_page_close(&shard->counters);
    state_dir_close(&shard->state_dir);
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
    shard->families = relay_families(options);
    shard->listeners = LISTENERS_NONE;
    shard->redirect_fd = -1;
    shard->state_dir = STATE_DIR_CLOSED;
    shard->counters.fd = -1;
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
