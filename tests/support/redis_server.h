/* redis_server.h — a real redis-server, or sentinel, for one test: started, spoken to, ended. */
#ifndef RELAY_TESTS_REDIS_SERVER_H
#define RELAY_TESTS_REDIS_SERVER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct redisReply;

/* Listens on a socket in the test's directory, and on a port of loopback. */
struct redis_server {
    pid_t pid; /* 0 when it does not run */
    uint16_t port;
    char dir[128];
    char socket[160];
    char password[32]; /* for redis_server_ask; empty without */
};

/* redis_server_init chooses the socket "NAME.sock" in |dir| and a free port; nothing runs yet. */
void redis_server_init(struct redis_server *server, const char *dir, const char *name);

/* redis_server_start runs redis-server and waits until it serves. |options| is a list of options
 * and values that NULL ends, or NULL: it keeps nothing on disk, and DEBUG is allowed. */
void redis_server_start(struct redis_server *server, const char *const *options);

/* redis_server_start_replica runs it as a replica and waits until it has what |primary| has. */
void redis_server_start_replica(struct redis_server *server, const struct redis_server *primary);

/* redis_server_start_sentinel runs it as the one sentinel of |primary|, known to it as "main", and
 * waits until it has found the replica. */
void redis_server_start_sentinel(struct redis_server *server, const struct redis_server *primary);

/* redis_server_kill ends it without notice and waits until it is gone. Not running is fine. */
void redis_server_kill(struct redis_server *server);

/* redis_server_signal sends SIGSTOP or SIGCONT. */
void redis_server_signal(const struct redis_server *server, int number);

/* redis_server_ask sends a command over a connection of its own, printf-like as redisCommand is,
 * and waits for the reply, which the caller frees. */
struct redisReply *redis_server_ask(const struct redis_server *server, const char *format, ...);

/* redis_server_do is the same for a command whose reply must be no error; it gives back the
 * integer in it. */
long long redis_server_do(const struct redis_server *server, const char *format, ...);

#endif
