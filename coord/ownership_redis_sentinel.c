/* ownership_redis_sentinel.c — asks the sentinels for the primary that they know by a name. */
#include "ownership_redis_sentinel.h"

#include "ownership_redis_command.h"
#include "ownership_redis_connection.h"
#include "ownership_redis_reply.h"
#include "ownership_redis_resolve.h"
#include "text_parse.h"

#include <stdlib.h>
#include <string.h>

#include <event2/event.h>
#include <hiredis/hiredis.h>

struct redis_sentinel {
    struct event_base *base;
    const struct redis_target *target;
    struct timeval timeout;
    redis_primary_handler *handler;
    void *context;
    struct redis_expected on_primary;
    struct event *timer; /* for the sentinel that is being asked */
    unsigned current;    /* index of it, or of the one that answered last */
    unsigned tried;
    unsigned round;    /* of questions: a name's addresses are tried in turn */
    bool has_password; /* given to the sentinel that is being asked */
    struct redis_resolve *resolve;
    struct redis_connection *connection;
    struct problem why;
};

static void ask_current(struct redis_sentinel *sentinel);

static void give_up_current(struct redis_sentinel *sentinel)
{
    (void)event_del(sentinel->timer);
    redis_resolve_cancel(sentinel->resolve);
    sentinel->resolve = NULL;
    redis_connection_close(sentinel->connection);
    sentinel->connection = NULL;
}

static void next(struct redis_sentinel *sentinel, const char *what)
{
    const struct redis_host *host = &sentinel->target->hosts[sentinel->current];

    problem_set(&sentinel->why, "the sentinel at %s:%u: %s", host->name, host->port, what);
    give_up_current(sentinel);
    sentinel->current = (sentinel->current + 1) % sentinel->target->host_count;
    if (++sentinel->tried < sentinel->target->host_count)
        ask_current(sentinel);
    else
        sentinel->handler(sentinel->context, NULL, 0, sentinel->why.text);
}

static void on_timeout(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    next(arg, "no answer");
}

static void on_ended(void *context, const char *why)
{
    next(context, why);
}

static void ignore(void *context, const struct redisReply *reply)
{
    (void)context;
    (void)reply;
}

static bool ask_primary(struct redis_sentinel *sentinel)
{
    struct redis_command command;

    redis_command_begin(&command, "SENTINEL");
    redis_command_add_text(&command, "get-master-addr-by-name");
    redis_command_add_text(&command, sentinel->target->primary);
    return redis_connection_ask(sentinel->connection, &command, &sentinel->on_primary) == ERR_OK;
}

/* A sentinel that wants a password gets that of Redis. */
static bool give_password(struct redis_sentinel *sentinel)
{
    static const struct redis_expected ignored = {.handler = ignore};
    struct redis_command command;

    if (sentinel->has_password || sentinel->target->password[0] == '\0')
        return false;
    sentinel->has_password = true;
    redis_command_begin_auth(&command, sentinel->target->user, sentinel->target->password);
    return redis_connection_ask(sentinel->connection, &command, &ignored) == ERR_OK &&
           ask_primary(sentinel);
}

static void on_primary(void *context, const struct redisReply *reply)
{
    struct redis_sentinel *sentinel = context;
    struct bytes host = redis_reply_text(redis_reply_at(reply, 0));
    struct bytes port = redis_reply_text(redis_reply_at(reply, 1));
    char host_text[REDIS_HOST_MAX], error[REDIS_ERROR_TEXT_MAX];
    uint64_t port_number;

    if (redis_reply_error(reply) == REDIS_ERROR_PASSWORD && give_password(sentinel))
        return;
    if (redis_reply_error(reply) != REDIS_ERROR_NONE) {
        redis_reply_error_write(reply, error);
        next(sentinel, error);
        return;
    }
    if (host.len == 0 || host.len >= sizeof(host_text) || memchr(host.data, '\0', host.len) ||
        text_parse_u64((const char *)port.data, port.len, 1, UINT16_MAX, &port_number) != ERR_OK) {
        next(sentinel, "it knows no primary of that name");
        return;
    }
    memcpy(host_text, host.data, host.len);
    host_text[host.len] = '\0';
    give_up_current(sentinel);
    sentinel->handler(sentinel->context, host_text, (uint16_t)port_number, NULL);
}

static void on_resolved(void *context, const struct redis_address *addresses, unsigned count,
                        const char *why)
{
    struct redis_sentinel *sentinel = context;
    struct problem problem;

    sentinel->resolve = NULL;
    if (count == 0)
        next(sentinel, why);
    else if (redis_connection_open(sentinel->base, &addresses[sentinel->round % count], on_ended,
                                   sentinel, &sentinel->connection, &problem) != ERR_OK)
        next(sentinel, problem.text);
    else if (!ask_primary(sentinel))
        next(sentinel, err_name(ERR_NO_MEMORY));
}

static void ask_current(struct redis_sentinel *sentinel)
{
    const struct redis_host *host = &sentinel->target->hosts[sentinel->current];

    sentinel->has_password = false;
    (void)event_add(sentinel->timer, &sentinel->timeout);
    redis_resolve_start(sentinel->base, host->name, host->port, on_resolved, sentinel,
                        &sentinel->resolve);
}

struct redis_sentinel *redis_sentinel_new(struct event_base *base,
                                          const struct redis_target *target, uint32_t timeout_msec,
                                          redis_primary_handler *handler, void *context)
{
    struct redis_sentinel *sentinel = calloc(1, sizeof(*sentinel));

    if (sentinel == NULL)
        return NULL;
    *sentinel = (struct redis_sentinel){
        .base = base,
        .target = target,
        .timeout = {.tv_sec = timeout_msec / 1000,
                    .tv_usec = (suseconds_t)(timeout_msec % 1000) * 1000},
        .handler = handler,
        .context = context,
        .on_primary = {.handler = on_primary, .context = sentinel},
        .timer = evtimer_new(base, on_timeout, sentinel),
    };
    if (sentinel->timer == NULL) {
        free(sentinel);
        return NULL;
    }
    return sentinel;
}

void redis_sentinel_free(struct redis_sentinel *sentinel)
{
    if (sentinel == NULL)
        return;
    give_up_current(sentinel);
    event_free(sentinel->timer);
    free(sentinel);
}

void redis_sentinel_ask(struct redis_sentinel *sentinel)
{
    give_up_current(sentinel);
    sentinel->tried = 0;
    sentinel->round++;
    ask_current(sentinel);
}
