/* ownership_view.h — the shards, allocations and channels of a host, gathered for a person to look
 * at. */
#ifndef RELAY_OWNERSHIP_VIEW_H
#define RELAY_OWNERSHIP_VIEW_H

#include "boot_id.h"
#include "counter_page.h"
#include "problem.h"
#include "record.h"
#include "shard_pages.h"
#include "turn_record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum view_source {
    VIEW_OF_REGISTRY, /* what is recorded */
    VIEW_OF_SHARDS,   /* the registry is away: what the shards say of themselves */
};

struct view_channel {
    uint16_t number;
    struct transport_addr peer;
    int64_t left_sec; /* of the binding; less than 0: it is reserved only */
};

struct view_allocation {
    struct owner owner;
    struct five_tuple five_tuple;
    struct turn_allocation_record record;
    int64_t left_sec;
    struct view_channel *channels;
    size_t channel_count;
};

struct view_shard {
    struct shard_lease lease; /* owner and ports are always there, the rest with |has_lease| */
    bool has_lease;           /* the registry told it */
    bool is_live;             /* its lease holds */
    struct shard_page page;   /* its counters: with an error when there are none */
    bool is_missing;          /* what it owns is not in the view, or not all of it */
};

struct ownership_view {
    enum view_source source;
    struct mono_time now;      /* when the counters were read */
    struct view_shard *shards; /* by their number */
    size_t shard_count;
    struct view_allocation *allocations; /* by shard, then relay port */
    size_t allocation_count;
    struct problem *notes; /* what a reader must know: sentences */
    size_t note_count;
    char boot[BOOT_ID_MAX]; /* of this host, once it was asked for */
    bool is_incomplete;     /* a shard |is_missing| */
    bool has_failed;        /* no memory: then nothing here counts */
    uint64_t unreadable;    /* records that could not be read */
};

/* Each adds one; without memory |has_failed| is set. */
void view_add_shard(struct ownership_view *view, const struct view_shard *shard);
void view_add_note(struct ownership_view *view, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* An allocation, or a channel of the last one that was added; others are left out. NULL is one that
 * could not be read. The shards are there already. */
void view_add_record(struct ownership_view *view, const struct owner *owner,
                     const struct turn_record *record);

/* view_sort_allocations puts them in their order. view_forget_allocations takes all out again. */
void view_sort_allocations(struct ownership_view *view);
void view_forget_allocations(struct ownership_view *view);

/* view_keep_client takes out the allocations of other clients than |client|, whose port 0 means
 * any.
 */
void view_keep_client(struct ownership_view *view, const struct transport_addr *client);

/* view_free: zeroed ones are fine. */
void view_free(struct ownership_view *view);

/* view_shard_of: the shard |owner|, or NULL. */
const struct view_shard *view_shard_of(const struct ownership_view *view,
                                       const struct owner *owner);

/* view_shard_state: as shard_page_state; by its lease when it has no counters here. Static. */
const char *view_shard_state(const struct ownership_view *view, const struct view_shard *shard);

/* view_families: "ipv4", "ipv6" or "ipv4+ipv6". Static. */
const char *view_families(uint8_t families);

/* view_username writes the username as text that a terminal can take, escaped as in the registry.
 */
const char *view_username(const struct turn_allocation_record *record,
                          char text[static RECORD_USER_MAX]);

#endif
