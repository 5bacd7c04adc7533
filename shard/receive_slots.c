/* receive_slots.c — the buffers that datagrams are received into, with headroom. */
#include "receive_slots.h"

#include <assert.h>
#include <sys/mman.h>

static const size_t memory_len = (size_t)RECEIVE_SLOT_COUNT * RECEIVE_SLOT_STRIDE;

/* Tells the kernel how much room slot |i| has for addresses; receiving overwrites it. */
static void offer_room(struct receive_slots *slots, unsigned i)
{
    slots->messages[i].msg_hdr.msg_namelen = sizeof(slots->from[i]);
    slots->messages[i].msg_hdr.msg_controllen = sizeof(slots->info[i]);
}

bool receive_slots_init(struct receive_slots *slots)
{
    void *memory =
        mmap(NULL, memory_len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED)
        return false;
    *slots = (struct receive_slots){.memory = memory};
    for (unsigned i = 0; i < RECEIVE_SLOT_COUNT; i++) {
        struct msghdr *header = &slots->messages[i].msg_hdr;

        slots->payloads[i] = (struct iovec){.iov_base = receive_slots_payload(slots, i),
                                            .iov_len = RECEIVE_PAYLOAD_MAX};
        header->msg_name = &slots->from[i];
        header->msg_control = &slots->info[i];
        header->msg_iov = &slots->payloads[i];
        header->msg_iovlen = 1;
        offer_room(slots, i);
    }
    return true;
}

void receive_slots_deinit(struct receive_slots *slots)
{
    if (slots->memory != NULL)
        munmap(slots->memory, memory_len);
    slots->memory = NULL;
}

unsigned receive_slots_read(struct receive_slots *slots, int fd, unsigned count,
                            unsigned *ret_first)
{
    unsigned first = slots->used;

    assert(count > 0 && count <= receive_slots_free(slots));
    int received = recvmmsg(fd, slots->messages + first, count, MSG_DONTWAIT, NULL);

    *ret_first = first;
    if (received <= 0)
        return 0;
    slots->used = first + (unsigned)received;
    return (unsigned)received;
}

void receive_slots_give_back(struct receive_slots *slots, unsigned first)
{
    for (unsigned i = first; i < slots->used; i++)
        offer_room(slots, i);
    slots->used = first;
}

bool receive_slots_source(const struct receive_slots *slots, unsigned i, struct transport_addr *ret)
{
    return socket_addr_to(&slots->from[i], slots->messages[i].msg_hdr.msg_namelen, ret);
}
