/* send_groups.h — datagrams for many sockets, sent flow by flow.
 *
 * What a portion of the listening socket holds is for as many relay sockets as it comes from
 * clients, in whatever order they sent. Put in order, each flow takes one call, and neighbours
 * of one flow are a train (send_batch.h). Within a flow, one socket and one destination, the order
 * stays.
 */
#ifndef RELAY_SEND_GROUPS_H
#define RELAY_SEND_GROUPS_H

#include "bytes.h"
#include "mono_time.h"
#include "send_batch.h"
#include "transport_addr.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    SEND_GROUPS_MAX = SEND_BATCH_MAX, /* datagrams */
    SEND_GROUPS_PLACES = 256,         /* a power of two, some times that */
};

struct send_groups {
    struct send_batch batch; /* its fd changes with the group */
    unsigned count;          /* datagrams */
    unsigned group_count;
    struct mono_time began; /* when the first was queued */
    struct {
        struct bytes payload;
        uint8_t next; /* of its group */
    } datagrams[SEND_GROUPS_MAX];
    struct {
        struct transport_addr to;
        int fd;
        uint8_t first;
        uint8_t last;
        uint8_t count;
    } groups[SEND_GROUPS_MAX];
    /* Where the group of a flow may be, by its hash: it is looked at, so that this need never be
     * emptied. A flow whose place another one has taken begins a new group, after its former. */
    uint8_t places[SEND_GROUPS_PLACES];
};

/* send_groups_init makes an empty one; |values| and |sent| as in send_batch_init. */
void send_groups_init(struct send_groups *groups, uint64_t *values, enum shard_counter sent);

static inline bool send_groups_is_full(const struct send_groups *groups)
{
    return groups->count == SEND_GROUPS_MAX;
}

/* send_groups_add queues |payload|, a view that must stay until the flush, for |to| from |fd|,
 * which must stay open so long. Must not be full. */
void send_groups_add(struct send_groups *groups, int fd, const struct transport_addr *to,
                     struct bytes payload);

/* send_groups_flush sends all, as send_batch_flush does. */
void send_groups_flush(struct send_groups *groups);

#endif
