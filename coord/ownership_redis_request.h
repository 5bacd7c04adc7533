/* ownership_redis_request.h — requests to Redis under way: sent in order, each finished in time.
 *
 *     waiting ──► sent ──► finished
 *        ▲          │
 *        └── redo ◄─┘  Redis had forgotten the scripts
 *
 * A request that has had no reply within the time-out is finished without one. Its place is
 * taken until the late reply has come, or until the connection is given up since nothing comes
 * at all. While the link is down every request is finished without a reply.
 */
#ifndef RELAY_OWNERSHIP_REDIS_REQUEST_H
#define RELAY_OWNERSHIP_REDIS_REQUEST_H

#include "err.h"
#include "ownership.h"
#include "ownership_redis_command.h"
#include "ownership_redis_link.h"

#include <stdbool.h>
#include <stdint.h>

struct event_base;
struct redisReply;
struct redis_requests;

/* What a request is for. |finish| is called once: with a reply, which is no error that concerns
 * the service, or with NULL when there is no answer. */
struct redis_purpose {
    void (*finish)(const struct redis_purpose *purpose, const struct redisReply *reply);
    void *registry;
    ownership_done *done; /* the rest is for |finish| alone */
    void *context;
    void *data;
};

/* redis_requests_new makes room for OWNERSHIP_PENDING_MAX requests, each with |timeout_msec|. NULL
 * without memory. |link| is given by redis_requests_attach before anything else is done. */
struct redis_requests *redis_requests_new(struct event_base *base, uint32_t timeout_msec);
void redis_requests_attach(struct redis_requests *requests, struct redis_link *link);

/* redis_requests_free finishes all without a reply; new ones are refused meanwhile. */
void redis_requests_free(struct redis_requests *requests);

/*
 * redis_requests_submit queues |command|, whose arguments are copied. |is_repeatable|: it may be
 * carried out again, and has to be when one before it is. |finish| is not called by this
 * function. ERR_OK, or ERR_LIMIT (no place, or no memory).
 */
enum err redis_requests_submit(struct redis_requests *requests, struct redis_command *command,
                               bool is_repeatable, const struct redis_purpose *purpose) MUST_CHECK;

/* redis_requests_up sends what waits; redis_requests_down finishes everything, and from then on
 * all that comes, until the link is up again. For the link's on_ready and on_down. */
void redis_requests_up(struct redis_requests *requests);
void redis_requests_down(struct redis_requests *requests);

/* redis_requests_flush sends what is queued and finishes what has failed already. */
void redis_requests_flush(struct redis_requests *requests);

#endif
