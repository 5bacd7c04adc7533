/* relay_socket.h — opening the sockets of a relayed transport address. */
#ifndef RELAY_RELAY_SOCKET_H
#define RELAY_RELAY_SOCKET_H

#include "err.h"
#include "problem.h"
#include "transport_addr.h"
#include "turn_command.h"
#include "turn_server.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    /* Buffers of a relay socket, as LISTENER_BUFFER_LEN: some 1200 small datagrams. They
     * take memory only while datagrams wait in them. */
    RELAY_BUFFER_LEN = 512 * 1024,
    /* ICMP errors taken from a socket at a time. */
    RELAY_ICMP_BATCH = 16,
};

/* Which addresses relay sockets are bound to; ports 0. Family NONE where there is none. */
struct relay_binding {
    struct transport_addr v4;
    struct transport_addr v6;
    unsigned small_buffers; /* of a new socket: smaller than RELAY_BUFFER_LEN */
};

/*
 * relay_binding_choose decides for the family of the public address |public_addr|, in
 * |binding|, by a test bind: the address itself when it is on this host, so that peers see
 * it as the source on a host with several; else the wildcard, for a host behind a 1:1 NAT.
 *   ERR_OK, or ERR_IO with |problem| written: no sockets of this family at all.
 */
enum err relay_binding_choose(const struct transport_addr *public_addr,
                              struct relay_binding *binding, struct problem *problem) MUST_CHECK;

/* The open sockets of one relay; -1 where there is none. */
struct relay_fds {
    int v4;
    int v6;
};

/* Why a relay could not be opened. */
struct relay_failure {
    enum turn_relay_failure kind;
    uint8_t families; /* FAMILY_MISSING: which */
    int error;        /* the errno behind it */
};

/* relay_failure_of: what the errno of socket(), setsockopt() or bind() means to the core. Pure. */
enum turn_relay_failure relay_failure_of(int error);

/*
 * relay_sockets_open opens UDP sockets on |command|'s port for its families, as
 * an OPEN_RELAY says. All or none: on false nothing is open and |ret_failure|
 * says why. ICMP errors are reported on them (IP_RECVERR).
 */
bool relay_sockets_open(const struct relay_binding *binding, const struct turn_command *command,
                        struct relay_fds *ret, struct relay_failure *ret_failure);

/*
 * relay_socket_take_icmp_errors takes at most RELAY_ICMP_BATCH reported ICMP errors from |fd|
 * and returns how many. The event loop wakes up again while there are more.
 */
unsigned relay_socket_take_icmp_errors(int fd);

#endif
