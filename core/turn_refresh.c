/* turn_refresh.c — Refresh: prolongs or deletes an allocation (RFC 8656 §8.2).
 *
 * REQUESTED-ADDRESS-FAMILY with a lifetime of 0 takes one family away from an
 * allocation that has both. Transport attributes are ignored: clients repeat those
 * of their Allocate.
 */
#include "turn_internal.h"

#include "stun_attr.h"

uint32_t turn_granted_lifetime(const struct turn_server *server, uint32_t sec)
{
    if (sec > server->config.max_lifetime_sec)
        return server->config.max_lifetime_sec;
    return sec > TURN_DEFAULT_LIFETIME_SEC ? sec : TURN_DEFAULT_LIFETIME_SEC;
}

static void reply_lifetime(struct turn_server *server, const struct turn_request *request,
                           uint32_t lifetime_sec)
{
    struct stun_writer writer;
    turn_reply_begin(server, &request->reply, STUN_SUCCESS, &writer);
    stun_add_u32(&writer, STUN_ATTR_LIFETIME, lifetime_sec);
    turn_reply_send(server, &request->reply, &writer);
}

void turn_handle_refresh(struct turn_server *server, const struct turn_request *request)
{
    const struct turn_reply_to *reply = &request->reply;
    struct mono_time now = request->now.mono;
    struct turn_allocation *allocation =
        turn_allocation_find(&server->allocations, &reply->five_tuple);
    if (!allocation) {
        turn_reply_error(server, reply, now, STUN_ALLOCATION_MISMATCH);
        return;
    }
    if (!turn_user_is(allocation->user, request->username)) {
        turn_reply_error(server, reply, now, STUN_WRONG_CREDENTIALS);
        return;
    }

    uint32_t lifetime_sec = TURN_DEFAULT_LIFETIME_SEC;
    uint8_t family = IP_FAMILY_NONE;
    if (stun_get_lifetime(&request->message, &lifetime_sec) == ERR_MALFORMED ||
        stun_get_address_family(&request->message, STUN_ATTR_REQUESTED_ADDRESS_FAMILY, &family) ==
            ERR_MALFORMED) {
        turn_reply_error(server, reply, now, STUN_BAD_REQUEST);
        return;
    }
    uint8_t asked =
        family == IP_FAMILY_NONE ? allocation->families : (uint8_t)family_set_of(family);
    if (!(asked & allocation->families)) {
        turn_reply_error(server, reply, now, STUN_PEER_ADDRESS_FAMILY_MISMATCH);
        return;
    }

    if (lifetime_sec == 0) {
        if (asked == allocation->families)
            turn_end_allocation(server, allocation, now, TURN_END_DELETED);
        else
            turn_end_family(server, allocation, asked);
        reply_lifetime(server, request, 0);
        return;
    }
    lifetime_sec = turn_granted_lifetime(server, lifetime_sec);
    deadline_heap_set(&server->allocations.deadlines, &allocation->expiry,
                      mono_time_add_sec(now, lifetime_sec));
    turn_record_allocation(server, allocation);
    reply_lifetime(server, request, lifetime_sec);
}
