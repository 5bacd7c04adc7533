/* ownership_local_room.c — whether the embedded store, and the file system under it, have room. */
#include "ownership_local_room.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum {
    /* Pages that are kept free, so that a full store can still be made emptier: a sixteenth, but at
     * least so many. */
    RESERVE_SHARE = 16,
    RESERVE_PAGES_MIN = 1024,
    /* Pages for which the file system is asked for room ahead; when fewer than the least are left
     * and no more to be had, nothing new is taken. */
    AHEAD_PAGES = 1024,
    AHEAD_PAGES_MIN = 768,
    /* More than a transaction needs that makes nothing new: five leaves for each of CHUNK
     * operations (ownership_local_queue.c) and SWEEP_MAX expired records
     * (ownership_local_expiry.c), and what is above them. A claim, which may need nine, is made
     * only with AHEAD_PAGES_MIN. Without so many nothing is changed, since a page of the map that
     * has no block is a SIGBUS. */
    CHANGE_PAGES = 384,
};

static bool lacks_room(int error)
{
    return error == ENOSPC || error == EDQUOT;
}

/* Has the file system give room for the first |len| bytes. False with errno. */
static bool allocate(int fd, off_t len)
{
    int ret;

    do /* a signal has the file system in memory give up, and take back what it gave */
        ret = fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, len);
    while (ret != 0 && errno == EINTR);
    return ret == 0;
}

bool local_room_can_reserve(const struct local_files *files)
{
    int fd = local_files_open_file(files, LOCAL_DATA_FILE);
    bool ret = fd >= 0 && (allocate(fd, 1) || lacks_room(errno));

    if (fd >= 0)
        close(fd);
    return ret;
}

static size_t used_pages(const struct local_env *env)
{
    MDB_envinfo info;

    (void)mdb_env_info(env->lmdb, &info);
    return info.me_last_pgno + 1;
}

/* Has the file system give room for the first |pages|. */
static bool reserve(struct local_env *env, size_t pages)
{
    mdb_filehandle_t fd;
    MDB_envinfo info;

    if (pages > env->pages)
        pages = env->pages;
    (void)mdb_env_info(env->lmdb, &info);
    if (mdb_env_get_fd(env->lmdb, &fd) == 0 &&
        !allocate(fd, (off_t)(info.me_mapsize / env->pages * pages)) && lacks_room(errno))
        return false; /* what else can be wrong: see local_room_can_reserve */
    env->reserved = pages;
    return true;
}

bool local_room_reserve(struct local_env *env)
{
    size_t used = used_pages(env);

    if (env->reserved >= env->pages || env->reserved >= used + AHEAD_PAGES_MIN ||
        reserve(env, used + AHEAD_PAGES))
        return true;
    /* So that at least what is there can be changed. */
    if (env->reserved < used + CHANGE_PAGES)
        (void)reserve(env, used + CHANGE_PAGES);
    return false;
}

/* Counts the pages that are free. Looks through LMDB's list of them only when the map has been used
 * up to its end once. */
static int count_free(struct local_env *env, size_t enough, size_t *ret)
{
    MDB_envinfo info;
    MDB_cursor *cursor;
    MDB_val key, value;
    size_t count;
    int rc;

    (void)mdb_env_info(env->lmdb, &info);
    *ret = env->pages > info.me_last_pgno + 1 ? env->pages - info.me_last_pgno - 1 : 0;
    if (*ret >= enough)
        return 0;
    rc = mdb_txn_renew(env->reader);
    if (rc != 0)
        return rc;
    rc = mdb_cursor_open(env->reader, 0, &cursor); /* table 0: the free pages */
    if (rc == 0) {
        while ((rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
            memcpy(&count, value.mv_data, sizeof(count));
            *ret += count;
        }
        mdb_cursor_close(cursor);
    }
    mdb_txn_reset(env->reader);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

int local_room_look(struct local_env *env, struct local_table *table)
{
    size_t share = env->pages / RESERVE_SHARE, free_pages;
    size_t reserve = share > RESERVE_PAGES_MIN ? share : RESERVE_PAGES_MIN;
    int rc = count_free(env, reserve + reserve / 4, &free_pages);

    bool has_blocks = local_room_reserve(env);

    if (!has_blocks && env->reserved < used_pages(env) + CHANGE_PAGES && env->reserved < env->pages)
        return ENOSPC;
    table->has_room = has_blocks && free_pages >= reserve;
    table->has_much_room = has_blocks && free_pages >= reserve + reserve / 4;
    return rc;
}
