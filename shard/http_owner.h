/* http_owner.h — /api/owner: asks the ownership registry whose a client's allocation or a relay
 * port is.
 *
 *     ?client=192.0.2.1:40312 or ?client=[2001:db8::1]:40312     ?relay_port=50123
 *
 *     {"allocations":[{"client":…, "server":…, "relay_port":…, "families":…, "age_sec":…,
 *       "left_sec":…, "host":…, "shard":…, "channels":[{"number":"0x4000","left_sec":…}…],
 *       "more_channels":0, "lease_held":true}…]}
 *
 * None is an empty list. Whoever can connect may ask, so neither usernames nor peers are told.
 *
 * A client's allocation is recorded under the address of this host that the client reached, too,
 * so each of them is asked for, one after the other (HTTP_OWNER_SERVERS_MAX at most; the public
 * ones first).
 * The registry answers later, and the request waits. HTTP_OWNER_QUESTIONS of them are remembered,
 * each until HTTP_OWNER_FRESH_MSEC after its answer, for whoever asks the same; while they are all
 * taken another one is refused with 503. So that is also how many there are in that time. 503 is
 * what a registry that is away is told with, too.
 */
#ifndef RELAY_HTTP_OWNER_H
#define RELAY_HTTP_OWNER_H

#include "err.h"
#include "http_request.h"
#include "http_server.h"
#include "ownership.h"
#include "turn_peer_policy.h"

#include <stdint.h>

enum {
    HTTP_OWNER_QUESTIONS = 16,
    HTTP_OWNER_FRESH_MSEC = 1000,
    HTTP_OWNER_SERVERS_MAX = 32,
    HTTP_OWNER_CHANNELS_MAX = 64, /* told of one allocation; of the others, how many */
};

/* What is asked for: one of the two. */
struct http_owner_query {
    struct transport_addr client; /* family NONE: the port */
    uint16_t relay_port;          /* 0: the client */
};

/* http_owner_query_read: ERR_OK, or ERR_MALFORMED: not exactly one parameter of ours, or its
 * value is no such thing. */
enum err http_owner_query_read(const struct http_request *request,
                               struct http_owner_query *ret) MUST_CHECK;

struct http_owner;

struct http_owner_config {
    const char *instance; /* of this host in the registry; must outlive it, as the next one */
    const struct turn_peer_policy *policy; /* with the addresses of this host */
    /* The handlers of requests that wait are to be called again. */
    void (*retry)(void *context);
    void *context;
};

/* http_owner_new: NULL when there is no memory. */
struct http_owner *http_owner_new(const struct http_owner_config *config);

/* http_owner_free: after ownership_close. NULL is fine. */
void http_owner_free(struct http_owner *owner);

/* http_owner_use gives it the registry, without which it answers 503. */
void http_owner_use(struct http_owner *owner, struct ownership *ownership);

/* http_owner_handle is the handler of a route; |context| is the struct http_owner. */
void http_owner_handle(void *context, struct http_exchange *exchange);

#endif
