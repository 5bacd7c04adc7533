/* redirect_socket.c — the AF_UNIX datagram sockets by which shards hand over misrouted datagrams.
 */
#include "redirect_socket.h"

#include "state_socket.h"
#include "udp_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    NAME_LEN = 32,
    /* Asked of the kernel for what a shard has sent and the owner has not read: as much as it
     * lets wait elsewhere, so that the number of messages is what counts. */
    SEND_BUFFER_LEN = 2 * 1024 * 1024,
};

static void name_socket(uint32_t shard, char name[static NAME_LEN])
{
    (void)snprintf(name, NAME_LEN, "shard-%" PRIu32 ".sock", shard);
}

int redirect_socket_connect(const struct state_dir *dir, uint32_t shard)
{
    char name[NAME_LEN];

    name_socket(shard, name);
    int fd = state_socket_connect(dir, name, SOCK_DGRAM);

    if (fd >= 0)
        udp_socket_set_buffers(fd, udp_socket_small_buffers(fd, SEND_BUFFER_LEN), SEND_BUFFER_LEN);
    return fd;
}

enum err redirect_socket_bind(const struct state_dir *dir, uint32_t shard, int *ret_fd,
                              struct problem *problem)
{
    char name[NAME_LEN];

    name_socket(shard, name);
    return state_socket_bind(dir, name, SOCK_DGRAM, ret_fd, problem);
}

bool redirect_socket_is_one(int fd)
{
    int domain = 0;
    int type = 0;
    socklen_t domain_len = sizeof(domain);
    socklen_t type_len = sizeof(type);

    return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &domain_len) == 0 && domain == AF_UNIX &&
           getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_len) == 0 && type == SOCK_DGRAM;
}

/* What the file of |fd| is called, without its directory; empty when it has none. */
static void read_name(int fd, char name[static sizeof(struct sockaddr_un)])
{
    union {
        struct sockaddr any;
        struct sockaddr_un path;
    } addr = {.path = {.sun_family = AF_UNIX}};
    socklen_t len = sizeof(addr.path);

    name[0] = '\0';
    if (getsockname(fd, &addr.any, &len) < 0)
        return;
    (void)snprintf(name, sizeof(addr.path), "%.*s", (int)sizeof(addr.path.sun_path),
                   addr.path.sun_path);
    const char *slash = strrchr(name, '/');

    if (slash != NULL)
        memmove(name, slash + 1, strlen(slash));
}

enum err redirect_socket_adopt(int fd, const struct state_dir *dir, uint32_t shard,
                               struct problem *problem)
{
    char wanted[NAME_LEN];
    char name[sizeof(struct sockaddr_un)];
    struct stat status;
    int flags;

    name_socket(shard, wanted);
    read_name(fd, name);
    if (strcmp(name, wanted) != 0) {
        problem_set(problem, "passed descriptor %d is bound to '%s' and not to %s", fd, name,
                    wanted);
        return ERR_MALFORMED;
    }
    if (fstatat(dir->fd, wanted, &status, AT_SYMLINK_NOFOLLOW) < 0) {
        problem_set(problem, "passed descriptor %d is not %s/%s: %s", fd, dir->path, wanted,
                    strerror(errno));
        return ERR_MALFORMED;
    }
    if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        problem_set(problem, "%s/%s has mode %03o; nobody but its owner may write there", dir->path,
                    wanted, (unsigned)status.st_mode & 07777);
        return ERR_AUTH;
    }
    flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) {
        problem_set(problem, "passed descriptor %d: %s", fd, strerror(errno));
        return ERR_IO;
    }
    return ERR_OK;
}
