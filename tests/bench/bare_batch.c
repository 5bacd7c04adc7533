/* bare_batch.c — datagrams of a bare forwarder in batches: received, queued, sent. */
#include "bare_batch.h"

#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>

enum { HEADROOM = 16, DATAGRAM_MAX = 65535, SLOT = 65536 + 64 };

bool bare_received_init(struct bare_received *received, bool offload)
{
    received->offload = offload;
    received->slots = calloc(BARE_BATCH, SLOT);
    for (unsigned i = 0; received->slots != NULL && i < BARE_BATCH; i++) {
        received->parts[i] = (struct iovec){
            .iov_base = received->slots + (size_t)i * SLOT + HEADROOM, .iov_len = DATAGRAM_MAX};
        received->messages[i].msg_hdr =
            (struct msghdr){.msg_name = &received->from[i],
                            .msg_iov = &received->parts[i],
                            .msg_iovlen = 1,
                            .msg_control = offload ? &received->control[i] : NULL};
    }
    return received->slots != NULL;
}

unsigned bare_receive(struct bare_received *received, int fd, unsigned first, unsigned most)
{
    for (unsigned i = first; i < first + most; i++) {
        struct msghdr *header = &received->messages[i].msg_hdr;

        header->msg_namelen = sizeof(received->from[i]);
        if (received->offload)
            header->msg_controllen = sizeof(received->control[i]);
    }
    int count = recvmmsg(fd, received->messages + first, most, MSG_DONTWAIT, NULL);

    return count > 0 ? (unsigned)count : 0;
}

size_t bare_segment(const struct bare_received *received, unsigned i)
{
    struct msghdr header = received->messages[i].msg_hdr;
    const struct cmsghdr *found = received->offload ? CMSG_FIRSTHDR(&header) : NULL;
    int size;

    if (found == NULL || found->cmsg_level != IPPROTO_UDP || found->cmsg_type != UDP_GRO)
        return received->messages[i].msg_len;
    memcpy(&size, CMSG_DATA(found), sizeof(size));
    return (size_t)size;
}

/* Says how long the datagrams of the message are. */
static void mark_train(struct bare_train *train, struct msghdr *header)
{
    uint16_t size = (uint16_t)train->size;

    header->msg_control = &train->control;
    header->msg_controllen = CMSG_SPACE(sizeof(size));
    struct cmsghdr *control = CMSG_FIRSTHDR(header);

    control->cmsg_level = IPPROTO_UDP;
    control->cmsg_type = UDP_SEGMENT;
    control->cmsg_len = CMSG_LEN(sizeof(size));
    memcpy(CMSG_DATA(control), &size, sizeof(size));
}

void bare_queue_flush(struct bare_queue *queue)
{
    unsigned at = 0;

    for (unsigned i = 0; i < queue->count; i++) {
        struct msghdr *header = &queue->messages[i].msg_hdr;

        header->msg_iovlen = queue->trains[i].parts_count;
        if (queue->trains[i].count > 1)
            mark_train(&queue->trains[i], header);
    }
    while (at < queue->count) {
        int sent = sendmmsg(queue->fd, queue->messages + at, queue->count - at, MSG_DONTWAIT);

        at += sent > 0 ? (unsigned)sent : 1;
    }
    queue->count = 0;
}

/* The train that |len| more bytes for |to| can go with, or NULL. */
static struct bare_train *train_for(struct bare_queue *queue, const union socket_addr *to,
                                    size_t len)
{
    if (!queue->offload || queue->count == 0)
        return NULL;
    struct bare_train *train = &queue->trains[queue->count - 1];

    return queue->messages[queue->count - 1].msg_hdr.msg_name == to && !train->is_closed &&
                   len <= train->size && train->count < BARE_SEGMENTS_MAX &&
                   train->bytes + len <= BARE_TRAIN_BYTES
               ? train
               : NULL;
}

void bare_queue_add(struct bare_queue *queue, int fd, const union socket_addr *to,
                    const uint8_t *header, uint8_t *data, size_t len)
{
    size_t whole = len + (header != NULL ? BARE_HEADER_LEN : 0);

    if (queue->count > 0 && queue->fd != fd)
        bare_queue_flush(queue);
    queue->fd = fd;
    struct bare_train *train = train_for(queue, to, whole);

    if (train == NULL) {
        if (queue->count == BARE_BATCH)
            bare_queue_flush(queue);
        train = &queue->trains[queue->count];
        train->count = train->parts_count = 0;
        train->size = whole;
        train->bytes = 0;
        queue->messages[queue->count++].msg_hdr = (struct msghdr){.msg_name = (void *)(uintptr_t)to,
                                                                  .msg_namelen = sizeof(to->v4),
                                                                  .msg_iov = train->parts};
    }
    train->is_closed = whole < train->size;
    train->bytes += whole;
    if (header != NULL) {
        memcpy(train->headers[train->count], header, BARE_HEADER_LEN);
        train->parts[train->parts_count++] =
            (struct iovec){train->headers[train->count], BARE_HEADER_LEN};
    }
    train->parts[train->parts_count++] = (struct iovec){data, len};
    train->count++;
}
