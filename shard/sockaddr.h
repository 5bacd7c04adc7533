/* sockaddr.h — transport addresses to and from the socket interface.
 *
 * The only place where a sockaddr becomes a transport_addr or the reverse. A
 * scope is kept for link-local IPv6 addresses (fe80::/10) only, where the
 * address means nothing without its interface; anywhere else it is zero, so
 * that one address has one value.
 */
#ifndef RELAY_SOCKADDR_H
#define RELAY_SOCKADDR_H

#include "transport_addr.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

/* A socket address of either family. */
union socket_addr {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

/*
 * socket_addr_from writes |addr| (family V4 or V6) as a socket address.
 * Returns its length, as bind() and sendmsg() want it; 0 for any other family.
 */
socklen_t socket_addr_from(const struct transport_addr *addr, union socket_addr *ret);

/*
 * socket_addr_to reads a socket address of |len| bytes. False when it is not a
 * whole AF_INET or AF_INET6 one; |ret| is untouched then.
 */
bool socket_addr_to(const union socket_addr *addr, socklen_t len, struct transport_addr *ret);

/* transport_addr_v6_scoped makes an IPv6 address; |scope_id| is dropped unless link-local. */
struct transport_addr transport_addr_v6_scoped(const struct in6_addr *ip, uint16_t port,
                                               uint32_t scope_id);

/* transport_addr_any is the wildcard address of |family| (V4 or V6). */
struct transport_addr transport_addr_any(enum ip_family family, uint16_t port);

#endif
