/* send_batch.h — datagrams queued for one socket and sent in one system call.
 *
 * Neighbours from and to the same addresses and of one size, the last of them of that size or
 * less, are a train: the kernel takes it as one message and cuts it as late as it can
 * (UDP_SEGMENT). What it refuses as a train goes out one by one; when it takes none at all, none is
 * made for a while.
 *
 * The payloads are views of bytes that must stay until the batch is flushed;
 * everything else is kept here. Nothing is ever queued for later: what the
 * socket does not take now is dropped, and counted by reason.
 */
#ifndef RELAY_SEND_BATCH_H
#define RELAY_SEND_BATCH_H

#include "bytes.h"
#include "counter_page.h"
#include "packet_info.h"
#include "sockaddr.h"
#include "transport_addr.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>

enum {
    SEND_BATCH_MAX = 64, /* the kernel takes as many as one message, too */
    SEND_HEADER_LEN = 4,
    /* Larger ones may need fragments, which a train must not. */
    SEND_TRAIN_SIZE_MAX = 1472,
    /* What every IPv6 link carries in one piece, and nearly every IPv4 one. */
    SEND_SIZE_OF_EVERY_WAY = 1280 - 40 - 8,
    /* Of all in a train: what IPv4 allows. */
    SEND_TRAIN_BYTES_MAX = 65507,
    /* How many datagrams go alone once a train was refused. */
    SEND_ALONE_AFTER_REFUSAL = 4096,
};

/* What one message carries: |count| datagrams. */
struct send_train {
    unsigned count;
    unsigned part_count;
    size_t size;  /* of each but the last */
    size_t bytes; /* of all */
};

struct send_batch {
    int fd;
    unsigned count; /* datagrams */
    unsigned train_count;
    unsigned alone;                /* how many more make no train */
    struct mono_time began;        /* when the first one was queued, by the coarse clock */
    uint64_t *values;              /* of a counter page */
    enum shard_counter sent;       /* counts datagrams; those of bytes and calls follow it */
    enum shard_counter sizes;      /* the histogram of how many go out in one call */
    struct transport_addr last_to; /* of the train that was begun last */
    struct transport_addr last_from;
    struct send_train trains[SEND_BATCH_MAX];
    struct mmsghdr messages[SEND_BATCH_MAX]; /* of the trains */
    unsigned part_count;
    struct iovec parts[2 * SEND_BATCH_MAX]; /* payloads, some with a header before them */
    uint8_t headers[SEND_BATCH_MAX][SEND_HEADER_LEN];
    union socket_addr to[SEND_BATCH_MAX];
    union packet_info_out from[SEND_BATCH_MAX];
};

/*
 * send_batch_init makes an empty batch for |fd|.
 *
 * |values|  counters to add to; must outlive the batch.
 * |sent|    SHARD_COUNT_LISTENER_SENT or SHARD_COUNT_RELAY_SENT.
 */
void send_batch_init(struct send_batch *batch, int fd, uint64_t *values, enum shard_counter sent);

/* send_batch_now reads the coarse monotonic clock, right to a few milliseconds for a few
 * nanoseconds. */
struct mono_time send_batch_now(void);

static inline bool send_batch_is_full(const struct send_batch *batch)
{
    return batch->count == SEND_BATCH_MAX;
}

/*
 * send_batch_add queues |payload| for |to|; the batch must not be full.
 * |from| is the address of ours that it leaves from; NULL when the socket is
 * bound to one or leaves the choice to the kernel.
 */
void send_batch_add(struct send_batch *batch, const struct transport_addr *to,
                    const struct transport_addr *from, struct bytes payload);

/* send_batch_add_headed queues |payload| with a copy of |header| in front, else as send_batch_add:
 * for payloads that have no room of their own in front. */
void send_batch_add_headed(struct send_batch *batch, const struct transport_addr *to,
                           const struct transport_addr *from,
                           const uint8_t header[static SEND_HEADER_LEN], struct bytes payload);

/*
 * send_batch_flush sends what is queued, in order, and leaves the batch empty.
 * Never blocks. A datagram that is refused is counted and skipped; a full
 * socket costs the rest of the batch. So does a pause of the process (LEASE_PAUSE_MSEC) since
 * the first was queued: their allocations may be somebody else's by now (coord/lease.h).
 */
void send_batch_flush(struct send_batch *batch);

/* send_failure_counter: which counter takes a datagram lost to |error| of sendmmsg. Pure. */
enum shard_counter send_failure_counter(int error);

#endif
