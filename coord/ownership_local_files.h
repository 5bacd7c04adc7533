/* ownership_local_files.h — the files of the embedded store: made, locked, and judged untouched.
 *
 * Everything is done relative to the directory's descriptor, and nothing is mapped.
 */
#ifndef RELAY_OWNERSHIP_LOCAL_FILES_H
#define RELAY_OWNERSHIP_LOCAL_FILES_H

#include "err.h"
#include "problem.h"
#include "state_dir.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define LOCAL_DATA_FILE   "ownership.mdb"
#define LOCAL_READER_FILE "ownership.mdb-lock"
#define LOCAL_LOCK_FILE   "ownership.lock"

struct local_file {
    dev_t dev;
    ino_t ino;
    off_t size;
};

struct local_files {
    int dir;     /* a descriptor of our own */
    int lock;    /* of ownership.lock; -1 until it is needed */
    uid_t owner; /* whose the files are to be */
    char path[STATE_DIR_PATH_MAX];
};

/* local_files_open: ERR_OK, or ERR_IO with |problem| written. Close it, whether or not it went
 * well, by local_files_close. */
enum err local_files_open(struct local_files *files, const struct state_dir *dir,
                          struct problem *problem) MUST_CHECK;
void local_files_close(struct local_files *files);

/* local_files_lock takes the lock if it is free: ERR_OK, ERR_UNAVAILABLE (somebody has it), or
 * ERR_IO with |problem| written. */
enum err local_files_lock(struct local_files *files, struct problem *problem) MUST_CHECK;
void local_files_unlock(struct local_files *files);

/*
 * Under the lock: local_files_begin notes in its file that something is begun, local_files_end that
 * it has ended, well or not. begin returns how many before it, in a row, were begun and not ended:
 * their processes died of it, or were killed just then.
 */
unsigned local_files_begin(const struct local_files *files);
void local_files_end(const struct local_files *files);

/* local_files_look tells what is there under |name|: ERR_OK, or ERR_NOT_FOUND (also no regular
 * file). */
enum err local_files_look(const struct local_files *files, const char *name,
                          struct local_file *ret) MUST_CHECK;

/* local_files_make removes what is there under |name| and makes an empty file. ERR_OK, or ERR_IO
 * with |problem| written. local_files_open_file opens one: a descriptor, or -1 with errno. */
enum err local_files_make(const struct local_files *files, const char *name,
                          struct problem *problem) MUST_CHECK;
int local_files_open_file(const struct local_files *files, const char *name);

/* local_files_data_valid: are both headers of the data file |fd| of |size| bytes as LMDB writes
 * them, for a map of that size? Two small reads. */
bool local_files_data_valid(int fd, off_t size);

/* local_files_remove removes the store, for everybody who does not have it open. */
void local_files_remove(const struct local_files *files);

/* local_files_boot_id writes the id of this boot of the host; "" when there is none. */
enum { BOOT_ID_MAX = 40 };
void local_files_boot_id(char text[static BOOT_ID_MAX]);

#endif
