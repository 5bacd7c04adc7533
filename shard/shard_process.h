/* shard_process.h — starts the process of one shard with its sockets. */
#ifndef RELAY_SHARD_PROCESS_H
#define RELAY_SHARD_PROCESS_H

#include "listener.h"
#include "options.h"

#include <stdint.h>
#include <sys/types.h>

/* What a shard's process is started from. */
struct shard_process {
    uint32_t shard;
    struct listeners listeners; /* stay open in the caller, as the next one */
    int redirect_fd;            /* -1 when there is none */
    const struct relay_options *options;
    char **argv; /* of the supervisor, NULL-terminated */
};

/*
 * shard_process_argv makes the arguments of a shard from those of `relay run`:
 * `run`, which |options->reading| found, makes place for `shard`, and shard number and
 * shard count are added. Everything else stays, so that all shards read the
 * same configuration. Pure.
 *
 * Returns a NULL-terminated array to free() in one piece, or NULL without memory. It points
 * into |argv|.
 */
char **shard_process_argv(const struct relay_options *options, char **argv, uint32_t shard);

/*
 * shard_process_start forks, and runs this very program again in the child: a
 * binary replaced on disk meanwhile does not mix two versions on one host. The child has
 * its own process group, so that ^C on the terminal reaches it through the supervisor only;
 * it gets SIGTERM should the supervisor die.
 * Returns its process id, or -1 with errno. The child exits with 1 when it cannot be run.
 */
pid_t shard_process_start(const struct shard_process *process);

#endif
