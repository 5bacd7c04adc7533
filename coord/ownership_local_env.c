/* ownership_local_env.c — one incarnation of the embedded store, as LMDB has it open. */
#include "ownership_local_env.h"

#include "ownership_local_guard.h"
#include "ownership_local_room.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    READERS_MAX = 1024, /* processes that have it open */
    MODE = S_IRUSR | S_IWUSR,
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
    case EINVAL: /* a lock in LMDB's lock file is no lock */
    case LOCAL_FAULT:
        return true;
    default:
        return false;
    }
}

void local_env_explain(const struct local_env *env, int rc, struct problem *problem)
{
    problem_set(problem, "the store %s/" LOCAL_DATA_FILE ": %s", env->files->path,
                rc == LOCAL_FAULT ? "it was truncated or overwritten" : mdb_strerror(rc));
}

static void forget(struct local_env *env)
{
    close(env->reader_file);
    env->lmdb = NULL;
    env->reader = NULL;
}

/* What must not be touched any more, for the rest of the process. */
struct lost {
    struct lost *next;
    MDB_env *lmdb;
    MDB_txn *reader;
};

static struct lost *lost;

/* Leaves LMDB's environment as it is: its memory and its map are lost. They are kept in a list, so
 * that what looks for leaks can tell them from a mistake. */
static void abandon(struct local_env *env)
{
    struct lost *one = calloc(1, sizeof(*one));

    if (one != NULL) {
        *one = (struct lost){.next = lost, .lmdb = env->lmdb, .reader = env->reader};
        lost = one;
    }
    forget(env);
}

static int call_close(void *context)
{
    struct local_env *env = context;

    if (env->reader != NULL)
        mdb_txn_abort(env->reader);
    mdb_env_close(env->lmdb);
    return 0;
}

void local_env_close(struct local_env *env)
{
    struct stat status;

    if (env->lmdb == NULL)
        return;
    /* LMDB writes into the map of its lock file once more. One that was truncated must not be
     * touched, and the places of the other readers are lost: they need another store. */
    if (fstat(env->reader_file, &status) == 0 && status.st_size >= env->readers.size &&
        local_guard_run(call_close, env) == 0) {
        forget(env);
        return;
    }
    env->damaged = env->data.ino;
    abandon(env);
}

void local_env_leave(struct local_env *env, int rc)
{
    if (local_env_is_damage(rc))
        env->damaged = env->data.ino;
    if (env->lmdb != NULL)
        abandon(env);
}

void local_env_fail(struct local_env *env, int rc)
{
    if (local_env_is_damage(rc))
        env->damaged = env->data.ino;
    if (rc == LOCAL_FAULT && env->lmdb != NULL)
        abandon(env);
    else
        local_env_close(env);
}

/* No promise over a reboot is kept (NOSYNC), and pages are changed in the map itself (WRITEMAP): to
 * copy each page and write it took a third of what a transaction costs. What a process has not
 * committed when it ends is in pages of its own, as without it; blocks that the file system lacks
 * are a matter of ownership_local_room.h, since in the map they are a SIGBUS. */
static unsigned open_flags(const struct local_env *env)
{
    unsigned flags = MDB_NOSUBDIR | MDB_NOTLS | MDB_NOSYNC;

    return local_room_can_reserve(env->files) ? flags | MDB_WRITEMAP : flags;
}

/* Ready for transactions: the table is there, and this process has its place among the readers. */
static int prepare(struct local_env *env)
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

struct opening {
    struct local_env *env;
    size_t map_size;
};

static int call_open(void *context)
{
    const struct opening *opening = context;
    struct local_env *env = opening->env;
    char path[PATH_SIZE];
    int rc;

    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d/" LOCAL_DATA_FILE, env->files->dir);
    local_guard_watch(env->lmdb);
    rc = mdb_env_set_mapsize(env->lmdb, opening->map_size);
    if (rc == 0)
        rc = mdb_env_set_maxreaders(env->lmdb, READERS_MAX);
    if (rc == 0)
        rc = mdb_env_open(env->lmdb, path, open_flags(env), MODE);
    if (rc == 0)
        rc = prepare(env);
    return rc;
}

static int open_env(struct local_env *env, size_t map_size)
{
    struct opening opening;
    int rc;

    env->reserved = 0;
    env->reader_file = local_files_open_file(env->files, LOCAL_READER_FILE);
    if (env->reader_file < 0)
        return errno;
    rc = mdb_env_create(&env->lmdb);
    if (rc != 0) {
        close(env->reader_file);
        return rc;
    }
    opening = (struct opening){.env = env, .map_size = map_size};
    return local_guard_run(call_open, &opening);
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

    if (local_env_begin(env, false, &table) != 0)
        return false;
    boot_record(env, &key, expected);
    ret = local_table_get(&table, &key, &stored) && bytes_equal(stored, bytes_of_text(expected));
    return local_env_end(&table, false) == 0 && ret;
}

/* Opens the store that is there: ERR_OK, ERR_MALFORMED (it has to be made anew), ERR_IO. */
enum err local_env_open(struct local_env *env, struct problem *problem)
{
    int fd, rc;
    bool is_valid;

    if (!note_files(env) || env->data.ino == env->damaged || env->readers.size == 0)
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
    local_env_fail(env, rc);
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
    int rc = local_env_begin(env, true, &table);

    if (rc != 0)
        return rc;
    boot_record(env, &key, text);
    local_table_put(&table, &key, bytes_of_text(text));
    return local_env_end(&table, true);
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
    if (rc == 0 && !local_room_reserve(env))
        rc = ENOSPC;
    if (rc == 0)
        rc = write_boot(env);
    if (rc == 0)
        rc = note_files(env) ? 0 : ENOENT;
    if (rc == 0)
        return ERR_OK;
    local_env_fail(env, rc);
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

/* Transactions. */

struct beginning {
    struct local_env *env;
    struct local_table *table;
    bool is_write;
};

static int call_begin(void *context)
{
    const struct beginning *beginning = context;
    struct local_env *env = beginning->env;
    MDB_txn *txn = env->reader;
    int rc = beginning->is_write ? mdb_txn_begin(env->lmdb, NULL, 0, &txn) : mdb_txn_renew(txn);

    if (rc != 0)
        return rc;
    *beginning->table =
        (struct local_table){.txn = txn, .dbi = env->dbi, .is_write = beginning->is_write};
    if (!beginning->is_write)
        return 0;
    rc = local_room_look(env, beginning->table);
    if (rc != 0)
        mdb_txn_abort(txn);
    return rc;
}

int local_env_begin(struct local_env *env, bool is_write, struct local_table *ret)
{
    struct beginning beginning = {.env = env, .table = ret, .is_write = is_write};

    return local_guard_run(call_begin, &beginning);
}

struct ending {
    struct local_table *table;
    bool commit;
};

static int call_end(void *context)
{
    const struct ending *ending = context;
    struct local_table *table = ending->table;

    if (table->cursor != NULL)
        mdb_cursor_close(table->cursor);
    if (!table->is_write)
        mdb_txn_reset(table->txn);
    else if (ending->commit && table->error == 0)
        return mdb_txn_commit(table->txn);
    else
        mdb_txn_abort(table->txn);
    return table->error;
}

int local_env_end(struct local_table *table, bool commit)
{
    struct ending ending = {.table = table, .commit = commit};

    /* After a fault nothing of it may be touched. */
    return table->error == LOCAL_FAULT ? LOCAL_FAULT : local_guard_run(call_end, &ending);
}

static int call_check_readers(void *context)
{
    struct local_env *env = context;
    int dead;

    return mdb_reader_check(env->lmdb, &dead);
}

int local_env_check_readers(struct local_env *env)
{
    return local_guard_run(call_check_readers, env);
}
