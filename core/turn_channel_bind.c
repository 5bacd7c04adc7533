/* turn_channel_bind.c — ChannelBind: binds a channel number to a peer (RFC 8656 §12.2). */
#include "turn_internal.h"

#include "channel_data.h"
#include "stun_attr.h"

/* Why |number| and |peer| cannot be bound in |allocation|; 0 when they can. |ret_channel|
 * is the binding of that very pair, NULL when there is none. */
static unsigned refuse(struct turn_server *server, const struct turn_request *request,
                       struct turn_allocation *allocation, uint16_t number,
                       const struct transport_addr *peer, struct turn_channel **ret_channel)
{
    if (!turn_user_is(allocation->user, request->username))
        return STUN_WRONG_CREDENTIALS;
    if (!(family_set_of(peer->family) & allocation->families))
        return STUN_PEER_ADDRESS_FAMILY_MISMATCH;
    if (!turn_peer_policy_allows(server->config.policy, peer))
        return STUN_FORBIDDEN;
    /* RFC 8656 §12.2: number and peer are bound to each other or to nothing. */
    struct turn_channel *by_number = turn_channel_by_number(&server->channels, allocation, number);
    struct turn_channel *by_peer = turn_channel_by_peer(&server->channels, allocation, peer);
    if (by_number != by_peer)
        return STUN_BAD_REQUEST;
    *ret_channel = by_number;
    return 0;
}

void turn_handle_channel_bind(struct turn_server *server, const struct turn_request *request)
{
    const struct turn_reply_to *reply = &request->reply;
    struct mono_time now = request->now.mono;
    uint16_t number;
    struct transport_addr peer;
    if (stun_get_channel_number(&request->message, &number) != ERR_OK ||
        !channel_number_valid(number, server->config.rfc5766_channels) ||
        stun_get_xor_address(&request->message, STUN_ATTR_XOR_PEER_ADDRESS, &peer) != ERR_OK) {
        turn_reply_error(server, reply, now, STUN_BAD_REQUEST);
        return;
    }
    /* The IPv4 host itself is meant, and only IPv4 sockets reach it. */
    if (transport_addr_is_v4_mapped(&peer))
        peer = transport_addr_unwrap(&peer);

    struct turn_allocation *allocation =
        turn_allocation_find(&server->allocations, &reply->five_tuple);
    if (!allocation) {
        turn_reply_error(server, reply, now, STUN_ALLOCATION_MISMATCH);
        return;
    }
    struct turn_channel *channel = NULL;
    unsigned error = refuse(server, request, allocation, number, &peer, &channel);
    if (error) {
        turn_reply_error(server, reply, now, (enum stun_error)error);
        return;
    }

    if (channel) {
        turn_channel_bind_again(&server->channels, channel, now);
    } else if (allocation->channel_count >= server->config.channels_per_allocation ||
               !(channel = turn_channel_new(&server->channels, allocation, number, &peer, now))) {
        turn_count(server, TURN_COUNT_TABLE_FULL_CHANNELS);
        turn_reply_error(server, reply, now, STUN_INSUFFICIENT_CAPACITY);
        return;
    }
    turn_update_gauges(server);
    turn_record_channel(server, channel);
    turn_reply_success(server, reply);
}
