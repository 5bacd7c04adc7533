/* shed_filter.h — has the kernel drop a share of the clients' data before it waits in a socket.
 *
 * A classic BPF program on a listening socket, which anybody may attach. It looks at ChannelData
 * alone (what begins with the bits 01, RFC 8656 §12.4), of one client or of all, and lets a share
 * of it pass by chance. STUN is not touched, whoever sends it. What it drops the kernel counts with
 * what a full buffer costs (SO_RXQ_OVFL), a train once.
 */
#ifndef RELAY_SHED_FILTER_H
#define RELAY_SHED_FILTER_H

#include "transport_addr.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * shed_filter_attach lets |pass| of 2^32 messages pass at |fd|, a UDP socket of |family|, instead
 * of what a filter did before: of ChannelData that comes from |client|, or from anybody when that
 * is NULL. A system call, some ten microseconds. False with errno; then nothing has changed.
 */
bool shed_filter_attach(int fd, enum ip_family family, const struct transport_addr *client,
                        uint32_t pass);

/* shed_filter_detach has everything pass again. Also where there is no filter. */
void shed_filter_detach(int fd);

#endif
