/* bench_traffic.c — checked datagrams through every channel, both ways, at a rate or a flood. */
#include "bench_traffic.h"

#include "bench_outbox.h"
#include "channel_data.h"
#include "client_socket.h"
#include "pacer.h"
#include "payload.h"
#include "sequence_window.h"
#include "stop_signal.h"
#include "system_clock.h"
#include "system_random.h"

#include <errno.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum {
    BATCH = 64, /* messages that one system call receives */
    EVENTS = 256,
    PEER_BUFFER = 8 << 20,
    DATAGRAM_MAX = 2048,
    MESSAGE_BYTES_MAX = 65000, /* of several datagrams; a little less than IPv4 allows */
    OFFLOAD_IN_SIZE = 65536,
    RECEIVE_ROUNDS = 4,       /* batches from one socket before others have their turn */
    PROLONG_EVERY_MSEC = 100, /* how often expiry is looked after */
};

/* How long the last datagrams may be on their way, when none has come: on a busy host a shard may
 * have to wait for its turn. */
#define STRAGGLER_NSEC UINT64_C(1000000000)

/* A channel of an allocation, one way. */
struct flow {
    uint64_t next; /* order number, and how many were sent */
    struct sequence_window window;
    uint64_t received;
    uint64_t came_nsec; /* when the last one came; 0: none yet */
    uint64_t longest_gap_nsec;
};

struct bench_traffic {
    const struct bench_plan *plan;
    struct bench_clients *clients;
    struct bench_result *result;
    int *peers; /* plan->channels sockets */
    struct flow *flows[BENCH_WAYS];
    uint32_t flow_count;
    uint32_t run;
    uint32_t next_flow[BENCH_WAYS];
    uint64_t odd_goes_up; /* 0 or 1 */
    uint64_t came_nsec;   /* when something came last */
    struct bench_outbox out;
    int out_fd;    /* that it leaves from; -1: it is empty */
    uint32_t step; /* datagrams of a message of a train */
    /* What has come. */
    uint8_t *in;
    size_t in_size; /* of each message */
    struct iovec in_parts[BATCH];
    union bench_control_room in_controls[BATCH];
    struct mmsghdr in_messages[BATCH];
};

/* Flows are in the order of their channels, so that neighbours leave from the same peer. */
static uint32_t allocation_of(const struct bench_traffic *traffic, uint32_t flow)
{
    return flow % traffic->plan->allocations;
}

static uint32_t channel_of(const struct bench_traffic *traffic, uint32_t flow)
{
    return flow / traffic->plan->allocations;
}

static enum err open_peers(struct bench_traffic *traffic, struct transport_addr *peers)
{
    const struct bench_plan *plan = traffic->plan;
    for (uint32_t i = 0; i < plan->channels; i++)
        traffic->peers[i] = -1;
    for (uint32_t i = 0; i < plan->channels; i++) {
        enum err err = client_socket_open(&plan->peer, NULL, &traffic->peers[i]);
        if (err == ERR_OK)
            err = client_socket_local_addr(traffic->peers[i], &peers[i]);
        if (err != ERR_OK)
            return err;
        client_socket_grow_buffers(traffic->peers[i], PEER_BUFFER);
    }
    return ERR_OK;
}

/* How many datagrams of a train go in one message: as many as fit, in equal shares. */
static uint32_t step_of(const struct bench_plan *plan)
{
    uint32_t shares = 1;
    if (!plan->offload)
        return 1;
    while (plan->train % shares != 0 ||
           plan->train / shares * (CHANNEL_DATA_HEADER_LEN + plan->payload) > MESSAGE_BYTES_MAX)
        shares++;
    return plan->train / shares;
}

static void prepare_buffers(struct bench_traffic *traffic)
{
    bench_outbox_init(&traffic->out, traffic->plan->payload, traffic->run);
    traffic->out_fd = -1;
    traffic->step = step_of(traffic->plan);
    for (uint32_t i = 0; i < BATCH; i++) {
        traffic->in_parts[i] = (struct iovec){traffic->in + i * traffic->in_size, traffic->in_size};
        traffic->in_messages[i].msg_hdr.msg_iov = &traffic->in_parts[i];
        traffic->in_messages[i].msg_hdr.msg_iovlen = 1;
    }
}

static void receive_messages_of_many(const struct bench_traffic *traffic)
{
    const int on = 1;
    for (uint32_t i = 0; i < traffic->plan->channels; i++)
        (void)setsockopt(traffic->peers[i], IPPROTO_UDP, UDP_GRO, &on, sizeof on);
    for (uint32_t i = 0; i < traffic->plan->allocations; i++)
        (void)setsockopt(traffic->clients->clients[i].fd, IPPROTO_UDP, UDP_GRO, &on, sizeof on);
}

/* The size of the datagrams that a received message holds; the last one may be shorter. */
static size_t segment_of(const struct mmsghdr *message)
{
    struct msghdr header = message->msg_hdr;
    const struct cmsghdr *control = CMSG_FIRSTHDR(&header);
    int size = 0;
    if (control && control->cmsg_level == IPPROTO_UDP && control->cmsg_type == UDP_GRO)
        memcpy(&size, CMSG_DATA(control), sizeof size);
    return size > 0 ? (size_t)size : message->msg_len;
}

enum err bench_traffic_new(const struct bench_plan *plan, struct transport_addr *peers,
                           struct bench_traffic **ret)
{
    struct bench_traffic *traffic = calloc(1, sizeof *traffic);
    if (!traffic)
        return ERR_NO_MEMORY;
    traffic->plan = plan;
    traffic->flow_count = plan->allocations * plan->channels;
    traffic->in_size = plan->offload ? OFFLOAD_IN_SIZE : DATAGRAM_MAX;
    traffic->in = calloc(BATCH, traffic->in_size);
    traffic->peers = calloc(plan->channels, sizeof *traffic->peers);
    for (int way = 0; way < BENCH_WAYS; way++)
        traffic->flows[way] = calloc(traffic->flow_count, sizeof **traffic->flows);
    enum err err = ERR_NO_MEMORY;
    if (traffic->in && traffic->peers && traffic->flows[BENCH_WAY_UP] &&
        traffic->flows[BENCH_WAY_DOWN])
        err = open_peers(traffic, peers);
    if (err != ERR_OK) {
        int saved = errno;
        bench_traffic_free(traffic);
        errno = saved;
        return err;
    }
    *ret = traffic;
    return ERR_OK;
}

void bench_traffic_free(struct bench_traffic *traffic)
{
    if (!traffic)
        return;
    for (uint32_t i = 0; traffic->peers && i < traffic->plan->channels; i++)
        if (traffic->peers[i] >= 0)
            close(traffic->peers[i]);
    free(traffic->peers);
    free(traffic->in);
    free(traffic->flows[BENCH_WAY_UP]);
    free(traffic->flows[BENCH_WAY_DOWN]);
    free(traffic);
}

bool bench_traffic_flow(const struct bench_traffic *traffic, enum bench_way way, uint32_t index,
                        struct bench_flow *ret)
{
    if (index >= traffic->flow_count)
        return false;
    const struct flow *flow = &traffic->flows[way][index];
    *ret = (struct bench_flow){.allocation = allocation_of(traffic, index),
                               .channel = channel_of(traffic, index),
                               .sent = flow->next,
                               .received = flow->received,
                               .longest_gap_nsec = flow->longest_gap_nsec};
    return true;
}

static uint32_t flow_name(uint32_t flow, enum bench_way way)
{
    return flow * BENCH_WAYS + (uint32_t)way;
}

static void flush(struct bench_traffic *traffic, enum bench_way way)
{
    struct bench_result *result = traffic->result;
    bench_outbox_flush(&traffic->out, traffic->out_fd, &result->ways[way].sent, &result->not_sent);
    traffic->out_fd = -1;
}

/* Makes ready |count| datagrams of the next flow, |step| of them in each message. */
static void put_train(struct bench_traffic *traffic, enum bench_way way, uint32_t count,
                      uint32_t step)
{
    const uint32_t flow = traffic->next_flow[way]++ % traffic->flow_count;
    const struct bench_client *client = &traffic->clients->clients[allocation_of(traffic, flow)];
    const bool is_up = way == BENCH_WAY_UP;
    const int fd = is_up ? client->fd : traffic->peers[channel_of(traffic, flow)];
    const size_t segment = traffic->plan->payload + (is_up ? CHANNEL_DATA_HEADER_LEN : 0);
    if (traffic->out_fd != fd || !bench_outbox_has_room(&traffic->out, count)) {
        flush(traffic, way);
        traffic->out_fd = fd;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (i % step == 0)
            bench_outbox_begin(&traffic->out, is_up ? NULL : &client->relayed,
                               step > 1 ? segment : 0);
        bench_outbox_add(&traffic->out,
                         &(struct payload_stamp){.run = traffic->run,
                                                 .flow = flow_name(flow, way),
                                                 .sequence = traffic->flows[way][flow].next++,
                                                 .sent_nsec = system_nsec()},
                         is_up ? (uint16_t)(CHANNEL_NUMBER_MIN + channel_of(traffic, flow)) : 0);
    }
}

/* Sends |turns| one way: a train of the next flow, and when mixed as many single datagrams, each of
 * the flow after. */
static void send_turns(struct bench_traffic *traffic, enum bench_way way, uint64_t turns)
{
    const struct bench_plan *plan = traffic->plan;
    for (uint64_t i = 0; i < turns; i++) {
        put_train(traffic, way, plan->train, traffic->step);
        for (uint32_t k = 0; plan->is_mixed && k < plan->train; k++)
            put_train(traffic, way, 1, 1);
    }
    flush(traffic, way);
}

static void note_arrival(struct flow *flow, uint64_t now)
{
    if (flow->came_nsec != 0 && now - flow->came_nsec > flow->longest_gap_nsec)
        flow->longest_gap_nsec = now - flow->came_nsec;
    flow->came_nsec = now;
    flow->received++;
}

/* Judges one payload that came out at |allocation| (up: at any peer) on |channel|. */
static void take(struct bench_traffic *traffic, enum bench_way way, uint32_t allocation,
                 uint32_t channel, struct bytes payload)
{
    struct bench_way_result *result = &traffic->result->ways[way];
    struct payload_stamp stamp;
    uint64_t skipped;
    switch (payload_read(payload, traffic->run, &stamp)) {
    case PAYLOAD_OF_ANOTHER_RUN:
        return;
    case PAYLOAD_CORRUPT:
        result->corrupt++;
        return;
    case PAYLOAD_GOOD:
        break;
    }
    uint32_t flow = stamp.flow / BENCH_WAYS;
    if (stamp.flow % BENCH_WAYS != (uint32_t)way || flow >= traffic->flow_count ||
        channel_of(traffic, flow) != channel ||
        (way == BENCH_WAY_DOWN && allocation_of(traffic, flow) != allocation)) {
        result->misdelivered++;
        return;
    }
    if (payload.len != traffic->plan->payload) {
        result->corrupt++;
        return;
    }
    switch (sequence_window_add(&traffic->flows[way][flow].window, stamp.sequence, &skipped)) {
    case SEQUENCE_DUPLICATE:
        result->duplicates++;
        return;
    case SEQUENCE_REORDERED:
        result->reordered++;
        break;
    case SEQUENCE_AHEAD:
        break;
    }
    uint64_t now = system_nsec();
    result->received++;
    note_arrival(&traffic->flows[way][flow], now);
    traffic->came_nsec = now;
    histogram_add(&result->latency_nsec, now - stamp.sent_nsec);
}

/* Receives a batch from |fd|: how many came. */
static unsigned receive(struct bench_traffic *traffic, int fd)
{
    int count;
    for (int i = 0; traffic->plan->offload && i < BATCH; i++) {
        traffic->in_messages[i].msg_hdr.msg_control = &traffic->in_controls[i];
        traffic->in_messages[i].msg_hdr.msg_controllen = sizeof traffic->in_controls[i];
    }
    do {
        count = recvmmsg(fd, traffic->in_messages, BATCH, MSG_DONTWAIT, NULL);
    } while (count < 0 && errno == ECONNREFUSED);
    return count > 0 ? (unsigned)count : 0;
}

/* Calls |take_one| for each datagram of message |i|. */
static void take_message(struct bench_traffic *traffic, unsigned i, uint32_t index,
                         void (*take_one)(struct bench_traffic *, uint32_t, struct bytes))
{
    const uint8_t *at = traffic->in_parts[i].iov_base;
    size_t left = traffic->in_messages[i].msg_len;
    const size_t segment = segment_of(&traffic->in_messages[i]);
    do {
        size_t len = left < segment ? left : segment;
        take_one(traffic, index, (struct bytes){at, len});
        at += len;
        left -= len;
    } while (left > 0);
}

static void take_from_peer(struct bench_traffic *traffic, uint32_t channel, struct bytes datagram)
{
    take(traffic, BENCH_WAY_UP, 0, channel, datagram);
}

static void take_from_client(struct bench_traffic *traffic, uint32_t allocation,
                             struct bytes datagram)
{
    uint16_t number;
    struct bytes payload;
    if (datagram.len > 0 && datagram.data[0] < CHANNEL_NUMBER_MIN >> 8)
        bench_clients_answer(traffic->clients, allocation, datagram);
    else if (channel_data_parse(datagram, &number, &payload))
        take(traffic, BENCH_WAY_DOWN, allocation, (uint32_t)number - CHANNEL_NUMBER_MIN, payload);
    else
        traffic->result->ways[BENCH_WAY_DOWN].corrupt++;
}

static void receive_from(struct bench_traffic *traffic, int fd, uint32_t index,
                         void (*take_one)(struct bench_traffic *, uint32_t, struct bytes))
{
    for (int round = 0; round < RECEIVE_ROUNDS; round++) {
        unsigned count = receive(traffic, fd);
        for (unsigned i = 0; i < count; i++)
            take_message(traffic, i, index, take_one);
        if (count < BATCH)
            return;
    }
}

/* Takes what has come, waiting for it at most |wait_nsec|. */
static void receive_all(struct bench_traffic *traffic, uint64_t wait_nsec)
{
    struct epoll_event events[EVENTS];
    struct timespec wait = {.tv_nsec = (long)(wait_nsec % 1000000000)};
    if (wait_nsec > 0) {
        /* The epoll descriptor is readable when any client is; the peers are few. */
        struct pollfd ready[2] = {{.fd = traffic->clients->epoll, .events = POLLIN},
                                  {.fd = traffic->peers[0], .events = POLLIN}};
        (void)ppoll(ready, 2, &wait, NULL);
    }
    for (uint32_t i = 0; i < traffic->plan->channels; i++)
        receive_from(traffic, traffic->peers[i], i, take_from_peer);
    int count = epoll_wait(traffic->clients->epoll, events, EVENTS, 0);
    for (int i = 0; i < count; i++)
        receive_from(traffic, traffic->clients->clients[events[i].data.u32].fd, events[i].data.u32,
                     take_from_client);
}

static void begin_run(struct bench_traffic *traffic, struct bench_clients *clients,
                      struct bench_result *ret)
{
    memset(ret, 0, sizeof *ret);
    traffic->clients = clients;
    traffic->result = ret;
    system_random(NULL, (uint8_t *)&traffic->run, sizeof traffic->run);
    prepare_buffers(traffic);
    if (traffic->plan->offload)
        receive_messages_of_many(traffic);
    for (int way = 0; way < BENCH_WAYS; way++)
        memset(traffic->flows[way], 0, traffic->flow_count * sizeof **traffic->flows);
}

static uint32_t datagrams_of_turn(const struct bench_plan *plan)
{
    return plan->train * (plan->is_mixed ? 2 : 1);
}

/* Turns before looking for what has come. */
static uint64_t portion(const struct bench_traffic *traffic, uint64_t due)
{
    uint64_t fit = BENCH_OUTBOX_SIZE / datagrams_of_turn(traffic->plan);
    uint64_t most = fit > 0 ? fit : 1;
    return due < most ? due : most;
}

static void send_portion(struct bench_traffic *traffic, uint64_t turns)
{
    const unsigned direction = traffic->plan->direction;
    if (direction == BENCH_BOTH) {
        /* The odd one goes each way in turn. */
        uint64_t up = (turns + traffic->odd_goes_up) / 2;
        traffic->odd_goes_up ^= turns % 2;
        send_turns(traffic, BENCH_WAY_UP, up);
        send_turns(traffic, BENCH_WAY_DOWN, turns - up);
    } else {
        send_turns(traffic, direction == BENCH_UP ? BENCH_WAY_UP : BENCH_WAY_DOWN, turns);
    }
}

void bench_traffic_run(struct bench_traffic *traffic, struct bench_clients *clients, double rate,
                       uint64_t nsec, struct bench_result *ret)
{
    struct pacer pacer;
    const uint32_t each = datagrams_of_turn(traffic->plan);
    begin_run(traffic, clients, ret);
    uint64_t began = system_nsec(), now = began, prolonged = began;
    pacer_start(&pacer, began, rate > 0 ? rate / each : 1);
    while (now - began < nsec && !stop_signal_came()) {
        uint64_t due = rate > 0 ? pacer_due(&pacer, now) : UINT64_MAX;
        uint64_t turns = portion(traffic, due);
        send_portion(traffic, turns);
        if (rate > 0)
            pacer_sent(&pacer, turns);
        uint64_t wait = rate > 0 && turns == due ? pacer_wait_nsec(&pacer, system_nsec()) : 0;
        receive_all(traffic, wait < 1000000 ? wait : 1000000);
        now = system_nsec();
        if (now - prolonged > PROLONG_EVERY_MSEC * UINT64_C(1000000)) {
            bench_clients_prolong(clients);
            prolonged = now;
        }
    }
    ret->nsec = now - began;
    ret->missed = rate > 0 ? pacer.missed * each : 0;
    traffic->came_nsec = system_nsec();
    while (bench_result_lost(ret) > 0 && system_nsec() - traffic->came_nsec < STRAGGLER_NSEC)
        receive_all(traffic, 1000000);
}
