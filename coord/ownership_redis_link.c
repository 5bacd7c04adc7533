/* ownership_redis_link.c — keeps a connection to the Redis of a target, made again whenever it
 * breaks. */
#include "ownership_redis_link.h"

#include "mono_time.h"
#include "ownership_redis_reply.h"
#include "ownership_redis_resolve.h"
#include "ownership_redis_scripts.h"
#include "ownership_redis_sentinel.h"

#include <stdlib.h>
#include <string.h>

#include <event2/event.h>
#include <event2/util.h>
#include <hiredis/hiredis.h>

enum {
    WAIT_MIN_MSEC = 50,
    WAIT_MAX_MSEC = 2000,
    /* A step of an attempt has this many time-outs of a command, but at least so long. */
    STEP_TIMEOUTS = 4,
    STEP_MSEC_MIN = 1000,
    /* A connection that lasted so long was a good one: what breaks it is news. */
    GOOD_MSEC = 2 * WAIT_MAX_MSEC,
};

enum link_state { LINK_WAITING, LINK_TRYING, LINK_READY };

struct redis_link {
    struct redis_link_config config;
    enum link_state state;
    /* WAITING: until the next attempt. TRYING: until the step under way has taken too long. */
    struct event *timer;
    unsigned failures; /* since the last good connection */
    unsigned attempts;
    struct mono_time ready_since;
    struct redis_sentinel *sentinel; /* NULL without sentinels */
    struct redis_resolve *resolve;
    struct redis_connection *connection;
    char where[REDIS_ADDRESS_TEXT_MAX]; /* what is being connected to, for messages */
    struct redis_expected on_ok;
    struct redis_expected on_role;
    struct redis_expected on_probe;
};

static struct mono_time clock_now(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (struct mono_time){.usec = now.tv_sec * USEC_PER_SEC + now.tv_nsec / 1000};
}

static void set_timer(struct redis_link *link, uint32_t msec)
{
    struct timeval timeout = {.tv_sec = msec / 1000, .tv_usec = (suseconds_t)(msec % 1000) * 1000};

    (void)event_add(link->timer, &timeout);
}

static void begin_step(struct redis_link *link)
{
    uint32_t msec = STEP_TIMEOUTS * link->config.timeout_msec;

    set_timer(link, msec > STEP_MSEC_MIN ? msec : STEP_MSEC_MIN);
}

/* Half of the wait is fixed and half is chance, so that the shards do not come all at once. */
static uint32_t wait_msec(unsigned failures)
{
    uint32_t msec = WAIT_MAX_MSEC, chance;

    if (failures <= 1)
        return 0;
    if (failures - 2 < 6)
        msec = (uint32_t)WAIT_MIN_MSEC << (failures - 2);
    if (msec > WAIT_MAX_MSEC)
        msec = WAIT_MAX_MSEC;
    evutil_secure_rng_get_bytes(&chance, sizeof(chance));
    return msec / 2 + chance % (msec / 2 + 1);
}

static void begin_anew(struct redis_link *link)
{
    redis_resolve_cancel(link->resolve);
    link->resolve = NULL;
    redis_connection_close(link->connection);
    link->connection = NULL;
    link->state = LINK_WAITING;
    set_timer(link, wait_msec(link->failures));
}

/* |what| is a clause about where we are connected or tried to be. */
static void fail(struct redis_link *link, const char *what)
{
    struct problem why;

    if (link->state == LINK_READY &&
        !mono_time_before(clock_now(),
                          mono_time_add_usec(link->ready_since, GOOD_MSEC * INT64_C(1000))))
        link->failures = 0;
    link->failures++;
    problem_set(&why, "Redis at %s: %s", link->where, what);
    begin_anew(link);
    link->config.on_down(link->config.context, why.text);
}

static void on_ended(void *context, const char *why)
{
    fail(context, why);
}

/* A wrong password does not become right by being tried often. */
static void fail_slowly(struct redis_link *link, const char *what)
{
    link->failures = UINT16_MAX;
    fail(link, what);
}

static void fail_by_error(struct redis_link *link, const struct redisReply *reply)
{
    char error[REDIS_ERROR_TEXT_MAX];

    redis_reply_error_write(reply, error);
    if (redis_reply_error(reply) == REDIS_ERROR_PASSWORD)
        fail_slowly(link, error);
    else
        fail(link, error[0] != '\0' ? error : "an answer that makes no sense");
}

static void on_ok(void *context, const struct redisReply *reply)
{
    if (redis_reply_text(reply).data == NULL)
        fail_by_error(context, reply);
}

static void on_role(void *context, const struct redisReply *reply)
{
    if (redis_reply_error(reply) != REDIS_ERROR_NONE)
        fail_by_error(context, reply);
    else if (!redis_reply_is(redis_reply_at(reply, 0), "master"))
        fail(context, "it is not the primary");
}

static void on_probe(void *context, const struct redisReply *reply)
{
    struct redis_link *link = context;

    if (!redis_reply_is(redis_reply_at(reply, 0), "DONE")) {
        fail_by_error(link, reply);
        return;
    }
    (void)event_del(link->timer);
    link->state = LINK_READY;
    link->ready_since = clock_now();
    link->config.on_ready(link->config.context);
}

/* ask sends a step of the greeting; without memory the step's time-out ends the attempt. */
static void ask(struct redis_link *link, struct redis_command *command,
                const struct redis_expected *expected)
{
    enum err err = redis_connection_ask(link->connection, command, expected);

    (void)err;
}

void redis_link_load_scripts(struct redis_link *link)
{
    struct redis_command command;

    for (size_t i = 0; i < REDIS_SCRIPT_COUNT; i++) {
        redis_command_begin(&command, "SCRIPT");
        redis_command_add_text(&command, "LOAD");
        redis_command_add(
            &command, (struct bytes){.data = redis_scripts[i].text, .len = redis_scripts[i].len});
        ask(link, &command, &link->on_ok);
    }
}

/* All in one go: the replies come in order, and the first bad one ends it. */
static void greet(struct redis_link *link)
{
    const struct redis_target *target = link->config.target;
    struct redis_command command;

    if (target->password[0] != '\0') {
        redis_command_begin_auth(&command, target->user, target->password);
        ask(link, &command, &link->on_ok);
    }
    if (target->db != 0) {
        redis_command_begin(&command, "SELECT");
        redis_command_add_number(&command, target->db);
        ask(link, &command, &link->on_ok);
    }
    if (link->sentinel != NULL) {
        redis_command_begin(&command, "ROLE");
        ask(link, &command, &link->on_role);
    }
    redis_link_load_scripts(link);
    redis_command_begin_script(&command, REDIS_SCRIPT_PROBE, 1);
    redis_command_add_text(&command, "relay:probe");
    ask(link, &command, &link->on_probe);
}

static void connect_to(struct redis_link *link, const struct redis_address *address)
{
    struct problem problem;

    redis_address_write(address, link->where);
    begin_step(link);
    if (redis_connection_open(link->config.base, address, on_ended, link, &link->connection,
                              &problem) == ERR_OK)
        greet(link);
    else
        fail(link, problem.text);
}

static void on_resolved(void *context, const struct redis_address *addresses, unsigned count,
                        const char *why)
{
    struct redis_link *link = context;

    link->resolve = NULL;
    if (count == 0)
        fail(link, why);
    else
        connect_to(link, &addresses[link->attempts % count]);
}

static void resolve(struct redis_link *link, const char *host, uint16_t port)
{
    (void)snprintf(link->where, sizeof(link->where), "%s:%u", host, port);
    begin_step(link);
    redis_resolve_start(link->config.base, host, port, on_resolved, link, &link->resolve);
}

static void on_primary(void *context, const char *host, uint16_t port, const char *why)
{
    struct redis_link *link = context;

    if (host != NULL)
        resolve(link, host, port);
    else
        fail(link, why);
}

static void try_it(struct redis_link *link)
{
    const struct redis_target *target = link->config.target;
    struct redis_address address = {.port = 0};

    link->state = LINK_TRYING;
    link->attempts++;
    if (target->path[0] != '\0') {
        (void)snprintf(address.path, sizeof(address.path), "%s", target->path);
        connect_to(link, &address);
    } else if (target->primary[0] != '\0') {
        (void)snprintf(link->where, sizeof(link->where), "%s", target->primary);
        redis_sentinel_ask(link->sentinel);
    } else {
        resolve(link, target->hosts[0].name, target->hosts[0].port);
    }
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct redis_link *link = arg;

    (void)fd;
    (void)what;
    if (link->state == LINK_WAITING)
        try_it(link);
    else
        fail(link,
             link->resolve != NULL ? "the name is not resolved in time" : "no answer in time");
}

struct redis_link *redis_link_new(const struct redis_link_config *config)
{
    struct redis_link *link = calloc(1, sizeof(*link));

    if (link == NULL)
        return NULL;
    *link = (struct redis_link){
        .config = *config,
        .on_ok = {.handler = on_ok, .context = link},
        .on_role = {.handler = on_role, .context = link},
        .on_probe = {.handler = on_probe, .context = link},
        .timer = evtimer_new(config->base, on_timer, link),
    };
    bool with_sentinels = config->target->primary[0] != '\0';

    if (with_sentinels)
        link->sentinel = redis_sentinel_new(config->base, config->target, 2 * config->timeout_msec,
                                            on_primary, link);
    if (link->timer == NULL || (with_sentinels && link->sentinel == NULL)) {
        redis_link_free(link);
        return NULL;
    }
    set_timer(link, 0);
    return link;
}

void redis_link_free(struct redis_link *link)
{
    if (link == NULL)
        return;
    redis_resolve_cancel(link->resolve);
    redis_connection_close(link->connection);
    redis_sentinel_free(link->sentinel);
    if (link->timer != NULL)
        event_free(link->timer);
    free(link);
}

struct redis_connection *redis_link_connection(const struct redis_link *link)
{
    return link->state == LINK_READY ? link->connection : NULL;
}

void redis_link_drop(struct redis_link *link, const char *what)
{
    if (link->state == LINK_READY)
        fail(link, what);
}
