/* portal_print.h — the connection to the control plane in what relayctl status prints. */
#ifndef RELAY_PORTAL_PRINT_H
#define RELAY_PORTAL_PRINT_H

#include "json_writer.h"
#include "relay_place.h"

#include <stdint.h>
#include <stdio.h>

/* portal_print_text prints a line about the connection of the relay at |place|, nothing when that
 * was started without a control plane. |now_sec|: since 1970. */
void portal_print_text(const struct relay_place *place, uint64_t now_sec, FILE *out);

/* The same as the member control_plane. */
void portal_print_json(const struct relay_place *place, uint64_t now_sec, struct json_writer *json);

#endif
