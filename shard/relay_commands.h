/* relay_commands.h — carries out what the core asks for. */
#ifndef RELAY_RELAY_COMMANDS_H
#define RELAY_RELAY_COMMANDS_H

#include "bytes.h"
#include "datapath.h"
#include "membership.h"
#include "mono_time.h"
#include "port_map.h"
#include "relay_table.h"
#include "turn_server.h"

#include <stdint.h>

struct relay_commands {
    struct turn_server *server;
    struct datapath *datapath;
    struct relay_table *relays;
    struct membership *membership;
    struct port_map *ports;
    struct relay_binding binding;
    uint64_t *values; /* of the counter page */
    struct mono_time failure_logged_at;
    uint64_t failures_unlogged;
};

/*
 * relay_commands_run drains the core's commands after an input: sends answers,
 * opens and closes relay sockets, has written what is to be recorded, and tells the core how
 * opening went, which may bring further commands. Returns when there are none. No failure of one
 * allocation is more than that.
 *
 * |datagram|  the client's that was the input, empty for another input; |hops| how many shards
 *             have handed it over.
 */
void relay_commands_run(struct relay_commands *commands, struct turn_now now, struct bytes datagram,
                        uint8_t hops);

#endif
