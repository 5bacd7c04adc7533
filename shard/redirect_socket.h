/* redirect_socket.h — the AF_UNIX datagram sockets by which shards hand over misrouted datagrams.
 *
 * Each shard reads from shard-K.sock in the state directory. Who may write to the file may play
 * any client: the kernel checks that at connect(2) (state_socket.h), so messages carry no
 * credentials.
 *
 * Like the listening sockets it outlives the shard that reads it: `relay run` or a
 * service manager holds it, and messages wait in it while the shard restarts.
 */
#ifndef RELAY_REDIRECT_SOCKET_H
#define RELAY_REDIRECT_SOCKET_H

#include "err.h"
#include "problem.h"
#include "state_dir.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * redirect_socket_bind makes the socket of |shard| in |dir|. What a dead process has left
 * there is removed; the caller makes sure that nobody does the same at this time, by the lock
 * of the counter page (a shard) or of the state directory (the supervisor).
 *   ERR_OK, ERR_EXISTS (a live process holds it), ERR_IO; |problem| is written with an error.
 */
enum err redirect_socket_bind(const struct state_dir *dir, uint32_t shard, int *ret_fd,
                              struct problem *problem) MUST_CHECK;

/* redirect_socket_is_one: |fd| is an AF_UNIX datagram socket, so meant for us among others that
 * were passed. */
bool redirect_socket_is_one(int fd);

/*
 * redirect_socket_adopt takes over the passed socket |fd|, which must be bound to the file of
 * |shard| in |dir|, writable for its owner alone.
 *   ERR_OK, or ERR_MALFORMED (bound elsewhere), ERR_AUTH (others may write), ERR_IO, with
 *   |problem| written. |fd| stays open, and the caller's.
 */
enum err redirect_socket_adopt(int fd, const struct state_dir *dir, uint32_t shard,
                               struct problem *problem) MUST_CHECK;

/*
 * redirect_socket_connect makes a socket that sends to |shard|. -1 with errno: ENOENT or
 * ECONNREFUSED when nobody holds its socket.
 */
int redirect_socket_connect(const struct state_dir *dir, uint32_t shard);

#endif
