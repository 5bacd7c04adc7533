/* transport_addr.c — transport addresses, five-tuples and address prefixes. */
#include "transport_addr.h"

#include <string.h>

static const uint8_t v4_mapped_prefix[12] = {[10] = 0xFF, [11] = 0xFF}; /* RFC 4291 §2.5.5.2 */
static const uint8_t nat64_prefix[12] = {0x00, 0x64, 0xFF, 0x9B};       /* RFC 6052 §2.1 */
static const uint8_t six_to_four_prefix[2] = {0x20, 0x02};              /* RFC 3056 §2 */

struct transport_addr transport_addr_v4(const uint8_t ip[static 4], uint16_t port)
{
    struct transport_addr addr = {.port = port, .family = IP_FAMILY_V4};
    memcpy(addr.ip, ip, 4);
    return addr;
}

struct transport_addr transport_addr_v6(const uint8_t ip[static 16], uint16_t port)
{
    struct transport_addr addr = {.port = port, .family = IP_FAMILY_V6};
    memcpy(addr.ip, ip, 16);
    return addr;
}

bool transport_addr_same_ip(const struct transport_addr *a, const struct transport_addr *b)
{
    return a->family == b->family && a->scope_id == b->scope_id &&
           memcmp(a->ip, b->ip, sizeof a->ip) == 0;
}

uint64_t transport_addr_hash(const struct siphash_key *key, const struct transport_addr *addr)
{
    return siphash(key, addr, sizeof *addr);
}

uint64_t five_tuple_hash(const struct siphash_key *key, const struct five_tuple *tuple)
{
    return siphash(key, tuple, sizeof *tuple);
}

bool transport_addr_is_v4_mapped(const struct transport_addr *addr)
{
    return addr->family == IP_FAMILY_V6 &&
           memcmp(addr->ip, v4_mapped_prefix, sizeof v4_mapped_prefix) == 0;
}

struct transport_addr transport_addr_unwrap(const struct transport_addr *addr)
{
    if (addr->family != IP_FAMILY_V6)
        return *addr;
    if (transport_addr_is_v4_mapped(addr) ||
        memcmp(addr->ip, nat64_prefix, sizeof nat64_prefix) == 0)
        return transport_addr_v4(addr->ip + 12, addr->port);
    if (memcmp(addr->ip, six_to_four_prefix, sizeof six_to_four_prefix) == 0)
        return transport_addr_v4(addr->ip + 2, addr->port);
    return *addr;
}

bool ip_prefix_contains(const struct ip_prefix *prefix, const struct transport_addr *addr)
{
    if (prefix->family != addr->family)
        return false;
    size_t whole = prefix->len / 8;
    unsigned rest = prefix->len % 8;
    if (memcmp(prefix->ip, addr->ip, whole) != 0)
        return false;
    return rest == 0 || (prefix->ip[whole] ^ addr->ip[whole]) >> (8 - rest) == 0;
}
