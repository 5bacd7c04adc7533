/* ownership_local_env.c — one incarnation of the embedded store, as LMDB has it open. */
#include "ownership_local_env.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    READERS_MAX = 1024, /* processes that have it open */
    MODE = S_IRUSR | S_IWUSR,
    /* Pages that are kept free, so that a full store can still be made emptier: a sixteenth, but at
     * least so many. */
    RESERVE_SHARE = 16,
    RESERVE_PAGES_MIN = 1024,
    PATH_SIZE = 64,
    BOOT_RECORD_MAX = BOOT_ID_MAX + 16,
};

bool local_env_is_damage(int rc)
{
    switch (rc) {
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
    case MDB_INCOMPATIBLE:
    case MDB_CURSOR_FULL:
    case MDB_BAD_VALSIZE:
    case MDB_PAGE_FULL:
        return true;
    default:
        return false;
    }
}

void local_env_explain(const struct local_env *env, int rc, struct problem *problem)
{
    problem_set(problem, "the store %s/" LOCAL_DATA_FILE ": %s", env->files->path,
                mdb_strerror(rc));
}

void local_env_close(struct local_env *env)
{
    struct stat status;

    if (env->lmdb == NULL)
        return;
    /* LMDB writes into the map of its lock file once more: somebody may have truncated it. */
    if (fstat(env->reader_file, &status) != 0 ||
        (status.st_size < env->readers.size &&
         ftruncate(env->reader_file, env->readers.size) != 0)) {
        env->lmdb = NULL; /* better lost than touched */
        return;
    }
    if (env->reader != NULL)
        mdb_txn_abort(env->reader);
    mdb_env_close(env->lmdb);
    close(env->reader_file);
    env->lmdb = NULL;
    env->reader = NULL;
}

/* Ready for transactions: the table is there, and this process has its place among the readers. */
static int prepare_env(struct local_env *env)
{
    int rc, dead;
    MDB_envinfo info;
    MDB_stat status;
    MDB_txn *txn;

    rc = mdb_reader_check(env->lmdb, &dead);
    if (rc == 0)
        rc = mdb_env_info(env->lmdb, &info);
    if (rc == 0)
        rc = mdb_env_stat(env->lmdb, &status);
    if (rc != 0)
        return rc;
    env->pages = info.me_mapsize / status.ms_psize;
    rc = mdb_txn_begin(env->lmdb, NULL, MDB_RDONLY, &txn);
    if (rc != 0)
        return rc;
    env->reader = txn;
    rc = mdb_dbi_open(txn, NULL, 0, &env->dbi);
    mdb_txn_reset(txn);
    return rc;
}

static int open_env(struct local_env *env, size_t map_size)
{
    char path[PATH_SIZE];
    int rc;

    env->reader_file = local_files_open_file(env->files, LOCAL_READER_FILE);
    if (env->reader_file < 0)
        return errno;
    rc = mdb_env_create(&env->lmdb);
    if (rc != 0) {
        close(env->reader_file);
        return rc;
    }
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d/" LOCAL_DATA_FILE, env->files->dir);
    rc = mdb_env_set_mapsize(env->lmdb, map_size);
    if (rc == 0)
        rc = mdb_env_set_maxreaders(env->lmdb, READERS_MAX);
    if (rc == 0)
        rc = mdb_env_open(env->lmdb, path, MDB_NOSUBDIR | MDB_NOTLS | MDB_NOSYNC, MODE);
    if (rc == 0)
        rc = prepare_env(env);
    return rc;
}

/* Notes what is open, so that what is there later can be compared. */
static bool note_files(struct local_env *env)
{
    return local_files_look(env->files, LOCAL_DATA_FILE, &env->data) == ERR_OK &&
           local_files_look(env->files, LOCAL_READER_FILE, &env->readers) == ERR_OK;
}

/* The record that tells of which boot the store is. */

static void boot_record(const struct local_env *env, struct local_key *key,
                        char text[static BOOT_RECORD_MAX])
{
    local_key_make(key, LOCAL_STORE_KEY, "", "", "");
    (void)snprintf(text, BOOT_RECORD_MAX, "v=1 boot=%s", env->boot);
}

/* is_of_this_boot: can what is in the store be relied on? */
static bool is_of_this_boot(struct local_env *env)
{
    char expected[BOOT_RECORD_MAX];
    struct local_table table;
    struct local_key key;
    struct bytes stored;
    bool ret;

    if (mdb_txn_renew(env->reader) != 0)
        return false;
    table = local_env_table(env, env->reader);
    boot_record(env, &key, expected);
    ret = local_table_get(&table, &key, &stored) && bytes_equal(stored, bytes_of_text(expected));
    mdb_txn_reset(env->reader);
    return ret;
}

/* Opens the store that is there: ERR_OK, ERR_MALFORMED (it has to be made anew), ERR_IO. */
enum err local_env_open(struct local_env *env, struct problem *problem)
{
    int fd, rc;
    bool is_valid;

    if (!note_files(env) || env->data.ino == env->damaged)
        return ERR_MALFORMED;
    fd = local_files_open_file(env->files, LOCAL_DATA_FILE);
    if (fd < 0) {
        local_env_explain(env, errno, problem);
        return ERR_IO;
    }
    is_valid = local_files_data_valid(fd, env->data.size);
    close(fd);
    if (!is_valid)
        return ERR_MALFORMED;
    rc = open_env(env, (size_t)env->data.size);
    if (rc == 0 && note_files(env) && is_of_this_boot(env))
        return ERR_OK;
    local_env_close(env);
    if (rc == 0 || local_env_is_damage(rc))
        return ERR_MALFORMED;
    local_env_explain(env, rc, problem);
    return ERR_IO;
}

/* Making it anew. */

static int write_boot(struct local_env *env)
{
    char text[BOOT_RECORD_MAX];
    struct local_table table;
    struct local_key key;
    MDB_txn *txn;
    int rc = mdb_txn_begin(env->lmdb, NULL, 0, &txn);

    if (rc != 0)
        return rc;
    table = local_env_table(env, txn);
    boot_record(env, &key, text);
    local_table_put(&table, &key, bytes_of_text(text));
    if (table.error == 0)
        return mdb_txn_commit(txn);
    mdb_txn_abort(txn);
    return table.error;
}

static int set_size(struct local_env *env, size_t map_size)
{
    int fd = local_files_open_file(env->files, LOCAL_DATA_FILE);
    int rc = fd >= 0 && ftruncate(fd, (off_t)map_size) == 0 ? 0 : errno;

    if (fd >= 0)
        close(fd);
    return rc;
}

enum err local_env_make(struct local_env *env, size_t map_size, struct problem *problem)
{
    int rc;

    env->readers = (struct local_file){.size = 0};
    if (local_files_make(env->files, LOCAL_DATA_FILE, problem) != ERR_OK ||
        local_files_make(env->files, LOCAL_READER_FILE, problem) != ERR_OK)
        return ERR_IO;
    rc = open_env(env, map_size);
    if (rc == 0)
        rc = set_size(env, map_size);
    if (rc == 0)
        rc = write_boot(env);
    if (rc == 0)
        rc = note_files(env) ? 0 : ENOENT;
    if (rc == 0)
        return ERR_OK;
    local_env_close(env);
    local_env_explain(env, rc, problem);
    return ERR_IO;
}

/* is_current: is what is open what is there, and whole? */
bool local_env_is_current(struct local_env *env)
{
    struct local_file data, readers;

    return env->lmdb != NULL && env->data.ino != env->damaged &&
           local_files_look(env->files, LOCAL_DATA_FILE, &data) == ERR_OK &&
           local_files_look(env->files, LOCAL_READER_FILE, &readers) == ERR_OK &&
           data.ino == env->data.ino && data.dev == env->data.dev && data.size == env->data.size &&
           readers.ino == env->readers.ino && readers.dev == env->readers.dev &&
           readers.size >= env->readers.size;
}

bool local_env_is_whole(struct local_env *env)
{
    mdb_filehandle_t fd;

    return mdb_env_get_fd(env->lmdb, &fd) == 0 && local_files_data_valid(fd, env->data.size);
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

/* Tells whether more is free than what is kept, and, so that a full store does not waver, a quarter
 * more than that. */
int local_env_look_for_room(struct local_env *env, struct local_table *table)
{
    size_t share = env->pages / RESERVE_SHARE, free_pages;
    size_t reserve = share > RESERVE_PAGES_MIN ? share : RESERVE_PAGES_MIN;
    int rc = count_free(env, reserve + reserve / 4, &free_pages);

    table->has_room = free_pages >= reserve;
    table->has_much_room = free_pages >= reserve + reserve / 4;
    return rc;
}
