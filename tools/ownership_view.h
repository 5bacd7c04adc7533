/* ownership_view.h — what a registry tells of a host's shards, allocations and channels, gathered.
 */
#ifndef RELAY_OWNERSHIP_VIEW_H
#define RELAY_OWNERSHIP_VIEW_H

#include "counter_page.h"
#include "record.h"
#include "registry_reader.h"
#include "turn_record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct view_channel {
    uint16_t number;
    struct transport_addr peer;
    int64_t left_sec; /* of the binding; less than 0: it is reserved only */
};

struct view_allocation {
    struct owner owner;
    bool is_live; /* its owner's lease holds */
    struct five_tuple five_tuple;
    struct turn_allocation_record record;
    int64_t left_sec;
    struct view_channel *channels;
    size_t channel_count;
};

struct view_shard {
    struct shard_lease lease;
    bool is_live;
    bool has_counters; /* the page of a shard of this host and state directory; else zero */
    struct counter_snapshot counters;
};

struct ownership_view {
    struct view_shard *shards; /* by their number */
    size_t shard_count;
    struct view_allocation *allocations; /* by shard, then relay port */
    size_t allocation_count;
    uint64_t unreadable; /* records that could not be read */
    bool has_failed;     /* no memory */
};

/* view_read_shards gathers the shards. view_read_allocations gathers these and all that they
 * own. view_read_port gathers the allocation of |port|, if any, and the shards. Each: false, with
 * one line on standard error that |program| begins. Zero |view| before, view_free after. */
bool view_read_shards(const struct relay_place *place, struct registry_reader *reader,
                      const char *program, struct ownership_view *view);
bool view_read_allocations(const struct relay_place *place, struct registry_reader *reader,
                           const char *program, struct ownership_view *view);
bool view_read_port(const struct relay_place *place, struct registry_reader *reader,
                    const char *program, uint16_t port, struct ownership_view *view);
void view_free(struct ownership_view *view);

/* view_families: "ipv4", "ipv6" or "ipv4+ipv6". Static. */
const char *view_families(uint8_t families);

/* view_username writes the username as text that a terminal can take, escaped as in the registry.
 */
const char *view_username(const struct turn_allocation_record *record,
                          char text[static RECORD_USER_MAX]);

#endif
