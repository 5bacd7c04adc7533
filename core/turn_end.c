/* turn_end.c — the end of allocations and reservations, with everything they hold. */
#include "turn_internal.h"

/* Ends the channels whose peer is of |family_set|. */
static void end_channels(struct turn_server *server, struct turn_allocation *allocation,
                         uint8_t family_set)
{
    struct turn_channel *next;
    for (struct turn_channel *channel = allocation->channels; channel; channel = next) {
        next = channel->next;
        if (family_set_of(channel->peer.family) & family_set)
            turn_channel_end(&server->channels, channel);
    }
}

static void queue_close(struct turn_server *server, const struct turn_allocation *allocation,
                        uint8_t families, enum turn_end end)
{
    struct turn_command *command =
        turn_command_push(server, TURN_COMMAND_CLOSE_RELAY, &allocation->five_tuple);
    command->relay_id = turn_allocation_relay_id(&server->allocations, allocation);
    command->port = allocation->port;
    command->families = families;
    command->end = end;
}

void turn_abandon_allocation(struct turn_server *server, struct turn_allocation *allocation,
                             struct mono_time now)
{
    end_channels(server, allocation, FAMILY_SET_V4 | FAMILY_SET_V6);
    turn_set_unclaimed(server, allocation, false);
    if (allocation->port != 0)
        turn_ports_release(&server->ports, allocation->port, now);
    allocation->user->allocations--;
    turn_user_drop(&server->users, allocation->user);
    allocation->user = NULL;
    turn_allocation_end(&server->allocations, allocation);
    turn_update_gauges(server);
}

void turn_end_allocation(struct turn_server *server, struct turn_allocation *allocation,
                         struct mono_time now, enum turn_end end)
{
    queue_close(server, allocation, allocation->families, end);
    switch (end) {
    case TURN_END_DELETED:
        turn_count(server, TURN_COUNT_ALLOCATIONS_DELETED);
        turn_forget_allocation(server, allocation);
        break;
    case TURN_END_REMOVED:
        turn_count(server, TURN_COUNT_ALLOCATIONS_REMOVED);
        turn_forget_allocation(server, allocation);
        break;
    case TURN_END_EXPIRED:
        turn_count(server, TURN_COUNT_ALLOCATIONS_EXPIRED);
        turn_forget_allocation(server, allocation);
        break;
    case TURN_END_LOST:
        turn_count(server, TURN_COUNT_ALLOCATIONS_LOST);
        break;
    case TURN_END_REFUSED:
        break;
    }
    turn_abandon_allocation(server, allocation, now);
}

void turn_server_lost(struct turn_server *server, struct turn_now now,
                      const struct five_tuple *five_tuple)
{
    turn_command_begin_input(server);
    struct turn_allocation *allocation = turn_allocation_find(&server->allocations, five_tuple);
    if (allocation && allocation->state == TURN_ALLOCATION_LIVE && !allocation->unclaimed)
        turn_end_allocation(server, allocation, now.mono, TURN_END_LOST);
}

bool turn_server_delete(struct turn_server *server, struct turn_now now,
                        const struct transport_addr *client, struct five_tuple *ret_five_tuple,
                        uint16_t *ret_port)
{
    turn_command_begin_input(server);
    struct turn_allocation *allocation;
    for (uint32_t i = 0; (allocation = pool_at(&server->allocations.pool, i)); i++)
        if (allocation->state == TURN_ALLOCATION_LIVE &&
            transport_addr_equal(&allocation->five_tuple.client, client)) {
            *ret_five_tuple = allocation->five_tuple;
            *ret_port = allocation->port;
            turn_end_allocation(server, allocation, now.mono, TURN_END_REMOVED);
            return true;
        }
    return false;
}

void turn_end_family(struct turn_server *server, struct turn_allocation *allocation,
                     uint8_t family_set)
{
    queue_close(server, allocation, family_set, TURN_END_DELETED);
    end_channels(server, allocation, family_set);
    allocation->families &= (uint8_t)~family_set;
    turn_record_allocation(server, allocation);
    turn_update_gauges(server);
}

void turn_end_reservation(struct turn_server *server, struct turn_reservation *reservation,
                          struct mono_time now)
{
    turn_ports_release(&server->ports, reservation->port, now);
    turn_user_drop(&server->users, reservation->user);
    turn_reservation_end(&server->reservations, reservation);
    turn_update_gauges(server);
}
