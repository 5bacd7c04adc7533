/* relay_socket.c — opening the sockets of a relayed transport address. */
#include "relay_socket.h"

#include "sockaddr.h"
#include "udp_socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum err relay_binding_choose(const struct transport_addr *public_addr,
                              struct relay_binding *binding, struct problem *problem)
{
    enum ip_family family = (enum ip_family)public_addr->family;
    struct transport_addr candidates[] = {*public_addr, transport_addr_any(family, 0)};
    int error = 0;

    for (size_t i = 0; i < sizeof(candidates) / sizeof(candidates[0]); i++) {
        int fd = udp_socket_new(family);

        if (fd < 0) {
            error = errno;
            break;
        }
        candidates[i].port = 0;
        bool is_bound = udp_socket_bind(fd, &candidates[i]);

        error = is_bound ? 0 : errno;
        binding->small_buffers = udp_socket_small_buffers(fd, RELAY_BUFFER_LEN);
        close(fd);
        if (is_bound) {
            *(family == IP_FAMILY_V4 ? &binding->v4 : &binding->v6) = candidates[i];
            return ERR_OK;
        }
        if (error != EADDRNOTAVAIL)
            break;
    }
    problem_set(problem, "cannot open relay sockets for %s: %s",
                family == IP_FAMILY_V4 ? "IPv4" : "IPv6", strerror(error));
    return ERR_IO;
}

enum turn_relay_failure relay_failure_of(int error)
{
    switch (error) {
    case EAFNOSUPPORT:
    case EADDRNOTAVAIL:
        return TURN_RELAY_FAMILY_MISSING;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOBUFS:
        return TURN_RELAY_NO_RESOURCES;
    default:
        /* EADDRINUSE, and what a security policy may forbid for this one port (EACCES, EPERM):
         * another port may do. */
        return TURN_RELAY_PORT_TAKEN;
    }
}

static bool set_options(int fd, enum ip_family family, bool dont_fragment, unsigned small_buffers)
{
    bool is_v4 = family == IP_FAMILY_V4;

    if (!(dont_fragment ? udp_socket_forbid_fragments(fd, family)
                        : udp_socket_allow_fragments(fd, family)))
        return false;
    if (!(is_v4 ? udp_socket_set_int(fd, IPPROTO_IP, IP_RECVERR, 1)
                : udp_socket_set_int(fd, IPPROTO_IPV6, IPV6_RECVERR, 1)) ||
        !udp_socket_set_int(fd, SOL_SOCKET, SO_RXQ_OVFL, 1))
        return false;
    udp_socket_set_buffers(fd, small_buffers, RELAY_BUFFER_LEN);
    udp_socket_take_trains(fd, true);
    return true;
}

/* Opens one socket. Returns the descriptor, or -1 with errno. */
static int open_one(const struct transport_addr *bind_to, uint16_t port, bool dont_fragment,
                    unsigned small_buffers)
{
    struct transport_addr addr = *bind_to;
    enum ip_family family = (enum ip_family)addr.family;

    addr.port = port;
    if (family == IP_FAMILY_NONE) {
        errno = EAFNOSUPPORT;
        return -1;
    }
    int fd = udp_socket_new(family);

    if (fd < 0 ||
        (set_options(fd, family, dont_fragment, small_buffers) && udp_socket_bind(fd, &addr)))
        return fd;
    int error = errno;

    close(fd);
    errno = error;
    return -1;
}

bool relay_sockets_open(const struct relay_binding *binding, const struct turn_command *command,
                        struct relay_fds *ret, struct relay_failure *ret_failure)
{
    const struct transport_addr *bind_to[] = {&binding->v4, &binding->v6};
    const uint8_t sets[] = {FAMILY_SET_V4, FAMILY_SET_V6};
    int fds[] = {-1, -1};
    struct relay_failure failure = {.families = 0};

    for (size_t i = 0; i < 2; i++) {
        if (!(command->families & sets[i]))
            continue;
        fds[i] =
            open_one(bind_to[i], command->port, command->dont_fragment, binding->small_buffers);
        if (fds[i] >= 0)
            continue;
        failure.error = errno;
        failure.kind = relay_failure_of(failure.error);
        if (failure.kind != TURN_RELAY_FAMILY_MISSING) {
            failure.families = command->families;
            break;
        }
        /* Look at the other family too: the core wants to know of all that are missing. */
        failure.families |= sets[i];
    }
    if (failure.families == 0) {
        *ret = (struct relay_fds){.v4 = fds[0], .v6 = fds[1]};
        return true;
    }
    for (size_t i = 0; i < 2; i++) {
        if (fds[i] >= 0)
            close(fds[i]);
    }
    *ret_failure = failure;
    return false;
}

unsigned relay_socket_take_icmp_errors(int fd)
{
    unsigned count = 0;

    /* What the error was about (payload, control data) is not looked at: MSG_TRUNC. */
    while (count < RELAY_ICMP_BATCH) {
        struct msghdr message = {.msg_iovlen = 0};

        if (recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
            break;
        count++;
    }
    return count;
}
