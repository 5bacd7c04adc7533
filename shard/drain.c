/* drain.c — whether this shard takes new allocations: what the operator wants, kept over the end of
 * the process. */
#include "drain.h"

#include "log.h"
#include "private_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME_LEN = 32 };

static void name_mark(uint32_t shard, char name[static NAME_LEN])
{
    (void)snprintf(name, NAME_LEN, "shard-%" PRIu32 ".drain", shard);
}

static void tell_state(const struct drain *drain)
{
    if (drain->is_ready)
        drain->page->state = drain->is_draining ? SHARD_STATE_DRAINING : SHARD_STATE_SERVING;
}

static void apply(struct drain *drain, bool is_draining)
{
    drain->is_draining = is_draining;
    membership_set_draining(drain->membership, is_draining);
    tell_state(drain);
}

void drain_begin(struct drain *drain)
{
    char name[NAME_LEN];
    struct stat status;

    name_mark(drain->shard, name);
    /* Only that it is there counts, not what it is: nobody but the owner of the directory can have
     * made it. */
    if (fstatat(drain->dir->fd, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return;
    log_event(LOG_LEVEL_WARNING, "shard is draining: it takes no new allocations until undrain",
              "since_unix", LOG_U64((uint64_t)status.st_mtime), NULL);
    apply(drain, true);
}

void drain_ready(struct drain *drain)
{
    drain->is_ready = true;
    tell_state(drain);
}

static enum err put_mark(const struct drain *drain, const char *name, struct problem *problem)
{
    char text[96];

    (void)snprintf(text, sizeof(text),
                   "Shard %" PRIu32 " takes no new allocations until `relayctl undrain %" PRIu32
                   "`.\n",
                   drain->shard, drain->shard);
    return private_file_put(drain->dir, name, bytes_of_text(text), PRIVATE_FILE_UNLESS_THERE,
                            problem);
}

static enum err remove_mark(const struct drain *drain, const char *name, struct problem *problem)
{
    if ((unlinkat(drain->dir->fd, name, 0) == 0 || errno == ENOENT) && fsync(drain->dir->fd) == 0)
        return ERR_OK;
    problem_set(problem, "%s/%s cannot be removed: %s", drain->dir->path, name, strerror(errno));
    return ERR_IO;
}

enum err drain_set(struct drain *drain, bool is_draining, struct problem *problem)
{
    char name[NAME_LEN];

    name_mark(drain->shard, name);
    enum err err = is_draining ? put_mark(drain, name, problem) : remove_mark(drain, name, problem);

    if (err != ERR_OK) {
        log_event(LOG_LEVEL_ERROR, is_draining ? "draining not begun" : "draining not ended",
                  "error", problem->text, NULL);
        return err;
    }
    if (drain->is_draining != is_draining)
        log_event(LOG_LEVEL_INFO,
                  is_draining ? "draining begun: no new allocations are taken"
                              : "draining ended: new allocations are taken again",
                  NULL);
    apply(drain, is_draining);
    return ERR_OK;
}
