/* ownership_json.h — shards, allocations and channels as JSON. */
#ifndef RELAY_OWNERSHIP_JSON_H
#define RELAY_OWNERSHIP_JSON_H

#include "ownership_view.h"

#include <stdio.h>

/* Each an object: "source" ("registry" or "shards"), "notes", "shards" with how old their figures
 * are, and "allocations" with the channels of each, or "channels". */
void print_shards_json(const struct ownership_view *view, FILE *out);
void print_allocations_json(const struct ownership_view *view, FILE *out);
void print_channels_json(const struct ownership_view *view, FILE *out);

/* One allocation of |view| as an object, with source and notes. */
void print_owner_json(const struct ownership_view *view, const struct view_allocation *allocation,
                      FILE *out);

#endif
