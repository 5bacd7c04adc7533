/* listener_queue.c — how much may wait in a listening socket: less while it overflows again and
 * again.
 */
#include "listener_queue.h"

#include "udp_socket.h"

#include <unistd.h>

/* Would a socket of this process be given |len| bytes? */
static bool can_have(int len)
{
    int fd = udp_socket_new(IP_FAMILY_V4);
    bool ret =
        fd >= 0 && udp_socket_set_receive_buffer(fd, len) && udp_socket_receive_buffer(fd) >= len;

    if (fd >= 0)
        close(fd);
    return ret;
}

void listener_queue_init(struct listener_queue *queue, int fd)
{
    *queue = (struct listener_queue){.fd = fd, .last = MONO_TIME_NEVER};
    if (fd < 0)
        return;
    int len = udp_socket_receive_buffer(fd);

    if (len > LISTENER_SHORT_LEN && can_have(len))
        queue->full_len = len;
}

static bool is_within(struct mono_time from, struct mono_time now, int64_t usec)
{
    return mono_time_before(now, mono_time_add_usec(from, usec));
}

void listener_queue_overflowed(struct listener_queue *queue, struct mono_time now)
{
    if (queue->is_overloaded)
        return;
    if (mono_time_is_never(queue->last) || !is_within(queue->last, now, LISTENER_OVERFLOW_GAP_USEC))
        queue->since = now;
    queue->last = now;
    if (is_within(queue->since, now, LISTENER_OVERFLOWING_USEC))
        return;
    queue->is_overloaded = true;
    queue->since = now;
    if (queue->full_len > 0)
        (void)udp_socket_set_receive_buffer(queue->fd, LISTENER_SHORT_LEN);
}

void listener_queue_run(struct listener_queue *queue, struct mono_time now)
{
    if (!queue->is_overloaded || is_within(queue->since, now, LISTENER_SHORT_USEC))
        return;
    queue->is_overloaded = false;
    queue->last = MONO_TIME_NEVER;
    if (queue->full_len > 0)
        (void)udp_socket_set_receive_buffer(queue->fd, queue->full_len);
}
