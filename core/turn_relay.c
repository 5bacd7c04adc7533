/* turn_relay.c — the packet path: ChannelData to a peer, a peer's datagram to its client.
 *
 * Only bound channels pass data (RFC 8656 §12.6, §12.7). Data never prolongs a
 * binding. Nothing is copied: towards the peer the header is stepped over,
 * towards the client it is written into the headroom.
 */
#include "turn_internal.h"

#include "channel_data.h"

enum turn_verdict turn_relay_channel_data(struct turn_server *server, struct turn_now now,
                                          const struct five_tuple *five_tuple,
                                          struct bytes datagram, enum turn_arrival arrival,
                                          struct turn_relay *ret)
{
    uint16_t number;
    struct bytes payload;
    if (!channel_data_parse(datagram, &number, &payload))
        return turn_drop(server, TURN_DROP_MALFORMED_CHANNEL_DATA, ret);
    struct turn_allocation *allocation =
        turn_allocation_find_again(&server->allocations, five_tuple);
    if (!allocation && server->config.recorded && arrival == TURN_ARRIVAL_FIRST)
        return turn_not_mine(TURN_SHARD_UNKNOWN, ret);
    if (!allocation || allocation->state != TURN_ALLOCATION_LIVE)
        return turn_drop(server, TURN_DROP_NO_ALLOCATION, ret);
    const struct turn_channel *channel =
        turn_channel_by_number(&server->channels, allocation, number);
    if (!channel)
        return turn_drop(server, TURN_DROP_NO_CHANNEL, ret);
    if (!turn_channel_is_bound(channel, now.mono))
        return turn_drop(server, TURN_DROP_CHANNEL_EXPIRED, ret);

    ret->relay_id = turn_allocation_relay_id(&server->allocations, allocation);
    ret->peer = channel->peer;
    ret->payload = payload;
    turn_count(server, TURN_COUNT_RELAYED_TO_PEER);
    turn_count_add(server, TURN_COUNT_RELAYED_TO_PEER_BYTES, payload.len);
    return TURN_VERDICT_RELAY;
}

enum turn_verdict turn_server_peer_datagram(struct turn_server *server, struct turn_now now,
                                            struct turn_relay_id relay_id,
                                            const struct transport_addr *peer, uint8_t *datagram,
                                            size_t len, struct turn_relay *ret)
{
    turn_command_begin_input(server);
    struct turn_allocation *allocation = turn_allocation_at(&server->allocations, relay_id);
    if (!allocation || allocation->state != TURN_ALLOCATION_LIVE)
        return turn_drop(server, TURN_DROP_RELAY_CLOSED, ret);
    const struct turn_channel *channel = turn_channel_by_peer(&server->channels, allocation, peer);
    if (!channel)
        return turn_drop(server, TURN_DROP_PEER_NOT_BOUND, ret);
    if (!turn_channel_is_bound(channel, now.mono))
        return turn_drop(server, TURN_DROP_CHANNEL_EXPIRED, ret);
    if (len > CHANNEL_DATA_PAYLOAD_MAX)
        return turn_drop(server, TURN_DROP_TOO_LARGE, ret);

    uint8_t *header = datagram - CHANNEL_DATA_HEADER_LEN;
    channel_data_write_header(header, channel->number, (uint16_t)len);
    ret->relay_id = relay_id;
    ret->five_tuple = allocation->five_tuple;
    ret->payload = (struct bytes){.data = header, .len = len + CHANNEL_DATA_HEADER_LEN};
    turn_count(server, TURN_COUNT_RELAYED_TO_CLIENT);
    turn_count_add(server, TURN_COUNT_RELAYED_TO_CLIENT_BYTES, len);
    return TURN_VERDICT_RELAY;
}
