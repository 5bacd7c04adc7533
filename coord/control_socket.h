/* control_socket.h — the AF_UNIX stream socket by which a shard is told what to do.
 *
 * shard-K.control in the state directory, mode 0600 from its first instant: root and the relay's
 * user can connect. The shard's process makes it when it serves, so nobody answers while there is
 * none. What is said over it is control_message.h.
 */
#ifndef RELAY_CONTROL_SOCKET_H
#define RELAY_CONTROL_SOCKET_H

#include "err.h"
#include "problem.h"
#include "state_dir.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * control_socket_listen makes the listening socket of |shard|, non-blocking. The caller holds the
 * lock of the shard's counter page. ERR_OK, or ERR_EXISTS (a live process holds it), ERR_IO, with
 * |problem| written.
 */
enum err control_socket_listen(const struct state_dir *dir, uint32_t shard, int *ret_fd,
                               struct problem *problem) MUST_CHECK;

/*
 * control_socket_connect connects to |shard|, without waiting. -1 with errno: ENOENT or
 * ECONNREFUSED when no process listens, EACCES when we may not, EAGAIN when too many others wait.
 */
int control_socket_connect(const struct state_dir *dir, uint32_t shard);

/* control_socket_may_ask: the peer of the connection |fd| is root, or this process's own user. */
bool control_socket_may_ask(int fd);

#endif
