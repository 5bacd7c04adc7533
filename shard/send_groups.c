/* send_groups.c — datagrams for many sockets, sent flow by flow. */
#include "send_groups.h"

#include <assert.h>

void send_groups_init(struct send_groups *groups, uint64_t *values, enum shard_counter sent)
{
    *groups = (struct send_groups){.count = 0};
    send_batch_init(&groups->batch, -1, values, sent);
}

/* The group of a flow; a new one when it has none yet. */
static unsigned group_of(struct send_groups *groups, int fd, const struct transport_addr *to)
{
    unsigned place = ((unsigned)fd * 5 + to->port) & (SEND_GROUPS_PLACES - 1);
    unsigned group = groups->places[place];

    if (group < groups->group_count && groups->groups[group].fd == fd &&
        transport_addr_equal(&groups->groups[group].to, to))
        return group;
    group = groups->group_count++;
    groups->places[place] = (uint8_t)group;
    groups->groups[group].fd = fd;
    groups->groups[group].to = *to;
    groups->groups[group].count = 0;
    return group;
}

void send_groups_add(struct send_groups *groups, int fd, const struct transport_addr *to,
                     struct bytes payload)
{
    assert(groups->count < SEND_GROUPS_MAX);
    if (groups->count == 0)
        groups->began = send_batch_now();
    unsigned group = group_of(groups, fd, to);
    uint8_t datagram = (uint8_t)groups->count++;

    groups->datagrams[datagram].payload = payload;
    if (groups->groups[group].count++ == 0)
        groups->groups[group].first = datagram;
    else
        groups->datagrams[groups->groups[group].last].next = datagram;
    groups->groups[group].last = datagram;
}

void send_groups_flush(struct send_groups *groups)
{
    struct send_batch *batch = &groups->batch;

    for (unsigned i = 0; i < groups->group_count; i++) {
        unsigned datagram = groups->groups[i].first;

        if (groups->groups[i].fd != batch->fd)
            send_batch_flush(batch);
        batch->fd = groups->groups[i].fd;
        for (unsigned k = 0; k < groups->groups[i].count; k++) {
            send_batch_add(batch, &groups->groups[i].to, NULL, groups->datagrams[datagram].payload);
            batch->began = groups->began;
            datagram = groups->datagrams[datagram].next;
        }
    }
    send_batch_flush(batch);
    batch->fd = -1;
    groups->count = groups->group_count = 0;
}
