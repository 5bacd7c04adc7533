/* portal_status.h — what the portal connection tells the other processes of this host.
 *
 *     portal.lock     held by the portal process while it runs; holds its pid; mode 0600
 *     portal.status   how the connection is: lines of key=value, replaced as a whole; mode 0600
 *     portal.init     there once the control plane has sent its first init; holds the id of the
 *                     relay that it was for; mode 0600
 *
 * All in the state directory. portal.init outlives the portal process: shards of that relay serve
 * when they find it, and need not look again. With another secret it is another relay.
 */
#ifndef RELAY_PORTAL_STATUS_H
#define RELAY_PORTAL_STATUS_H

#include "err.h"
#include "problem.h"
#include "state_dir.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PORTAL_LOCK_FILE   "portal.lock"
#define PORTAL_STATUS_FILE "portal.status"
#define PORTAL_INIT_FILE   "portal.init"

enum {
    PORTAL_ERROR_MAX = 256, /* of a text, with its zero */
    PORTAL_STATUS_FILE_MAX = 1024,
};

enum portal_state {
    PORTAL_STATE_CONNECTING, /* an attempt is under way: DNS, TCP, TLS, upgrade */
    PORTAL_STATE_JOINING,    /* the connection is up, the join is not answered yet */
    PORTAL_STATE_ADMITTED,   /* the control plane hands this relay out */
    PORTAL_STATE_WAITING,    /* for the next attempt */
    /* Ends of the process: */
    PORTAL_STATE_REFUSED, /* the token is not valid (401) */
    PORTAL_STATE_GAVE_UP, /* not admitted for as long as --portal-give-up says */
    PORTAL_STATE_STOPPED, /* by SIGTERM or SIGINT */
    PORTAL_STATE_COUNT,
};

/* Instants are seconds since 1970 on the wall clock; 0 is "never". */
struct portal_status {
    enum portal_state state;
    uint64_t since_sec;              /* when |state| began */
    uint64_t admitted_sec;           /* the last time that a join was answered with ok */
    uint64_t lost_sec;               /* the last time that an admission ended */
    uint64_t init_sec;               /* the last init of this process */
    uint64_t heartbeat_sent_sec;     /* the last heartbeat */
    uint64_t heartbeat_answered_sec; /* the last answer to one */
    uint64_t retry_sec;              /* WAITING: when the next attempt begins */
    uint64_t attempts;               /* begun since the last admission, or since the start */
    uint64_t admissions;             /* of this process: each but the first is a reconnection */
    uint64_t error_sec;              /* when |error| happened */
    char error[PORTAL_ERROR_MAX];    /* why the last attempt or connection ended; "" for never.
                                        One line; never holds the token or the secret */
};

/* What a reader finds. */
struct portal_snapshot {
    struct portal_status status;
    int64_t pid;  /* of the process that wrote it */
    bool is_live; /* that process runs still; if not, |status| is its last word */
};

/* The writing end; one for each state directory. */
struct portal_status_writer {
    const struct state_dir *dir;
    int lock_fd;        /* -1 when closed */
    size_t written_len; /* what the file holds; 0 while this writer has not written it */
    char written[PORTAL_STATUS_FILE_MAX];
};

#define PORTAL_STATUS_WRITER_CLOSED ((struct portal_status_writer){.lock_fd = -1})

/* portal_state_name returns "connecting", "joining", "admitted", "waiting", "refused",
 * "gave up" or "stopped". */
const char *portal_state_name(enum portal_state state);

/* portal_snapshot_is_connected: the control plane knows this relay now. */
static inline bool portal_snapshot_is_connected(const struct portal_snapshot *snapshot)
{
    return snapshot->is_live && snapshot->status.state == PORTAL_STATE_ADMITTED;
}

/*
 * portal_status_open takes the lock in |dir| until portal_status_close or the end of the
 * process. |dir| stays the caller's and must outlive the writer.
 *   ERR_OK
 *   ERR_EXISTS  another process has it; |problem| names its pid
 *   ERR_IO      the system refused
 * |problem| is written with every error.
 */
enum err portal_status_open(const struct state_dir *dir, struct portal_status_writer *ret,
                            struct problem *problem) MUST_CHECK;

/* portal_status_write replaces PORTAL_STATUS_FILE, unless it says the same already: readers see the
 * old or the new one, whole. ERR_OK, or ERR_IO with |problem| written; the old one is there then.
 */
enum err portal_status_write(struct portal_status_writer *writer,
                             const struct portal_status *status,
                             struct problem *problem) MUST_CHECK;

/* portal_status_close gives the lock back; the files stay. Also when it is closed already. */
void portal_status_close(struct portal_status_writer *writer);

/*
 * portal_status_read reads PORTAL_STATUS_FILE in |dir| and asks who holds the lock. A few
 * system calls; never waits.
 *   ERR_OK
 *   ERR_NOT_FOUND  no portal process has run here
 *   ERR_AUTH       the file is not private, see private_file_open
 *   ERR_MALFORMED  it is not one of this version
 *   ERR_IO         the system refused
 * |problem| is written with every error.
 */
enum err portal_status_read(const struct state_dir *dir, struct portal_snapshot *ret,
                            struct problem *problem) MUST_CHECK;

/* portal_init_keep notes that an init has come for the relay |relay_id| (relay_id.h), down to the
 * disk, in the place of one for another relay; again is fine. ERR_OK, or ERR_IO with |problem|
 * written. */
enum err portal_init_keep(const struct state_dir *dir, const char *relay_id,
                          struct problem *problem) MUST_CHECK;

/* portal_init_has_come: an init has ever come here for the relay |relay_id|. A few system calls.
 * False also when the system refuses, or the file is not private, see private_file_open. */
bool portal_init_has_come(const struct state_dir *dir, const char *relay_id);

#endif
