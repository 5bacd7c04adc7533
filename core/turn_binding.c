/* turn_binding.c — Binding: tells a client its server-reflexive address (RFC 8489 §12). */
#include "turn_internal.h"

void turn_handle_binding(struct turn_server *server, const struct turn_request *request)
{
    struct stun_writer writer;
    turn_reply_begin(server, &request->reply, STUN_SUCCESS, &writer);
    stun_add_xor_address(&writer, STUN_ATTR_XOR_MAPPED_ADDRESS, &request->reply.five_tuple.client);
    turn_reply_send(server, &request->reply, &writer);
}
