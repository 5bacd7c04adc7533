/* redirect_message.c — how misrouted datagrams are packed for the shard that owns them. */
#include "redirect_message.h"

#include <string.h>

static size_t ip_len(uint8_t family)
{
    return family == IP_FAMILY_V4 ? 4 : 16;
}

static void write_addr(struct wire_writer *message, const struct transport_addr *addr)
{
    wire_write_u16(message, addr->port);
    if (addr->family == IP_FAMILY_V6)
        wire_write_u32(message, addr->scope_id);
    wire_write_bytes(message, addr->ip, ip_len(addr->family));
}

bool redirect_message_add(struct wire_writer *message, const struct redirected *redirected)
{
    const struct five_tuple *five_tuple = &redirected->five_tuple;
    struct wire_writer longer = *message;

    if (longer.len == 0)
        wire_write_u8(&longer, REDIRECT_VERSION);
    wire_write_u8(&longer, five_tuple->client.family);
    wire_write_u8(&longer, redirected->hops);
    wire_write_u16(&longer, (uint16_t)redirected->datagram.len);
    write_addr(&longer, &five_tuple->client);
    write_addr(&longer, &five_tuple->server);
    wire_write_bytes(&longer, redirected->datagram.data, redirected->datagram.len);
    if (longer.failed)
        return false;
    *message = longer;
    return true;
}

enum err redirect_message_begin(struct bytes message, struct wire_reader *ret)
{
    *ret = wire_reader_of(message);
    return wire_read_u8(ret) == REDIRECT_VERSION ? ERR_OK : ERR_MALFORMED;
}

static struct transport_addr read_addr(struct wire_reader *message, uint8_t family)
{
    struct transport_addr addr = {.family = family};

    addr.port = wire_read_u16(message);
    if (family == IP_FAMILY_V6)
        addr.scope_id = wire_read_u32(message);
    struct bytes ip = wire_read_bytes(message, ip_len(family));

    if (ip.len > 0)
        memcpy(addr.ip, ip.data, ip.len);
    return addr;
}

enum err redirect_message_next(struct wire_reader *message, struct redirected *ret)
{
    if (message->left == 0)
        return ERR_NOT_FOUND;
    uint8_t family = wire_read_u8(message);
    uint8_t hops = wire_read_u8(message);
    uint16_t len = wire_read_u16(message);

    if (family != IP_FAMILY_V4 && family != IP_FAMILY_V6)
        return ERR_MALFORMED;
    *ret = (struct redirected){.hops = hops};
    ret->five_tuple.client = read_addr(message, family);
    ret->five_tuple.server = read_addr(message, family);
    ret->datagram = wire_read_bytes(message, len);
    return message->failed ? ERR_MALFORMED : ERR_OK;
}
