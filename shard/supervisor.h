/* supervisor.h — `relay run`: holds the sockets of all shards and keeps the shards alive. */
#ifndef RELAY_SUPERVISOR_H
#define RELAY_SUPERVISOR_H

struct relay_options;

/*
 * supervisor_run binds the listening sockets of each shard, and the one by which others hand
 * datagrams over to it, starts every shard with its own and restarts those that die. The
 * sockets belong to the supervisor for its whole life, so the reuseport group never changes
 * and datagrams wait in the sockets while their shard is away.
 *
 * |options|  checked options of the run, secret drawn or loaded; not kept.
 * |argv|     the program's arguments, NULL-terminated: every shard gets the same
 *            ones, with `run` (when it is there) replaced by `shard --shard K`.
 *
 * Returns the exit code of the program: 0 after SIGTERM or SIGINT, 1 when it
 * or a shard's first process could not start (the reason was logged), 2 when that refused its
 * configuration.
 */
int supervisor_run(const struct relay_options *options, char **argv);

#endif
