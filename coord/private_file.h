/* private_file.h — files of the state directory that hold secrets: only their owner reads them, and
 * nobody ever sees a part of one. */
#ifndef RELAY_PRIVATE_FILE_H
#define RELAY_PRIVATE_FILE_H

#include "bytes.h"
#include "err.h"
#include "problem.h"
#include "state_dir.h"

#include <stddef.h>
#include <stdint.h>

/*
 * private_file_open opens |name| in |dir| for reading. It is refused unless it is a regular file,
 * no symbolic link, that belongs to root, us or the owner of |dir|, and that nobody else may read
 * or write.
 *
 *   ERR_OK         close |ret_fd|, which is close-on-exec
 *   ERR_NOT_FOUND  it is not there
 *   ERR_AUTH       owner or mode are unsafe
 *   ERR_IO         the system refused
 * |problem| is written with every error.
 */
enum err private_file_open(const struct state_dir *dir, const char *name, int *ret_fd,
                           struct problem *problem) MUST_CHECK;

/* private_file_read reads |fd| as far as |size| bytes go. ERR_OK, or ERR_IO with errno set. */
enum err private_file_read(int fd, uint8_t *buffer, size_t size, size_t *ret_len) MUST_CHECK;

enum private_file_when {
    PRIVATE_FILE_UNLESS_THERE, /* the first one stays, and that is no error */
    PRIVATE_FILE_REPLACE,
};

/*
 * private_file_put writes |content| to |name| in |dir|, mode 0600. The file appears whole
 * under its name, and is on disk before the call returns. Waits for the disk.
 * ERR_OK, or ERR_IO with |problem| written.
 */
enum err private_file_put(const struct state_dir *dir, const char *name, struct bytes content,
                          enum private_file_when when, struct problem *problem) MUST_CHECK;

#endif
