/* ownership_redis_connection.h — one connection to a Redis or a Sentinel, over hiredis. */
#ifndef RELAY_OWNERSHIP_REDIS_CONNECTION_H
#define RELAY_OWNERSHIP_REDIS_CONNECTION_H

#include "err.h"
#include "ownership_redis_command.h"
#include "problem.h"

#include <stdbool.h>
#include <stdint.h>

struct event_base;
struct redis_connection;
struct redisReply;

enum {
    REDIS_PATH_MAX = 108, /* of a socket, with its zero */
    REDIS_IP_MAX = 46,
    REDIS_ADDRESS_TEXT_MAX = 128,
};

/* A socket of this host when |path| is not empty, else an address and port. */
struct redis_address {
    char path[REDIS_PATH_MAX];
    char ip[REDIS_IP_MAX]; /* numeric */
    uint16_t port;
};

/* redis_address_write writes the path, or "192.0.2.1:6379" or "[2001:db8::1]:6379". */
void redis_address_write(const struct redis_address *address,
                         char text[static REDIS_ADDRESS_TEXT_MAX]);

/* Who is to get a reply. |reply| is never NULL and lives until |handler| returns. */
struct redis_expected {
    void (*handler)(void *context, const struct redisReply *reply);
    void *context;
};
/* The connection could not be made, or broke: |why| is a clause such as "Connection refused".
 * No handler is called any more; the connection is still to be closed. */
typedef void redis_ended_handler(void *context, const char *why);

/*
 * redis_connection_open begins to connect; commands may be sent at once. Never blocks, and
 * looks no name up. ERR_OK, or ERR_IO or ERR_NO_MEMORY with |problem| written.
 */
enum err redis_connection_open(struct event_base *base, const struct redis_address *address,
                               redis_ended_handler *ended, void *context,
                               struct redis_connection **ret, struct problem *problem) MUST_CHECK;

/* redis_connection_close ends it, with what is under way: no handler is called any more. May be
 * called from a handler. NULL is fine. */
void redis_connection_close(struct redis_connection *connection);

/*
 * redis_connection_send queues the |len| bytes of a command, as redis_command_format made them,
 * and redis_connection_ask formats a command and queues it. Replies come in the order of sending;
 * |expected| must live until its handler has been called or the connection is closed.
 * ERR_OK, ERR_UNAVAILABLE (the connection has ended), or ERR_NO_MEMORY.
 */
enum err redis_connection_send(struct redis_connection *connection, const char *text, size_t len,
                               const struct redis_expected *expected) MUST_CHECK;
enum err redis_connection_ask(struct redis_connection *connection, struct redis_command *command,
                              const struct redis_expected *expected) MUST_CHECK;

/* redis_connection_flush writes what is queued as far as the socket takes it. Inside a handler it
 * does nothing: the event loop does it then. */
void redis_connection_flush(struct redis_connection *connection);

#endif
