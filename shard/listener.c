/* listener.c — the listening sockets: UDP 3478 on every interface, each family by itself. */
#include "listener.h"

#include "options.h"
#include "shed_filter.h"
#include "sockaddr.h"
#include "udp_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Whoever holds the socket may give it next to a version that knows no trains: a train would be one
 * strange datagram to it. One that knows them switches them on again before it receives. Nor is a
 * filter to stay that nobody minds any more. */
static void close_one(int fd)
{
    if (fd < 0)
        return;
    udp_socket_take_trains(fd, false);
    shed_filter_detach(fd);
    close(fd);
}

void listeners_close(struct listeners *listeners)
{
    close_one(listeners->v4);
    close_one(listeners->v6);
    *listeners = LISTENERS_NONE;
}

static const char *wildcard_text(enum ip_family family)
{
    return family == IP_FAMILY_V4 ? "0.0.0.0" : "[::]";
}

/* The options of a listening socket that can still be set when it is bound. */
static bool set_options(int fd, enum ip_family family)
{
    bool ok = family == IP_FAMILY_V4 ? udp_socket_set_int(fd, IPPROTO_IP, IP_PKTINFO, 1)
                                     : udp_socket_set_int(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);

    ok = ok && udp_socket_set_int(fd, SOL_SOCKET, SO_RXQ_OVFL, 1) &&
         udp_socket_allow_fragments(fd, family);
    /* Who passed us the socket may have been allowed more than we are. */
    udp_socket_set_buffers(fd, udp_socket_small_buffers(fd, LISTENER_BUFFER_LEN),
                           LISTENER_BUFFER_LEN);
    udp_socket_take_trains(fd, true);
    return ok;
}

/* Binds a socket of |family|, as a member of the group or as the only one. */
static enum err bind_one(enum ip_family family, bool is_member, int *ret_fd,
                         struct problem *problem)
{
    struct transport_addr addr = transport_addr_any(family, RELAY_LISTENING_PORT);
    int fd = udp_socket_new(family);

    if (fd >= 0 &&
        (!is_member ||
         (udp_socket_set_int(fd, SOL_SOCKET, SO_REUSEPORT, 1) && set_options(fd, family))) &&
        udp_socket_bind(fd, &addr)) {
        *ret_fd = fd;
        return ERR_OK;
    }
    int error = errno;

    if (fd >= 0)
        close(fd);
    if (error == EADDRINUSE) {
        problem_set(problem,
                    "UDP port %d is taken on %s: another relay or TURN server may be running",
                    RELAY_LISTENING_PORT, wildcard_text(family));
        return ERR_EXISTS;
    }
    problem_set(problem, "cannot listen on UDP port %d of %s: %s", RELAY_LISTENING_PORT,
                wildcard_text(family), strerror(error));
    return ERR_IO;
}

static enum err bind_all(unsigned families, bool is_member, struct listeners *ret,
                         struct problem *problem)
{
    struct listeners listeners = LISTENERS_NONE;
    enum err err = ERR_OK;

    if (families & FAMILY_SET_V4)
        err = bind_one(IP_FAMILY_V4, is_member, &listeners.v4, problem);
    if (err == ERR_OK && families & FAMILY_SET_V6)
        err = bind_one(IP_FAMILY_V6, is_member, &listeners.v6, problem);
    if (err != ERR_OK) {
        listeners_close(&listeners);
        return err;
    }
    *ret = listeners;
    return ERR_OK;
}

enum err listeners_probe(unsigned families, struct problem *problem)
{
    struct listeners listeners;
    enum err err = bind_all(families, false, &listeners, problem);

    if (err == ERR_OK)
        listeners_close(&listeners);
    return err;
}

enum err listeners_bind(unsigned families, struct listeners *ret, struct problem *problem)
{
    return bind_all(families, true, ret, problem);
}

static bool get_int(int fd, int level, int option, int *ret)
{
    socklen_t len = sizeof(*ret);

    return getsockopt(fd, level, option, ret, &len) == 0;
}

/* Checks one passed socket and says its family. */
static enum err check_passed(int fd, enum ip_family *ret_family, struct problem *problem)
{
    union socket_addr socket_addr;
    socklen_t len = sizeof(socket_addr);
    struct transport_addr addr;
    int value;

    if (!get_int(fd, SOL_SOCKET, SO_TYPE, &value) || value != SOCK_DGRAM ||
        !get_int(fd, SOL_SOCKET, SO_PROTOCOL, &value) || value != IPPROTO_UDP ||
        getsockname(fd, &socket_addr.any, &len) < 0 || !socket_addr_to(&socket_addr, len, &addr)) {
        problem_set(problem, "passed descriptor %d is no UDP socket", fd);
        return ERR_MALFORMED;
    }
    if (addr.port != RELAY_LISTENING_PORT) {
        problem_set(problem, "passed descriptor %d is bound to UDP port %u and not to %d", fd,
                    addr.port, RELAY_LISTENING_PORT);
        return ERR_MALFORMED;
    }
    if (addr.family == IP_FAMILY_V6 &&
        (!get_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, &value) || value != 1)) {
        problem_set(problem, "passed descriptor %d takes IPv4 as well: it must be IPv6 only", fd);
        return ERR_MALFORMED;
    }
    *ret_family = (enum ip_family)addr.family;
    return ERR_OK;
}

/* Puts one passed socket in its place, or closes it. */
static enum err adopt_one(int fd, unsigned families, struct listeners *listeners,
                          struct problem *problem)
{
    enum ip_family family;
    enum err err = check_passed(fd, &family, problem);

    if (err != ERR_OK) {
        close(fd);
        return err;
    }
    if (!(families & family_set_of((uint8_t)family))) {
        close(fd);
        return ERR_OK;
    }
    int *place = family == IP_FAMILY_V4 ? &listeners->v4 : &listeners->v6;

    if (*place >= 0) {
        close(fd);
        problem_set(problem, "two sockets of the same address family were passed");
        return ERR_MALFORMED;
    }
    *place = fd;
    int flags = fcntl(fd, F_GETFL);

    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 || !set_options(fd, family)) {
        problem_set(problem, "passed descriptor %d refuses its socket options: %s", fd,
                    strerror(errno));
        return ERR_IO;
    }
    return ERR_OK;
}

enum err listeners_adopt(const int *fds, unsigned count, unsigned families, struct listeners *ret,
                         struct problem *problem)
{
    struct listeners listeners = LISTENERS_NONE;
    enum err err = ERR_OK;

    for (unsigned i = 0; i < count; i++) {
        if (err == ERR_OK)
            err = adopt_one(fds[i], families, &listeners, problem);
        else
            close(fds[i]);
    }
    if (err == ERR_OK && ((families & FAMILY_SET_V4 && listeners.v4 < 0) ||
                          (families & FAMILY_SET_V6 && listeners.v6 < 0))) {
        problem_set(problem, "no %s socket on UDP port %d was passed, and it has a public address",
                    listeners.v4 < 0 && families & FAMILY_SET_V4 ? "IPv4" : "IPv6",
                    RELAY_LISTENING_PORT);
        err = ERR_NOT_FOUND;
    }
    if (err != ERR_OK) {
        listeners_close(&listeners);
        return err;
    }
    *ret = listeners;
    return ERR_OK;
}
