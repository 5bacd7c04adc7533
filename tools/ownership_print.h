/* ownership_print.h — shards, allocations and channels as tables for people. */
#ifndef RELAY_OWNERSHIP_PRINT_H
#define RELAY_OWNERSHIP_PRINT_H

#include "ownership_view.h"

#include <stdio.h>

/* A row for each shard, allocation or channel; none longer than |width|, 0: as they are. */
void print_shards_text(const struct ownership_view *view, unsigned width, FILE *out);
void print_allocations_text(const struct ownership_view *view, unsigned width, FILE *out);
void print_channels_text(const struct ownership_view *view, unsigned width, FILE *out);

/* One line with all that is known of one allocation of |view|. */
void print_owner_text(const struct ownership_view *view, const struct view_allocation *allocation,
                      FILE *out);

#endif
