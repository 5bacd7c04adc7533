/* http.c — what a shard answers over HTTP, for the whole host: the table of its routes. */
#include "http.h"

#include "host_figures.h"
#include "http_server.h"
#include "round.h"

#include <assert.h>
#include <stdlib.h>

enum { ROUTES_MAX = 16 };

struct http {
    struct http_config config;
    struct http_route routes[ROUTES_MAX];
    size_t route_count;
    struct host_figures *figures;
    struct http_server *server;
};

static void on_healthz(void *context, struct http_exchange *exchange)
{
    (void)context;
    http_respond_text(exchange, HTTP_STATUS_OK, "ok\n");
}

static void add_route(struct http *http, const char *path,
                      void (*handle)(void *context, struct http_exchange *exchange), void *context)
{
    assert(http->route_count < ROUTES_MAX);
    http->routes[http->route_count++] =
        (struct http_route){.path = path, .handle = handle, .context = context};
}

static enum err serve(struct http *http)
{
    const struct relay_options *options = http->config.options;
    http->figures = host_figures_new(http->config.dir, options->shards);
    if (http->figures == NULL)
        return ERR_NO_MEMORY;
    add_route(http, "/healthz", on_healthz, http);
    const struct http_server_config config = {.base = http->config.base,
                                              .addr = options->http_addr,
                                              .routes = http->routes,
                                              .route_count = http->route_count,
                                              .values = http->config.values};

    return http_server_new(&config, &http->server);
}

enum err http_new(const struct http_config *config, struct http **ret)
{
    *ret = NULL;
    if (config->options->http_addr.family == IP_FAMILY_NONE)
        return ERR_OK;
    struct http *http = calloc(1, sizeof(*http));

    if (http == NULL)
        return ERR_NO_MEMORY;
    http->config = *config;
    enum err err = serve(http);

    if (err == ERR_OK)
        *ret = http;
    else
        http_free(http);
    return err;
}

void http_free(struct http *http)
{
    if (http == NULL)
        return;
    http_server_free(http->server);
    host_figures_free(http->figures);
    free(http);
}
