/* control_socket.c — the AF_UNIX stream socket by which a shard is told what to do. */
#include "control_socket.h"

#include "state_socket.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    NAME_LEN = 32,
    BACKLOG = 16, /* that wait to be accepted; who comes later is told at once */
};

static void name_socket(uint32_t shard, char name[static NAME_LEN])
{
    (void)snprintf(name, NAME_LEN, "shard-%" PRIu32 ".control", shard);
}

enum err control_socket_listen(const struct state_dir *dir, uint32_t shard, int *ret_fd,
                               struct problem *problem)
{
    char name[NAME_LEN];
    int fd;

    name_socket(shard, name);
    enum err err = state_socket_bind(dir, name, SOCK_STREAM, &fd, problem);

    if (err != ERR_OK)
        return err;
    if (listen(fd, BACKLOG) < 0) {
        problem_set(problem, "%s/%s takes no connections: %s", dir->path, name, strerror(errno));
        close(fd);
        return ERR_IO;
    }
    *ret_fd = fd;
    return ERR_OK;
}

int control_socket_connect(const struct state_dir *dir, uint32_t shard)
{
    char name[NAME_LEN];

    name_socket(shard, name);
    return state_socket_connect(dir, name, SOCK_STREAM);
}

bool control_socket_may_ask(int fd)
{
    struct ucred peer;
    socklen_t len = sizeof(peer);

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 && len == sizeof(peer) &&
           (peer.uid == 0 || peer.uid == geteuid());
}
