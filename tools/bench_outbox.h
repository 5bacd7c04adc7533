/* bench_outbox.h — what relay-bench sends in one system call: datagrams, alone or in trains.
 *
 * A message is one datagram, or a train that the kernel cuts into datagrams (UDP_SEGMENT). Each
 * datagram has the payload of payload.h, behind a ChannelData header or without one.
 */
#ifndef RELAY_BENCH_OUTBOX_H
#define RELAY_BENCH_OUTBOX_H

#include "bench_plan.h"
#include "channel_data.h"
#include "client_socket.h"
#include "payload.h"

#include <sys/uio.h>

enum { BENCH_OUTBOX_SIZE = 64 /* datagrams; a whole train fits */ };

/* Room for a control message with a number. */
union bench_control_room {
    size_t align;
    uint8_t bytes[CMSG_SPACE(sizeof(int))];
};

struct bench_outbox {
    uint32_t payload; /* bytes */
    uint64_t filler_sum;
    unsigned datagrams; /* that wait to be sent */
    unsigned messages;  /* that they are in */
    uint8_t data[BENCH_OUTBOX_SIZE][CHANNEL_DATA_HEADER_LEN + BENCH_PAYLOAD_MAX];
    struct iovec parts[BENCH_OUTBOX_SIZE];
    union client_sockaddr addrs[BENCH_OUTBOX_SIZE];
    union bench_control_room controls[BENCH_OUTBOX_SIZE];
    struct mmsghdr headers[BENCH_OUTBOX_SIZE];
};

/* bench_outbox_init empties it, for payloads of |payload| bytes whose filler follows from |run|. */
void bench_outbox_init(struct bench_outbox *outbox, uint32_t payload, uint32_t run);

static inline bool bench_outbox_has_room(const struct bench_outbox *outbox, unsigned datagrams)
{
    return outbox->datagrams + datagrams <= BENCH_OUTBOX_SIZE;
}

/*
 * bench_outbox_begin begins a message; bench_outbox_add puts the datagrams of it.
 *
 * |to|       NULL: the socket is connected
 * |segment|  0: the message has one datagram; else their size, of several
 */
void bench_outbox_begin(struct bench_outbox *outbox, const struct transport_addr *to,
                        size_t segment);

/* bench_outbox_add adds a datagram, there being room: ChannelData of |channel|, or with 0 the
 * payload alone. */
void bench_outbox_add(struct bench_outbox *outbox, const struct payload_stamp *stamp,
                      uint16_t channel);

/* bench_outbox_flush sends everything from |fd|. Adds how many datagrams the kernel took to |sent|,
 * and the others to |not_sent|. */
void bench_outbox_flush(struct bench_outbox *outbox, int fd, uint64_t *sent, uint64_t *not_sent);

#endif
