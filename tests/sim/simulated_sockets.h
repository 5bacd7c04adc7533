/* simulated_sockets.h — queues of datagrams in place of sockets, and of what shards hand over. */
#ifndef RELAY_TESTS_SIMULATED_SOCKETS_H
#define RELAY_TESTS_SIMULATED_SOCKETS_H

#include "redirect_message.h"
#include "turn_server.h"

/* A datagram in a socket's queue. */
struct queued {
    struct queued *next;
    struct five_tuple five_tuple;  /* of a client */
    struct transport_addr peer;    /* of a relay */
    struct turn_relay_id relay_id; /* of a relay */
    uint8_t hops;                  /* handed over */
    size_t len;
    uint8_t bytes[]; /* TURN_HEADROOM in front */
};

struct datagram_queue {
    struct queued *first;
    struct queued *last;
};

/* datagram_queue_add appends a copy of |head| with |bytes|. datagram_queue_take takes the first
 * one out, for the caller to free, or gives NULL. datagram_queue_clear drops all. */
void datagram_queue_add(struct datagram_queue *queue, const struct queued *head,
                        struct bytes bytes);
struct queued *datagram_queue_take(struct datagram_queue *queue);
void datagram_queue_clear(struct datagram_queue *queue);

static inline struct bytes queued_bytes(struct queued *queued)
{
    return (struct bytes){.data = queued->bytes + TURN_HEADROOM, .len = queued->len};
}

struct handed_over;

/* What a process will hand over at the end of its round: takes the place of redirect.c, with the
 * redirect_send of redirect.h. */
struct redirect {
    struct handed_over *first;
    struct handed_over *last;
    uint64_t *values;
};

struct handed_over {
    struct handed_over *next;
    uint32_t shard;
    struct redirected redirected;
    uint8_t bytes[];
};

/* simulated_redirect_take takes the first one out, for the caller to free, or gives NULL. */
struct handed_over *simulated_redirect_take(struct redirect *redirect);

#endif
