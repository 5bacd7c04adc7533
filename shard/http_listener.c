/* http_listener.c — the TCP socket that every shard listens on for HTTP, on one address. */
#include "http_listener.h"

#include "http_server.h"
#include "sockaddr.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

static bool set(int fd, int level, int option, int value)
{
    return setsockopt(fd, level, option, &value, sizeof(value)) == 0;
}

static bool bind_and_listen(int fd, const struct transport_addr *addr)
{
    union socket_addr socket_addr;
    socklen_t len = socket_addr_from(addr, &socket_addr);

    return (addr->family == IP_FAMILY_V4 || set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0)) &&
           /* Who sends nothing stays with the kernel, and in nobody's way. */
           set(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, HTTP_REQUEST_SEC) &&
           /* Connections that are over stay with the port for a minute. */
           set(fd, SOL_SOCKET, SO_REUSEADDR, 1) && set(fd, SOL_SOCKET, SO_REUSEPORT, 1) &&
           bind(fd, &socket_addr.any, len) == 0 && listen(fd, HTTP_BACKLOG) == 0;
}

int http_listen(const struct transport_addr *addr)
{
    int domain = addr->family == IP_FAMILY_V4 ? AF_INET : AF_INET6;
    int fd = socket(domain, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd >= 0 && !bind_and_listen(fd, addr)) {
        int error = errno;

        (void)close(fd);
        errno = error;
        return -1;
    }
    return fd;
}
