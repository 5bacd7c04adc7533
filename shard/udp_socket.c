/* udp_socket.c — UDP sockets with the options that listening and relay sockets share. */
#include "udp_socket.h"

#include "sockaddr.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <unistd.h>

bool udp_socket_set_int(int fd, int level, int option, int value)
{
    return setsockopt(fd, level, option, &value, sizeof(value)) == 0;
}

int udp_socket_new(enum ip_family family)
{
    int domain = family == IP_FAMILY_V4 ? AF_INET : AF_INET6;
    int fd = socket(domain, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP);

    if (fd < 0)
        return -1;
    if (family == IP_FAMILY_V6 && !udp_socket_set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1)) {
        int error = errno;

        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

bool udp_socket_bind(int fd, const struct transport_addr *addr)
{
    union socket_addr socket_addr;
    socklen_t len = socket_addr_from(addr, &socket_addr);

    return bind(fd, &socket_addr.any, len) == 0;
}

static bool has_buffer(int fd, int option, int len)
{
    int held = 0; /* twice what was asked for */
    socklen_t held_len = sizeof(held);

    return getsockopt(fd, SOL_SOCKET, option, &held, &held_len) == 0 && held / 2 >= len;
}

static void set_buffer(int fd, int option, int forced_option, int len)
{
    /* The forced form needs CAP_NET_ADMIN; the plain one is cut to rmem_max and wmem_max. */
    if (!udp_socket_set_int(fd, SOL_SOCKET, forced_option, len))
        (void)udp_socket_set_int(fd, SOL_SOCKET, option, len);
}

unsigned udp_socket_small_buffers(int fd, int len)
{
    return (has_buffer(fd, SO_RCVBUF, len) ? 0U : UDP_SOCKET_RECEIVE_BUFFER) |
           (has_buffer(fd, SO_SNDBUF, len) ? 0U : UDP_SOCKET_SEND_BUFFER);
}

void udp_socket_set_buffers(int fd, unsigned which, int len)
{
    if ((which & UDP_SOCKET_RECEIVE_BUFFER) != 0)
        set_buffer(fd, SO_RCVBUF, SO_RCVBUFFORCE, len);
    if ((which & UDP_SOCKET_SEND_BUFFER) != 0)
        set_buffer(fd, SO_SNDBUF, SO_SNDBUFFORCE, len);
}

void udp_socket_take_trains(int fd, bool is_wanted)
{
    (void)udp_socket_set_int(fd, IPPROTO_UDP, UDP_GRO, is_wanted);
}

bool udp_socket_allow_fragments(int fd, enum ip_family family)
{
    /* Over IPv4 routers fragment what has no DF, so the path MTU is of no use to us, and
     * believing forged ICMP about it would cut all we send to pieces: OMIT does without.
     * Over IPv6 only the sender can fragment, and must know the path MTU for it. */
    if (family == IP_FAMILY_V4)
        return udp_socket_set_int(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT);
    return udp_socket_set_int(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DONT);
}

bool udp_socket_forbid_fragments(int fd, enum ip_family family)
{
    /* PROBE sets DF and pays no heed to the path MTU that the kernel has learnt: finding it
     * is what the client is doing. */
    if (family == IP_FAMILY_V4)
        return udp_socket_set_int(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
    return udp_socket_set_int(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE) &&
           udp_socket_set_int(fd, IPPROTO_IPV6, IPV6_DONTFRAG, 1);
}
