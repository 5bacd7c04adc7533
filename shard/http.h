/* http.h — what a shard answers over HTTP, for the whole host: the table of its routes. */
#ifndef RELAY_HTTP_H
#define RELAY_HTTP_H

#include "options.h"
#include "ownership.h"
#include "state_dir.h"
#include "turn_peer_policy.h"

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

struct http;

struct http_config {
    const struct relay_options *options; /* all must outlive it */
    const struct state_dir *dir;
    struct event_base *base;
    const struct turn_peer_policy *policy; /* with the addresses of this host */
    uint64_t *values;                      /* of the counter page */
};

/*
 * http_new serves on the address that the options name, from the beginning, so that it can be
 * asked why a shard is not ready. With `none` it does nothing. That the address is taken is no
 * error (http_server.h).
 *   ERR_OK, or ERR_NO_MEMORY or ERR_IO as http_server_new.
 */
enum err http_new(const struct http_config *config, struct http **ret) MUST_CHECK;

/* http_use_registry gives it what /api/owner asks. NULL is fine as |http|. */
void http_use_registry(struct http *http, struct ownership *ownership);

/* http_free: after ownership_close, whose last answers come here. Whoever waits is hung up on. NULL
 * is fine. */
void http_free(struct http *http);

#endif
