/* ownership_local_env.h — one incarnation of the embedded store, as LMDB has it open.
 *
 * What opens, makes and closes is called under the lock of ownership.lock.
 */
#ifndef RELAY_OWNERSHIP_LOCAL_ENV_H
#define RELAY_OWNERSHIP_LOCAL_ENV_H

#include "ownership_local_files.h"
#include "ownership_local_table.h"

/* Zeroed but for |files| and |boot| it is closed. */
struct local_env {
    const struct local_files *files;
    char boot[BOOT_ID_MAX];
    MDB_env *lmdb; /* NULL: not open; then the rest is not there either */
    MDB_dbi dbi;
    size_t pages;    /* of the map */
    size_t reserved; /* of them, for which the file system has given room */
    MDB_txn *reader; /* keeps its place among the readers; reset while it is not used */
    int reader_file; /* LMDB's lock file, for its size; closing it lets go of LMDB's own locks */
    struct local_file data;
    struct local_file readers;
    ino_t damaged; /* the data file that was found so; 0 = none */
};

/*
 * local_env_open opens the store that is there: ERR_OK, ERR_MALFORMED (there is none, or it is
 * damaged, or of another boot: it has to be made anew), or ERR_IO. local_env_make makes it anew,
 * for |map_size| bytes: ERR_OK or ERR_IO. |problem| is written with ERR_IO.
 */
enum err local_env_open(struct local_env *env, struct problem *problem) MUST_CHECK;
enum err local_env_make(struct local_env *env, size_t map_size, struct problem *problem) MUST_CHECK;

/* local_env_close closes it, also when it is closed already. */
void local_env_close(struct local_env *env);

/* local_env_is_current: is what is open what is there? local_env_is_whole, of one that is: is it
 * as LMDB writes it, as far as its headers tell? A few system calls; nothing mapped is touched. */
bool local_env_is_current(struct local_env *env);
bool local_env_is_whole(struct local_env *env);

/*
 * local_env_begin begins a transaction; a writing one is told whether more is free than what is
 * kept, in the map and in the file system, and, so that a full store does not waver, a quarter more
 * than that. local_env_end ends it: a writing one is committed with |commit| and no error in
 * |table|. Each gives 0, or an error of LMDB, the system, or LOCAL_FAULT; then local_env_fail is to
 * follow, but for MDB_MAP_FULL and MDB_TXN_FULL.
 */
int local_env_begin(struct local_env *env, bool is_write, struct local_table *ret) MUST_CHECK;
int local_env_end(struct local_table *table, bool commit) MUST_CHECK;

/* local_env_check_readers frees the places of readers that have died. 0 or an error as above. */
int local_env_check_readers(struct local_env *env) MUST_CHECK;

/* local_env_fail closes it after the error |rc|, or none (0). What is damaged is noted to be.
 * local_env_leave is for when there is no lock: LMDB's environment stays open, and its place
 * among the readers taken, to the end of the process. */
void local_env_fail(struct local_env *env, int rc);
void local_env_leave(struct local_env *env, int rc);

/* local_env_is_damage: does the error |rc| of LMDB tell that the store is damaged? */
bool local_env_is_damage(int rc);

/* local_env_explain writes an error of LMDB or the system. */
void local_env_explain(const struct local_env *env, int rc, struct problem *problem);

#endif
