/* client_socket.c — UDP sockets of the tools, and addresses as the kernel wants them. */
#include "client_socket.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

socklen_t client_sockaddr_from(const struct transport_addr *addr, union client_sockaddr *ret)
{
    assert(addr->family != IP_FAMILY_NONE);
    memset(ret, 0, sizeof *ret);
    if (addr->family == IP_FAMILY_V4) {
        ret->v4.sin_family = AF_INET;
        ret->v4.sin_port = htons(addr->port);
        memcpy(&ret->v4.sin_addr, addr->ip, 4);
        return sizeof ret->v4;
    }
    ret->v6.sin6_family = AF_INET6;
    ret->v6.sin6_port = htons(addr->port);
    ret->v6.sin6_scope_id = addr->scope_id;
    memcpy(&ret->v6.sin6_addr, addr->ip, 16);
    return sizeof ret->v6;
}

bool client_sockaddr_read(const union client_sockaddr *in, struct transport_addr *ret)
{
    if (in->any.sa_family == AF_INET) {
        *ret = transport_addr_v4((const uint8_t *)&in->v4.sin_addr, ntohs(in->v4.sin_port));
        return true;
    }
    if (in->any.sa_family != AF_INET6)
        return false;
    *ret = transport_addr_v6(in->v6.sin6_addr.s6_addr, ntohs(in->v6.sin6_port));
    ret->scope_id = in->v6.sin6_scope_id;
    return true;
}

enum err client_socket_open(const struct transport_addr *local, const struct transport_addr *remote,
                            int *ret_fd)
{
    uint8_t family = local ? local->family : remote->family;
    int fd = socket(family == IP_FAMILY_V4 ? AF_INET : AF_INET6,
                    SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return ERR_IO;
    union client_sockaddr addr = {0};
    if (local) {
        socklen_t len = client_sockaddr_from(local, &addr);
        if (bind(fd, &addr.any, len) != 0)
            goto failed;
    }
    if (remote) {
        socklen_t len = client_sockaddr_from(remote, &addr);
        if (connect(fd, &addr.any, len) != 0)
            goto failed;
    }
    *ret_fd = fd;
    return ERR_OK;

failed:;
    int error = errno;
    close(fd);
    errno = error;
    return ERR_IO;
}

enum err client_socket_local_addr(int fd, struct transport_addr *ret)
{
    union client_sockaddr addr = {0};
    socklen_t len = sizeof addr;
    if (getsockname(fd, &addr.any, &len) != 0)
        return ERR_IO;
    return client_sockaddr_read(&addr, ret) ? ERR_OK : ERR_IO;
}

void client_socket_grow_buffers(int fd, int bytes)
{
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) != 0)
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes) != 0)
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
}
