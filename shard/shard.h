/* shard.h — `relay shard`: one worker, from its listening sockets to the end of its event loop. */
#ifndef RELAY_SHARD_H
#define RELAY_SHARD_H

struct relay_options;

/*
 * shard_run serves shard |options->shard| of |options->shards|: it takes its
 * listening sockets by the LISTEN_FDS convention, or binds them itself, and
 * relays until SIGTERM or SIGINT.
 *
 * |options|  checked options, secret loaded; must outlive the call.
 *
 * Returns the exit code of the program: 0 after SIGTERM or SIGINT, 1 when it
 * could not start or its event loop broke (the reason was logged).
 */
int shard_run(const struct relay_options *options);

#endif
