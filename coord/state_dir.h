/* state_dir.h — the directory that the processes of one relay share.
 *
 *     auth-secret        the kept auth secret (auth_secret.h), mode 0600
 *     deployment         what the relay was started with (deployment_file.h), mode 0600
 *     shard-K.counters   the counter page of shard K (counter_page.h), mode 0600
 *     shard-K.ports      which relay ports shard K has open (port_map.h), mode 0600
 *     ownership.*        the local ownership registry (ownership_local_store.h), mode 0600
 *     shard-K.sock       by which other shards hand datagrams to shard K, mode 0600
 *     shard-K.control    by which shard K is told what to do (control_socket.h), mode 0600
 *     shard-K.drain      there while shard K takes no new allocations (shard/drain.h), mode 0600
 *
 * Whoever can write into it can replace the secret, so it is used only when
 * nobody but its owner may.
 */
#ifndef RELAY_STATE_DIR_H
#define RELAY_STATE_DIR_H

#include "err.h"
#include "problem.h"

#include <sys/types.h>

enum { STATE_DIR_PATH_MAX = 512 };

/* An open state directory. Files in it are opened relative to |fd|. */
struct state_dir {
    int fd;      /* -1 when closed; close-on-exec */
    uid_t owner; /* of the directory: also a legitimate owner of the files in it */
    char path[STATE_DIR_PATH_MAX];
};

#define STATE_DIR_CLOSED ((struct state_dir){.fd = -1})

enum state_dir_use {
    STATE_DIR_SERVE,   /* a relay: created when missing; its owner must be us or root */
    STATE_DIR_CHECK,   /* the same judgement, but nothing is created */
    STATE_DIR_INSPECT, /* a tool: must be there; root may look at anybody's */
};

/*
 * state_dir_resolve finds the path:
 *   1. |given|, the value of --state-dir or STATE_DIR, when not NULL
 *   2. the first path of RUNTIME_DIRECTORY, which systemd sets (colons between several)
 *   3. /run/relay for root and for the user whom it belongs to; for others $XDG_RUNTIME_DIR/relay,
 *      else /tmp/relay-UID
 * Slashes at the end are taken off. ERR_OK, or ERR_RANGE (empty, or longer than
 * STATE_DIR_PATH_MAX - 1) with |problem| written.
 */
enum err state_dir_resolve(const char *given, char ret_path[static STATE_DIR_PATH_MAX],
                           struct problem *problem) MUST_CHECK;

/*
 * state_dir_open opens the directory |path|, as state_dir_resolve gave it.
 *
 * SERVE creates it with mode 0700 when it is missing, but no directory above
 * it: a missing parent is rather a slip than a wish. It is refused when it is a
 * symbolic link, no directory, writable by group or others, or owned by
 * somebody else than |use| says. So the /tmp/relay-UID of another user is refused.
 *
 *   ERR_OK         |ret| is open; close it with state_dir_close
 *   ERR_NOT_FOUND  it is not there (CHECK, INSPECT)
 *   ERR_AUTH       owner or mode are unsafe
 *   ERR_IO         the system refused, or it cannot be created since its parent is not there
 *                  (SERVE, CHECK)
 * |problem| is written with every error.
 */
enum err state_dir_open(const char *path, enum state_dir_use use, struct state_dir *ret,
                        struct problem *problem) MUST_CHECK;

/* state_dir_close closes |dir|, also when it is closed already. */
void state_dir_close(struct state_dir *dir);

#endif
