/* sockaddr.c — transport addresses to and from the socket interface. */
#include "sockaddr.h"

#include <arpa/inet.h>
#include <string.h>

socklen_t socket_addr_from(const struct transport_addr *addr, union socket_addr *ret)
{
    if (addr->family == IP_FAMILY_V4) {
        ret->v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(addr->port)};
        memcpy(&ret->v4.sin_addr, addr->ip, sizeof(ret->v4.sin_addr));
        return sizeof(ret->v4);
    }
    if (addr->family == IP_FAMILY_V6) {
        ret->v6 = (struct sockaddr_in6){.sin6_family = AF_INET6,
                                        .sin6_port = htons(addr->port),
                                        .sin6_scope_id = addr->scope_id};
        memcpy(&ret->v6.sin6_addr, addr->ip, sizeof(ret->v6.sin6_addr));
        return sizeof(ret->v6);
    }
    return 0;
}

struct transport_addr transport_addr_v6_scoped(const struct in6_addr *ip, uint16_t port,
                                               uint32_t scope_id)
{
    struct transport_addr addr = {.family = IP_FAMILY_V6, .port = port};

    memcpy(addr.ip, ip, sizeof(addr.ip));
    /* RFC 4291 §2.5.6: link-local is fe80::/10. */
    if (addr.ip[0] == 0xfe && (addr.ip[1] & 0xc0) == 0x80)
        addr.scope_id = scope_id;
    return addr;
}

bool socket_addr_to(const union socket_addr *addr, socklen_t len, struct transport_addr *ret)
{
    if (len >= sizeof(addr->v4) && addr->any.sa_family == AF_INET) {
        struct transport_addr v4 = {.family = IP_FAMILY_V4, .port = ntohs(addr->v4.sin_port)};

        memcpy(v4.ip, &addr->v4.sin_addr, sizeof(addr->v4.sin_addr));
        *ret = v4;
        return true;
    }
    if (len >= sizeof(addr->v6) && addr->any.sa_family == AF_INET6) {
        *ret = transport_addr_v6_scoped(&addr->v6.sin6_addr, ntohs(addr->v6.sin6_port),
                                        addr->v6.sin6_scope_id);
        return true;
    }
    return false;
}

struct transport_addr transport_addr_any(enum ip_family family, uint16_t port)
{
    return (struct transport_addr){.family = (uint8_t)family, .port = port};
}
