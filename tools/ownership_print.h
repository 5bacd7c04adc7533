/* ownership_print.h — shards and allocations as lines for people, or as JSON. */
#ifndef RELAY_OWNERSHIP_PRINT_H
#define RELAY_OWNERSHIP_PRINT_H

#include "ownership_view.h"

#include <stdio.h>

void print_shards_text(const struct ownership_view *view, FILE *out);
void print_shards_json(const struct ownership_view *view, FILE *out);

/* One row for each allocation. */
void print_allocations_text(const struct ownership_view *view, FILE *out);
/* An array, with the channels of each. */
void print_allocations_json(const struct ownership_view *view, FILE *out);

/* One line with all that is known of one allocation, or its object. */
void print_owner_text(const struct view_allocation *allocation, FILE *out);
void print_owner_json(const struct view_allocation *allocation, FILE *out);

#endif
