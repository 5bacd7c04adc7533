/* send_batch.c — datagrams queued for one socket and sent in one system call. */
#include "send_batch.h"

#include "lease.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
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
    }
}

struct mono_time send_batch_now(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return (struct mono_time){.usec = (int64_t)now.tv_sec * USEC_PER_SEC + now.tv_nsec / 1000};
}

/* The train that |len| bytes can join, or NULL. */
static struct send_train *train_for(struct send_batch *batch, const struct transport_addr *to,
                                    const struct transport_addr *from, size_t len)
{
    if (batch->train_count == 0 || batch->alone > 0 || len == 0)
        return NULL;
    struct send_train *last = &batch->trains[batch->train_count - 1];

    if (len > last->size || last->size > SEND_TRAIN_SIZE_MAX ||
        last->bytes != last->count * last->size || last->bytes + len > SEND_TRAIN_BYTES_MAX ||
        !transport_addr_equal(to, &batch->last_to) ||
        !transport_addr_equal(from, &batch->last_from))
        return NULL;
    return last;
}

static struct send_train *begin_train(struct send_batch *batch, const struct transport_addr *to,
                                      const struct transport_addr *from, size_t len)
{
    unsigned i = batch->train_count++;
    struct msghdr *header = &batch->messages[i].msg_hdr;

    batch->last_to = *to;
    batch->last_from = *from;
    header->msg_namelen = socket_addr_from(to, &batch->to[i]);
    header->msg_controllen =
        from->family != IP_FAMILY_NONE ? packet_info_write(from, &batch->from[i]) : 0;
    header->msg_control = from->family != IP_FAMILY_NONE ? &batch->from[i] : NULL;
    header->msg_iov = &batch->parts[batch->part_count];
    batch->trains[i] = (struct send_train){.size = len};
    return &batch->trains[i];
}

/* Counts |len| more bytes into the batch. Returns their train, which lacks the parts yet. */
static struct send_train *add(struct send_batch *batch, const struct transport_addr *to,
                              const struct transport_addr *from, size_t len)
{
    static const struct transport_addr none;

    assert(batch->count < SEND_BATCH_MAX);
    if (batch->count == 0)
        batch->began = send_batch_now();
    if (from == NULL)
        from = &none;
    struct send_train *train = train_for(batch, to, from, len);

    if (train == NULL)
        train = begin_train(batch, to, from, len);
    if (batch->alone > 0)
        batch->alone--;
    batch->count++;
    train->count++;
    train->bytes += len;
    return train;
}

static void add_part(struct send_batch *batch, struct send_train *train, const uint8_t *data,
                     size_t len)
{
    /* iovec serves both directions and so lacks const; sending does not write. */
    union {
        const uint8_t *in;
        void *out;
    } part = {.in = data};

    train->part_count++;
    batch->parts[batch->part_count++] = (struct iovec){.iov_base = part.out, .iov_len = len};
}

void send_batch_add(struct send_batch *batch, const struct transport_addr *to,
                    const struct transport_addr *from, struct bytes payload)
{
    struct send_train *train = add(batch, to, from, payload.len);

    add_part(batch, train, payload.data, payload.len);
}

void send_batch_add_headed(struct send_batch *batch, const struct transport_addr *to,
                           const struct transport_addr *from,
                           const uint8_t header[static SEND_HEADER_LEN], struct bytes payload)
{
    struct send_train *train = add(batch, to, from, SEND_HEADER_LEN + payload.len);
    uint8_t *copy = batch->headers[batch->count - 1];

    memcpy(copy, header, SEND_HEADER_LEN);
    add_part(batch, train, copy, SEND_HEADER_LEN);
    add_part(batch, train, payload.data, payload.len);
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

/* Counts |datagrams| that went out in one call. */
static void count_sent(struct send_batch *batch, unsigned datagrams, size_t bytes)
{
    batch->values[batch->sent] += datagrams;
    batch->values[batch->sent + 1] += bytes;
    batch->values[batch->sent + 2]++;
    batch->values[batch->sizes + counter_bucket_of(datagrams)]++;
}

/* Counts |count| trains from |first| on that went out in one call. */
static void count_trains(struct send_batch *batch, unsigned first, unsigned count)
{
    unsigned datagrams = 0;
    size_t bytes = 0;

    for (unsigned i = first; i < first + count; i++) {
        datagrams += batch->trains[i].count;
        bytes += batch->trains[i].bytes;
    }
    count_sent(batch, datagrams, bytes);
}

/* How long the datagrams of each train are. */
static void finish_headers(struct send_batch *batch)
{
    for (unsigned i = 0; i < batch->train_count; i++) {
        const struct send_train *train = &batch->trains[i];
        struct msghdr *header = &batch->messages[i].msg_hdr;

        header->msg_iovlen = train->part_count;
        if (train->count == 1)
            continue;
        header->msg_control = &batch->from[i];
        header->msg_controllen =
            packet_info_add_segment(&batch->from[i], header->msg_controllen, (uint16_t)train->size);
    }
}

/* Sends message |header| by itself. The error may be an ICMP error that an earlier datagram
 * met: reporting it has cleared it, and this one has not been tried yet. Once, then it is its own.
 */
static bool send_one(const struct send_batch *batch, const struct msghdr *header)
{
    return sendmsg(batch->fd, header, MSG_DONTWAIT) >= 0 ||
           (errno != EAGAIN && sendmsg(batch->fd, header, MSG_DONTWAIT) >= 0);
}

/* The kernel lacks the means to send any train, by its answer |error| to this one. Not when this
 * one only is too large for its way, or nobody can be reached there: who sends such must not cost
 * the others their trains. Too large is EMSGSIZE; some kernels say EINVAL. */
static bool takes_no_trains(int error, const struct send_train *train)
{
    return error == EIO || (error == EINVAL && train->size <= SEND_SIZE_OF_EVERY_WAY);
}

/* Sends the datagrams of a train that the kernel refuses with |error|. False when the socket is
 * full. */
static bool send_alone(struct send_batch *batch, unsigned i, int error)
{
    const struct send_train *train = &batch->trains[i];
    struct msghdr header = batch->messages[i].msg_hdr;

    if (takes_no_trains(error, train))
        batch->alone = SEND_ALONE_AFTER_REFUSAL;
    header.msg_controllen -= CMSG_SPACE(sizeof(uint16_t));
    for (unsigned k = 0; k < train->count; k++, header.msg_iov += header.msg_iovlen) {
        size_t len = train->bytes - k * train->size;

        if (len > train->size)
            len = train->size;
        header.msg_iovlen = header.msg_iov->iov_len == len ? 1 : 2; /* the header is a part */
        if (send_one(batch, &header)) {
            count_sent(batch, 1, len);
        } else if (errno == EAGAIN) {
            batch->values[SHARD_COUNT_SEND_WOULD_BLOCK] += train->count - k;
            return false;
        } else {
            batch->values[send_failure_counter(errno)]++;
        }
    }
    return true;
}

/* What is queued was meant to leave at most LEASE_PAUSE_MSEC ago. */
static bool was_overtaken(const struct send_batch *batch)
{
    return mono_time_due(mono_time_add_usec(batch->began, (int64_t)LEASE_PAUSE_MSEC * 1000),
                         send_batch_now());
}

/* What is left from train |at| on is lost, since the socket is full. */
static void count_blocked(struct send_batch *batch, unsigned at)
{
    for (; at < batch->train_count; at++)
        batch->values[SHARD_COUNT_SEND_WOULD_BLOCK] += batch->trains[at].count;
}

/* Sends what it can of |messages| in one call. Returns how many, or -1 with errno. */
static int send_some(const struct send_batch *batch, struct mmsghdr *messages, unsigned count)
{
    const struct msghdr *header = &messages->msg_hdr;

    if (count > 1 || header->msg_iovlen > 1 || header->msg_controllen > 0)
        return sendmmsg(batch->fd, messages, count, MSG_DONTWAIT);
    /* The common case of many flows: nothing but an address and the bytes for the kernel to read.
     */
    return sendto(batch->fd, header->msg_iov->iov_base, header->msg_iov->iov_len, MSG_DONTWAIT,
                  header->msg_name, header->msg_namelen) < 0
               ? -1
               : 1;
}

static void send_trains(struct send_batch *batch)
{
    unsigned at = 0;
    bool was_retried = false;

    while (at < batch->train_count) {
        int sent = send_some(batch, batch->messages + at, batch->train_count - at);

        if (sent > 0) {
            count_trains(batch, at, (unsigned)sent);
            at += (unsigned)sent;
            was_retried = false;
            if (at < batch->train_count)
                batch->values[SHARD_COUNT_SEND_PARTIAL_BATCHES]++;
        } else if (errno == EAGAIN) {
            /* The buffer is full: no use in trying the others. */
            count_blocked(batch, at);
            return;
        } else if (!was_retried) {
            was_retried = true; /* see send_one */
        } else {
            if (batch->trains[at].count == 1) {
                batch->values[send_failure_counter(errno)]++;
            } else if (!send_alone(batch, at, errno)) {
                count_blocked(batch, at + 1);
                return;
            }
            at++;
            was_retried = false;
        }
    }
}

void send_batch_flush(struct send_batch *batch)
{
    if (batch->count == 0)
        return;
    if (was_overtaken(batch)) {
        batch->values[SHARD_COUNT_SEND_AFTER_PAUSE] += batch->count;
    } else {
        finish_headers(batch);
        send_trains(batch);
    }
    batch->count = batch->train_count = batch->part_count = 0;
}
