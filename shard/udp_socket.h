/* udp_socket.h — UDP sockets with the options that listening and relay sockets share. */
#ifndef RELAY_UDP_SOCKET_H
#define RELAY_UDP_SOCKET_H

#include "transport_addr.h"

#include <stdbool.h>

/*
 * udp_socket_new makes a UDP socket of |family| (V4 or V6): non-blocking,
 * close-on-exec, IPv6-only when it is IPv6. Returns the descriptor, or -1 with errno.
 */
int udp_socket_new(enum ip_family family);

/* udp_socket_bind binds |fd| to |addr|. False with errno. */
bool udp_socket_bind(int fd, const struct transport_addr *addr);

enum {
    UDP_SOCKET_RECEIVE_BUFFER = 1 << 0,
    UDP_SOCKET_SEND_BUFFER = 1 << 1,
};

/*
 * udp_socket_small_buffers tells which of the buffers of |fd| (a sum of the above) have less than
 * |len| bytes. The kernel counts twice as much, for its own bookkeeping; |len| is without that.
 */
unsigned udp_socket_small_buffers(int fd, int len);

/*
 * udp_socket_set_buffers asks for |len| bytes for each of the buffers |which|: past the limits of
 * the system where the process may, else as much as they allow. Never fails: smaller buffers work
 * too. With what udp_socket_small_buffers says none is cut that is larger.
 */
void udp_socket_set_buffers(int fd, unsigned which, int len);

/*
 * udp_socket_allow_fragments has datagrams leave without the DF bit; what is
 * larger than the way allows is fragmented. False with errno.
 */
bool udp_socket_allow_fragments(int fd, enum ip_family family);

/*
 * udp_socket_forbid_fragments sets DF on what leaves (RFC 8656 §18.9); what is larger than
 * the MTU of the interface is refused with EMSGSIZE. False with errno.
 */
bool udp_socket_forbid_fragments(int fd, enum ip_family family);

/*
 * udp_socket_take_trains lets the kernel hand over as one message what came as several datagrams
 * of one flow and size (UDP_GRO), or no longer; packet_info tells. What waits in the socket stays
 * as it is. Never fails: without it they come singly.
 */
void udp_socket_take_trains(int fd, bool is_wanted);

/* udp_socket_set_int sets one integer option. False with errno. */
bool udp_socket_set_int(int fd, int level, int option, int value);

#endif
