/* auth_secret.h — the shared secret of the stamp and rest schemes: given, or drawn once and kept.
 *
 * It is text and used as it stands, never decoded. Nonces and tokens are keyed
 * from it too, so every shard of a deployment needs the same one, also after a
 * restart.
 */
#ifndef RELAY_AUTH_SECRET_H
#define RELAY_AUTH_SECRET_H

#include "bytes.h"
#include "err.h"
#include "problem.h"
#include "state_dir.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    AUTH_SECRET_MAX = 1024, /* bytes of a given secret */
    AUTH_SECRET_DRAWN = 64, /* characters of a drawn one: 32 random bytes as lower-case hex */
};

#define AUTH_SECRET_FILE "auth-secret" /* in the state directory */

/* Wipe it with auth_secret_wipe when it is no longer needed. */
struct auth_secret {
    size_t len; /* 0 = none */
    char text[AUTH_SECRET_MAX];
};

static inline struct bytes auth_secret_bytes(const struct auth_secret *secret)
{
    return (struct bytes){.data = (const uint8_t *)secret->text, .len = secret->len};
}

/* auth_secret_is_printable: it is not empty, and of printable ASCII. Only such a one can be handed
 * to a control plane. */
bool auth_secret_is_printable(struct bytes secret);

/* auth_secret_from_text takes a secret from an option. ERR_OK, or ERR_RANGE (empty or
 * longer than AUTH_SECRET_MAX) with |problem| written. */
enum err auth_secret_from_text(const char *text, struct auth_secret *ret,
                               struct problem *problem) MUST_CHECK;

/*
 * auth_secret_read_file reads the operator's file at |path|: all of it is the
 * secret, one newline at its end apart. Who may read the file is up to the operator.
 *
 *   ERR_OK, ERR_RANGE (empty or longer than AUTH_SECRET_MAX), ERR_IO (cannot be read).
 * |problem| is written with every error and calls the file "it": the caller prints it
 * behind the option that names the file.
 */
enum err auth_secret_read_file(const char *path, struct auth_secret *ret,
                               struct problem *problem) MUST_CHECK;

/*
 * auth_secret_read_kept reads AUTH_SECRET_FILE in |dir|. It is refused unless
 * it is a regular file that belongs to root, us or the owner of |dir|, and that
 * nobody else may read or write.
 *
 *   ERR_OK
 *   ERR_NOT_FOUND  none has been drawn yet
 *   ERR_AUTH       owner or mode are unsafe
 *   ERR_RANGE      empty or too long
 *   ERR_IO         the system refused
 * |problem| is written with every error.
 */
enum err auth_secret_read_kept(const struct state_dir *dir, struct auth_secret *ret,
                               struct problem *problem) MUST_CHECK;

/*
 * auth_secret_keep reads the kept secret, or draws one and keeps it when there
 * is none. Processes that start together agree: the file appears whole under
 * its name, for the first of them only, and is on disk before the call
 * returns. Errors as auth_secret_read_kept, without ERR_NOT_FOUND.
 */
enum err auth_secret_keep(const struct state_dir *dir, struct auth_secret *ret,
                          struct problem *problem) MUST_CHECK;

/* auth_secret_wipe forgets it. NULL is fine. */
void auth_secret_wipe(struct auth_secret *secret);

#endif
