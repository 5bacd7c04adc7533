/* portal_connection.h — one WebSocket connection to the control plane at a time: DNS, TCP, TLS,
 * upgrade, framing.
 *
 * libwebsockets does TCP, TLS, the upgrade and the framing; what it costs is
 * bounded whatever the control plane sends. What happens is told through
 * callbacks from within portal_connection_serve. One thread.
 *
 * What libwebsockets 4.1.6 is not asked to do, and why:
 *   addresses   one is given to it at a time, as a literal: its own look-up blocks, and when a
 *               connection attempt times out it takes the next step as if it were connected
 *   proxies     are not used: it would ask that of the variable http_proxy, wherever that comes
 * from redirects   are refused, since it would send the token on to wherever they point TLS the
 * context is ours, see portal_tls.h pings       none are sent: heartbeats of the channel do that It
 * sends two header fields that nobody asked for, Pragma and Cache-Control: no-cache.
 */
#ifndef RELAY_PORTAL_CONNECTION_H
#define RELAY_PORTAL_CONNECTION_H

#include "bytes.h"
#include "err.h"
#include "mono_time.h"
#include "portal/portal_token.h"
#include "portal/portal_url.h"
#include "problem.h"

#include <stddef.h>

struct portal_connection;

struct portal_connection_config {
    const struct portal_url *url;
    const char *target;     /* request target of the upgrade */
    const char *user_agent; /* printable ASCII */
    const char *ca_file;    /* NULL: the system's certificate authorities */
    /* Fetches the token for an attempt: it is wiped as soon as it is in the request. ERR_OK, or
     * another error with |problem| written, which fails the attempt. */
    enum err (*token)(void *context, struct portal_token *ret, struct problem *problem);
    /* What became of portal_connection_open: one of these, */
    void (*opened)(void *context);
    void (*refused)(void *context, unsigned status, struct bytes retry_after);
    void (*failed)(void *context, const char *reason);
    /* and after opened. |message| is valid during the call. */
    void (*text)(void *context, struct bytes message);
    void (*binary)(void *context);
    void (*closed)(void *context, const char *reason);
    void *context;
};

/*
 * portal_connection_new makes one. |config| is copied; what it points to must outlive it.
 *   ERR_OK, ERR_RANGE (the file of authorities), ERR_NO_MEMORY, ERR_CRYPTO. |problem| is written
 *   with every error.
 */
enum err portal_connection_new(const struct portal_connection_config *config,
                               struct portal_connection **ret, struct problem *problem) MUST_CHECK;

/* portal_connection_free closes and frees. NULL is fine. */
void portal_connection_free(struct portal_connection *connection);

/* portal_connection_open begins an attempt; there must be none, nor a connection. Nothing is told
 * before the next portal_connection_serve. May be called from a callback, as the next two. */
void portal_connection_open(struct portal_connection *connection);

/* portal_connection_send sends |text| as one text frame. It is copied and wiped when it has left.
 * More than a few that cannot leave close the connection. */
void portal_connection_send(struct portal_connection *connection, struct bytes text);

/* portal_connection_close drops the attempt or connection. Nothing more is told of it. */
void portal_connection_close(struct portal_connection *connection);

/* portal_connection_stage returns what an attempt waits for, such as "TCP: 192.0.2.1 port 443", or
 * "" when there is none. Valid until the next call. */
const char *portal_connection_stage(struct portal_connection *connection);

/* portal_connection_serve waits until something happens, |deadline| comes or
 * portal_connection_wake is called, and tells what happened. */
void portal_connection_serve(struct portal_connection *connection, struct mono_time deadline);

/* portal_connection_wake ends a portal_connection_serve. From any thread or signal handler. */
void portal_connection_wake(struct portal_connection *connection);

#endif
