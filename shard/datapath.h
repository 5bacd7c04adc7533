/* datapath.h — datagrams in batches from the sockets, through the core, and out again.
 *
 *     up    listening socket ─ recvmmsg ─► core ─► relay socket of the allocation
 *     down  relay sockets    ─ recvmmsg ─► core ─► listening socket
 *
 * A datagram is received into a slot with headroom, rewritten there and sent
 * from there; nothing is allocated and no payload is copied. A slot may hold a train, datagrams of
 * one flow that the kernel has received as one message; each is judged and counted by itself, and
 * send_batch makes a train of them again. (libevent doubles its list of ready
 * events when more were ready at once than ever before, at most seven times.) Up, what leaves from
 * the same relay socket leaves in one call. Down, what several relay sockets received leaves in one
 * call: the batch is flushed when the slots run out and at the end of the round (round.h). The
 * order within a flow is kept both ways.
 *
 * Fairness. STUN and data of clients share the listening socket's queue, so
 * neither can starve the other there; what could is the peers' data. Hence
 * both sides are read in limited portions by turns: some LISTENER_CREDIT
 * datagrams from a listening socket, then at most one from each relay
 * socket, and the listening sockets again after RELAY_CREDIT datagrams of peers however
 * many relay sockets are ready. When clients send more than can be relayed, data is shed before it
 * is in the queue (overload.h).
 */
#ifndef RELAY_DATAPATH_H
#define RELAY_DATAPATH_H

#include "bytes.h"
#include "err.h"
#include "listener.h"
#include "mono_time.h"
#include "receive_slots.h"
#include "relay_table.h"
#include "send_batch.h"
#include "send_groups.h"
#include "transport_addr.h"
#include "turn_server.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    LISTENER_CREDIT = 256, /* datagrams of clients, and what the last receive call brings */
    /* Datagrams that one receive call is to bring where trains come. The first call that meets
     * long ones brings more. */
    PORTION_CREDIT = 256,
    RELAY_BATCH = 32,   /* messages from a relay socket at a time */
    RELAY_CREDIT = 512, /* datagrams from relay sockets between two looks at the listening ones */
};

struct datapath;

struct datapath_config {
    struct turn_server *server;
    const struct relay_table *relays;
    struct listeners listeners;
    uint64_t *values; /* of the counter page */
    /* Carries out the commands of the core after the control message |datagram|. */
    void (*on_control)(void *context, struct turn_now now, struct bytes datagram);
    /* The core says that |datagram| may be another shard's; |shard| says which if that is known
     * (turn_server.h). The view dies with the call. */
    void (*on_not_mine)(void *context, struct turn_now now, const struct five_tuple *five_tuple,
                        struct bytes datagram, uint32_t shard);
    /* Answers are about to be sent: what they promise has to be written before. May be NULL. */
    void (*before_answers)(void *context);
    void *context;
};

/* datapath_new makes all buffers. What |config| points to must outlive it.
 * ERR_OK or ERR_NO_MEMORY. */
enum err datapath_new(const struct datapath_config *config, struct datapath **ret) MUST_CHECK;

/* datapath_free drops what has not been flushed. NULL is fine. */
void datapath_free(struct datapath *datapath);

/*
 * datapath_read_listener relays or answers what waits on the listening socket
 * of |family|, in portions until LISTENER_CREDIT is used up.
 */
void datapath_read_listener(struct datapath *datapath, enum ip_family family, struct turn_now now);

/*
 * datapath_read_relay relays one portion of what waits on |socket|, or takes
 * the ICMP errors from it. Returns how many datagrams it received.
 */
unsigned datapath_read_relay(struct datapath *datapath, struct relay_socket *socket,
                             struct turn_now now);

/*
 * datapath_client_datagram relays or answers a client's datagram that came another way than
 * through a listening socket here. |datagram| must stay as it is until datapath_flush_up.
 */
void datapath_client_datagram(struct datapath *datapath, const struct five_tuple *five_tuple,
                              struct bytes datagram, enum turn_arrival arrival,
                              struct turn_now now);

/* datapath_flush_up sends what is queued for peers. */
void datapath_flush_up(struct datapath *datapath);

/*
 * datapath_respond queues a copy of |response|, at most TURN_RESPONSE_MAX
 * bytes, for |five_tuple->client| from |five_tuple->server|.
 */
void datapath_respond(struct datapath *datapath, const struct five_tuple *five_tuple,
                      struct bytes response);

/* datapath_mind_overload sheds what is too much (overload.h), and says so in the counters. At the
 * end of every round in which the sockets were read. */
void datapath_mind_overload(struct datapath *datapath, struct mono_time now);

/* datapath_flush sends what is queued for clients. At the end of every round. */
void datapath_flush(struct datapath *datapath);

#endif
