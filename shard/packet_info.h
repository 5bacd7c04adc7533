/* packet_info.h — which of our addresses a datagram came to, and leaves from.
 *
 * The listening sockets are bound to the wildcard address, so only the control
 * messages of IP_PKTINFO and IPV6_PKTINFO (RFC 3542 §6) tell the address the
 * client used; the answer names the same one, or it would leave from whatever
 * address the route prefers and the client's five-tuple would break.
 */
#ifndef RELAY_PACKET_INFO_H
#define RELAY_PACKET_INFO_H

#include "transport_addr.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* Room for the control messages of one message to send: the address, and the size of the datagrams
 * that it is taken apart into. */
union packet_info_out {
    size_t align; /* as a cmsghdr needs it */
    uint8_t bytes[CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(uint16_t))];
};

/* Room for the control messages of one received message: the address, how many datagrams the
 * socket's full buffer has cost so far (SO_RXQ_OVFL), and the size of each datagram when it is
 * several (UDP_GRO). */
union packet_info_in {
    size_t align; /* as a cmsghdr needs it */
    uint8_t bytes[CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(uint32_t)) +
                  CMSG_SPACE(sizeof(int))];
};

/* What the control messages of a received message say. */
struct packet_info {
    struct transport_addr server; /* the address it came to, with the port given; family
                                     NONE when it cannot be answered from: see below */
    uint32_t segment;   /* size of each datagram in it but the last; 0 when it is a single one */
    uint32_t overflows; /* SO_RXQ_OVFL, valid when |has_overflows| */
    bool has_overflows;
};

/*
 * packet_info_write makes the control message that lets a datagram leave from
 * |server|. The interface is left open, since the way back need not be the way
 * the request came; a link-local address names its own.
 * Returns its length, for msg_controllen; 0 for an unknown family.
 */
size_t packet_info_write(const struct transport_addr *server, union packet_info_out *ret);

/*
 * packet_info_add_segment appends, to |len| bytes of control messages in |info|, that the message
 * is to leave as datagrams of |size| bytes (UDP_SEGMENT). Returns the new length.
 */
size_t packet_info_add_segment(union packet_info_out *info, size_t len, uint16_t size);

/*
 * packet_info_read reads the control messages of |message|, received on |port|.
 * |server| is NONE when there is no address (control data cut off), and for
 * broadcast and multicast: those are no addresses to answer from, and an
 * answer to them would let one datagram draw many.
 */
struct packet_info packet_info_read(const struct msghdr *message, uint16_t port);

#endif
