/* http.c — what a shard answers over HTTP, for the whole host: the table of its routes. */
#include "http.h"

#include "host_figures.h"
#include "http_health.h"
#include "http_page.h"
#include "http_scrape.h"
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
    struct http_page *page;
    struct http_server *server;
    struct http_scrape *scrape;
    struct http_portal portal; /* as it was read last */
    struct mono_time since;    /* it has been there */
};

static struct host_state state_of(struct http *http)
{
    struct turn_now now = clocks_read();
    struct host_state host = {.now = now.mono, .since = http->since};

    if (http->config.options->portal_url != NULL) {
        http_portal_read(http->config.dir, now.wall.sec, &http->portal);
        host.portal = &http->portal;
    }
    host.shards = host_figures_read(http->figures, host.now, &host.now);
    host.count = host_figures_shards(http->figures);
    return host;
}

/* Answers with |text|, which it takes. */
static void respond(struct http_exchange *exchange, unsigned status, const char *type,
                    struct http_text *text)
{
    struct http_body *body = http_text_body(text);

    if (body != NULL)
        http_respond(exchange, status, type, body);
    else
        http_respond_text(exchange, HTTP_STATUS_SERVER_ERROR, "There is no memory\n");
    http_body_release(body);
}

static void answer_health(struct http *http, struct http_exchange *exchange,
                          bool (*judge)(const struct host_state *host, struct http_text *text))
{
    const struct host_state host = state_of(http);
    struct http_text text = {.data = NULL};
    bool is_good = judge(&host, &text);

    respond(exchange, is_good ? HTTP_STATUS_OK : HTTP_STATUS_UNAVAILABLE, HTTP_TEXT_TYPE, &text);
}

static void on_healthz(void *context, struct http_exchange *exchange)
{
    answer_health(context, exchange, http_health_alive);
}

static void on_readyz(void *context, struct http_exchange *exchange)
{
    answer_health(context, exchange, http_health_ready);
}

static void add_route(struct http *http, const char *path,
                      void (*handle)(void *context, struct http_exchange *exchange), void *context)
{
    assert(http->route_count < ROUTES_MAX);
    http->routes[http->route_count++] =
        (struct http_route){.path = path, .handle = handle, .context = context};
}

static void on_retry(void *context)
{
    struct http *http = context;

    http_server_retry(http->server);
}

static bool add_page(struct http *http)
{
    const struct http_page_config config = {.options = http->config.options,
                                            .dir = http->config.dir,
                                            .figures = http->figures,
                                            .policy = http->config.policy,
                                            .retry = on_retry,
                                            .context = http};

    http->page = http_page_new(&config);
    if (http->page == NULL)
        return false;
    assert(http->route_count + HTTP_PAGE_ROUTES <= ROUTES_MAX);
    http_page_routes(http->page, http->routes + http->route_count);
    http->route_count += HTTP_PAGE_ROUTES;
    return true;
}

static bool add_metrics(struct http *http)
{
    const struct http_scrape_config config = {.base = http->config.base,
                                              .dir = http->config.dir,
                                              .shards = http->config.options->shards,
                                              .has_portal =
                                                  http->config.options->portal_url != NULL,
                                              .since = http->since,
                                              .retry = on_retry,
                                              .context = http};

    http->scrape = http_scrape_new(&config);
    if (http->scrape != NULL)
        add_route(http, "/metrics", http_scrape_handle, http->scrape);
    return http->scrape != NULL;
}

static enum err serve(struct http *http)
{
    const struct relay_options *options = http->config.options;
    http->figures = host_figures_new(http->config.dir, options->shards);
    if (http->figures == NULL || !add_page(http) || !add_metrics(http))
        return ERR_NO_MEMORY;
    add_route(http, "/healthz", on_healthz, http);
    add_route(http, "/readyz", on_readyz, http);
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
    http->since = clocks_read().mono;
    enum err err = serve(http);

    if (err == ERR_OK)
        *ret = http;
    else
        http_free(http);
    return err;
}

void http_use_registry(struct http *http, struct ownership *ownership)
{
    if (http != NULL)
        http_page_use(http->page, ownership);
}

void http_free(struct http *http)
{
    if (http == NULL)
        return;
    http_server_free(http->server);
    http_page_free(http->page);
    http_scrape_free(http->scrape);
    host_figures_free(http->figures);
    free(http);
}
