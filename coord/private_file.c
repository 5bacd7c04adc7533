/* private_file.c — files of the state directory that hold secrets. */
#include "private_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    DRAW_ATTEMPTS = 16, /* temporary names tried; each is drawn from 64 bits */
    TEMPORARY_NAME_MAX = 64,
};

static enum err cannot(const struct state_dir *dir, const char *name, const char *verb,
                       struct problem *problem)
{
    problem_set(problem, "%s/%s cannot be %s: %s", dir->path, name, verb, strerror(errno));
    return ERR_IO;
}

/* Who could read the file knows every password, who could write it can choose them. */
static enum err judge(int fd, const struct state_dir *dir, const char *name,
                      struct problem *problem)
{
    struct stat status;

    if (fstat(fd, &status) != 0)
        return cannot(dir, name, "read", problem);
    if (!S_ISREG(status.st_mode)) {
        problem_set(problem, "%s/%s is not a regular file", dir->path, name);
        return ERR_AUTH;
    }
    if (status.st_uid != 0 && status.st_uid != geteuid() && status.st_uid != dir->owner) {
        problem_set(problem, "%s/%s belongs to user %lu, not to us (%lu) or root", dir->path, name,
                    (unsigned long)status.st_uid, (unsigned long)geteuid());
        return ERR_AUTH;
    }
    if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        problem_set(problem, "%s/%s has mode %03o; nobody but its owner may read it", dir->path,
                    name, (unsigned)status.st_mode & 07777);
        return ERR_AUTH;
    }
    return ERR_OK;
}

enum err private_file_open(const struct state_dir *dir, const char *name, int *ret_fd,
                           struct problem *problem)
{
    /* O_NONBLOCK: a FIFO under this name must not hang us. */
    int fd = openat(dir->fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0 && errno == ENOENT) {
        problem_set(problem, "%s/%s does not exist", dir->path, name);
        return ERR_NOT_FOUND;
    }
    if (fd < 0)
        return cannot(dir, name, "read", problem);
    enum err err = judge(fd, dir, name, problem);

    if (err == ERR_OK)
        *ret_fd = fd;
    else
        close(fd);
    return err;
}

enum err private_file_read(int fd, uint8_t *buffer, size_t size, size_t *ret_len)
{
    size_t len = 0;

    while (len < size) {
        ssize_t count = read(fd, buffer + len, size - len);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return ERR_IO;
        if (count == 0)
            break;
        len += (size_t)count;
    }
    *ret_len = len;
    return ERR_OK;
}

static bool write_all(int fd, struct bytes content)
{
    while (content.len > 0) {
        ssize_t count = write(fd, content.data, content.len);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return false;
        content.data += count;
        content.len -= (size_t)count;
    }
    return true;
}

/* Creates a file under a name that nobody else uses. -1 with errno set. */
static int create_temporary(const struct state_dir *dir, const char *name,
                            char ret_name[static TEMPORARY_NAME_MAX])
{
    for (int i = 0; i < DRAW_ATTEMPTS; i++) {
        uint64_t random;

        /* So few come whole, and no signal interrupts (getrandom(2)). */
        if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
            return -1;
        snprintf(ret_name, TEMPORARY_NAME_MAX, "%s.new-%016" PRIx64, name, random);
        int fd = openat(dir->fd, ret_name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                        S_IRUSR | S_IWUSR);
        if (fd >= 0 || errno != EEXIST)
            return fd;
    }
    return -1;
}

/* Gives the file |from| the name |to|. False with errno set. */
static bool give_name(const struct state_dir *dir, const char *from, const char *to,
                      enum private_file_when when)
{
    if (when == PRIVATE_FILE_REPLACE)
        return renameat(dir->fd, from, dir->fd, to) == 0;
    /* link(2) fails when the name is taken. */
    return linkat(dir->fd, from, dir->fd, to, 0) == 0 || errno == EEXIST;
}

/* False with errno set. */
static bool put(const struct state_dir *dir, const char *name, struct bytes content,
                enum private_file_when when)
{
    char temporary[TEMPORARY_NAME_MAX];
    int fd = create_temporary(dir, name, temporary);

    if (fd < 0)
        return false;
    /* The umask may have taken from the mode that the file was created with. */
    bool is_put = fchmod(fd, S_IRUSR | S_IWUSR) == 0 && write_all(fd, content) && fsync(fd) == 0 &&
                  give_name(dir, temporary, name, when);
    int saved_errno = errno;

    close(fd);
    if (!is_put || when == PRIVATE_FILE_UNLESS_THERE)
        unlinkat(dir->fd, temporary, 0);
    errno = saved_errno;
    /* The name itself is on disk only when the directory is. */
    return is_put && fsync(dir->fd) == 0;
}

enum err private_file_put(const struct state_dir *dir, const char *name, struct bytes content,
                          enum private_file_when when, struct problem *problem)
{
    return put(dir, name, content, when) ? ERR_OK : cannot(dir, name, "written", problem);
}
