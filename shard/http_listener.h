/* http_listener.h — the TCP socket that every shard listens on for HTTP, on one address. */
#ifndef RELAY_HTTP_LISTENER_H
#define RELAY_HTTP_LISTENER_H

#include "transport_addr.h"

/*
 * http_listen makes a listening socket, non-blocking, on |addr|; [::] takes IPv4 as well. Other
 * shards have one on the same address (SO_REUSEPORT), and the kernel picks one for each connection.
 * Returns the descriptor, -1 with errno when the system refuses.
 */
int http_listen(const struct transport_addr *addr);

#endif
