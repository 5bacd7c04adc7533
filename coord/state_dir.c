/* state_dir.c — finds, creates and judges the state directory. */
#include "state_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert(STATE_DIR_PATH_MAX <= PATH_MAX, "what fits here is a path");

/* |path| of |len| bytes, slashes at its end taken off. */
static enum err take_path(const char *path, size_t len, char ret_path[static STATE_DIR_PATH_MAX],
                          struct problem *problem)
{
    while (len > 1 && path[len - 1] == '/')
        len--;
    if (len == 0 || len >= STATE_DIR_PATH_MAX) {
        problem_set(problem, "the path of the state directory has 1 to %d characters",
                    STATE_DIR_PATH_MAX - 1);
        return ERR_RANGE;
    }
    memcpy(ret_path, path, len);
    ret_path[len] = '\0';
    return ERR_OK;
}

#define SYSTEM_DIR "/run/relay"

/* Is there a directory of the relay that the system runs, and is it ours? */
static bool find_system_dir(bool *ret_is_ours)
{
    struct stat status;

    if (lstat(SYSTEM_DIR, &status) != 0 || !S_ISDIR(status.st_mode))
        return false;
    *ret_is_ours = status.st_uid == geteuid();
    return true;
}

enum err state_dir_resolve(const char *given, char ret_path[static STATE_DIR_PATH_MAX],
                           struct problem *problem)
{
    const char *systemd = getenv("RUNTIME_DIRECTORY");
    const char *user = getenv("XDG_RUNTIME_DIR");
    char path[PATH_MAX];
    bool is_ours;
    int len;

    if (given != NULL)
        return take_path(given, strlen(given), ret_path, problem);
    if (systemd != NULL && systemd[0] != '\0')
        return take_path(systemd, strcspn(systemd, ":"), ret_path, problem);
    if (geteuid() == 0 || (find_system_dir(&is_ours) && is_ours))
        return take_path(SYSTEM_DIR, strlen(SYSTEM_DIR), ret_path, problem);
    /* The base directory specification: a relative path is to be ignored. */
    if (user != NULL && user[0] == '/')
        len = snprintf(path, sizeof(path), "%s/relay", user);
    else
        len = snprintf(path, sizeof(path), "/tmp/relay-%lu", (unsigned long)geteuid());
    return take_path(path, len < 0 ? 0 : (size_t)len, ret_path, problem);
}

static enum err judge(const char *path, enum state_dir_use use, const struct stat *status,
                      struct problem *problem)
{
    bool is_owner_fine = status->st_uid == geteuid() || status->st_uid == 0 ||
                         (use == STATE_DIR_INSPECT && geteuid() == 0);

    if (!is_owner_fine) {
        problem_set(problem, "the state directory %s belongs to user %lu, not to us (%lu) or root",
                    path, (unsigned long)status->st_uid, (unsigned long)geteuid());
        return ERR_AUTH;
    }
    if ((status->st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        problem_set(problem,
                    "the state directory %s has mode %03o; nobody but its owner may write there",
                    path, (unsigned)status->st_mode & 07777);
        return ERR_AUTH;
    }
    return ERR_OK;
}

/* True when the directory that |path| would be made in is there. */
static bool has_parent(const char *path)
{
    char parent[STATE_DIR_PATH_MAX];
    const char *slash = strrchr(path, '/');
    struct stat status;

    if (slash == NULL)
        return true; /* the working directory */
    (void)snprintf(parent, sizeof(parent), "%.*s", slash == path ? 1 : (int)(slash - path), path);
    return stat(parent, &status) == 0 && S_ISDIR(status.st_mode);
}

static enum err no_parent(const char *path, struct problem *problem)
{
    problem_set(problem, "the state directory %s: the directory above it does not exist", path);
    return ERR_IO;
}

static enum err cannot_open(const char *path, struct problem *problem)
{
    bool is_ours;

    switch (errno) {
    case ENOENT:
        if (geteuid() != 0 && find_system_dir(&is_ours) && !is_ours)
            problem_set(
                problem,
                "the state directory %s does not exist; that of this system's relay, %s, is "
                "for root and its owner",
                path, SYSTEM_DIR);
        else
            problem_set(problem, "the state directory %s does not exist", path);
        return ERR_NOT_FOUND;
    case ELOOP:
    case ENOTDIR:
        /* A symbolic link too: it may come from somebody who can write beside it. */
        problem_set(problem, "the state directory %s is not a directory", path);
        return ERR_AUTH;
    default:
        problem_set(problem, "the state directory %s: %s", path, strerror(errno));
        return ERR_IO;
    }
}

enum err state_dir_open(const char *path, enum state_dir_use use, struct state_dir *ret,
                        struct problem *problem)
{
    struct state_dir dir = {.fd = -1};
    struct stat status;
    enum err err = take_path(path, strlen(path), dir.path, problem);

    if (err != ERR_OK)
        return err;
    if (use == STATE_DIR_SERVE && mkdir(dir.path, S_IRWXU) != 0 && errno != EEXIST) {
        if (errno == ENOENT)
            return no_parent(path, problem);
        problem_set(problem, "the state directory %s cannot be created: %s", path, strerror(errno));
        return ERR_IO;
    }
    dir.fd = open(dir.path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (dir.fd < 0 && errno == ENOENT && use == STATE_DIR_CHECK && !has_parent(dir.path))
        return no_parent(path, problem);
    if (dir.fd < 0)
        return cannot_open(path, problem);
    if (fstat(dir.fd, &status) != 0)
        err = cannot_open(path, problem);
    else
        err = judge(path, use, &status, problem);
    if (err != ERR_OK) {
        state_dir_close(&dir);
        return err;
    }
    dir.owner = status.st_uid;
    *ret = dir;
    return ERR_OK;
}

void state_dir_close(struct state_dir *dir)
{
    if (dir->fd >= 0)
        close(dir->fd);
    dir->fd = -1;
}
