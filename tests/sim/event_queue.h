/* event_queue.h — what will happen in the simulated world, earliest first. */
#ifndef RELAY_TESTS_EVENT_QUEUE_H
#define RELAY_TESTS_EVENT_QUEUE_H

#include "checked_server.h"
#include "test_client.h"

enum event_kind {
    EVENT_CLIENT_ACTS,   /* |client| does something */
    EVENT_PEER_ACTS,     /* some peer sends something */
    EVENT_TO_SERVER,     /* |bytes| from |five_tuple|.client arrive at port 3478 */
    EVENT_TO_CLIENT,     /* |bytes| arrive at |client| */
    EVENT_TO_HOST,       /* |bytes| from |from| arrive at |to|: a peer, or a relayed address */
    EVENT_TO_OLD_RELAY,  /* |bytes| from |from| come out of a socket that may be closed */
    EVENT_SHARD_KILLED,  /* |shard| dies and comes back from its records */
    EVENT_RELAY_OUTCOME, /* an OPEN_RELAY of |shard| has been carried out, or has failed */
    /* deployment.h: */
    EVENT_OPERATOR_ACTS, /* a process is killed or paused, their number changed, the registry lost
                          */
    EVENT_SHARD_STARTS,  /* a process for |shard| starts */
    EVENT_SHARD_WAKES,   /* the process |serial| of |shard| is paused no longer */
    EVENT_TROUBLE_ENDS,  /* the registry, or the way of process |serial| to it, is back */
};

struct event {
    int64_t at_usec;
    uint64_t order; /* of being added: equal times happen in this order */
    enum event_kind kind;
    struct five_tuple five_tuple;
    struct transport_addr from;
    struct transport_addr to;
    size_t client;
    size_t shard;
    uint64_t serial; /* of a process, 0 = none */
    struct turn_relay_id relay_id;
    uint8_t families; /* RELAY_OUTCOME: of the OPEN_RELAY */
    enum trust trust; /* TO_SERVER */
    bool honest;      /* TO_SERVER: as |client| built it; its answer carries |want| */
    struct want want;
    uint8_t *bytes; /* owned */
    size_t len;
};

/* A binary heap. */
struct event_queue {
    struct event *events;
    size_t count;
    size_t capacity;
    uint64_t added;
};

/* event_queue_add takes a copy of |event|, with a copy of its |len| bytes at |bytes|. */
void event_queue_add(struct event_queue *queue, const struct event *event, const void *bytes);

/* event_queue_take takes the earliest event out; the caller frees its bytes. Not when empty. */
struct event event_queue_take(struct event_queue *queue);

/* event_queue_next: when the earliest event is, INT64_MAX when there is none. */
int64_t event_queue_next(const struct event_queue *queue);

void event_queue_deinit(struct event_queue *queue);

#endif
