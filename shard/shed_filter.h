/* shed_filter.h — has the kernel drop a share of the clients' data before it waits in a socket.
 *
 * A classic BPF program on a listening socket, which anybody may attach. It judges all that does
 * not begin with the bits 00, as STUN does (RFC 8489 §5): ChannelData, and what is neither. Of one
 * client, or of all, it lets a share pass by chance. STUN passes, whoever sends it; but the kernel
 * may have made a train of a client's datagrams (UDP_GRO), and that has the fate of its first: a
 * request right behind the same client's data can be dropped with it. What it drops the kernel
 * counts with what a full buffer costs (SO_RXQ_OVFL), a train once.
 */
#ifndef RELAY_SHED_FILTER_H
#define RELAY_SHED_FILTER_H

#include "bytes.h"
#include "transport_addr.h"

#include <stdbool.h>
#include <stdint.h>

/* shed_filter_judges: is |message| no STUN, so that it may be dropped? */
static inline bool shed_filter_judges(struct bytes message)
{
    return message.len > 0 && (message.data[0] & 0xC0) != 0;
}

/*
 * shed_filter_attach lets |pass| of 2^32 messages pass at |fd|, a UDP socket of |family|, instead
 * of what a filter did before: of what it judges and |client|, of the same family, sends, or
 * anybody when that is NULL. A system call, some ten microseconds. False with errno; then nothing
 * has changed.
 */
bool shed_filter_attach(int fd, enum ip_family family, const struct transport_addr *client,
                        uint32_t pass);

/* shed_filter_detach has everything pass again. Also where there is no filter. */
void shed_filter_detach(int fd);

#endif
