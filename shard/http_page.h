/* http_page.h — the status page at /: its files, and what its script asks for.
 *
 *     /  /page.css  /page.js  /icon.svg     parts of the program
 *     /api/shards                           http_shards.h
 *     /api/ports                            http_ports.h
 *     /api/owner                            http_owner.h
 *
 * The first two of these are made once in HTTP_PAGE_MSEC for all who ask. Nothing here changes
 * anything, and nobody has to say who they are: there are no usernames in it, and no peers.
 */
#ifndef RELAY_HTTP_PAGE_H
#define RELAY_HTTP_PAGE_H

#include "host_figures.h"
#include "http_page_files.h"
#include "http_server.h"
#include "options.h"
#include "ownership.h"
#include "state_dir.h"
#include "turn_peer_policy.h"

#include <stddef.h>

enum {
    HTTP_PAGE_MSEC = 1000,
    HTTP_PAGE_ROUTES = HTTP_PAGE_FILES + 3,
};

struct http_page;

struct http_page_config {
    const struct relay_options *options; /* all must outlive it */
    const struct state_dir *dir;
    struct host_figures *figures;
    const struct turn_peer_policy *policy; /* as in http_owner.h, like the rest */
    void (*retry)(void *context);
    void *context;
};

/* http_page_new: NULL when there is no memory. */
struct http_page *http_page_new(const struct http_page_config *config);

/* http_page_free: after ownership_close. NULL is fine. */
void http_page_free(struct http_page *page);

/* http_page_use gives it the registry (http_owner_use). */
void http_page_use(struct http_page *page, struct ownership *ownership);

/* http_page_routes fills |ret|; they hold for as long as |page|. */
void http_page_routes(struct http_page *page, struct http_route ret[static HTTP_PAGE_ROUTES]);

#endif
