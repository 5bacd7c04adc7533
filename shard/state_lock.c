/* state_lock.c — one supervisor for each state directory. */
#include "state_lock.h"

#include "state_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* Says who holds the lock, as far as the file tells. */
static void describe_holder(int fd, const char *path, struct problem *problem)
{
    char pid[24] = "unknown";
    ssize_t len = pread(fd, pid, sizeof(pid) - 1, 0);

    if (len > 0)
        pid[strspn(pid, "0123456789")] = '\0';
    problem_set(problem, "another relay, process %s, is running with the state directory %s", pid,
                path);
}

static enum err lock_file(int fd, const char *path, struct problem *problem)
{
    char pid[24];

    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        if (errno == EWOULDBLOCK) {
            describe_holder(fd, path, problem);
            return ERR_EXISTS;
        }
        problem_set(problem, "%s/%s cannot be locked: %s", path, STATE_LOCK_FILE, strerror(errno));
        return ERR_IO;
    }
    int len = snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());

    /* For people only, so a full disk is no reason not to run. */
    if (ftruncate(fd, 0) == 0)
        (void)!pwrite(fd, pid, (size_t)len, 0);
    return ERR_OK;
}

enum err state_lock_take(const char *path, struct state_lock *ret, struct problem *problem)
{
    struct state_dir dir = STATE_DIR_CLOSED;
    enum err err = state_dir_open(path, STATE_DIR_SERVE, &dir, problem);

    if (err != ERR_OK)
        return err;
    int fd = openat(dir.fd, STATE_LOCK_FILE, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    state_dir_close(&dir);
    if (fd < 0) {
        problem_set(problem, "%s/%s cannot be opened: %s", path, STATE_LOCK_FILE, strerror(errno));
        return ERR_IO;
    }
    err = lock_file(fd, path, problem);
    if (err != ERR_OK) {
        close(fd);
        return err;
    }
    ret->fd = fd;
    return ERR_OK;
}

void state_lock_release(struct state_lock *lock)
{
    if (lock->fd >= 0)
        close(lock->fd);
    lock->fd = -1;
}
