/* datapath.c — datagrams in batches from the sockets, through the core, and out again. */
#include "datapath.h"

#include "options.h"
#include "overload.h"
#include "shed_filter.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Down a portion is read into what is left of the slots, unless that is less than this. */
enum { RELAY_BATCH_LEAST = 16 };
_Static_assert((int)SEND_HEADER_LEN == (int)TURN_HEADROOM, "the header of ChannelData");

/* What leaves a listening socket, and the responses among it. */
struct client_batch {
    struct send_batch send;
    unsigned train;     /* as of portion_of */
    uint32_t overflows; /* datagrams that the socket's full buffer has cost, as last reported */
    struct overload overload;
    uint8_t responses[SEND_BATCH_MAX][TURN_RESPONSE_MAX];
};

struct datapath {
    struct datapath_config config;
    struct receive_slots slots;
    struct send_groups up;
    struct client_batch v4;
    struct client_batch v6;
    bool has_answers; /* in the batches */
};

enum err datapath_new(const struct datapath_config *config, struct datapath **ret)
{
    struct datapath *datapath = calloc(1, sizeof(*datapath));

    if (datapath == NULL)
        return ERR_NO_MEMORY;
    if (!receive_slots_init(&datapath->slots)) {
        free(datapath);
        return ERR_NO_MEMORY;
    }
    datapath->config = *config;
    send_groups_init(&datapath->up, config->values, SHARD_COUNT_RELAY_SENT);
    send_batch_init(&datapath->v4.send, config->listeners.v4, config->values,
                    SHARD_COUNT_LISTENER_SENT);
    send_batch_init(&datapath->v6.send, config->listeners.v6, config->values,
                    SHARD_COUNT_LISTENER_SENT);
    overload_init(&datapath->v4.overload, config->listeners.v4, IP_FAMILY_V4);
    overload_init(&datapath->v6.overload, config->listeners.v6, IP_FAMILY_V6);
    *ret = datapath;
    return ERR_OK;
}

void datapath_free(struct datapath *datapath)
{
    if (datapath == NULL)
        return;
    overload_end(&datapath->v4.overload);
    overload_end(&datapath->v6.overload);
    receive_slots_deinit(&datapath->slots);
    free(datapath);
}

static void count(struct datapath *datapath, enum shard_counter counter, uint64_t value)
{
    datapath->config.values[counter] += value;
}

static struct client_batch *batch_of(struct datapath *datapath, uint8_t family)
{
    return family == IP_FAMILY_V4 ? &datapath->v4 : &datapath->v6;
}

/* Sends what is queued for clients. The receive slots stay in use. */
static void flush_clients(struct datapath *datapath)
{
    if (datapath->has_answers && datapath->config.before_answers != NULL)
        datapath->config.before_answers(datapath->config.context);
    datapath->has_answers = false;
    send_batch_flush(&datapath->v4.send);
    send_batch_flush(&datapath->v6.send);
}

void datapath_flush(struct datapath *datapath)
{
    flush_clients(datapath);
    receive_slots_give_back(&datapath->slots, 0);
}

void datapath_mind_overload(struct datapath *datapath, struct mono_time now)
{
    overload_run(&datapath->v4.overload, now);
    overload_run(&datapath->v6.overload, now);
    datapath->config.values[SHARD_COUNT_OVERLOADED] =
        overload_is_told(&datapath->v4.overload, now) ||
        overload_is_told(&datapath->v6.overload, now);
}

void datapath_respond(struct datapath *datapath, const struct five_tuple *five_tuple,
                      struct bytes response)
{
    struct client_batch *batch = batch_of(datapath, five_tuple->client.family);

    assert(response.len <= TURN_RESPONSE_MAX);
    if (send_batch_is_full(&batch->send))
        send_batch_flush(&batch->send);
    datapath->has_answers = true;
    uint8_t *copy = batch->responses[batch->send.count];

    memcpy(copy, response.data, response.len);
    send_batch_add(&batch->send, &five_tuple->client, &five_tuple->server,
                   (struct bytes){.data = copy, .len = response.len});
}

/* Queues |relayed| for its peer. */
static void send_up(struct datapath *datapath, const struct turn_relay *relayed)
{
    const struct relay *relay = relay_table_find(datapath->config.relays, relayed->relay_id);
    int fd = relay != NULL ? relay_socket_fd(relay, relayed->peer.family) : -1;

    if (fd < 0) {
        /* The core relays only for allocations whose sockets it has been told are open. */
        count(datapath, SHARD_COUNT_SEND_ERRORS, 1);
        return;
    }
    if (send_groups_is_full(&datapath->up))
        send_groups_flush(&datapath->up);
    send_groups_add(&datapath->up, fd, &relayed->peer, relayed->payload);
}

void datapath_flush_up(struct datapath *datapath)
{
    send_groups_flush(&datapath->up);
}

void datapath_client_datagram(struct datapath *datapath, const struct five_tuple *five_tuple,
                              struct bytes datagram, enum turn_arrival arrival, struct turn_now now)
{
    const struct datapath_config *config = &datapath->config;
    struct turn_relay relayed;

    /* So that there is room for the answer, whose records will be queued before it. */
    if (send_batch_is_full(&batch_of(datapath, five_tuple->client.family)->send))
        flush_clients(datapath);
    switch (
        turn_server_client_datagram(config->server, now, five_tuple, datagram, arrival, &relayed)) {
    case TURN_VERDICT_DROP:
        break;
    case TURN_VERDICT_RELAY:
        send_up(datapath, &relayed);
        break;
    case TURN_VERDICT_CONTROL:
        /* A command may close the very socket that data is queued for. */
        datapath_flush_up(datapath);
        config->on_control(config->context, now, datagram);
        break;
    case TURN_VERDICT_NOT_MINE:
        config->on_not_mine(config->context, now, five_tuple, datagram, relayed.shard);
        break;
    }
}

/* Adds what the kernel dropped since |*last| and remembers the new total. It wraps. Returns how
 * many that were. */
static uint32_t count_overflows(struct datapath *datapath, const struct packet_info *info,
                                uint32_t *last)
{
    if (!info->has_overflows)
        return 0;
    uint32_t new_ones = info->overflows - *last;

    count(datapath, SHARD_COUNT_KERNEL_DROPS, new_ones);
    *last = info->overflows;
    return new_ones;
}

/* Counts a receive call that gave nothing, for a reason other than an empty socket. */
static void count_receive_error(struct datapath *datapath, int error)
{
    if (error != EAGAIN && error != EINTR)
        count(datapath, SHARD_COUNT_RECEIVE_ERRORS, 1);
}

/* How many messages to receive, at most |max|, so that they hold some PORTION_CREDIT datagrams if
 * they are trains as long as the last ones, |train|: they are told by receiving them only. */
static unsigned portion_of(unsigned train, unsigned max)
{
    unsigned messages = train > 0 ? PORTION_CREDIT / train : max;

    return messages > max ? max : messages > 0 ? messages : 1;
}

/* How long trains are, now that |messages| have held |datagrams|. Short ones do not make the long
 * ones before them forgotten at once. */
static unsigned train_after(unsigned train, unsigned messages, unsigned datagrams)
{
    unsigned now = (datagrams + messages - 1) / messages;

    return now > train / 2 ? now : train / 2;
}

/* The datagrams of a slot: one, or the train that the kernel has received as one. */
struct pieces {
    uint8_t *at;
    size_t left;
    size_t size; /* of each but the last */
    unsigned count;
};

static struct pieces pieces_of(const struct receive_slots *slots, unsigned i,
                               const struct packet_info *info)
{
    size_t len = receive_slots_len(slots, i);

    return (struct pieces){.at = receive_slots_payload(slots, i),
                           .left = len,
                           .size = info->segment > 0 && info->segment < len ? info->segment : len};
}

/* The next one as |*ret|, |*ret_len|. False when there was no more; an empty datagram is one. */
static bool next_piece(struct pieces *pieces, uint8_t **ret, size_t *ret_len)
{
    if (pieces->left == 0 && pieces->count > 0)
        return false;
    *ret = pieces->at;
    *ret_len = pieces->left < pieces->size ? pieces->left : pieces->size;
    pieces->at += *ret_len;
    pieces->left -= *ret_len;
    pieces->count++;
    return true;
}

/* Hands the clients' datagrams in slot |i| to the core and does what it says. Returns how many. */
static unsigned handle_client_slot(struct datapath *datapath, struct client_batch *batch,
                                   unsigned i, struct turn_now now)
{
    const struct msghdr *header = receive_slots_header(&datapath->slots, i);
    struct packet_info info = packet_info_read(header, RELAY_LISTENING_PORT);
    struct pieces pieces = pieces_of(&datapath->slots, i, &info);
    struct five_tuple five_tuple = {.server = info.server};
    uint8_t *at;
    size_t len;

    uint32_t dropped = count_overflows(datapath, &info, &batch->overflows);

    if (dropped > 0)
        overload_dropped(&batch->overload, now.mono, dropped);
    if (header->msg_flags & MSG_TRUNC) {
        count(datapath, SHARD_COUNT_RECEIVE_TRUNCATED, 1);
        return 1;
    }
    if (info.server.family == IP_FAMILY_NONE ||
        !receive_slots_source(&datapath->slots, i, &five_tuple.client)) {
        count(datapath, SHARD_COUNT_RECEIVE_NO_ADDRESS, 1);
        return 1;
    }
    bool is_data = shed_filter_judges((struct bytes){.data = pieces.at, .len = pieces.left});

    while (next_piece(&pieces, &at, &len))
        datapath_client_datagram(datapath, &five_tuple, (struct bytes){.data = at, .len = len},
                                 TURN_ARRIVAL_FIRST, now);
    overload_received(&batch->overload, &five_tuple.client, is_data ? pieces.count : 0);
    return pieces.count;
}

/* One portion from a listening socket, counted in |*total|. True when there may be more. */
static bool read_listener_once(struct datapath *datapath, struct client_batch *batch,
                               struct turn_now now, unsigned *total)
{
    unsigned first;

    datapath_flush(datapath);
    unsigned asked = portion_of(batch->train, RECEIVE_SLOT_COUNT);
    unsigned received = receive_slots_read(&datapath->slots, batch->send.fd, asked, &first);

    if (received < asked)
        overload_emptied(&batch->overload, now.mono);
    if (received == 0) {
        count_receive_error(datapath, errno);
        return false;
    }
    uint64_t bytes = 0;
    unsigned datagrams = 0;

    for (unsigned i = first; i < first + received; i++) {
        bytes += receive_slots_len(&datapath->slots, i);
        datagrams += handle_client_slot(datapath, batch, i, now);
    }
    datapath_flush_up(datapath);
    /* Queued responses have their own memory, so no slot is in use any more. */
    receive_slots_give_back(&datapath->slots, 0);
    count(datapath, SHARD_COUNT_LISTENER_RECEIVED, datagrams);
    count(datapath, SHARD_COUNT_LISTENER_RECEIVED_BYTES, bytes);
    count(datapath, SHARD_COUNT_LISTENER_RECEIVED_BATCHES, 1);
    count(datapath, SHARD_COUNT_LISTENER_RECEIVE_BATCH_1 + counter_bucket_of(datagrams), 1);
    batch->train = train_after(batch->train, received, datagrams);
    *total += datagrams;
    return received == asked;
}

void datapath_read_listener(struct datapath *datapath, enum ip_family family, struct turn_now now)
{
    struct client_batch *batch = batch_of(datapath, (uint8_t)family);
    unsigned total = 0;

    while (total < LISTENER_CREDIT) {
        if (!read_listener_once(datapath, batch, now, &total))
            return;
    }
    count(datapath, SHARD_COUNT_CONTROL_BUDGET_EXHAUSTED, 1);
}

/* Hands one datagram of a peer to the core. True when it is queued for its client. |has_room| in
 * front of it for the header: else the end of the one before it is there. */
static bool handle_peer(struct datapath *datapath, struct turn_relay_id id,
                        const struct transport_addr *peer, uint8_t *at, size_t len, bool has_room,
                        struct turn_now now)
{
    struct turn_relay relayed;
    uint8_t kept[SEND_HEADER_LEN];

    /* Before the core is asked: with answers among it, their records are written first, and that
     * may bring something for the core. */
    if (send_batch_is_full(&datapath->v4.send) || send_batch_is_full(&datapath->v6.send))
        flush_clients(datapath);
    if (!has_room)
        memcpy(kept, at - SEND_HEADER_LEN, SEND_HEADER_LEN);
    bool is_relayed = turn_server_peer_datagram(datapath->config.server, now, id, peer, at, len,
                                                &relayed) == TURN_VERDICT_RELAY;

    if (is_relayed) {
        const struct five_tuple *five_tuple = &relayed.five_tuple;
        struct send_batch *send = &batch_of(datapath, five_tuple->client.family)->send;

        if (has_room)
            send_batch_add(send, &five_tuple->client, &five_tuple->server, relayed.payload);
        else
            send_batch_add_headed(send, &five_tuple->client, &five_tuple->server,
                                  relayed.payload.data, (struct bytes){.data = at, .len = len});
    }
    if (!has_room)
        memcpy(at - SEND_HEADER_LEN, kept, SEND_HEADER_LEN);
    return is_relayed;
}

/* Hands the peers' datagrams in slot |i| to the core. Returns how many; |*is_any_queued| is set
 * when one is queued for its client. */
static unsigned handle_peer_slot(struct datapath *datapath, struct relay_socket *socket, unsigned i,
                                 struct turn_now now, bool *is_any_queued)
{
    const struct msghdr *header = receive_slots_header(&datapath->slots, i);
    struct packet_info info = packet_info_read(header, 0);
    struct pieces pieces = pieces_of(&datapath->slots, i, &info);
    struct transport_addr peer;
    uint8_t *at;
    size_t len;

    (void)count_overflows(datapath, &info, &socket->overflows);
    if (header->msg_flags & MSG_TRUNC) {
        count(datapath, SHARD_COUNT_RECEIVE_TRUNCATED, 1);
        return 1;
    }
    if (!receive_slots_source(&datapath->slots, i, &peer)) {
        count(datapath, SHARD_COUNT_RECEIVE_NO_ADDRESS, 1);
        return 1;
    }
    while (next_piece(&pieces, &at, &len))
        *is_any_queued |= handle_peer(datapath, socket->id, &peer, at, len, pieces.count == 1, now);
    return pieces.count;
}

unsigned datapath_read_relay(struct datapath *datapath, struct relay_socket *socket,
                             struct turn_now now)
{
    struct receive_slots *slots = &datapath->slots;
    unsigned first;

    if (receive_slots_free(slots) < RELAY_BATCH_LEAST)
        datapath_flush(datapath);
    unsigned room = receive_slots_free(slots);
    unsigned asked = portion_of(socket->train, room < RELAY_BATCH ? room : RELAY_BATCH);
    unsigned received = receive_slots_read(slots, socket->fd, asked, &first);

    if (received == 0) {
        /* An ICMP error wakes the loop up until it is taken from the error queue, and fails one
         * receive as well. It is no reason to close the socket: the next peer may be well. */
        int error = errno;
        unsigned icmp_errors = relay_socket_take_icmp_errors(socket->fd);

        count(datapath, SHARD_COUNT_ICMP_ERRORS, icmp_errors);
        if (icmp_errors == 0)
            count_receive_error(datapath, error);
        return 0;
    }
    uint64_t bytes = 0;
    unsigned datagrams = 0;
    bool is_any_queued = false;

    for (unsigned i = first; i < first + received; i++) {
        bytes += receive_slots_len(slots, i);
        datagrams += handle_peer_slot(datapath, socket, i, now, &is_any_queued);
    }
    socket->train = train_after(socket->train, received, datagrams);
    if (!is_any_queued)
        receive_slots_give_back(slots, first);
    count(datapath, SHARD_COUNT_RELAY_RECEIVED, datagrams);
    count(datapath, SHARD_COUNT_RELAY_RECEIVED_BYTES, bytes);
    count(datapath, SHARD_COUNT_RELAY_RECEIVED_BATCHES, 1);
    count(datapath, SHARD_COUNT_RELAY_RECEIVE_BATCH_1 + counter_bucket_of(datagrams), 1);
    return datagrams;
}
