/* state_socket.c — AF_UNIX sockets that are files of the state directory. */
#include "state_socket.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

union unix_addr {
    struct sockaddr any;
    struct sockaddr_un path;
};

/* The address of the file in |dir|. The path of the directory itself may be longer than an
 * address has room for. */
static union unix_addr address_of(const struct state_dir *dir, const char *name)
{
    union unix_addr addr = {.path = {.sun_family = AF_UNIX}};

    (void)snprintf(addr.path.sun_path, sizeof(addr.path.sun_path), "/proc/self/fd/%d/%s", dir->fd,
                   name);
    return addr;
}

static int new_socket(int type)
{
    return socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

/* Closes |fd| and keeps errno. */
static void close_quietly(int fd)
{
    int error = errno;

    if (fd >= 0)
        close(fd);
    errno = error;
}

int state_socket_connect(const struct state_dir *dir, const char *name, int type)
{
    const union unix_addr addr = address_of(dir, name);
    int fd = new_socket(type);

    if (fd < 0)
        return -1;
    if (connect(fd, &addr.any, sizeof(addr.path)) < 0) {
        close_quietly(fd);
        return -1;
    }
    return fd;
}

/* Makes the name free. False when a live process holds it: EADDRINUSE; or with another errno. */
static bool remove_stale(const struct state_dir *dir, const char *name, int type)
{
    int fd = state_socket_connect(dir, name, type);

    /* EAGAIN: so many wait to be accepted. */
    if (fd >= 0 || errno == EAGAIN) {
        close_quietly(fd);
        errno = EADDRINUSE;
        return false;
    }
    return errno == ENOENT || unlinkat(dir->fd, name, 0) == 0;
}

static bool bind_file(int fd, const struct state_dir *dir, const char *name)
{
    const union unix_addr addr = address_of(dir, name);

    /* The file gets the mode that the socket has when it is bound, less the umask. */
    return fchmod(fd, S_IRUSR | S_IWUSR) == 0 && bind(fd, &addr.any, sizeof(addr.path)) == 0;
}

enum err state_socket_bind(const struct state_dir *dir, const char *name, int type, int *ret_fd,
                           struct problem *problem)
{
    int fd = new_socket(type);

    if (fd >= 0 && remove_stale(dir, name, type) && bind_file(fd, dir, name)) {
        *ret_fd = fd;
        return ERR_OK;
    }
    close_quietly(fd);
    if (errno == EADDRINUSE) {
        problem_set(problem, "%s/%s is held by another process", dir->path, name);
        return ERR_EXISTS;
    }
    problem_set(problem, "%s/%s cannot be made: %s", dir->path, name, strerror(errno));
    return ERR_IO;
}
