/* status_print.h — the state of a relay as one screen, or as JSON. */
#ifndef RELAY_STATUS_PRINT_H
#define RELAY_STATUS_PRINT_H

#include "host_status.h"
#include "relay_place.h"

#include <stdio.h>

/* A line with the verdict, lines about the relay, a row for each shard; rows no longer than
 * |width|, 0: as they are. No secret. */
void status_print_text(const struct relay_place *place, const struct shard_pages *pages,
                       const struct host_status *status, unsigned width, FILE *out);

/* The same as one object. */
void status_print_json(const struct relay_place *place, const struct shard_pages *pages,
                       const struct host_status *status, FILE *out);

#endif
