/* http_scrape.c — answers /metrics: written once for all who ask within a while, a part at a time.
 */
#include "http_scrape.h"

#include "host_figures.h"
#include "http_metrics.h"
#include "round.h"

#include <event2/event_struct.h>
#include <stdbool.h>
#include <stdlib.h>

struct http_scrape {
    void (*retry)(void *context);
    void *context;
    struct event go_on;
    struct host_figures *figures; /* its own: they must not change while they are written */
    struct host_state host;
    const struct state_dir *portal_dir; /* NULL without a control plane */
    struct http_portal portal;          /* as it was read last */
    bool is_writing;
    size_t part; /* to be written next */
    struct http_text text;
    struct http_body *metrics; /* as they were written last; NULL before the first time */
    struct mono_time until;    /* they are served */
};

static void begin(struct http_scrape *scrape, struct turn_now now)
{
    if (scrape->portal_dir != NULL) {
        http_portal_read(scrape->portal_dir, now.wall.sec, &scrape->portal);
        scrape->host.portal = &scrape->portal;
    }
    scrape->host.shards = host_figures_read(scrape->figures, now.mono, &scrape->host.now);
    scrape->host.count = host_figures_shards(scrape->figures);
    scrape->part = 0;
    scrape->is_writing = true;
}

static void finish(struct http_scrape *scrape, struct mono_time now)
{
    http_body_release(scrape->metrics);
    scrape->metrics = http_text_body(&scrape->text);
    scrape->until = mono_time_add_usec(now, (int64_t)HTTP_SCRAPE_MSEC * 1000);
    scrape->is_writing = false;
}

/* Writes for as long as it may. The rest is for on_go_on. */
static void write_some(struct http_scrape *scrape, struct mono_time now)
{
    static const struct timeval pause = {.tv_usec = HTTP_SCRAPE_PAUSE_MSEC * 1000L};
    struct mono_time end = mono_time_add_usec(now, HTTP_SCRAPE_WORK_USEC);

    while (scrape->part < http_metrics_parts() && mono_time_before(now, end)) {
        http_metrics_write(&scrape->host, scrape->part++, &scrape->text);
        now = clocks_read().mono;
    }
    if (scrape->part == http_metrics_parts())
        finish(scrape, now);
    else
        (void)event_add(&scrape->go_on, &pause);
}

static void on_go_on(evutil_socket_t fd, short what, void *arg)
{
    struct http_scrape *scrape = arg;

    (void)fd;
    (void)what;
    write_some(scrape, clocks_read().mono);
    if (!scrape->is_writing)
        scrape->retry(scrape->context);
}

void http_scrape_handle(void *context, struct http_exchange *exchange)
{
    struct http_scrape *scrape = context;
    struct turn_now now = clocks_read();

    if (!scrape->is_writing &&
        (scrape->metrics == NULL || mono_time_due(scrape->until, now.mono))) {
        begin(scrape, now);
        write_some(scrape, clocks_read().mono);
    }
    if (scrape->is_writing)
        return; /* on_go_on has it asked again */
    if (scrape->metrics != NULL)
        http_respond(exchange, HTTP_STATUS_OK, HTTP_METRICS_TYPE, scrape->metrics);
    else
        http_respond_text(exchange, HTTP_STATUS_SERVER_ERROR, "There is no memory\n");
}

struct http_scrape *http_scrape_new(const struct http_scrape_config *config)
{
    struct http_scrape *scrape = calloc(1, sizeof(*scrape));

    if (scrape == NULL)
        return NULL;
    scrape->retry = config->retry;
    scrape->context = config->context;
    scrape->host.since = config->since;
    scrape->portal_dir = config->has_portal ? config->dir : NULL;
    scrape->figures = host_figures_new(config->dir, config->shards);
    if (scrape->figures == NULL ||
        event_assign(&scrape->go_on, config->base, -1, 0, on_go_on, scrape) != 0) {
        host_figures_free(scrape->figures);
        free(scrape);
        return NULL;
    }
    return scrape;
}

void http_scrape_free(struct http_scrape *scrape)
{
    if (scrape == NULL)
        return;
    (void)event_del(&scrape->go_on);
    http_body_release(http_text_body(&scrape->text));
    http_body_release(scrape->metrics);
    host_figures_free(scrape->figures);
    free(scrape);
}
