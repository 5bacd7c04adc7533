/* send_batch.c — datagrams queued for one socket and sent in one system call. */
#include "send_batch.h"

#include "lease.h"

#include <assert.h>
#include <errno.h>
#include <time.h>

_Static_assert(SHARD_COUNT_LISTENER_SENT_BYTES == SHARD_COUNT_LISTENER_SENT + 1 &&
                   SHARD_COUNT_LISTENER_SENT_BATCHES == SHARD_COUNT_LISTENER_SENT + 2 &&
                   SHARD_COUNT_RELAY_SENT_BYTES == SHARD_COUNT_RELAY_SENT + 1 &&
                   SHARD_COUNT_RELAY_SENT_BATCHES == SHARD_COUNT_RELAY_SENT + 2,
               "datagrams, bytes and calls follow each other");

void send_batch_init(struct send_batch *batch, int fd, uint64_t *values, enum shard_counter sent)
{
    *batch = (struct send_batch){.fd = fd,
                                 .values = values,
                                 .sent = sent,
                                 .sizes = sent == SHARD_COUNT_LISTENER_SENT
                                              ? SHARD_COUNT_LISTENER_SEND_BATCH_1
                                              : SHARD_COUNT_RELAY_SEND_BATCH_1};
    for (unsigned i = 0; i < SEND_BATCH_MAX; i++) {
        struct msghdr *header = &batch->messages[i].msg_hdr;

        header->msg_name = &batch->to[i];
        header->msg_iov = &batch->payloads[i];
        header->msg_iovlen = 1;
    }
}

/* Costs a few nanoseconds, and is right to a few milliseconds. */
static struct mono_time coarse_now(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return (struct mono_time){.usec = (int64_t)now.tv_sec * USEC_PER_SEC + now.tv_nsec / 1000};
}

void send_batch_add(struct send_batch *batch, const struct transport_addr *to,
                    const struct transport_addr *from, struct bytes payload)
{
    assert(batch->count < SEND_BATCH_MAX);
    if (batch->count == 0)
        batch->began = coarse_now();
    unsigned i = batch->count++;
    struct msghdr *header = &batch->messages[i].msg_hdr;
    /* iovec serves both directions and so lacks const; sending does not write. */
    union {
        const uint8_t *in;
        void *out;
    } data = {.in = payload.data};

    batch->payloads[i] = (struct iovec){.iov_base = data.out, .iov_len = payload.len};
    header->msg_namelen = socket_addr_from(to, &batch->to[i]);
    header->msg_controllen = from != NULL ? packet_info_write(from, &batch->from[i]) : 0;
    header->msg_control = from != NULL ? &batch->from[i] : NULL;
}

enum shard_counter send_failure_counter(int error)
{
    switch (error) {
    case EAGAIN:
    case ENOBUFS: /* the interface's queue is full */
        return SHARD_COUNT_SEND_WOULD_BLOCK;
    case ECONNREFUSED:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EHOSTDOWN:
    case ENETDOWN:
        return SHARD_COUNT_SEND_UNREACHABLE;
    case EMSGSIZE:
        return SHARD_COUNT_SEND_MESSAGE_TOO_LONG;
    case EPERM:
    case EACCES:
        return SHARD_COUNT_SEND_NOT_PERMITTED;
    default:
        return SHARD_COUNT_SEND_ERRORS;
    }
}

/* Counts |count| datagrams that went out in one call, from |messages| on. */
static void count_sent(struct send_batch *batch, const struct mmsghdr *messages, unsigned count)
{
    uint64_t bytes = 0;

    for (unsigned i = 0; i < count; i++)
        bytes += messages[i].msg_len;
    batch->values[batch->sent] += count;
    batch->values[batch->sent + 1] += bytes;
    batch->values[batch->sent + 2]++;
    batch->values[batch->sizes + counter_bucket_of(count)]++;
}

void send_batch_flush(struct send_batch *batch)
{
    unsigned at = 0;
    bool was_retried = false;

    if (batch->count > 0 &&
        mono_time_due(mono_time_add_usec(batch->began, (int64_t)LEASE_PAUSE_MSEC * 1000),
                      coarse_now())) {
        batch->values[SHARD_COUNT_SEND_AFTER_PAUSE] += batch->count;
        batch->count = 0;
    }
    while (at < batch->count) {
        int sent = sendmmsg(batch->fd, batch->messages + at, batch->count - at, MSG_DONTWAIT);

        if (sent > 0) {
            count_sent(batch, batch->messages + at, (unsigned)sent);
            at += (unsigned)sent;
            was_retried = false;
            if (at < batch->count)
                batch->values[SHARD_COUNT_SEND_PARTIAL_BATCHES]++;
            continue;
        }
        if (errno == EAGAIN) {
            /* The buffer is full: no use in trying the others. */
            batch->values[SHARD_COUNT_SEND_WOULD_BLOCK] += batch->count - at;
            break;
        }
        /* The error may be an ICMP error that an earlier datagram met: reporting it has
         * cleared it, and this datagram has not been tried yet. Once, then it is its own. */
        if (!was_retried) {
            was_retried = true;
            continue;
        }
        batch->values[send_failure_counter(errno)]++;
        at++;
        was_retried = false;
    }
    batch->count = 0;
}
