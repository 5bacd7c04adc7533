/* bench_clients.c — many TURN clients at once: their allocations and channels, made and ended. */
#include "bench_clients.h"

#include "channel_data.h"
#include "client_socket.h"
#include "stop_signal.h"
#include "system_clock.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

enum {
    WINDOW = 64, /* clients that are being set up at a time */
    DATAGRAM_MAX = 2048,
    SOCKET_BUFFER = 1 << 20,
    EVENTS = 64,
    POLL_MSEC = 20, /* how late a retransmission may be */
    /* Channels last 600 s and are bound again in good time. */
    PROLONG_SEC = 240,
};

#define TEAR_DOWN_NSEC UINT64_C(2000000000)

enum err bench_clients_open(struct bench_clients *clients, const struct bench_plan *plan,
                            const struct turn_client_config *config, struct transport_addr *peers)
{
    *clients = (struct bench_clients){.plan = plan, .config = config, .peers = peers, .epoll = -1};
    clients->clients = calloc(plan->allocations, sizeof *clients->clients);
    if (!clients->clients)
        return ERR_NO_MEMORY;
    for (uint32_t i = 0; i < plan->allocations; i++)
        clients->clients[i].fd = -1;
    clients->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (clients->epoll < 0)
        return ERR_IO;
    for (uint32_t i = 0; i < plan->allocations; i++) {
        struct bench_client *client = &clients->clients[i];
        client->index = i;
        client->refresh_at = MONO_TIME_NEVER;
        turn_client_init(&client->turn, config);
        enum err err = client_socket_open(NULL, &plan->server, &client->fd);
        if (err != ERR_OK)
            return err;
        client_socket_grow_buffers(client->fd, SOCKET_BUFFER);
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = i};
        if (epoll_ctl(clients->epoll, EPOLL_CTL_ADD, client->fd, &event) != 0)
            return ERR_IO;
    }
    return ERR_OK;
}

void bench_clients_close(struct bench_clients *clients)
{
    for (uint32_t i = 0; clients->clients && i < clients->plan->allocations; i++) {
        if (clients->clients[i].fd >= 0)
            close(clients->clients[i].fd);
        turn_client_wipe(&clients->clients[i].turn);
    }
    if (clients->epoll >= 0)
        close(clients->epoll);
    free(clients->clients);
    clients->clients = NULL;
}

static void succeeded(struct bench_clients *clients, struct bench_client *client)
{
    switch (client->turn.request.method) {
    case TURN_ALLOCATE:
        client->has_allocation = true;
        client->relayed = client->turn.result.relayed;
        histogram_add(&clients->allocate_nsec, system_nsec() - client->request_began_nsec);
        break;
    case TURN_CHANNEL_BIND:
        client->bound++;
        break;
    case TURN_REFRESH:
        if (client->turn.request.lifetime_sec == 0) {
            client->has_allocation = false;
            clients->deleted++;
        } else {
            client->bound = 0; /* each channel is bound once more */
        }
        break;
    default:
        break;
    }
}

/* What a request comes to that has not succeeded. */
static void send_or_fail(struct bench_clients *clients, struct bench_client *client,
                         enum turn_step next, const uint8_t *datagram, size_t len)
{
    if (next == TURN_STEP_SEND) {
        /* What the kernel does not take is sent again after the time-out. */
        (void)send(client->fd, datagram, len, 0);
    } else if (next == TURN_STEP_FAILED) {
        if (clients->failed++ == 0) {
            clients->first_failure = client->turn.result;
            clients->first_failure_method = client->turn.request.method;
        }
        client->has_failed = true;
        client->is_busy = false;
    }
}

static void begin(struct bench_clients *clients, struct bench_client *client,
                  const struct turn_request *request)
{
    uint8_t datagram[TURN_REQUEST_MAX];
    size_t len = 0;
    client->is_busy = true;
    client->request_began_nsec = system_nsec();
    enum turn_step next =
        turn_client_start(&client->turn, system_mono_time(), request, datagram, &len);
    send_or_fail(clients, client, next, datagram, len);
}

/* The next request of a client that is being set up, or is prolonged; none when all is done. */
static void go_on(struct bench_clients *clients, struct bench_client *client)
{
    const struct bench_plan *plan = clients->plan;
    client->is_busy = false;
    if (client->has_failed || clients->is_ending)
        return;
    if (!client->has_allocation) {
        begin(clients, client,
              &(struct turn_request){.method = TURN_ALLOCATE,
                                     .family = plan->peer.family == IP_FAMILY_V6 ? IP_FAMILY_V6
                                                                                 : IP_FAMILY_NONE});
    } else if (client->bound < plan->channels) {
        begin(clients, client,
              &(struct turn_request){.method = TURN_CHANNEL_BIND,
                                     .channel = (uint16_t)(CHANNEL_NUMBER_MIN + client->bound),
                                     .peer = clients->peers[client->bound]});
    } else {
        client->refresh_at = mono_time_add_sec(system_mono_time(), PROLONG_SEC);
    }
}

static void step(struct bench_clients *clients, struct bench_client *client, enum turn_step next,
                 const uint8_t *datagram, size_t len)
{
    if (next != TURN_STEP_DONE) {
        send_or_fail(clients, client, next, datagram, len);
        return;
    }
    succeeded(clients, client);
    if (client->has_allocation)
        go_on(clients, client);
    else
        client->is_busy = false;
}

void bench_clients_answer(struct bench_clients *clients, uint32_t index, struct bytes datagram)
{
    struct bench_client *client = &clients->clients[index];
    uint8_t request[TURN_REQUEST_MAX];
    size_t len = 0;
    enum turn_step next =
        turn_client_input(&client->turn, system_mono_time(), datagram, request, &len);
    step(clients, client, next, request, len);
}

static void time_out(struct bench_clients *clients, struct bench_client *client)
{
    uint8_t datagram[TURN_REQUEST_MAX];
    size_t len = 0;
    enum turn_step next = turn_client_timeout(&client->turn, system_mono_time(), datagram, &len);
    step(clients, client, next, datagram, len);
}

static void receive(struct bench_clients *clients, uint32_t index)
{
    uint8_t datagram[DATAGRAM_MAX];
    for (;;) {
        ssize_t len = recv(clients->clients[index].fd, datagram, sizeof datagram, 0);
        if (len < 0 && errno == ECONNREFUSED)
            continue;
        if (len < 0)
            return;
        bench_clients_answer(clients, index, (struct bytes){datagram, (size_t)len});
    }
}

static void wait_for_answers(struct bench_clients *clients)
{
    struct epoll_event events[EVENTS];
    int count = epoll_wait(clients->epoll, events, EVENTS, POLL_MSEC);
    for (int i = 0; i < count; i++)
        receive(clients, events[i].data.u32);
}

bool bench_clients_set_up(struct bench_clients *clients)
{
    const uint32_t total = clients->plan->allocations;
    uint64_t began = system_nsec();
    uint32_t started = 0, done = 0;
    while (done < total && !stop_signal_came()) {
        for (; started < total && started < done + WINDOW; started++)
            go_on(clients, &clients->clients[started]);
        wait_for_answers(clients);
        for (uint32_t i = done; i < started; i++)
            time_out(clients, &clients->clients[i]);
        while (done < started && !clients->clients[done].is_busy)
            done++;
        /* A server that gives nothing to the first ones gives nothing to the rest. */
        if (clients->failed >= WINDOW)
            break;
    }
    clients->setup_nsec = system_nsec() - began;
    for (uint32_t i = 0; i < total; i++) {
        const struct bench_client *client = &clients->clients[i];
        clients->made += client->has_allocation && client->bound == clients->plan->channels;
        clients->retransmissions += client->turn.counters.retransmissions;
    }
    return done == total && clients->failed == 0;
}

void bench_clients_prolong(struct bench_clients *clients)
{
    struct mono_time now = system_mono_time();
    for (uint32_t i = 0; i < clients->plan->allocations; i++) {
        struct bench_client *client = &clients->clients[i];
        if (client->is_busy) {
            time_out(clients, client);
        } else if (mono_time_due(client->refresh_at, now)) {
            client->refresh_at = MONO_TIME_NEVER;
            begin(clients, client,
                  &(struct turn_request){.method = TURN_REFRESH, .lifetime_sec = 600});
        }
    }
}

void bench_clients_serve(struct bench_clients *clients)
{
    wait_for_answers(clients);
    bench_clients_prolong(clients);
}

void bench_clients_tear_down(struct bench_clients *clients)
{
    uint64_t began = system_nsec(), end = began + TEAR_DOWN_NSEC;
    uint32_t left = clients->plan->allocations;
    clients->is_ending = true;
    for (uint32_t i = 0; i < left; i++)
        clients->clients[i].has_failed = false;
    while (left > 0 && system_nsec() < end) {
        uint32_t under_way = 0;
        left = 0;
        for (uint32_t i = 0; i < clients->plan->allocations; i++) {
            struct bench_client *client = &clients->clients[i];
            if (client->has_failed || (!client->has_allocation && !client->is_busy))
                continue;
            left++;
            if (client->is_busy) {
                under_way++;
                time_out(clients, client);
            } else if (under_way < WINDOW) {
                under_way++;
                begin(clients, client,
                      &(struct turn_request){.method = TURN_REFRESH, .lifetime_sec = 0});
            }
        }
        if (left > 0)
            wait_for_answers(clients);
    }
    clients->delete_nsec = system_nsec() - began;
}
