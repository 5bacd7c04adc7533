/* http_server.h — answers GET requests of operators and their programs, at a bounded cost.
 *
 *     packet path's event loop ── one event ── epoll: listening socket, at most
 *                                              HTTP_CONNECTIONS_MAX connections
 *
 * It shares a thread with the packet path, so whatever clients do, it takes a fixed share of it:
 * it works in small steps (a connection accepted, a request read, a piece of an answer written),
 * and when they have taken HTTP_WORK_USEC within HTTP_WINDOW_MSEC, it leaves the loop alone for
 * as long as that: a fiftieth is its share. Memory and descriptors are fixed: when all connections
 * are in use, one that has not sent its request gives way, the oldest first; else the oldest. Those
 * on which nothing has come are not taken from the kernel. So a health check gets through while
 * thousands do nothing. A request has HTTP_REQUEST_SEC to arrive and HTTP_EXCHANGE_SEC until it is
 * answered, however busily its bytes drip, and a part of one is looked at ten times a second. One
 * request for each connection.
 *
 * On a loopback address only what asks by address or as localhost is answered: else any page that a
 * browser of this host has open could read it (DNS rebinding).
 *
 * libevent's evhttp 2.1 has none of this: it accepts all that is there in one go and without a
 * limit, reports being out of descriptors in a busy loop, and its time-outs begin anew with every
 * byte, on connections that nobody can get at before their request is complete.
 */
#ifndef RELAY_HTTP_SERVER_H
#define RELAY_HTTP_SERVER_H

#include "err.h"
#include "http_body.h"
#include "http_request.h"
#include "mono_time.h"
#include "transport_addr.h"

#include <event2/event.h>
#include <stddef.h>
#include <stdint.h>

enum {
    HTTP_CONNECTIONS_MAX = 32,
    HTTP_BACKLOG = 4096, /* connections that the kernel keeps until they are accepted */
    HTTP_WINDOW_MSEC = 10,
    HTTP_WORK_USEC = 200,
    HTTP_WRITE_MAX = 65536, /* bytes of an answer in one step */
    HTTP_REQUEST_SEC = 5,
    HTTP_EXCHANGE_SEC = 15,
    /* After an answer, for the client to have read it before the connection is gone. */
    HTTP_LINGER_MSEC = 500,
    /* A port that is taken is tried again after so long, twice as long each time … */
    HTTP_RETRY_FIRST_SEC = 1,
    /* … up to this. */
    HTTP_RETRY_LONGEST_SEC = 60,
    /* Descriptors it takes at most: epoll, the listening socket, the connections, and one
     * more while a connection gives way. */
    HTTP_DESCRIPTORS = HTTP_CONNECTIONS_MAX + 3,
};

#define HTTP_TEXT_TYPE "text/plain; charset=utf-8"

/* A request under way. */
struct http_exchange;

/* Its request, which stays as it is until it is answered. */
const struct http_request *http_exchange_request(const struct http_exchange *exchange);

/*
 * http_respond answers with |body|, which it holds for as long as it needs it. Once.
 * |type| is a Content-Type and static. Nothing is to be cached: it is about this moment.
 */
void http_respond(struct http_exchange *exchange, unsigned status, const char *type,
                  struct http_body *body);

/* http_respond_static is the same for bytes that outlive the server: parts of the program. Browsers
 * may keep them, and ask again before they use them. */
void http_respond_static(struct http_exchange *exchange, unsigned status, const char *type,
                         const void *data, size_t len);

/* http_respond_text answers with a copy of |text|, in plain text. */
void http_respond_text(struct http_exchange *exchange, unsigned status, const char *text);

/*
 * Answers GET and HEAD of |path|, which is compared as a whole and without the query. HEAD
 * is answered like GET: the server leaves the body out.
 * Either it answers before it returns. Or it returns without an answer: then it is called again
 * after http_server_retry, unless the client has gone or its time is over meanwhile, which nobody
 * is told. It must not keep |exchange|.
 */
struct http_route {
    const char *path;
    void (*handle)(void *context, struct http_exchange *exchange);
    void *context;
};

struct http_server;

struct http_server_config {
    struct event_base *base;
    struct transport_addr addr; /* with a port; [::] takes IPv4 as well */
    const struct http_route *routes;
    size_t route_count;
    uint64_t *values; /* of the counter page */
};

/*
 * http_server_new starts to serve. What |config| points to must outlive it, the address apart. That
 * the address cannot be bound is no error: the log has one line, SHARD_COUNT_HTTP_LISTENING is 0,
 * and it is tried again.
 *   ERR_OK, ERR_NO_MEMORY, or ERR_IO (no epoll descriptor).
 */
enum err http_server_new(const struct http_server_config *config,
                         struct http_server **ret) MUST_CHECK;

/* http_server_free closes everything at once. NULL is fine. */
void http_server_free(struct http_server *server);

/* http_server_retry has the handlers of requests that are not answered called again, soon, but none
 * before it returns: each in its turn. */
void http_server_retry(struct http_server *server);

#endif
