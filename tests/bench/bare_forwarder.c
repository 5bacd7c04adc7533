/* bare_forwarder.c — what the kernel takes for one receive and one send: the limit of a relay.
 *
 *     bare_forwarder plain|batched|offload USERS-FILE-LINE
 *
 * The sockets of a shard and its system calls without TURN: a datagram from 127.0.0.1:3478 is
 * looked up by its source and leaves from the socket of its flow without its first four bytes;
 * one that comes to such a socket goes back with the flow's four bytes in front. Nothing is
 * checked, counted or timed. The core answers the set-up (bare_control.h), one channel for each
 * allocation. Variants: one datagram a call; recvmmsg and sendmmsg; those with UDP_GRO and
 * UDP_SEGMENT.
 */
#include "bare_batch.h"
#include "bare_control.h"
#include "sockaddr.h"
#include "udp_socket.h"

#include <errno.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
    RELAY_BATCH = 32,      /* from the socket of one flow at a time */
    LISTENER_ROUNDS = 256, /* datagrams or batches of the listening socket before the others */
    EVENTS = 256,
    TABLE_SIZE = 65536, /* a power of two, several times BARE_RELAYS_MAX */
    LISTENER_BUFFER = 4 << 20,
    RELAY_BUFFER = 512 << 10,
};

enum variant { PLAIN, BATCHED, OFFLOAD };

struct flow {
    uint64_t client_key; /* 0: the place in the table is free */
    int fd;
    uint8_t header[BARE_HEADER_LEN];
    union socket_addr client;
    union socket_addr peer;
    struct flow *next_closed;
};

struct forwarder {
    enum variant variant;
    int epoll;
    int listener;
    struct bare_control *control;
    struct flow *flows[BARE_RELAYS_MAX]; /* by the index of the relay */
    struct flow *table[TABLE_SIZE];      /* by the client's address, linear probing */
    struct bare_received in;
    struct bare_queue out;
    struct flow *closed;
};

static struct forwarder forwarder;

/* Everything here is IPv4. */
static uint64_t key_of(const union socket_addr *addr)
{
    return (uint64_t)addr->v4.sin_addr.s_addr << 16 | addr->v4.sin_port;
}

static size_t place_of(uint64_t key)
{
    return (size_t)(key * UINT64_C(0x9E3779B97F4A7C15) >> 48) & (TABLE_SIZE - 1);
}

static struct flow *find(uint64_t key)
{
    for (size_t i = place_of(key);; i = (i + 1) & (TABLE_SIZE - 1))
        if (forwarder.table[i] == NULL || forwarder.table[i]->client_key == key)
            return forwarder.table[i];
}

static void insert(struct flow *flow)
{
    size_t i = place_of(flow->client_key);

    while (forwarder.table[i] != NULL)
        i = (i + 1) & (TABLE_SIZE - 1);
    forwarder.table[i] = flow;
}

/* Set-up is not what is measured: the table is made anew without |flow|. */
static void take_out(const struct flow *flow)
{
    memset(forwarder.table, 0, sizeof(forwarder.table));
    for (size_t i = 0; i < BARE_RELAYS_MAX; i++)
        if (forwarder.flows[i] != NULL && forwarder.flows[i] != flow)
            insert(forwarder.flows[i]);
}

static int open_socket(uint16_t port, int buffer)
{
    const uint8_t loopback[4] = {127, 0, 0, 1};
    struct transport_addr addr = transport_addr_v4(loopback, port);
    int fd = udp_socket_new(IP_FAMILY_V4);

    if (fd < 0)
        return -1;
    udp_socket_set_buffers(fd, UDP_SOCKET_RECEIVE_BUFFER | UDP_SOCKET_SEND_BUFFER, buffer);
    if (!udp_socket_allow_fragments(fd, IP_FAMILY_V4) || !udp_socket_bind(fd, &addr) ||
        (forwarder.variant == OFFLOAD && !udp_socket_set_int(fd, IPPROTO_UDP, UDP_GRO, 1))) {
        close(fd);
        return -1;
    }
    return fd;
}

static bool watch(int fd, void *flow)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = flow};

    return epoll_ctl(forwarder.epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

static bool open_relay(void *context, const struct five_tuple *five_tuple, uint32_t index,
                       uint16_t port)
{
    (void)context;
    struct flow *flow = calloc(1, sizeof(*flow));

    if (flow == NULL)
        return false;
    flow->fd = open_socket(port, RELAY_BUFFER);
    if (flow->fd < 0 || !watch(flow->fd, flow)) {
        free(flow);
        return false;
    }
    (void)socket_addr_from(&five_tuple->client, &flow->client);
    flow->client_key = key_of(&flow->client);
    forwarder.flows[index] = flow;
    insert(flow);
    return true;
}

static void close_relay(void *context, uint32_t index)
{
    (void)context;
    struct flow *flow = forwarder.flows[index];

    take_out(flow);
    forwarder.flows[index] = NULL;
    close(flow->fd);
    flow->fd = -1;
    flow->next_closed = forwarder.closed;
    forwarder.closed = flow;
}

/* At the end of a round, since its events may be of flows that were closed in it. */
static void free_closed(void)
{
    while (forwarder.closed != NULL) {
        struct flow *flow = forwarder.closed;

        forwarder.closed = flow->next_closed;
        free(flow);
    }
}

static void bind_channel(void *context, const struct five_tuple *five_tuple, uint16_t number,
                         const struct transport_addr *peer)
{
    (void)context;
    union socket_addr client;

    (void)socket_addr_from(&five_tuple->client, &client);
    struct flow *flow = find(key_of(&client));

    if (flow == NULL)
        return;
    (void)socket_addr_from(peer, &flow->peer);
    flow->header[0] = (uint8_t)(number >> 8);
    flow->header[1] = (uint8_t)number;
}

static void answer(void *context, const struct five_tuple *five_tuple, struct bytes bytes)
{
    (void)context;
    union socket_addr client;
    socklen_t len = socket_addr_from(&five_tuple->client, &client);

    (void)sendto(forwarder.listener, bytes.data, bytes.len, 0, &client.any, len);
}

static void set_up(const union socket_addr *from, const uint8_t *datagram, size_t len)
{
    const uint8_t loopback[4] = {127, 0, 0, 1};
    struct five_tuple five_tuple = {.server = transport_addr_v4(loopback, BARE_LISTENING_PORT)};

    if (socket_addr_to(from, sizeof(from->v4), &five_tuple.client))
        bare_control_datagram(forwarder.control, &five_tuple,
                              (struct bytes){.data = datagram, .len = len});
}

/* The first byte of STUN is 0 to 3, that of ChannelData 64 and above. */
static bool is_set_up(const uint8_t *datagram, size_t len)
{
    return len < BARE_HEADER_LEN || datagram[0] < 64;
}

/* --- one datagram a call --- */

static void read_listener_plain(void)
{
    uint8_t *at = forwarder.in.parts[0].iov_base;

    for (unsigned i = 0; i < LISTENER_ROUNDS; i++) {
        union socket_addr from = {.v4 = {.sin_port = 0}};
        socklen_t from_len = sizeof(from);
        ssize_t len = recvfrom(forwarder.listener, at, forwarder.in.parts[0].iov_len, MSG_DONTWAIT,
                               &from.any, &from_len);

        if (len < 0)
            return;
        const struct flow *flow = is_set_up(at, (size_t)len) ? NULL : find(key_of(&from));

        if (flow != NULL)
            (void)sendto(flow->fd, at + BARE_HEADER_LEN, (size_t)len - BARE_HEADER_LEN,
                         MSG_DONTWAIT, &flow->peer.any, sizeof(flow->peer.v4));
        else
            set_up(&from, at, (size_t)len);
    }
}

static void write_header(const struct flow *flow, uint8_t *header, size_t len)
{
    memcpy(header, flow->header, 2);
    header[2] = (uint8_t)(len >> 8);
    header[3] = (uint8_t)len;
}

static void read_relay_plain(const struct flow *flow)
{
    uint8_t *at = forwarder.in.parts[0].iov_base;

    for (unsigned i = 0; i < RELAY_BATCH; i++) {
        union socket_addr from = {.v4 = {.sin_port = 0}};
        socklen_t from_len = sizeof(from);
        ssize_t len = recvfrom(flow->fd, at, forwarder.in.parts[0].iov_len, MSG_DONTWAIT, &from.any,
                               &from_len);

        if (len < 0)
            return;
        write_header(flow, at - BARE_HEADER_LEN, (size_t)len);
        (void)sendto(forwarder.listener, at - BARE_HEADER_LEN, (size_t)len + BARE_HEADER_LEN,
                     MSG_DONTWAIT, &flow->client.any, sizeof(flow->client.v4));
    }
}

/* --- in batches --- */

static void read_listener_batched(void)
{
    struct bare_received *in = &forwarder.in;

    for (unsigned round = 0; round < LISTENER_ROUNDS / BARE_BATCH; round++) {
        unsigned count = bare_receive(in, forwarder.listener, 0, BARE_BATCH);

        for (unsigned i = 0; i < count; i++) {
            uint8_t *at = in->parts[i].iov_base;
            size_t left = in->messages[i].msg_len;
            size_t segment = bare_segment(in, i);
            const struct flow *flow = is_set_up(at, left) ? NULL : find(key_of(&in->from[i]));

            if (flow == NULL) {
                set_up(&in->from[i], at, left);
                continue;
            }
            for (size_t len; left > 0; left -= len, at += len) {
                len = left < segment ? left : segment;
                bare_queue_add(&forwarder.out, flow->fd, &flow->peer, NULL, at + BARE_HEADER_LEN,
                               len - BARE_HEADER_LEN);
            }
        }
        bare_queue_flush(&forwarder.out);
        if (count < BARE_BATCH)
            return;
    }
}

/* What the sockets of flows received stays in |*used| slots until as many as there are are used. */
static void read_relay_batched(const struct flow *flow, unsigned *used)
{
    struct bare_received *in = &forwarder.in;

    if (BARE_BATCH - *used < RELAY_BATCH) {
        bare_queue_flush(&forwarder.out);
        *used = 0;
    }
    unsigned count = bare_receive(in, flow->fd, *used, RELAY_BATCH);

    for (unsigned i = *used; i < *used + count; i++) {
        uint8_t header[BARE_HEADER_LEN];
        uint8_t *at = in->parts[i].iov_base;
        size_t left = in->messages[i].msg_len;
        size_t segment = bare_segment(in, i);

        for (size_t len; left > 0; left -= len, at += len) {
            len = left < segment ? left : segment;
            write_header(flow, header, len);
            bare_queue_add(&forwarder.out, forwarder.listener, &flow->client, header, at, len);
        }
    }
    *used += count;
}

static void run(void)
{
    struct epoll_event events[EVENTS];

    for (;;) {
        int count = epoll_wait(forwarder.epoll, events, EVENTS, -1);
        unsigned used = 0;

        for (int i = 0; i < count; i++) {
            const struct flow *flow = events[i].data.ptr;

            if (flow != NULL && flow->fd < 0) {
                continue;
            } else if (flow != NULL && forwarder.variant == PLAIN) {
                read_relay_plain(flow);
            } else if (flow != NULL) {
                read_relay_batched(flow, &used);
            } else if (forwarder.variant == PLAIN) {
                read_listener_plain();
            } else {
                bare_queue_flush(&forwarder.out);
                used = 0;
                read_listener_batched();
            }
        }
        bare_queue_flush(&forwarder.out);
        free_closed();
    }
}

static bool read_variant(const char *text)
{
    static const char *const names[] = {"plain", "batched", "offload"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(text, names[i]) == 0) {
            forwarder.variant = (enum variant)i;
            return true;
        }
    return false;
}

int main(int argc, char **argv)
{
    const struct bare_control_calls calls = {.open_relay = open_relay,
                                             .close_relay = close_relay,
                                             .bind_channel = bind_channel,
                                             .answer = answer};
    struct rlimit limit;

    if (argc != 3 || !read_variant(argv[1])) {
        fputs("usage: bare_forwarder plain|batched|offload USERS-FILE-LINE\n", stderr);
        return 2;
    }
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
    forwarder.epoll = epoll_create1(EPOLL_CLOEXEC);
    forwarder.listener = open_socket(BARE_LISTENING_PORT, LISTENER_BUFFER);
    if (!bare_received_init(&forwarder.in, forwarder.variant == OFFLOAD) || forwarder.epoll < 0 ||
        forwarder.listener < 0 || !watch(forwarder.listener, NULL)) {
        perror("bare_forwarder");
        return 1;
    }
    forwarder.out.offload = forwarder.variant == OFFLOAD;
    enum err err = bare_control_new(argv[2], &calls, &forwarder.control);

    if (err != ERR_OK) {
        fprintf(stderr, "bare_forwarder: %s\n", err_name(err));
        return 1;
    }
    run();
}
