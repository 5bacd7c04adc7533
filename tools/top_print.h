/* top_print.h — the figures of relayctl top as a page of text, or as JSON. */
#ifndef RELAY_TOP_PRINT_H
#define RELAY_TOP_PRINT_H

#include "host_status.h"
#include "terminal.h"
#include "top_rates.h"

#include <stdio.h>

/* Lines about the whole relay, a row for each shard, and the drops by their reasons; no line longer
 * than |size| has columns, and no more lines than it has rows; 0: as it is. */
void top_print_text(const struct relay_place *place, const struct top_view *view,
                    struct terminal_size size, FILE *out);

/* The same as one object on a line. */
void top_print_json(const struct relay_place *place, const struct top_view *view, FILE *out);

#endif
