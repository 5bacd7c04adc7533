/* redirect.h — hands misrouted datagrams to the shards that own them.
 *
 *     sender  redirect_send ─► a message for each owner ─► redirect_flush ─► shard-K.sock
 *     owner   shard-K.sock ─► redirect_read ─► |on_datagram|, as from the network
 *
 * What a round has for one owner leaves as one message (redirect_message.h). That is cheap, and
 * it is needed: the kernel lets net.unix.max_dgram_qlen messages wait in an AF_UNIX
 * datagram socket, 10 unless the system says otherwise, from all senders together. When the
 * owner's socket is full, its messages wait here in their order, and later datagrams fill them
 * up; so the longer an owner takes, the more a message carries. REDIRECT_QUEUE_MAX
 * messages may wait for one owner. Beyond that its datagrams are dropped, and counted.
 *
 * A datagram is handed over once: an owner that turns out not to be one keeps or drops it.
 */
#ifndef RELAY_REDIRECT_H
#define RELAY_REDIRECT_H

#include "err.h"
#include "mono_time.h"
#include "redirect_message.h"
#include "state_dir.h"

#include <event2/event.h>
#include <stdint.h>

enum {
    REDIRECT_HOPS_MAX = 1,
    REDIRECT_QUEUE_MAX = 16,    /* messages that wait for one owner */
    REDIRECT_MESSAGES_MAX = 64, /* and for all together, but each owner may have one; 4 MiB,
                                   touched as needed */
    REDIRECT_READ_MAX = 256,    /* datagrams that a shard reads before it looks at other sockets */
};

struct redirect;

struct redirect_config {
    const struct state_dir *dir; /* where the sockets are; must outlive it, as the next two */
    struct event_base *base;
    uint64_t *values; /* of the counter page */
    uint32_t shards;  /* that there can be on this host; one that is not used costs nothing */
    int fd;           /* the socket to read from; not closed */
    /* Takes what another shard handed over. The view dies with the call of redirect_read. */
    void (*on_datagram)(void *context, struct turn_now now, const struct redirected *redirected);
    void *context;
};

/* redirect_new: ERR_OK or ERR_NO_MEMORY. */
enum err redirect_new(const struct redirect_config *config, struct redirect **ret) MUST_CHECK;

/* redirect_free drops what has not been sent. NULL is fine. */
void redirect_free(struct redirect *redirect);

/*
 * redirect_send queues a copy of |redirected| for |shard|; |hops| says how many shards have
 * handed it over before this one. Never blocks; what cannot be handed over is counted.
 */
void redirect_send(struct redirect *redirect, uint32_t shard, const struct redirected *redirected);

/* redirect_flush sends what is queued, as far as the owners take it now; the rest leaves when
 * they do. At the end of every round. */
void redirect_flush(struct redirect *redirect);

/*
 * redirect_read takes one message and calls |on_datagram| for each datagram in it, in order.
 * Returns how many those were, 0 when there is no message. The datagrams stay as they are until
 * the next call.
 */
unsigned redirect_read(struct redirect *redirect, struct turn_now now);

#endif
