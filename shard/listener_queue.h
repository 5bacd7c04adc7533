/* listener_queue.h — how much may wait in a listening socket: less while it overflows again and
 * again.
 *
 * A large buffer (LISTENER_BUFFER_LEN) saves what comes while a shard is away for a moment. When a
 * shard gets more than it can relay, a large buffer saves nothing: it is always full, as much is
 * lost as with a small one, and everything that gets in, Refresh requests and the flows that do not
 * flood included, waits behind all of it. So it is made small for a while when it has overflowed
 * for some time; one overflow, as after a pause, does not do that. Nothing that waits already is
 * lost by it.
 *
 * It stays as it is where it could not be made large again: past net.core.rmem_max that needs
 * CAP_NET_ADMIN.
 */
#ifndef RELAY_LISTENER_QUEUE_H
#define RELAY_LISTENER_QUEUE_H

#include "mono_time.h"

#include <stdbool.h>

enum {
    LISTENER_SHORT_LEN = 256 * 1024,          /* asked of the kernel, which doubles it */
    LISTENER_OVERFLOWING_USEC = 100 * 1000,   /* so long before it is made short */
    LISTENER_OVERFLOW_GAP_USEC = 1000 * 1000, /* what is further apart does not belong together */
    LISTENER_SHORT_USEC = 30 * 1000 * 1000,   /* then it is tried with the large one again */
};

struct listener_queue {
    int fd;       /* -1: no socket */
    int full_len; /* as asked of the kernel; 0 when it could not be given back */
    bool is_overloaded;
    struct mono_time since; /* it overflows, or is overloaded */
    struct mono_time last;  /* overflow */
};

/* listener_queue_init looks at |fd|, which must outlive |queue|, as its options have been set. */
void listener_queue_init(struct listener_queue *queue, int fd);

/* listener_queue_overflowed: datagrams have been lost to the full buffer. A system call at most,
 * when it is made short. */
void listener_queue_overflowed(struct listener_queue *queue, struct mono_time now);

/* listener_queue_run makes it large again when it is time. To be called every second at least. */
void listener_queue_run(struct listener_queue *queue, struct mono_time now);

#endif
