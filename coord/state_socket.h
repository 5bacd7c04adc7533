/* state_socket.h — AF_UNIX sockets that are files of the state directory.
 *
 * Who may write to such a file may speak to the socket. So its mode is 0600, and it never has
 * another one, not even for an instant: nobody but the relay's user, whom all shards share, and
 * root can connect. That is the kernel's check at connect(2).
 */
#ifndef RELAY_STATE_SOCKET_H
#define RELAY_STATE_SOCKET_H

#include "err.h"
#include "problem.h"
#include "state_dir.h"

/*
 * state_socket_bind makes the socket |name| of |type| (SOCK_DGRAM, SOCK_STREAM) in |dir|,
 * non-blocking and close-on-exec. What a dead process has left there is removed; the caller makes
 * sure that nobody does the same at this time.
 *   ERR_OK, ERR_EXISTS (a live process holds it), ERR_IO; |problem| is written with an error.
 */
enum err state_socket_bind(const struct state_dir *dir, const char *name, int type, int *ret_fd,
                           struct problem *problem) MUST_CHECK;

/* state_socket_connect makes a socket of |type| that is connected to |name|, non-blocking and
 * close-on-exec. -1 with errno: ENOENT or ECONNREFUSED when nobody holds it. */
int state_socket_connect(const struct state_dir *dir, const char *name, int type);

#endif
