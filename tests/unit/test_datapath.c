/* test_datapath.c — tests of datapath.h and relay_commands.h: a server between real sockets. */
#include "datapath.h"

#include "log.h"
#include "relay_commands.h"
#include "wire.h"

#include <netinet/udp.h>
#include <string.h>

#include "loopback.h"
#include "server_setup.h"
#include "test_client.h"

enum { CHANNEL_NUMBER = 0x4001, CLIENTS = 2 };

/* Calls of our code to the allocator: the linker sends them here (--wrap). */
static size_t heap_calls;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

void *__wrap_malloc(size_t size)
{
    heap_calls++;
    return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    heap_calls++;
    return __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    heap_calls++;
    return __real_realloc(old, size);
}

struct client {
    struct test_client turn;
    int fd; /* connected to the listening socket */
    struct relay *relay;
};

struct fixture {
    struct server_setup setup;
    struct crypto *crypto;
    uint64_t values[COUNTER_PAGE_VALUES];
    struct event_base *base;
    struct turn_server *server;
    struct relay_table relays;
    struct datapath *datapath;
    struct relay_commands commands;
    struct port_map_page page;
    struct port_map ports;
    int listener;
    struct transport_addr listener_addr; /* on 127.0.0.1 */
    int peer;
    struct transport_addr peer_addr;
    struct client clients[CLIENTS];
    unsigned written; /* how often before_answers was called */
};

static const struct turn_now now = {.mono = {.usec = 1000000}, .wall = {.sec = TEST_WALL_SEC}};

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
}

static void on_control(void *context, struct turn_now at, struct bytes datagram)
{
    struct fixture *fixture = context;

    relay_commands_run(&fixture->commands, at, datagram, 0);
}

static void before_answers(void *context)
{
    struct fixture *fixture = context;

    fixture->written++;
}

static void connect_to(int fd, const struct transport_addr *addr)
{
    union socket_addr socket_addr;
    socklen_t len = socket_addr_from(addr, &socket_addr);

    assert_int_equal(connect(fd, &socket_addr.any, len), 0);
}

/* A listening socket as the relay's, but for its port. */
static int make_listener(struct transport_addr *ret_addr)
{
    struct transport_addr any = transport_addr_any(IP_FAMILY_V4, 0);
    union socket_addr socket_addr;
    socklen_t len = sizeof(socket_addr);
    int fd = udp_socket_new(IP_FAMILY_V4);

    assert_true(fd >= 0 && udp_socket_bind(fd, &any));
    assert_true(udp_socket_set_int(fd, IPPROTO_IP, IP_PKTINFO, 1));
    udp_socket_set_buffers(fd, UDP_SOCKET_RECEIVE_BUFFER | UDP_SOCKET_SEND_BUFFER,
                           RELAY_BUFFER_LEN);
    udp_socket_take_trains(fd, true);
    assert_int_equal(getsockname(fd, &socket_addr.any, &len), 0);
    assert_true(socket_addr_to(&socket_addr, len, ret_addr));
    memcpy(ret_addr->ip, loopback_ip, sizeof(loopback_ip));
    return fd;
}

static void make_server(struct fixture *fixture)
{
    struct turn_config *config = &fixture->setup.config;

    server_setup_init(&fixture->setup);
    config->recorded = false;
    config->public_v4 = transport_addr_v4(loopback_ip, 0);
    config->public_v6 = (struct transport_addr){.family = IP_FAMILY_NONE};
    config->lowest_port = 61000;
    config->highest_port = 61999;
    config->counters = fixture->values;
    assert_int_equal(turn_peer_policy_add_range(&fixture->setup.policy, "127.0.0.0/8", true),
                     ERR_OK);
    assert_int_equal(turn_server_new(config, &fixture->server), ERR_OK);
}

static int setup(void **state)
{
    static struct fixture fixture;

    memset(&fixture, 0, sizeof(fixture));
    assert_int_equal(crypto_new(&fixture.crypto), ERR_OK);
    fixture.base = event_base_new();
    assert_non_null(fixture.base);
    make_server(&fixture);
    fixture.listener = make_listener(&fixture.listener_addr);
    fixture.peer = loopback_socket(&fixture.peer_addr);
    assert_int_equal(relay_table_init(&fixture.relays, 1000, fixture.base, on_readable, &fixture),
                     ERR_OK);
    const struct datapath_config config = {.server = fixture.server,
                                           .relays = &fixture.relays,
                                           .listeners = {.v4 = fixture.listener, .v6 = -1},
                                           .values = fixture.values,
                                           .on_control = on_control,
                                           .before_answers = before_answers,
                                           .context = &fixture};

    assert_int_equal(datapath_new(&config, &fixture.datapath), ERR_OK);
    fixture.ports.page = &fixture.page;
    fixture.commands = (struct relay_commands){.server = fixture.server,
                                               .datapath = fixture.datapath,
                                               .relays = &fixture.relays,
                                               .ports = &fixture.ports,
                                               .binding = {.v4 = transport_addr_v4(loopback_ip, 0)},
                                               .values = fixture.values};
    log_init(LOG_LEVEL_ERROR, LOG_FORMAT_HUMAN, STDERR_FILENO, LOG_SUPERVISOR);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;

    for (size_t i = 0; i < CLIENTS; i++) {
        if (fixture->clients[i].fd > 0)
            close(fixture->clients[i].fd);
    }
    close(fixture->peer);
    close(fixture->listener);
    relay_table_deinit(&fixture->relays);
    datapath_free(fixture->datapath);
    turn_server_free(fixture->server);
    event_base_free(fixture->base);
    crypto_free(fixture->crypto);
    return 0;
}

static void read_listener(struct fixture *fixture)
{
    loopback_wait(fixture->listener);
    datapath_read_listener(fixture->datapath, IP_FAMILY_V4, now);
    datapath_flush(fixture->datapath);
}

/* Receives a datagram of at most MESSAGE_MAX bytes. */
static struct bytes receive(int fd)
{
    static uint8_t datagram[MESSAGE_MAX];

    loopback_wait(fd);
    ssize_t len = recv(fd, datagram, sizeof(datagram), 0);

    assert_true(len >= 0);
    return (struct bytes){.data = datagram, .len = (size_t)len};
}

static void expect_nothing(int fd)
{
    uint8_t byte;

    assert_int_equal(recv(fd, &byte, 1, MSG_DONTWAIT), -1);
}

static void send_request(struct fixture *fixture, struct client *client, uint16_t method,
                         const struct attr *attrs)
{
    struct message message = client_message(&client->turn, method, attrs);

    client_build(&client->turn, fixture->crypto, &message);
    assert_int_equal(send(client->fd, client->turn.request, client->turn.request_len, 0),
                     (ssize_t)client->turn.request_len);
}

/* Sends a request and takes its answer. Returns the error code, 0 for success. */
static uint16_t ask(struct fixture *fixture, struct client *client, uint16_t method,
                    const struct attr *attrs)
{
    struct answer answer;

    send_request(fixture, client, method, attrs);
    read_listener(fixture);
    assert_null(answer_read(receive(client->fd), &answer));
    client_take_answer(&client->turn, &answer);
    return answer.error_code;
}

/* Makes a client with an allocation and a channel to the peer. */
static struct client *make_client(struct fixture *fixture, size_t i)
{
    struct client *client = &fixture->clients[i];
    struct transport_addr addr, server = transport_addr_v4(loopback_ip, 3478);

    client->fd = loopback_socket(&addr);
    connect_to(client->fd, &fixture->listener_addr);
    client_init(&client->turn, fixture->crypto, addr, server, TEST_USERNAME, TEST_PASSWORD,
                TEST_REALM);
    assert_int_equal(ask(fixture, client, TURN_ALLOCATE, ATTRS(UDP)), 401);
    assert_int_equal(ask(fixture, client, TURN_ALLOCATE, ATTRS(UDP)), 0);
    assert_int_equal(ask(fixture, client, TURN_CHANNEL_BIND,
                         ATTRS(CHANNEL(CHANNEL_NUMBER), PEER(fixture->peer_addr))),
                     0);
    for (uint32_t at = 0; at < fixture->relays.capacity; at++) {
        struct relay *relay = &fixture->relays.relays[at];

        if (relay->families != 0 && relay->port == client->turn.relayed_v4.port)
            client->relay = relay;
    }
    assert_non_null(client->relay);
    return client;
}

static void send_channel_data(const struct client *client, uint32_t number)
{
    uint8_t datagram[8];

    wire_store_u16(datagram, CHANNEL_NUMBER);
    wire_store_u16(datagram + 2, 4);
    wire_store_u32(datagram + 4, number);
    assert_int_equal(send(client->fd, datagram, sizeof(datagram), 0), sizeof(datagram));
}

static void send_to_relay(const struct fixture *fixture, const struct client *client,
                          uint32_t number)
{
    uint8_t payload[4];

    wire_store_u32(payload, number);
    loopback_send(fixture->peer, &client->turn.relayed_v4, payload, sizeof(payload));
}

static void expect_channel_data(const struct client *client, uint32_t number)
{
    struct bytes datagram = receive(client->fd);

    assert_int_equal(datagram.len, 8);
    assert_int_equal(wire_load_u16(datagram.data), CHANNEL_NUMBER);
    assert_int_equal(wire_load_u16(datagram.data + 2), 4);
    assert_int_equal(wire_load_u32(datagram.data + 4), number);
}

static void data_of_several_clients_keeps_its_order_up(void **state)
{
    struct fixture *fixture = *state;
    const struct client *clients[] = {make_client(fixture, 0), make_client(fixture, 1)};
    uint32_t next[CLIENTS] = {0};

    for (uint32_t i = 0; i < 20; i++)
        send_channel_data(clients[i % 3 == 0], i);
    read_listener(fixture);
    for (uint32_t i = 0; i < 20; i++) {
        union socket_addr from;
        socklen_t len = sizeof(from);
        struct transport_addr source;
        uint8_t payload[8];

        loopback_wait(fixture->peer);
        assert_int_equal(recvfrom(fixture->peer, payload, sizeof(payload), 0, &from.any, &len), 4);
        assert_true(socket_addr_to(&from, len, &source));
        size_t who = transport_addr_equal(&source, &clients[1]->turn.relayed_v4);

        assert_true(transport_addr_equal(&source, &clients[who]->turn.relayed_v4));
        while ((next[who] % 3 == 0) != (who == 1))
            next[who]++;
        assert_int_equal(wire_load_u32(payload), next[who]);
        next[who]++;
    }
    assert_int_equal(fixture->values[TURN_COUNT_RELAYED_TO_PEER], 20);
    assert_int_equal(fixture->values[SHARD_COUNT_RELAY_SENT], 20);
}

static void data_of_several_relays_leaves_in_one_call_and_in_order(void **state)
{
    struct fixture *fixture = *state;
    struct client *clients[] = {make_client(fixture, 0), make_client(fixture, 1)};
    uint64_t calls = fixture->values[SHARD_COUNT_LISTENER_SENT_BATCHES];

    for (uint32_t i = 0; i < 10; i++) {
        send_to_relay(fixture, clients[0], i);
        send_to_relay(fixture, clients[1], 100 + i);
    }
    for (size_t i = 0; i < CLIENTS; i++) {
        loopback_wait(clients[i]->relay->v4.fd);
        assert_int_equal(datapath_read_relay(fixture->datapath, &clients[i]->relay->v4, now), 10);
    }
    expect_nothing(clients[0]->fd);
    datapath_flush(fixture->datapath);
    for (uint32_t i = 0; i < 10; i++) {
        expect_channel_data(clients[0], i);
        expect_channel_data(clients[1], 100 + i);
    }
    assert_int_equal(fixture->values[SHARD_COUNT_LISTENER_SENT_BATCHES], calls + 1);
    assert_int_equal(fixture->values[SHARD_COUNT_RELAY_RECEIVE_BATCH_16], 2);
    assert_int_equal(fixture->values[SHARD_COUNT_LISTENER_SEND_BATCH_32], 1);
}

/* More than a receive call takes as single datagrams. The last one is shorter than the others. */
enum { TRAIN = RELAY_BATCH + 8, TRAIN_SIZE = 8, TRAIN_BYTES = TRAIN * TRAIN_SIZE - 1 };

static uint8_t *write_train(bool is_channel_data)
{
    static uint8_t train[TRAIN_BYTES + 1];

    for (uint32_t i = 0; i < TRAIN; i++) {
        uint8_t *at = train + (size_t)i * TRAIN_SIZE;
        bool is_last = i == TRAIN - 1;

        wire_store_u32(at, i);
        wire_store_u32(at + 4, i);
        if (is_channel_data) {
            wire_store_u16(at, CHANNEL_NUMBER);
            wire_store_u16(at + 2, is_last ? 3 : 4);
        }
    }
    return train;
}

/* Sends the whole train, but for its last byte, as one message. */
static void send_train(int fd, const struct transport_addr *to, bool is_channel_data)
{
    assert_true(udp_socket_set_int(fd, IPPROTO_UDP, UDP_SEGMENT, TRAIN_SIZE));
    loopback_send(fd, to, write_train(is_channel_data), TRAIN_BYTES);
    assert_true(udp_socket_set_int(fd, IPPROTO_UDP, UDP_SEGMENT, 0));
}

static void a_train_of_a_peer_arrives_whole_and_in_order(void **state)
{
    struct fixture *fixture = *state;
    const struct client *client = make_client(fixture, 0);
    const uint8_t *train = write_train(false);

    for (int round = 0; round < 2; round++) {
        send_train(fixture->peer, &client->turn.relayed_v4, false);
        loopback_wait(client->relay->v4.fd);
        assert_int_equal(datapath_read_relay(fixture->datapath, &client->relay->v4, now), TRAIN);
    }
    datapath_flush(fixture->datapath);
    for (size_t i = 0; i < 2 * TRAIN; i++) {
        size_t k = i % TRAIN, len = k == TRAIN - 1 ? TRAIN_SIZE - 1 : TRAIN_SIZE;
        struct bytes datagram = receive(client->fd);

        assert_int_equal(datagram.len, 4 + len);
        assert_int_equal(wire_load_u16(datagram.data), CHANNEL_NUMBER);
        assert_int_equal(wire_load_u16(datagram.data + 2), len);
        assert_memory_equal(datagram.data + 4, train + k * TRAIN_SIZE, len);
    }
    expect_nothing(client->fd);
    assert_int_equal(fixture->values[TURN_COUNT_RELAYED_TO_CLIENT], 2 * TRAIN);
    assert_int_equal(fixture->values[SHARD_COUNT_RELAY_RECEIVED], 2 * TRAIN);
}

static void a_train_of_a_client_arrives_whole_and_in_order(void **state)
{
    struct fixture *fixture = *state;
    const struct client *client = make_client(fixture, 0);
    uint64_t received = fixture->values[SHARD_COUNT_LISTENER_RECEIVED];
    uint64_t messages = fixture->values[SHARD_COUNT_RELAY_SENT_BATCHES];
    uint8_t *train = write_train(true);

    /* In the middle of it one that the core drops. */
    assert_true(udp_socket_set_int(client->fd, IPPROTO_UDP, UDP_SEGMENT, TRAIN_SIZE));
    train[(size_t)5 * TRAIN_SIZE] = 0xff;
    assert_int_equal(send(client->fd, train, TRAIN_BYTES, 0), TRAIN_BYTES);
    read_listener(fixture);
    for (uint32_t i = 0; i < TRAIN; i++) {
        if (i == 5)
            continue;
        struct bytes datagram = receive(fixture->peer);

        assert_int_equal(datagram.len, i == TRAIN - 1 ? 3 : 4);
        assert_memory_equal(datagram.data, train + (size_t)i * TRAIN_SIZE + 4, datagram.len);
    }
    expect_nothing(fixture->peer);
    assert_int_equal(fixture->values[SHARD_COUNT_LISTENER_RECEIVED], received + TRAIN);
    assert_int_equal(fixture->values[SHARD_COUNT_RELAY_SENT_BATCHES], messages + 1);
    assert_int_equal(fixture->values[TURN_COUNT_DROP_UNKNOWN_FIRST_BYTE], 1);
}

/* Once they have come, no call takes so many that others wait for long. */
static void trains_are_received_in_small_portions(void **state)
{
    struct fixture *fixture = *state;
    const struct client *client = make_client(fixture, 0);
    const uint64_t *received = &fixture->values[SHARD_COUNT_LISTENER_RECEIVED];

    for (int i = 0; i < 20; i++)
        send_train(fixture->peer, &client->turn.relayed_v4, false);
    loopback_wait(client->relay->v4.fd);
    assert_int_equal(datapath_read_relay(fixture->datapath, &client->relay->v4, now), 20 * TRAIN);
    for (int i = 0; i < 20; i++)
        send_train(fixture->peer, &client->turn.relayed_v4, false);
    assert_in_range(datapath_read_relay(fixture->datapath, &client->relay->v4, now), TRAIN,
                    PORTION_CREDIT);

    for (int i = 0; i < 20; i++)
        send_train(client->fd, &fixture->listener_addr, true);
    read_listener(fixture);
    for (int i = 0; i < 20; i++)
        send_train(client->fd, &fixture->listener_addr, true);
    uint64_t before = *received;

    read_listener(fixture);
    assert_in_range(*received - before, LISTENER_CREDIT - TRAIN, LISTENER_CREDIT + PORTION_CREDIT);
}

/* So many datagrams that an answer, which waits for the end of the round, leaves before it. */
static void an_answer_among_data_leaves_after_what_it_promises_is_written(void **state)
{
    struct fixture *fixture = *state;
    struct client *client = make_client(fixture, 0);
    struct answer answer;

    fixture->written = 0;
    send_request(fixture, client, TURN_REFRESH, NO_ATTRS);
    loopback_wait(fixture->listener);
    datapath_read_listener(fixture->datapath, IP_FAMILY_V4, now);
    assert_int_equal(fixture->written, 0);
    for (uint32_t i = 0; i < SEND_BATCH_MAX; i++)
        send_to_relay(fixture, client, i);
    for (unsigned received = 0; received < SEND_BATCH_MAX;)
        received += datapath_read_relay(fixture->datapath, &client->relay->v4, now);
    assert_null(answer_read(receive(client->fd), &answer));
    assert_int_equal(answer.error_code, 0);
    assert_int_equal(fixture->written, 1);
}

static void a_burst_larger_than_all_slots_arrives_whole(void **state)
{
    struct fixture *fixture = *state;
    struct client *client = make_client(fixture, 0);
    unsigned received = 0;

    for (uint32_t i = 0; i < 200; i++)
        send_to_relay(fixture, client, i);
    while (received < 200) {
        loopback_wait(client->relay->v4.fd);
        unsigned portion = datapath_read_relay(fixture->datapath, &client->relay->v4, now);

        assert_in_range(portion, 1, RELAY_BATCH);
        received += portion;
    }
    datapath_flush(fixture->datapath);
    for (uint32_t i = 0; i < 200; i++)
        expect_channel_data(client, i);
    assert_int_equal(fixture->values[SHARD_COUNT_RELAY_RECEIVED], 200);
}

static void the_packet_path_does_not_touch_the_heap(void **state)
{
    struct fixture *fixture = *state;
    struct client *client = make_client(fixture, 0);

    /* Making the server was counted, so the count works. */
    assert_true(heap_calls > 0);
    heap_calls = 0;
    for (uint32_t round = 0; round < 5; round++) {
        for (uint32_t i = 0; i < 50; i++) {
            send_channel_data(client, i);
            send_to_relay(fixture, client, i);
        }
        read_listener(fixture);
        loopback_wait(client->relay->v4.fd);
        while (datapath_read_relay(fixture->datapath, &client->relay->v4, now) > 0)
            continue;
        datapath_flush(fixture->datapath);
        for (uint32_t i = 0; i < 50; i++) {
            expect_channel_data(client, i);
            assert_int_equal(wire_load_u32(receive(fixture->peer).data), i);
        }
    }
    assert_int_equal(heap_calls, 0);
    assert_int_equal(fixture->values[TURN_COUNT_RELAYED_TO_PEER], 250);
    assert_int_equal(fixture->values[TURN_COUNT_RELAYED_TO_CLIENT], 250);
}

static void an_allocation_may_end_in_the_middle_of_a_batch(void **state)
{
    struct fixture *fixture = *state;
    struct client *client = make_client(fixture, 0);
    uint16_t port = client->relay->port;
    struct answer answer;

    assert_int_equal(fixture->values[SHARD_COUNT_RELAY_SOCKETS], 1);
    assert_true(port_map_has(&fixture->page, port));
    send_channel_data(client, 1);
    send_request(fixture, client, TURN_REFRESH, ATTRS(LIFETIME(0)));
    send_channel_data(client, 2);
    read_listener(fixture);
    assert_int_equal(wire_load_u32(receive(fixture->peer).data), 1);
    expect_nothing(fixture->peer);
    assert_null(answer_read(receive(client->fd), &answer));
    assert_int_equal(answer.error_code, 0);
    assert_int_equal(fixture->values[TURN_COUNT_DROP_NO_ALLOCATION], 1);
    assert_int_equal(fixture->values[SHARD_COUNT_RELAY_SOCKETS], 0);
    assert_int_equal(client->relay->families, 0);
    assert_false(port_map_has(&fixture->page, port));
}

static void an_answer_leaves_from_the_address_that_was_asked(void **state)
{
    struct fixture *fixture = *state;
    struct transport_addr asked = fixture->listener_addr, addr;
    const uint8_t request[20] = {0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 7};

    asked.ip[3] = 53;
    int fd = loopback_socket(&addr);

    /* Connected, it takes datagrams from that very address only. */
    connect_to(fd, &asked);
    assert_int_equal(send(fd, request, sizeof(request), 0), sizeof(request));
    read_listener(fixture);
    struct bytes response = receive(fd);

    assert_int_equal(wire_load_u16(response.data), 0x0101);
    assert_memory_equal(response.data + 8, request + 8, 12);
    close(fd);
}

static void a_flood_leaves_a_part_for_the_next_round(void **state)
{
    struct fixture *fixture = *state;
    const unsigned budget = LISTENER_CREDIT;
    const uint8_t noise = 0xff;
    struct transport_addr addr;
    int fd = loopback_socket(&addr);

    for (unsigned i = 0; i < budget + 10; i++)
        loopback_send(fd, &fixture->listener_addr, &noise, 1);
    read_listener(fixture);
    assert_int_equal(fixture->values[SHARD_COUNT_LISTENER_RECEIVED], budget);
    assert_int_equal(fixture->values[SHARD_COUNT_CONTROL_BUDGET_EXHAUSTED], 1);
    read_listener(fixture);
    assert_int_equal(fixture->values[SHARD_COUNT_LISTENER_RECEIVED], budget + 10);
    assert_int_equal(fixture->values[SHARD_COUNT_CONTROL_BUDGET_EXHAUSTED], 1);
    assert_int_equal(fixture->values[TURN_COUNT_DROP_UNKNOWN_FIRST_BYTE], budget + 10);
    close(fd);
}

static void an_icmp_error_is_counted_and_the_relay_lives_on(void **state)
{
    struct fixture *fixture = *state;
    struct client *client = make_client(fixture, 0);
    struct transport_addr gone;
    struct pollfd wait = {.fd = client->relay->v4.fd, .events = 0};
    int unreachable = loopback_unreachable(&gone);

    loopback_send(client->relay->v4.fd, &gone, "x", 1);
    assert_int_equal(poll(&wait, 1, 5000), 1);
    assert_int_equal(datapath_read_relay(fixture->datapath, &client->relay->v4, now), 0);
    assert_int_equal(fixture->values[SHARD_COUNT_ICMP_ERRORS], 1);
    assert_int_equal(fixture->values[SHARD_COUNT_RECEIVE_ERRORS], 0);
    assert_int_equal(poll(&wait, 1, 0), 0);

    send_to_relay(fixture, client, 9);
    loopback_wait(client->relay->v4.fd);
    assert_int_equal(datapath_read_relay(fixture->datapath, &client->relay->v4, now), 1);
    datapath_flush(fixture->datapath);
    expect_channel_data(client, 9);
    close(unreachable);
}

static void a_relay_that_cannot_be_opened_costs_no_more_than_its_allocation(void **state)
{
    struct fixture *fixture = *state;
    struct client *client = &fixture->clients[0];
    struct transport_addr addr, server = transport_addr_v4(loopback_ip, 3478);

    client->fd = loopback_socket(&addr);
    connect_to(client->fd, &fixture->listener_addr);
    client_init(&client->turn, fixture->crypto, addr, server, TEST_USERNAME, TEST_PASSWORD,
                TEST_REALM);
    assert_int_equal(ask(fixture, client, TURN_ALLOCATE, ATTRS(UDP)), 401);
    /* An address that no host has (RFC 1112 §4): the relay's own may have been taken away. */
    fixture->commands.binding.v4 = transport_addr_v4((const uint8_t[4]){240, 0, 0, 1}, 0);
    assert_int_equal(ask(fixture, client, TURN_ALLOCATE, ATTRS(UDP)), 440);
    assert_int_equal(fixture->values[SHARD_COUNT_RELAY_OPEN_FAILED], 1);
    assert_int_equal(turn_server_allocation_count(fixture->server), 0);
    fixture->commands.binding.v4 = transport_addr_v4(loopback_ip, 0);
    assert_int_equal(ask(fixture, client, TURN_ALLOCATE, ATTRS(UDP)), 0);
}

#define DATAPATH_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DATAPATH_TEST(data_of_several_clients_keeps_its_order_up),
        DATAPATH_TEST(data_of_several_relays_leaves_in_one_call_and_in_order),
        DATAPATH_TEST(a_train_of_a_peer_arrives_whole_and_in_order),
        DATAPATH_TEST(a_train_of_a_client_arrives_whole_and_in_order),
        DATAPATH_TEST(trains_are_received_in_small_portions),
        DATAPATH_TEST(an_answer_among_data_leaves_after_what_it_promises_is_written),
        DATAPATH_TEST(a_burst_larger_than_all_slots_arrives_whole),
        DATAPATH_TEST(the_packet_path_does_not_touch_the_heap),
        DATAPATH_TEST(an_allocation_may_end_in_the_middle_of_a_batch),
        DATAPATH_TEST(an_answer_leaves_from_the_address_that_was_asked),
        DATAPATH_TEST(a_flood_leaves_a_part_for_the_next_round),
        DATAPATH_TEST(an_icmp_error_is_counted_and_the_relay_lives_on),
        DATAPATH_TEST(a_relay_that_cannot_be_opened_costs_no_more_than_its_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
