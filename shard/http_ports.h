/* http_ports.h — /api/ports: which shard has which relay port open, as runs of ports.
 *
 *     {"lowest_port":49152, "highest_port":65535, "runs":[[FIRST,LAST,SHARD]…]}
 *
 * By the maps of the shards (port_map.h), also of those that hang or have ended. Ports outside
 * lowest_port … highest_port are those of allocations that were made when the range was another
 * one.
 */
#ifndef RELAY_HTTP_PORTS_H
#define RELAY_HTTP_PORTS_H

#include "host_figures.h"
#include "http_text.h"
#include "port_map.h"

#include <stdint.h>

enum { HTTP_PORTS_NOBODY = UINT16_MAX };

/* Whose each port is: a shard, or HTTP_PORTS_NOBODY. Too large for the stack. */
struct http_port_owners {
    uint16_t of[UINT16_MAX + 1];
    struct port_map_page page; /* room for the one being read */
};

/* http_port_owners_clear: nobody's. */
void http_port_owners_clear(struct http_port_owners *owners);

/* http_port_owners_add makes all ports of |page| those of |shard|, whosever they were. */
void http_port_owners_add(struct http_port_owners *owners, uint32_t shard,
                          const struct port_map_page *page);

/* http_port_owners_read reads the maps of |count| shards in |dir|. What a shard has whose process
 * is there, by |figures|, goes before what one without had at last. */
void http_port_owners_read(struct http_port_owners *owners, const struct state_dir *dir,
                           const struct shard_figures *figures, uint32_t count);

/* http_ports_write appends the JSON. */
void http_ports_write(const struct http_port_owners *owners, uint16_t lowest, uint16_t highest,
                      struct http_text *text);

#endif
