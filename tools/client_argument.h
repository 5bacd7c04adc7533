/* client_argument.h — the client that a command line names. */
#ifndef RELAY_CLIENT_ARGUMENT_H
#define RELAY_CLIENT_ARGUMENT_H

#include "transport_addr.h"

#include <stdbool.h>

/* client_argument_read reads ADDR:PORT, in any form that relayctl prints; false with a line of
 * |program| on standard error. */
bool client_argument_read(const char *program, const char *text, struct transport_addr *ret);

/* client_argument_read_any reads ADDR too, whose port is 0. Says nothing. */
bool client_argument_read_any(const char *text, struct transport_addr *ret);

#endif
