/* relay_table.c — the open relay sockets of a shard, by relay id. */
#include "relay_table.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum err relay_table_init(struct relay_table *table, uint32_t capacity, struct event_base *base,
                          event_callback_fn on_readable, void *context)
{
    /* calloc, since zeroed pages straight from the kernel stay untouched until used. */
    struct relay *relays = calloc(capacity, sizeof(*relays));

    if (relays == NULL)
        return ERR_NO_MEMORY;
    *table = (struct relay_table){.relays = relays,
                                  .capacity = capacity,
                                  .base = base,
                                  .on_readable = on_readable,
                                  .context = context};
    return ERR_OK;
}

void relay_table_deinit(struct relay_table *table)
{
    for (uint32_t i = 0; i < table->capacity; i++) {
        if (table->relays[i].families != 0)
            relay_close(&table->relays[i], table->relays[i].families);
    }
    free(table->relays);
    *table = (struct relay_table){.capacity = 0};
}

static bool listen_on(struct relay_table *table, struct relay_socket *socket,
                      struct turn_relay_id id, int fd)
{
    socket->context = table->context;
    socket->id = id;
    socket->fd = fd;
    socket->overflows = 0;
    socket->train = 0;
    return event_assign(&socket->event, table->base, fd, EV_READ | EV_PERSIST, table->on_readable,
                        socket) == 0 &&
           event_add(&socket->event, NULL) == 0;
}

bool relay_table_open(struct relay_table *table, const struct relay_binding *binding,
                      const struct turn_command *command, struct relay_failure *ret_failure)
{
    struct relay_fds fds;

    assert(command->relay_id.index < table->capacity);
    struct relay *relay = &table->relays[command->relay_id.index];

    assert(relay->families == 0);
    if (!relay_sockets_open(binding, command, &fds, ret_failure))
        return false;

    *relay = (struct relay){.id = command->relay_id, .port = command->port};
    bool ok = true;

    if (fds.v4 >= 0) {
        ok = listen_on(table, &relay->v4, relay->id, fds.v4);
        relay->families |= FAMILY_SET_V4;
    }
    if (fds.v6 >= 0) {
        ok = listen_on(table, &relay->v6, relay->id, fds.v6) && ok;
        relay->families |= FAMILY_SET_V6;
    }
    if (ok)
        return true;
    /* The kernel limits how much one user may watch (max_user_watches). */
    *ret_failure = (struct relay_failure){.kind = TURN_RELAY_NO_RESOURCES, .error = errno};
    relay_close(relay, relay->families);
    return false;
}

struct relay *relay_table_find(const struct relay_table *table, struct turn_relay_id id)
{
    if (id.index >= table->capacity)
        return NULL;
    struct relay *relay = &table->relays[id.index];

    return relay->families != 0 && relay->id.generation == id.generation ? relay : NULL;
}

void relay_close(struct relay *relay, uint8_t families)
{
    uint8_t closing = relay->families & families;

    /* The event first: closing the descriptor would take it out of epoll unseen by libevent. */
    if (closing & FAMILY_SET_V4) {
        (void)event_del(&relay->v4.event);
        close(relay->v4.fd);
    }
    if (closing & FAMILY_SET_V6) {
        (void)event_del(&relay->v6.event);
        close(relay->v6.fd);
    }
    relay->families &= (uint8_t)~closing;
}

int relay_socket_fd(const struct relay *relay, uint8_t family)
{
    if (!(relay->families & family_set_of(family)))
        return -1;
    return family == IP_FAMILY_V4 ? relay->v4.fd : relay->v6.fd;
}
