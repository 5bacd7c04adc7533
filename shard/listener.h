/* listener.h — the listening sockets: UDP 3478 on every interface, each family by itself.
 *
 * All shards have a socket on the same port (SO_REUSEPORT) and the kernel picks
 * one by the client's address. The sockets report which of our addresses each
 * datagram came to (packet_info.h) and how many the full buffer has cost.
 */
#ifndef RELAY_LISTENER_H
#define RELAY_LISTENER_H

#include "err.h"
#include "problem.h"
#include "transport_addr.h"

enum {
    /* Asked of the kernel, which doubles it: room for about 10 000 small datagrams, enough for
     * the time that a shard takes to come back. */
    LISTENER_BUFFER_LEN = 4 * 1024 * 1024,
};

/* One socket for each family; -1 where there is none. */
struct listeners {
    int v4;
    int v6;
};

#define LISTENERS_NONE ((struct listeners){.v4 = -1, .v6 = -1})

/* listeners_close closes what is open. Whoever else holds the sockets gets no trains from them, and
 * all that is sent there. */
void listeners_close(struct listeners *listeners);

/*
 * listeners_probe makes sure that nobody else has the port, for each of
 * |families|. SO_REUSEPORT alone would let a second relay of the same user join the
 * group in silence and take a part of the clients.
 *   ERR_OK, ERR_EXISTS (taken), ERR_IO (the system refused otherwise).
 * |problem| is written with every error.
 */
enum err listeners_probe(unsigned families, struct problem *problem) MUST_CHECK;

/*
 * listeners_bind makes and binds a socket for each of |families|. They join
 * the group behind those bound before. Errors as listeners_probe; then nothing is open.
 */
enum err listeners_bind(unsigned families, struct listeners *ret,
                        struct problem *problem) MUST_CHECK;

/*
 * listeners_adopt takes over the |count| passed descriptors |fds|: UDP
 * sockets bound to the port, one for each of |families|, in any order. One of
 * a family that is not needed is closed. Missing socket options are set.
 *   ERR_OK, or ERR_MALFORMED (wrong type, port, options or a double) or
 *   ERR_NOT_FOUND (a family is missing) or ERR_IO; |problem| is written and all are closed.
 */
enum err listeners_adopt(const int *fds, unsigned count, unsigned families, struct listeners *ret,
                         struct problem *problem) MUST_CHECK;

#endif
