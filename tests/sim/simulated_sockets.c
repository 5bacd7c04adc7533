/* simulated_sockets.c — queues of datagrams in place of sockets, and of what shards hand over. */
#include "simulated_sockets.h"

#include "counter_page.h"
#include "redirect.h"

#include <stdlib.h>
#include <string.h>

void datagram_queue_add(struct datagram_queue *queue, const struct queued *head, struct bytes bytes)
{
    struct queued *added = malloc(sizeof(*added) + TURN_HEADROOM + bytes.len);
    if (!added)
        abort();
    *added = *head;
    added->next = NULL;
    added->len = bytes.len;
    if (bytes.len > 0)
        memcpy(added->bytes + TURN_HEADROOM, bytes.data, bytes.len);
    if (queue->last)
        queue->last->next = added;
    else
        queue->first = added;
    queue->last = added;
}

struct queued *datagram_queue_take(struct datagram_queue *queue)
{
    struct queued *first = queue->first;
    if (!first)
        return NULL;
    queue->first = first->next;
    if (!queue->first)
        queue->last = NULL;
    return first;
}

void datagram_queue_clear(struct datagram_queue *queue)
{
    struct queued *queued;
    while ((queued = datagram_queue_take(queue)) != NULL)
        free(queued);
}

void redirect_send(struct redirect *redirect, uint32_t shard, const struct redirected *redirected)
{
    if (redirected->hops >= REDIRECT_HOPS_MAX) {
        redirect->values[SHARD_COUNT_REDIRECT_HOP_LIMIT]++;
        return;
    }
    struct handed_over *added = malloc(sizeof(*added) + redirected->datagram.len);
    if (!added)
        abort();
    *added = (struct handed_over){.shard = shard, .redirected = *redirected};
    memcpy(added->bytes, redirected->datagram.data, redirected->datagram.len);
    added->redirected.datagram.data = added->bytes;
    added->redirected.hops++;
    if (redirect->last)
        redirect->last->next = added;
    else
        redirect->first = added;
    redirect->last = added;
}

struct handed_over *simulated_redirect_take(struct redirect *redirect)
{
    struct handed_over *first = redirect->first;
    if (!first)
        return NULL;
    redirect->first = first->next;
    if (!redirect->first)
        redirect->last = NULL;
    return first;
}
