/* ownership_redis_connection.c — one connection to a Redis or a Sentinel, over hiredis. */
#include "ownership_redis_connection.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hiredis/adapters/libevent.h>
#include <hiredis/async.h>
#include <hiredis/hiredis.h>

/* What no answer of ours comes near to. */
enum {
    REPLY_ELEMENTS_MAX = 1 << 20,
    REPLY_STRING_MAX = 1 << 20,
};

/*
 * hiredis asserts, that is aborts, when a reply comes that nobody asked for. So the functions
 * that make its reply objects are wrapped: they refuse to make such a reply, or a huge one, and
 * hiredis gives the connection up in good order.
 */
struct redis_connection {
    redisAsyncContext *hiredis; /* NULL when it has ended: hiredis frees its context by itself */
    redis_ended_handler *ended;
    void *context;
    const char *refused; /* why a reply was refused, or NULL */
    bool is_in_handler;
};

/* Where hiredis' own functions are, the same for every context. */
static const redisReplyObjectFunctions *objects;

static bool admits(const redisReadTask *task, size_t size, size_t max)
{
    redisAsyncContext *hiredis = task->privdata;
    struct redis_connection *connection = hiredis->data;
    const char *refused = NULL;

    if (task->parent == NULL && hiredis->replies.head == NULL)
        refused = "it answered what was not asked";
    else if (size > max)
        refused = "it gave an answer of absurd size";
    if (connection != NULL && refused != NULL)
        connection->refused = refused;
    return refused == NULL;
}

static void *make_string(const redisReadTask *task, char *text, size_t len)
{
    return admits(task, len, REPLY_STRING_MAX) ? objects->createString(task, text, len) : NULL;
}

static void *make_array(const redisReadTask *task, int elements)
{
    return admits(task, elements < 0 ? 0 : (size_t)elements, REPLY_ELEMENTS_MAX)
               ? objects->createArray(task, elements)
               : NULL;
}

static void *make_integer(const redisReadTask *task, long long value)
{
    return admits(task, 0, 0) ? objects->createInteger(task, value) : NULL;
}

static void *make_nil(const redisReadTask *task)
{
    return admits(task, 0, 0) ? objects->createNil(task) : NULL;
}

static redisReplyObjectFunctions guarded_objects = {
    .createString = make_string,
    .createArray = make_array,
    .createInteger = make_integer,
    .createNil = make_nil,
};

static void guard_replies(redisAsyncContext *hiredis)
{
    redisReader *reader = hiredis->c.reader;

    objects = reader->fn;
    guarded_objects.freeObject = objects->freeObject;
    reader->fn = &guarded_objects;
    reader->privdata = hiredis;
}

void redis_address_write(const struct redis_address *address,
                         char text[static REDIS_ADDRESS_TEXT_MAX])
{
    if (address->path[0] != '\0')
        (void)snprintf(text, REDIS_ADDRESS_TEXT_MAX, "%s", address->path);
    else if (strchr(address->ip, ':') != NULL)
        (void)snprintf(text, REDIS_ADDRESS_TEXT_MAX, "[%s]:%u", address->ip, address->port);
    else
        (void)snprintf(text, REDIS_ADDRESS_TEXT_MAX, "%s:%u", address->ip, address->port);
}

/* hiredis frees its context when it returns from here. */
static void on_end(const redisAsyncContext *hiredis)
{
    struct redis_connection *connection = hiredis->data;
    const char *why = "the connection was closed";

    if (connection == NULL)
        return;
    if (connection->refused != NULL)
        why = connection->refused;
    else if (hiredis->c.err != 0)
        why = hiredis->c.errstr;
    connection->hiredis = NULL;
    connection->ended(connection->context, why);
}

static void on_connect(const redisAsyncContext *hiredis, int status)
{
    if (status != REDIS_OK)
        on_end(hiredis);
}

static void on_disconnect(const redisAsyncContext *hiredis, int status)
{
    (void)status;
    on_end(hiredis);
}

static void on_reply(redisAsyncContext *hiredis, void *reply, void *private_data)
{
    struct redis_connection *connection = hiredis->data;
    const struct redis_expected *expected = private_data;

    /* Without a reply the connection is at its end, which is said once for all commands. */
    if (connection == NULL || reply == NULL)
        return;
    connection->is_in_handler = true;
    expected->handler(expected->context, reply);
    if (hiredis->data != NULL) /* else the handler closed it */
        connection->is_in_handler = false;
}

enum err redis_connection_open(struct event_base *base, const struct redis_address *address,
                               redis_ended_handler *ended, void *context,
                               struct redis_connection **ret, struct problem *problem)
{
    struct redis_connection *connection = calloc(1, sizeof(*connection));
    redisAsyncContext *hiredis = NULL;

    if (connection == NULL)
        goto no_memory;
    hiredis = address->path[0] != '\0' ? redisAsyncConnectUnix(address->path)
                                       : redisAsyncConnect(address->ip, address->port);
    if (hiredis == NULL)
        goto no_memory;
    if (hiredis->err != 0) {
        problem_set(problem, "%s", hiredis->errstr);
        redisAsyncFree(hiredis);
        free(connection);
        return ERR_IO;
    }
    (void)fcntl(hiredis->c.fd, F_SETFD, FD_CLOEXEC);
    if (redisLibeventAttach(hiredis, base) != REDIS_OK) {
        redisAsyncFree(hiredis);
        goto no_memory;
    }
    guard_replies(hiredis);
    hiredis->data = connection;
    (void)redisAsyncSetConnectCallback(hiredis, on_connect);
    (void)redisAsyncSetDisconnectCallback(hiredis, on_disconnect);
    *connection = (struct redis_connection){.hiredis = hiredis, .ended = ended, .context = context};
    *ret = connection;
    return ERR_OK;

no_memory:
    free(connection);
    problem_set(problem, "%s", err_name(ERR_NO_MEMORY));
    return ERR_NO_MEMORY;
}

void redis_connection_close(struct redis_connection *connection)
{
    if (connection == NULL)
        return;
    if (connection->hiredis != NULL) {
        connection->hiredis->data = NULL;
        redisAsyncFree(connection->hiredis);
    }
    free(connection);
}

enum err redis_connection_send(struct redis_connection *connection, const char *text, size_t len,
                               const struct redis_expected *expected)
{
    /* hiredis hands |expected| back as it is. */
    void *private_data = (void *)(uintptr_t)expected;

    if (connection->hiredis == NULL ||
        redisAsyncFormattedCommand(connection->hiredis, on_reply, private_data, text, len) !=
            REDIS_OK)
        return ERR_UNAVAILABLE;
    return ERR_OK;
}

enum err redis_connection_ask(struct redis_connection *connection, struct redis_command *command,
                              const struct redis_expected *expected)
{
    char *text;
    size_t len;
    enum err err = redis_command_format(command, &text, &len);

    if (err != ERR_OK)
        return err;
    err = redis_connection_send(connection, text, len, expected);
    explicit_bzero(text, len); /* it may hold a password */
    free(text);
    return err;
}

void redis_connection_flush(struct redis_connection *connection)
{
    redisAsyncContext *hiredis = connection->hiredis;

    if (hiredis == NULL || connection->is_in_handler || !(hiredis->c.flags & REDIS_CONNECTED))
        return;
    /* Mostly there is nothing: it is called after every wake-up of a shard. */
    if (sdslen(hiredis->c.obuf) == 0)
        return;
    redisAsyncHandleWrite(hiredis);
}
