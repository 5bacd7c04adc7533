/* passed_sockets.c — descriptors handed over by whoever started us, the LISTEN_FDS convention. */
#include "passed_sockets.h"

#include "text_parse.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum err passed_sockets_parse(const char *listen_pid, const char *listen_fds, pid_t self,
                              unsigned *ret_count)
{
    uint64_t pid;
    uint64_t count;
    enum err err;

    if (listen_pid == NULL || listen_fds == NULL) {
        *ret_count = 0;
        return ERR_OK;
    }
    err = text_parse_u64(listen_pid, strlen(listen_pid), 1, INT32_MAX, &pid);
    if (err != ERR_OK)
        return ERR_MALFORMED;
    if (pid != (uint64_t)self) {
        *ret_count = 0;
        return ERR_OK;
    }
    err = text_parse_u64(listen_fds, strlen(listen_fds), 0, PASSED_SOCKETS_MAX, &count);
    if (err == ERR_OK)
        *ret_count = (unsigned)count;
    return err;
}

enum err passed_sockets_take(unsigned *ret_count, struct problem *problem)
{
    unsigned count;
    enum err err =
        passed_sockets_parse(getenv("LISTEN_PID"), getenv("LISTEN_FDS"), getpid(), &count);

    if (err != ERR_OK) {
        problem_set(problem, "LISTEN_PID and LISTEN_FDS are not a process and 0 to %d descriptors",
                    PASSED_SOCKETS_MAX);
        return err;
    }
    for (unsigned i = 0; i < count; i++) {
        int fd = PASSED_SOCKETS_FIRST + (int)i;

        if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) {
            problem_set(problem, "LISTEN_FDS is %u, but descriptor %d is not open", count, fd);
            return ERR_IO;
        }
    }
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
    *ret_count = count;
    return ERR_OK;
}

bool passed_sockets_place(const int *fds, unsigned count)
{
    int above[PASSED_SOCKETS_MAX];
    char number[24];

    if (count > PASSED_SOCKETS_MAX) {
        errno = EINVAL;
        return false;
    }
    /* First out of the way, since a source may have the number of another one's target. */
    for (unsigned i = 0; i < count; i++) {
        above[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, PASSED_SOCKETS_FIRST + PASSED_SOCKETS_MAX);
        if (above[i] < 0)
            return false;
    }
    for (unsigned i = 0; i < count; i++) {
        /* dup2 leaves close-on-exec off. */
        if (dup2(above[i], PASSED_SOCKETS_FIRST + (int)i) < 0)
            return false;
    }
    (void)snprintf(number, sizeof(number), "%u", count);
    if (setenv("LISTEN_FDS", number, 1) < 0)
        return false;
    (void)snprintf(number, sizeof(number), "%ld", (long)getpid());
    return setenv("LISTEN_PID", number, 1) == 0 && unsetenv("LISTEN_FDNAMES") == 0;
}
