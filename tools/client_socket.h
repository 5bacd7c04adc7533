/* client_socket.h — UDP sockets of the tools, and addresses as the kernel wants them. */
#ifndef RELAY_CLIENT_SOCKET_H
#define RELAY_CLIENT_SOCKET_H

#include "err.h"
#include "transport_addr.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

/* An address for system calls; IPv4 or IPv6. */
union client_sockaddr {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

/* client_sockaddr_from converts |addr|, whose family is not NONE. Returns the length to pass along.
 */
socklen_t client_sockaddr_from(const struct transport_addr *addr, union client_sockaddr *ret);

/* client_sockaddr_read converts what the kernel wrote. False for another family. */
bool client_sockaddr_read(const union client_sockaddr *in, struct transport_addr *ret);

/*
 * client_socket_open opens a non-blocking, close-on-exec socket.
 *
 * |local|   NULL: any port; else bound to it, with port 0 to any port
 * |remote|  NULL: unconnected; else connected to it, so that ICMP errors are reported
 *
 * At least one is given; they have one family. ERR_OK, or ERR_IO with errno set.
 */
enum err client_socket_open(const struct transport_addr *local, const struct transport_addr *remote,
                            int *ret_fd) MUST_CHECK;

/* client_socket_local_addr gives the address that |fd| is bound to. ERR_OK, or ERR_IO with errno
 * set. */
enum err client_socket_local_addr(int fd, struct transport_addr *ret) MUST_CHECK;

/* client_socket_grow_buffers asks for |bytes| of receive and send buffer, past the system's limit
 * when permitted. What could be had is not reported: loss is. */
void client_socket_grow_buffers(int fd, int bytes);

#endif
