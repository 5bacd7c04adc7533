/* http_server.c — answers GET requests of operators and their programs, at a bounded cost. */
#include "http_server.h"

#include "counter_page.h"
#include "http_connection.h"
#include "http_listener.h"
#include "log.h"
#include "round.h"

#include <errno.h>
#include <event2/event_struct.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    /* How often connections are looked at whose time may be over, or whose request came in part
     * only: who sends byte by byte is heard that often. */
    SWEEP_MSEC = 100,
    STEPS_MAX = 8,  /* between two looks at the clock */
    ACCEPT_MAX = 4, /* connections in one step */
};

/* What epoll says of the listening socket; of a connection, its place and generation. */
#define LISTENER_TAG UINT64_MAX

struct http_server {
    struct http_server_config config;
    int epoll_fd;
    int listen_fd; /* -1 while the address cannot be had */
    bool was_refused;
    unsigned retry_sec;
    struct event ready;  /* there is something to do */
    struct event resume; /* the next window begins */
    struct event sweep;  /* while there are connections */
    struct event bind_again;
    struct mono_time window_until;
    int64_t left_usec; /* of this window's work */
    struct http_exchange connections[HTTP_CONNECTIONS_MAX];
};

static void count(struct http_server *server, enum shard_counter counter)
{
    server->config.values[counter]++;
}

static void set_timer(struct event *event, int64_t usec)
{
    const struct timeval wait = {.tv_sec = usec / USEC_PER_SEC, .tv_usec = usec % USEC_PER_SEC};

    (void)event_add(event, &wait);
}

static bool watch(struct http_server *server, int operation, int fd, uint32_t events, uint64_t tag)
{
    struct epoll_event event = {.events = events, .data.u64 = tag};

    return epoll_ctl(server->epoll_fd, operation, fd, &event) == 0;
}

static uint64_t tag_of(const struct http_server *server, const struct http_exchange *exchange)
{
    return (uint64_t)exchange->generation << 32 | (uint64_t)(exchange - server->connections);
}

/* NULL when the connection is gone that had |tag|. */
static struct http_exchange *exchange_of(struct http_server *server, uint64_t tag)
{
    struct http_exchange *exchange = &server->connections[(uint32_t)tag];

    return exchange->phase != HTTP_CLOSED && tag_of(server, exchange) == tag ? exchange : NULL;
}

static void forget(struct http_server *server)
{
    server->config.values[SHARD_COUNT_HTTP_CONNECTIONS]--;
}

static void end(struct http_server *server, struct http_exchange *exchange)
{
    http_connection_close(exchange);
    forget(server);
}

static bool is_loopback(const struct transport_addr *addr)
{
    static const uint8_t v6[sizeof(addr->ip)] = {[15] = 1};

    return addr->family == IP_FAMILY_V4 ? addr->ip[0] == 127
                                        : memcmp(addr->ip, v6, sizeof(v6)) == 0;
}

/* Has a handler answer; or says that there is none. */
static void route(struct http_server *server, struct http_exchange *exchange)
{
    /* Who can reach another address may ask as they like; loopback only browsers of this host can,
     * and on behalf of anybody. */
    if (is_loopback(&server->config.addr) && !http_request_is_for_address(&exchange->request)) {
        http_respond_text(exchange, HTTP_STATUS_MISDIRECTED,
                          "On loopback this is asked by address or as localhost\n");
        return;
    }
    for (size_t i = 0; i < server->config.route_count; i++) {
        const struct http_route *entry = &server->config.routes[i];

        if (strcmp(entry->path, exchange->request.path) == 0) {
            entry->handle(entry->context, exchange);
            return;
        }
    }
    http_respond_text(exchange, HTTP_STATUS_NOT_FOUND, "There is nothing here by that name\n");
}

static void count_answer(struct http_server *server, const struct http_exchange *exchange)
{
    count(server, exchange->status >= 400 && exchange->status < 500 ? SHARD_COUNT_HTTP_REFUSED
                                                                    : SHARD_COUNT_HTTP_REQUESTS);
}

/* What epoll is to say of |exchange|; that the connection is broken it says in any case. */
static uint32_t interest_of(const struct http_exchange *exchange)
{
    switch (exchange->phase) {
    case HTTP_READING:
        return exchange->text_len == 0 ? EPOLLIN : 0; /* the rest: when on_sweep says so */
    case HTTP_WRITING:
        return EPOLLOUT;
    case HTTP_LINGERING:
        return EPOLLRDHUP;
    case HTTP_CLOSED:
    case HTTP_WAITING:
        break;
    }
    return 0;
}

/* Has epoll say |events| of |exchange|: when there are any, on_ready goes on with it, in its turn
 * and within its share of the time. */
static void wait_for(struct http_server *server, struct http_exchange *exchange, uint32_t events)
{
    if (events == exchange->awaited)
        return;
    exchange->awaited = events;
    if (!watch(server, EPOLL_CTL_MOD, exchange->fd, events, tag_of(server, exchange)))
        end(server, exchange);
}

/* One step of |exchange|, and on as far as no waiting is needed. */
static void advance(struct http_server *server, struct http_exchange *exchange,
                    struct mono_time now, uint32_t events)
{
    enum http_phase before = exchange->phase;

    if (exchange->phase == HTTP_READING)
        http_connection_read(exchange);
    else if (exchange->phase == HTTP_LINGERING || (events & (EPOLLHUP | EPOLLERR)) != 0)
        http_connection_close(exchange);
    if (exchange->phase == HTTP_WAITING)
        route(server, exchange);
    if (exchange->phase == HTTP_WRITING && before != HTTP_WRITING)
        count_answer(server, exchange);
    if (exchange->phase == HTTP_WRITING)
        http_connection_write(exchange, now);
    if (exchange->phase == HTTP_CLOSED)
        forget(server);
    else
        wait_for(server, exchange, interest_of(exchange));
}

/* Who gives way to |other|: whoever is being rid of comes first, then whoever has not sent a
 * request, then whoever does not take the answer; of them the oldest. */
static bool gives_way_before(const struct http_exchange *exchange,
                             const struct http_exchange *other)
{
    static const int rank[] = {
        [HTTP_CLOSED] = 0,  [HTTP_LINGERING] = 1, [HTTP_READING] = 2,
        [HTTP_WAITING] = 3, [HTTP_WRITING] = 3,
    };

    if (rank[exchange->phase] != rank[other->phase])
        return rank[exchange->phase] < rank[other->phase];
    return mono_time_before(exchange->accepted, other->accepted);
}

/* A place for one more connection. */
static struct http_exchange *make_room(struct http_server *server)
{
    struct http_exchange *place = &server->connections[0];

    for (size_t i = 1; i < HTTP_CONNECTIONS_MAX; i++) {
        if (gives_way_before(&server->connections[i], place))
            place = &server->connections[i];
    }
    if (place->phase != HTTP_CLOSED) {
        if (place->phase != HTTP_LINGERING)
            count(server, SHARD_COUNT_HTTP_GAVE_WAY);
        end(server, place);
    }
    return place;
}

static void bind_later(struct http_server *server, const char *why)
{
    if (!server->was_refused)
        log_event(LOG_LEVEL_WARNING, "no HTTP on this shard", "address",
                  LOG_ADDR(&server->config.addr), "error", why, NULL);
    server->was_refused = true;
    server->config.values[SHARD_COUNT_HTTP_LISTENING] = 0;
    if (server->listen_fd >= 0)
        (void)close(server->listen_fd);
    server->listen_fd = -1;
    set_timer(&server->bind_again, (int64_t)server->retry_sec * USEC_PER_SEC);
    server->retry_sec *= 2;
    if (server->retry_sec > HTTP_RETRY_LONGEST_SEC)
        server->retry_sec = HTTP_RETRY_LONGEST_SEC;
}

static void bind_now(struct http_server *server)
{
    server->listen_fd = http_listen(&server->config.addr);
    if (server->listen_fd < 0 ||
        !watch(server, EPOLL_CTL_ADD, server->listen_fd, EPOLLIN, LISTENER_TAG)) {
        bind_later(server, strerror(errno));
        return;
    }
    if (server->was_refused)
        log_event(LOG_LEVEL_INFO, "HTTP on this shard again", "address",
                  LOG_ADDR(&server->config.addr), NULL);
    server->was_refused = false;
    server->config.values[SHARD_COUNT_HTTP_LISTENING] = 1;
}

/* What the client did to its connection is no trouble of ours. */
static bool is_trouble(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM ||
           error == EBADF || error == EINVAL;
}

/* Takes a connection that waits. False when there is none. */
static bool accept_one(struct http_server *server, struct mono_time now)
{
    int fd = accept4(server->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd < 0) {
        /* Left alone the socket would wake us up for ever. */
        if (is_trouble(errno))
            bind_later(server, strerror(errno));
        return false;
    }
    /* Not before: a socket that takes no connection is given up again. */
    server->retry_sec = HTTP_RETRY_FIRST_SEC;
    struct http_exchange *exchange = make_room(server);

    http_connection_open(exchange, fd, now);
    exchange->awaited = EPOLLIN;
    server->config.values[SHARD_COUNT_HTTP_CONNECTIONS]++;
    if (!watch(server, EPOLL_CTL_ADD, fd, exchange->awaited, tag_of(server, exchange))) {
        end(server, exchange);
        return true;
    }
    if (!event_pending(&server->sweep, EV_TIMEOUT, NULL))
        set_timer(&server->sweep, (int64_t)SWEEP_MSEC * 1000);
    /* Whoever means it has sent its request by now. */
    advance(server, exchange, now, EPOLLIN);
    return true;
}

/* Whoever is new may have all it takes to be answered at once, unlike those who are here for
 * longer: so more than one has its turn. */
static void accept_some(struct http_server *server, struct mono_time now)
{
    for (unsigned i = 0; i < ACCEPT_MAX && accept_one(server, now); i++)
        continue;
}

/* Up to STEPS_MAX steps. False when there is nothing more to do. */
static bool do_some(struct http_server *server, struct mono_time now)
{
    struct epoll_event events[STEPS_MAX];
    int ready = epoll_wait(server->epoll_fd, events, STEPS_MAX, 0);

    for (int i = 0; i < ready; i++) {
        struct http_exchange *exchange = NULL;

        if (events[i].data.u64 == LISTENER_TAG)
            accept_some(server, now);
        else
            exchange = exchange_of(server, events[i].data.u64);
        if (exchange != NULL)
            advance(server, exchange, now, events[i].events);
    }
    return ready == STEPS_MAX;
}

static void begin_window(struct http_server *server, struct mono_time now)
{
    server->window_until = mono_time_add_usec(now, (int64_t)HTTP_WINDOW_MSEC * 1000);
    server->left_usec = HTTP_WORK_USEC;
}

static void on_ready(evutil_socket_t fd, short what, void *arg)
{
    struct http_server *server = arg;
    struct mono_time now = clocks_read().mono;
    bool is_more = true;

    (void)fd;
    (void)what;
    if (mono_time_due(server->window_until, now))
        begin_window(server, now);
    while (is_more && server->left_usec > 0) {
        is_more = do_some(server, now);
        struct mono_time after = clocks_read().mono;

        server->left_usec -= after.usec - now.usec;
        now = after;
    }
    if (server->left_usec <= 0) {
        /* A whole window without us, however long the last steps took. */
        (void)event_del(&server->ready);
        begin_window(server, now);
        set_timer(&server->resume, mono_time_until(server->window_until, now));
    }
}

static void on_resume(evutil_socket_t fd, short what, void *arg)
{
    struct http_server *server = arg;

    (void)fd;
    (void)what;
    struct mono_time now = clocks_read().mono;

    /* Early by as long as the work took: libevent counts from the beginning of its turn. */
    if (!mono_time_due(server->window_until, now)) {
        set_timer(&server->resume, mono_time_until(server->window_until, now));
        return;
    }
    begin_window(server, now);
    (void)event_add(&server->ready, NULL);
}

static void on_sweep(evutil_socket_t fd, short what, void *arg)
{
    struct http_server *server = arg;
    struct mono_time now = clocks_read().mono;

    (void)fd;
    (void)what;
    for (size_t i = 0; i < HTTP_CONNECTIONS_MAX; i++) {
        struct http_exchange *exchange = &server->connections[i];

        if (exchange->phase == HTTP_READING)
            wait_for(server, exchange, EPOLLIN);
        if (exchange->phase == HTTP_CLOSED || !mono_time_due(exchange->deadline, now))
            continue;
        if (exchange->phase != HTTP_LINGERING)
            count(server, SHARD_COUNT_HTTP_TIMED_OUT);
        end(server, exchange);
    }
    if (server->config.values[SHARD_COUNT_HTTP_CONNECTIONS] > 0)
        set_timer(&server->sweep, (int64_t)SWEEP_MSEC * 1000);
}

static void on_bind_again(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    bind_now(arg);
}

static bool make_events(struct http_server *server)
{
    struct event_base *base = server->config.base;

    return event_assign(&server->ready, base, server->epoll_fd, EV_READ | EV_PERSIST, on_ready,
                        server) == 0 &&
           event_assign(&server->resume, base, -1, 0, on_resume, server) == 0 &&
           event_assign(&server->sweep, base, -1, 0, on_sweep, server) == 0 &&
           event_assign(&server->bind_again, base, -1, 0, on_bind_again, server) == 0 &&
           event_add(&server->ready, NULL) == 0;
}

enum err http_server_new(const struct http_server_config *config, struct http_server **ret)
{
    struct http_server *server = calloc(1, sizeof(*server));

    if (server == NULL)
        return ERR_NO_MEMORY;
    server->config = *config;
    server->listen_fd = -1;
    server->retry_sec = HTTP_RETRY_FIRST_SEC;
    for (size_t i = 0; i < HTTP_CONNECTIONS_MAX; i++)
        server->connections[i].fd = -1;
    server->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (server->epoll_fd < 0) {
        free(server);
        return ERR_IO;
    }
    if (!make_events(server)) {
        (void)close(server->epoll_fd);
        free(server);
        return ERR_NO_MEMORY;
    }
    bind_now(server);
    *ret = server;
    return ERR_OK;
}

void http_server_free(struct http_server *server)
{
    if (server == NULL)
        return;
    struct event *const events[] = {&server->ready, &server->resume, &server->sweep,
                                    &server->bind_again};

    for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
        (void)event_del(events[i]);
    for (size_t i = 0; i < HTTP_CONNECTIONS_MAX; i++) {
        if (server->connections[i].phase != HTTP_CLOSED)
            end(server, &server->connections[i]);
    }
    if (server->listen_fd >= 0)
        (void)close(server->listen_fd);
    (void)close(server->epoll_fd);
    server->config.values[SHARD_COUNT_HTTP_LISTENING] = 0;
    free(server);
}

void http_server_retry(struct http_server *server)
{
    for (size_t i = 0; i < HTTP_CONNECTIONS_MAX; i++) {
        if (server->connections[i].phase == HTTP_WAITING)
            wait_for(server, &server->connections[i], EPOLLOUT);
    }
}
