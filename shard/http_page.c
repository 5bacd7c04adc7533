/* http_page.c — the status page at /: its files, and what its script asks for. */
#include "http_page.h"

#include "http_json.h"
#include "http_owner.h"
#include "http_ports.h"
#include "http_shards.h"
#include "round.h"

#include <stdlib.h>
#include <string.h>

/* What is made now and then. */
struct made {
    struct http_body *body; /* NULL before the first time, and without memory */
    struct mono_time until;
};

struct http_page {
    struct http_page_config config;
    struct http_owner *owner;
    struct made shards;
    struct made ports;
    struct http_port_owners *port_owners;
};

struct http_page *http_page_new(const struct http_page_config *config)
{
    struct http_page *page = calloc(1, sizeof(*page));
    const struct http_owner_config owner = {.instance = config->options->instance,
                                            .policy = config->policy,
                                            .retry = config->retry,
                                            .context = config->context};

    if (page == NULL)
        return NULL;
    page->config = *config;
    page->owner = http_owner_new(&owner);
    page->port_owners = calloc(1, sizeof(*page->port_owners));
    if (page->owner != NULL && page->port_owners != NULL)
        return page;
    http_page_free(page);
    return NULL;
}

void http_page_free(struct http_page *page)
{
    if (page == NULL)
        return;
    http_owner_free(page->owner);
    http_body_release(page->shards.body);
    http_body_release(page->ports.body);
    free(page->port_owners);
    free(page);
}

void http_page_use(struct http_page *page, struct ownership *ownership)
{
    http_owner_use(page->owner, ownership);
}

static void write_shards(struct http_page *page, struct mono_time now, struct http_text *text)
{
    const struct relay_options *options = page->config.options;
    const struct http_shards_host host = {.instance = options->instance,
                                          .lowest_port = options->lowest_port,
                                          .highest_port = options->highest_port};
    struct host_state state = {.count = host_figures_shards(page->config.figures)};
    struct http_portal portal;

    if (options->portal_url != NULL) {
        http_portal_read(page->config.dir, clocks_read().wall.sec, &portal);
        state.portal = &portal;
    }
    state.shards = host_figures_read(page->config.figures, now, &state.now);
    http_shards_write(&state, &host, text);
}

static void write_ports(struct http_page *page, struct mono_time now, struct http_text *text)
{
    const struct relay_options *options = page->config.options;
    struct host_figures *figures = page->config.figures;

    http_port_owners_read(page->port_owners, page->config.dir,
                          host_figures_read(figures, now, NULL), host_figures_shards(figures));
    http_ports_write(page->port_owners, options->lowest_port, options->highest_port, text);
}

/* Answers with what |write| made lately. */
static void respond(struct http_page *page, struct made *made,
                    void (*write)(struct http_page *page, struct mono_time now,
                                  struct http_text *text),
                    struct http_exchange *exchange)
{
    const struct mono_time now = clocks_read().mono;

    if (made->body == NULL || mono_time_due(made->until, now)) {
        struct http_text text = {.data = NULL};

        write(page, now, &text);
        http_body_release(made->body);
        made->body = http_text_body(&text);
        made->until = mono_time_add_usec(now, (int64_t)HTTP_PAGE_MSEC * 1000);
    }
    if (made->body != NULL)
        http_respond(exchange, HTTP_STATUS_OK, HTTP_JSON_TYPE, made->body);
    else
        http_respond_text(exchange, HTTP_STATUS_SERVER_ERROR, "There is no memory\n");
}

static void on_shards(void *context, struct http_exchange *exchange)
{
    struct http_page *page = context;

    respond(page, &page->shards, write_shards, exchange);
}

static void on_ports(void *context, struct http_exchange *exchange)
{
    struct http_page *page = context;

    respond(page, &page->ports, write_ports, exchange);
}

static void on_file(void *context, struct http_exchange *exchange)
{
    const char *path = http_exchange_request(exchange)->path;

    (void)context;
    for (size_t i = 0; i < HTTP_PAGE_FILES; i++) {
        const struct http_page_file *file = &http_page_files[i];

        if (strcmp(file->path, path) == 0)
            http_respond_static(exchange, HTTP_STATUS_OK, file->type, file->data, file->len);
    }
}

void http_page_routes(struct http_page *page, struct http_route ret[static HTTP_PAGE_ROUTES])
{
    size_t count = 0;

    for (; count < HTTP_PAGE_FILES; count++)
        ret[count] = (struct http_route){.path = http_page_files[count].path, .handle = on_file};
    ret[count++] = (struct http_route){.path = "/api/shards", .handle = on_shards, .context = page};
    ret[count++] = (struct http_route){.path = "/api/ports", .handle = on_ports, .context = page};
    ret[count] = (struct http_route){
        .path = "/api/owner", .handle = http_owner_handle, .context = page->owner};
}
