/* bare_batch.h — datagrams of a bare forwarder in batches: received, queued, sent.
 *
 * With |offload| what was received as one is taken apart (UDP_GRO), and neighbours to the same
 * address and of one size leave as one (UDP_SEGMENT).
 */
#ifndef RELAY_BARE_BATCH_H
#define RELAY_BARE_BATCH_H

#include "sockaddr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>

enum {
    BARE_BATCH = 64,
    BARE_HEADER_LEN = 4,
    BARE_SEGMENTS_MAX = 64,   /* in one UDP_SEGMENT (UDP_MAX_SEGMENTS of the oldest kernels) */
    BARE_TRAIN_BYTES = 65000, /* likewise, below what IPv4 allows */
};

/* Room for one control message with a number. */
union bare_control_room {
    size_t align;
    uint8_t bytes[CMSG_SPACE(sizeof(int))];
};

struct bare_received {
    bool offload;
    uint8_t *slots;
    struct mmsghdr messages[BARE_BATCH];
    struct iovec parts[BARE_BATCH];
    union socket_addr from[BARE_BATCH];
    union bare_control_room control[BARE_BATCH];
};

/* What goes out in one message. */
struct bare_train {
    unsigned count; /* datagrams */
    unsigned parts_count;
    size_t size;  /* of each but the last, which may be shorter */
    size_t bytes; /* of all */
    bool is_closed;
    struct iovec parts[2 * BARE_SEGMENTS_MAX];
    uint8_t headers[BARE_SEGMENTS_MAX][BARE_HEADER_LEN];
    union bare_control_room control;
};

struct bare_queue {
    bool offload;
    int fd;
    unsigned count; /* trains */
    struct mmsghdr messages[BARE_BATCH];
    struct bare_train trains[BARE_BATCH];
};

/* bare_received_init reserves the slots. False when there is no memory. */
bool bare_received_init(struct bare_received *received, bool offload);

/* bare_receive receives at most |most| messages into the slots from |first| on, and returns how
 * many. */
unsigned bare_receive(struct bare_received *received, int fd, unsigned first, unsigned most);

/* bare_segment: the size of the datagrams that slot |i| holds; the last one may be shorter. */
size_t bare_segment(const struct bare_received *received, unsigned i);

/* bare_queue_add queues |len| bytes at |data| for |to| on |fd|, after |header| unless that is NULL.
 * |to| and |data| stay until the flush; what is queued for another socket is sent first. */
void bare_queue_add(struct bare_queue *queue, int fd, const union socket_addr *to,
                    const uint8_t *header, uint8_t *data, size_t len);

void bare_queue_flush(struct bare_queue *queue);

#endif
