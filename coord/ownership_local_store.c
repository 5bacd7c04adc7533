/* ownership_local_store.c — the embedded store: opening, locking, transactions, making it anew. */
#include "ownership_local_store.h"

#include "ownership_local_env.h"
#include "ownership_local_guard.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    /* So many write transactions after which places of dead readers are looked for. */
    READER_CHECK_INTERVAL = 1024,
    /* So many writers in a row that died within a transaction make the store suspect. */
    DEATHS_MAX = 3,
};

struct local_store {
    struct local_store *next;
    unsigned references;
    pid_t pid; /* whose it is: not a child's */
    struct local_file dir;
    struct local_files files;
    size_t map_size;
    uint64_t generation;
    struct local_env env;
    unsigned writes;
    bool had_room;
    bool is_writing;
    bool has_lock;
};

static struct local_store *stores;

uint64_t local_store_generation(const struct local_store *store)
{
    return store->generation;
}

static void unlock(struct local_store *store)
{
    if (store->is_writing)
        local_files_end(&store->files);
    store->is_writing = false;
    local_files_unlock(&store->files);
    store->has_lock = false;
}

static enum local_result lock(struct local_store *store, struct problem *problem)
{
    enum err err = local_files_lock(&store->files, problem);

    store->has_lock = err == ERR_OK;
    if (err == ERR_UNAVAILABLE)
        return LOCAL_BUSY;
    return err == ERR_OK ? LOCAL_OK : LOCAL_BROKEN;
}

/* Under the lock: opens what is there, or makes it anew. */
static enum local_result open_current(struct local_store *store, struct problem *problem)
{
    struct local_file former = store->env.data;
    bool is_new = store->generation == 0;
    enum err err;

    local_env_close(&store->env);
    err = local_env_open(&store->env, problem);
    if (err == ERR_MALFORMED && store->map_size == 0) {
        problem_set(problem,
                    "the store %s/" LOCAL_DATA_FILE " is not there, damaged, or of another boot",
                    store->files.path);
        return LOCAL_BROKEN;
    }
    if (err == ERR_MALFORMED) {
        err = local_env_make(&store->env, store->map_size, problem);
        is_new = true; /* even with the number of the file that was removed */
    }
    if (err != ERR_OK)
        return LOCAL_BROKEN;
    if (is_new || store->env.data.ino != former.ino || store->env.data.dev != former.dev)
        store->generation++;
    store->env.damaged = 0;
    return LOCAL_OK;
}

/* Closes it after the error |rc|, or none. LMDB, when the last one closes a store, must not meet
 * with one who opens it; so where the lock is not to be had it stays open. */
static void close_env(struct local_store *store, int rc)
{
    bool takes_lock = !store->has_lock;
    struct problem problem;

    if (takes_lock && lock(store, &problem) != LOCAL_OK) {
        local_env_leave(&store->env, rc);
        return;
    }
    local_env_fail(&store->env, rc);
    if (takes_lock)
        unlock(store);
}

/* Transactions. */

/* Takes note of an error: what is damaged is made anew, and after any other it is opened again. */
static enum local_result failed(struct local_store *store, int rc, struct problem *problem)
{
    if (rc == MDB_MAP_FULL || rc == MDB_TXN_FULL) {
        problem_set(problem, "the store %s/" LOCAL_DATA_FILE " is full", store->files.path);
        return LOCAL_FULL;
    }
    /* LMDB's lock for writers stays with a transaction that could not be ended, and nobody must
     * come to wait for it: the files are gone before our lock is. */
    if (rc == LOCAL_FAULT && store->has_lock)
        local_files_remove(&store->files);
    local_env_explain(&store->env, rc, problem);
    close_env(store, rc);
    return LOCAL_BROKEN;
}

static int begin_write(struct local_store *store, struct local_table *ret)
{
    int rc = 0;

    /* A reader that died keeps what it may have been reading. */
    if (store->writes++ % READER_CHECK_INTERVAL == 0 || !store->had_room)
        rc = local_env_check_readers(&store->env);
    if (rc == 0)
        rc = local_env_begin(&store->env, true, ret);
    store->had_room = rc == 0 && ret->has_much_room;
    return rc;
}

/* A damaged store can make LMDB end its process, whoever comes next too. */
static void begin_writing(struct local_store *store)
{
    store->is_writing = true;
    if (local_files_begin(&store->files) >= DEATHS_MAX)
        local_files_remove(&store->files);
}

enum local_result local_store_begin(struct local_store *store, bool is_write,
                                    struct local_table *ret, struct problem *problem)
{
    bool is_usable = local_env_is_current(&store->env) && local_env_is_whole(&store->env);
    enum local_result result = LOCAL_OK;
    int rc = 0;

    if (is_write || !is_usable) {
        result = lock(store, problem);
        if (result != LOCAL_OK)
            return result;
        if (is_write)
            begin_writing(store);
        if (store->env.lmdb != NULL && local_env_is_current(&store->env) &&
            !local_env_is_whole(&store->env))
            store->env.damaged = store->env.data.ino;
        if (!local_env_is_current(&store->env))
            result = open_current(store, problem);
    }
    if (result == LOCAL_OK && is_write) {
        rc = begin_write(store, ret);
    } else if (result == LOCAL_OK) {
        rc = local_env_begin(&store->env, false, ret);
    }
    if (rc != 0)
        result = failed(store, rc, problem);
    if (store->has_lock && (!is_write || result != LOCAL_OK))
        unlock(store);
    return result;
}

enum local_result local_store_end(struct local_store *store, struct local_table *table, bool commit,
                                  struct problem *problem)
{
    int rc = local_env_end(table, commit);
    enum local_result result = LOCAL_OK;

    if (rc != 0)
        result = failed(store, rc, problem);
    if (store->has_lock)
        unlock(store);
    return result;
}

/* The stores of this process. */

static struct local_store *find_open(const struct local_file *dir)
{
    for (struct local_store *store = stores; store != NULL; store = store->next)
        if (store->pid == getpid() && store->dir.ino == dir->ino && store->dir.dev == dir->dev)
            return store;
    return NULL;
}

static void free_store(struct local_store *store)
{
    if (store->env.lmdb != NULL)
        close_env(store, 0);
    local_files_close(&store->files);
    free(store);
}

enum err local_store_open(const struct state_dir *dir, size_t map_size, struct local_store **ret,
                          struct problem *problem)
{
    struct local_table table;
    struct local_store *store;
    struct local_file dir_file;
    enum local_result result;
    struct stat status;

    if (fstat(dir->fd, &status) != 0) {
        problem_set(problem, "the state directory %s: %s", dir->path, strerror(errno));
        return ERR_IO;
    }
    dir_file = (struct local_file){.dev = status.st_dev, .ino = status.st_ino};
    store = find_open(&dir_file);
    if (store != NULL) {
        store->references++;
        *ret = store;
        return ERR_OK;
    }
    store = calloc(1, sizeof(*store));
    if (store == NULL) {
        problem_set(problem, "%s", err_name(ERR_NO_MEMORY));
        return ERR_NO_MEMORY;
    }
    local_guard_init();
    store->references = 1;
    store->pid = getpid();
    store->dir = dir_file;
    store->map_size = map_size;
    store->env.files = &store->files;
    local_files_boot_id(store->env.boot);
    if (local_files_open(&store->files, dir, problem) != ERR_OK) {
        free_store(store);
        return ERR_IO;
    }
    /* What cannot be used now may be before long: that is for the caller to see. */
    result = local_store_begin(store, false, &table, problem);
    if (result == LOCAL_OK)
        (void)!local_store_end(store, &table, false, problem);
    store->next = stores;
    stores = store;
    *ret = store;
    return ERR_OK;
}

void local_store_close(struct local_store *store)
{
    struct local_store **at = &stores;

    if (store == NULL || --store->references > 0)
        return;
    while (*at != store)
        at = &(*at)->next;
    *at = store->next;
    free_store(store);
}
