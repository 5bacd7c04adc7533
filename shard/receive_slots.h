/* receive_slots.h — the buffers that datagrams are received into, with headroom.
 *
 * A datagram stays in its slot while it is rewritten and sent:
 *
 *     | unused |  headroom  | payload …                 |
 *     0       12           16                    16 + 65535
 *
 * A ChannelData header towards the client goes into the headroom; towards the
 * peer it is stepped over. The payload is aligned to 16 bytes. A slot has room
 * for the largest datagram, but only the pages that real datagrams reach are
 * ever touched.
 *
 * Slots are used up from the first to the last and given back from the last.
 */
#ifndef RELAY_RECEIVE_SLOTS_H
#define RELAY_RECEIVE_SLOTS_H

#include "packet_info.h"
#include "sockaddr.h"
#include "turn_limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>

enum {
    RECEIVE_SLOT_COUNT = 64,
    RECEIVE_PAYLOAD_OFFSET = 16,
    RECEIVE_PAYLOAD_MAX = 65535,
    /* Not a power of two: the slots' first lines would share one set of the CPU's cache. */
    RECEIVE_SLOT_STRIDE = 65536 + 64,
};
_Static_assert((int)RECEIVE_PAYLOAD_OFFSET >= (int)TURN_HEADROOM, "room for the header");
_Static_assert(RECEIVE_PAYLOAD_OFFSET + RECEIVE_PAYLOAD_MAX <= RECEIVE_SLOT_STRIDE, "no overlap");

struct receive_slots {
    uint8_t *memory;
    unsigned used; /* slots from here on are free */
    struct mmsghdr messages[RECEIVE_SLOT_COUNT];
    struct iovec payloads[RECEIVE_SLOT_COUNT];
    union socket_addr from[RECEIVE_SLOT_COUNT];
    union packet_info_in info[RECEIVE_SLOT_COUNT];
};

/* receive_slots_init reserves the memory. False when there is none. */
bool receive_slots_init(struct receive_slots *slots);
void receive_slots_deinit(struct receive_slots *slots);

static inline unsigned receive_slots_free(const struct receive_slots *slots)
{
    return RECEIVE_SLOT_COUNT - slots->used;
}

/* receive_slots_give_back makes the slots from |first| on free again: nobody may look at
 * their bytes any more. */
void receive_slots_give_back(struct receive_slots *slots, unsigned first);

/*
 * receive_slots_read receives at most |count| datagrams from |fd| into free
 * slots, of which there must be as many; it does not wait.
 *
 * Returns how many came, in slots |*ret_first| and on, or 0 when none is there or the
 * receive failed: errno is EAGAIN then, or says why.
 */
unsigned receive_slots_read(struct receive_slots *slots, int fd, unsigned count,
                            unsigned *ret_first);

/* The received datagram in slot |i|, with RECEIVE_PAYLOAD_OFFSET writable bytes in front. */
static inline uint8_t *receive_slots_payload(const struct receive_slots *slots, unsigned i)
{
    return slots->memory + (size_t)i * RECEIVE_SLOT_STRIDE + RECEIVE_PAYLOAD_OFFSET;
}

static inline size_t receive_slots_len(const struct receive_slots *slots, unsigned i)
{
    return slots->messages[i].msg_len;
}

static inline const struct msghdr *receive_slots_header(const struct receive_slots *slots,
                                                        unsigned i)
{
    return &slots->messages[i].msg_hdr;
}

/* receive_slots_source: where the datagram in slot |i| came from. False when it has no
 * readable source address. */
bool receive_slots_source(const struct receive_slots *slots, unsigned i,
                          struct transport_addr *ret);

#endif
