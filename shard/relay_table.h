/* relay_table.h — the open relay sockets of a shard, by relay id.
 *
 * An array as large as there can be allocations, reserved at start and
 * touched only as far as it is used. An entry is found by the index of its
 * relay id; the generation tells it from its predecessors there. Events are
 * kept in the entry, so that opening allocates nothing of ours.
 */
#ifndef RELAY_RELAY_TABLE_H
#define RELAY_RELAY_TABLE_H

#include "err.h"
#include "relay_socket.h"
#include "turn_command.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One socket of a relay; what the event callback gets as its argument. */
struct relay_socket {
    int fd;
    uint32_t overflows;      /* datagrams that its full buffer has cost, as last reported */
    struct turn_relay_id id; /* of its relay */
    unsigned train;          /* datagrams in a message of late (datapath.c) */
    void *context;           /* of the table */
    struct event event;
};

/* What the packet path reads stands at the beginning, for both families together. */
struct relay {
    struct turn_relay_id id;
    uint16_t port;
    uint8_t families;       /* open ones; 0 = the entry is free */
    struct relay_socket v4; /* valid when |families| says so */
    struct relay_socket v6;
};

struct relay_table {
    struct relay *relays;
    uint32_t capacity;
    struct event_base *base;
    event_callback_fn on_readable;
    void *context;
};

/*
 * relay_table_init makes an empty table for |capacity| relays. |on_readable| is
 * called with a struct relay_socket whose |context| is |context| when datagrams or
 * ICMP errors wait. |base| must outlive the table. ERR_OK or ERR_NO_MEMORY.
 */
enum err relay_table_init(struct relay_table *table, uint32_t capacity, struct event_base *base,
                          event_callback_fn on_readable, void *context) MUST_CHECK;

/* relay_table_deinit closes every socket and frees the table. A zeroed table is fine. */
void relay_table_deinit(struct relay_table *table);

/*
 * relay_table_open opens the sockets that |command|, an OPEN_RELAY, asks for
 * and listens on them. The entry must be free. All or none: false with |ret_failure|.
 */
bool relay_table_open(struct relay_table *table, const struct relay_binding *binding,
                      const struct turn_command *command, struct relay_failure *ret_failure);

/* relay_table_find returns the open relay |id|, or NULL: closed, or its place is taken by
 * another one. */
struct relay *relay_table_find(const struct relay_table *table, struct turn_relay_id id);

/* relay_close closes those sockets of |relay| that are in |families|, which may be all. */
void relay_close(struct relay *relay, uint8_t families);

/* relay_socket_fd returns the socket of |family|, or -1. */
int relay_socket_fd(const struct relay *relay, uint8_t family);

#endif
