/* bench_outbox.c — what relay-bench sends in one system call: datagrams, alone or in trains. */
#include "bench_outbox.h"

#include <errno.h>
#include <netinet/udp.h>
#include <string.h>

void bench_outbox_init(struct bench_outbox *outbox, uint32_t payload, uint32_t run)
{
    const uint32_t filler = payload - PAYLOAD_HEADER_LEN;
    outbox->payload = payload;
    outbox->datagrams = 0;
    outbox->messages = 0;
    for (uint32_t i = 0; i < BENCH_OUTBOX_SIZE; i++) {
        uint8_t *at = outbox->data[i] + CHANNEL_DATA_HEADER_LEN + PAYLOAD_HEADER_LEN;
        payload_fill(at, filler, run);
        outbox->filler_sum = payload_sum((struct bytes){at, filler});
    }
}

/* The message is to leave as datagrams of |size| bytes. */
static void ask_for_segments(struct msghdr *message, union bench_control_room *room, size_t size)
{
    const uint16_t value = (uint16_t)size;
    message->msg_control = room;
    message->msg_controllen = CMSG_SPACE(sizeof value);
    struct cmsghdr *control = CMSG_FIRSTHDR(message);
    control->cmsg_level = IPPROTO_UDP;
    control->cmsg_type = UDP_SEGMENT;
    control->cmsg_len = CMSG_LEN(sizeof value);
    memcpy(CMSG_DATA(control), &value, sizeof value);
}

void bench_outbox_begin(struct bench_outbox *outbox, const struct transport_addr *to,
                        size_t segment)
{
    const unsigned place = outbox->messages++;
    struct msghdr *message = &outbox->headers[place].msg_hdr;
    *message = (struct msghdr){.msg_iov = &outbox->parts[outbox->datagrams]};
    if (to) {
        message->msg_namelen = client_sockaddr_from(to, &outbox->addrs[place]);
        message->msg_name = &outbox->addrs[place];
    }
    if (segment > 0)
        ask_for_segments(message, &outbox->controls[place], segment);
}

void bench_outbox_add(struct bench_outbox *outbox, const struct payload_stamp *stamp,
                      uint16_t channel)
{
    const unsigned place = outbox->datagrams++;
    uint8_t *datagram = outbox->data[place];
    payload_write_header(datagram + CHANNEL_DATA_HEADER_LEN, stamp, outbox->filler_sum);
    if (channel != 0) {
        channel_data_write_header(datagram, channel, (uint16_t)outbox->payload);
        outbox->parts[place] = (struct iovec){datagram, CHANNEL_DATA_HEADER_LEN + outbox->payload};
    } else {
        outbox->parts[place] = (struct iovec){datagram + CHANNEL_DATA_HEADER_LEN, outbox->payload};
    }
    outbox->headers[outbox->messages - 1].msg_hdr.msg_iovlen++;
}

void bench_outbox_flush(struct bench_outbox *outbox, int fd, uint64_t *sent, uint64_t *not_sent)
{
    unsigned done = 0;
    uint64_t taken = 0;
    while (done < outbox->messages) {
        int count = sendmmsg(fd, outbox->headers + done, outbox->messages - done, 0);
        if (count < 0 && (errno == ECONNREFUSED || errno == EINTR))
            continue; /* the report of an earlier datagram, not this one's fate */
        if (count <= 0)
            break;
        for (unsigned end = done + (unsigned)count; done < end; done++)
            taken += outbox->headers[done].msg_hdr.msg_iovlen;
    }
    *sent += taken;
    *not_sent += outbox->datagrams - taken;
    outbox->datagrams = 0;
    outbox->messages = 0;
}
