/* turn_peer_policy.c — which peers a client may reach through the relay. */
#include "turn_peer_policy.h"

/* Never a peer, whatever the operator says: there is no such host, or it is many. */
static const struct ip_prefix never[] = {
    {.family = IP_FAMILY_V4, .ip = {0}, .len = 8},    /* "this network", RFC 791; is loopback */
    {.family = IP_FAMILY_V4, .ip = {224}, .len = 4},  /* multicast, RFC 5771 */
    {.family = IP_FAMILY_V4, .ip = {240}, .len = 4},  /* reserved and broadcast, RFC 1112 */
    {.family = IP_FAMILY_V6, .ip = {0}, .len = 128},  /* unspecified, RFC 4291 */
    {.family = IP_FAMILY_V6, .ip = {0xFF}, .len = 8}, /* multicast, RFC 4291 */
};

static const struct ip_prefix loopback[] = {
    {.family = IP_FAMILY_V4, .ip = {127}, .len = 8},
    {.family = IP_FAMILY_V6, .ip = {[15] = 1}, .len = 128},
};

/* The special-purpose registries (RFC 6890 and its updates). NAT64 and 6to4 are
 * not here: they are judged by the IPv4 address inside. */
static const struct ip_prefix special_purpose[] = {
    {.family = IP_FAMILY_V4, .ip = {10}, .len = 8},            /* private, RFC 1918 */
    {.family = IP_FAMILY_V4, .ip = {100, 64}, .len = 10},      /* shared, RFC 6598 */
    {.family = IP_FAMILY_V4, .ip = {127}, .len = 8},           /* loopback, RFC 1122 */
    {.family = IP_FAMILY_V4, .ip = {169, 254}, .len = 16},     /* link-local, RFC 3927 */
    {.family = IP_FAMILY_V4, .ip = {172, 16}, .len = 12},      /* private, RFC 1918 */
    {.family = IP_FAMILY_V4, .ip = {192, 0, 0}, .len = 24},    /* IETF protocols, RFC 6890 */
    {.family = IP_FAMILY_V4, .ip = {192, 0, 2}, .len = 24},    /* documentation, RFC 5737 */
    {.family = IP_FAMILY_V4, .ip = {192, 31, 196}, .len = 24}, /* AS112, RFC 7535 */
    {.family = IP_FAMILY_V4, .ip = {192, 52, 193}, .len = 24}, /* AMT, RFC 7450 */
    {.family = IP_FAMILY_V4, .ip = {192, 88, 99}, .len = 24},  /* 6to4 relays, RFC 7526 */
    {.family = IP_FAMILY_V4, .ip = {192, 168}, .len = 16},     /* private, RFC 1918 */
    {.family = IP_FAMILY_V4, .ip = {192, 175, 48}, .len = 24}, /* AS112, RFC 7534 */
    {.family = IP_FAMILY_V4, .ip = {198, 18}, .len = 15},      /* benchmarking, RFC 2544 */
    {.family = IP_FAMILY_V4, .ip = {198, 51, 100}, .len = 24}, /* documentation, RFC 5737 */
    {.family = IP_FAMILY_V4, .ip = {203, 0, 113}, .len = 24},  /* documentation, RFC 5737 */
    {.family = IP_FAMILY_V6, .ip = {0}, .len = 96}, /* IPv4-compatible, loopback, RFC 4291 */
    {.family = IP_FAMILY_V6, .ip = {[8] = 0xFF, 0xFF}, .len = 96}, /* IPv4-translated, RFC 2765 */
    {.family = IP_FAMILY_V6, .ip = {0x00, 0x64, 0xFF, 0x9B, 0x00, 0x01}, .len = 48}, /* RFC 8215 */
    {.family = IP_FAMILY_V6, .ip = {0x01, 0x00}, .len = 64}, /* discard-only, RFC 6666 */
    {.family = IP_FAMILY_V6, .ip = {0x01, 0x00, [7] = 0x01}, .len = 64}, /* dummy, RFC 9780 */
    {.family = IP_FAMILY_V6, .ip = {0x20, 0x01}, .len = 23}, /* IETF, Teredo, RFC 2928, 4380 */
    {.family = IP_FAMILY_V6, .ip = {0x20, 0x01, 0x0D, 0xB8}, .len = 32},             /* RFC 3849 */
    {.family = IP_FAMILY_V6, .ip = {0x26, 0x20, 0x00, 0x4F, 0x80, 0x00}, .len = 48}, /* RFC 7534 */
    {.family = IP_FAMILY_V6, .ip = {0x3F, 0xFF}, .len = 20}, /* documentation, RFC 9637 */
    {.family = IP_FAMILY_V6, .ip = {0x5F, 0x00}, .len = 16}, /* SRv6 identifiers, RFC 9602 */
    {.family = IP_FAMILY_V6, .ip = {0xFC}, .len = 7},        /* unique local, RFC 4193 */
    {.family = IP_FAMILY_V6, .ip = {0xFE, 0x80}, .len = 10}, /* link-local, RFC 4291 */
    {.family = IP_FAMILY_V6, .ip = {0xFE, 0xC0}, .len = 10}, /* site-local, RFC 3879 */
};

static bool in_any(const struct ip_prefix *prefixes, size_t count,
                   const struct transport_addr *addr)
{
    for (size_t i = 0; i < count; i++)
        if (ip_prefix_contains(&prefixes[i], addr))
            return true;
    return false;
}

#define IN_ANY(prefixes, addr) in_any(prefixes, sizeof(prefixes) / sizeof *(prefixes), addr)

enum err turn_peer_policy_add_range(struct turn_peer_policy *policy, const char *text, bool allow)
{
    if (policy->range_count == TURN_POLICY_RANGES_MAX)
        return ERR_LIMIT;
    struct ip_prefix prefix;
    enum err err = ip_prefix_parse(text, &prefix);
    if (err != ERR_OK)
        return err;
    policy->ranges[policy->range_count].prefix = prefix;
    policy->ranges[policy->range_count].allow = allow;
    policy->range_count++;
    return ERR_OK;
}

static bool is_own_relayed(const struct turn_peer_policy *policy, const struct transport_addr *peer)
{
    return peer->port >= policy->lowest_port && peer->port <= policy->highest_port &&
           (transport_addr_same_ip(peer, &policy->relayed_v4) ||
            transport_addr_same_ip(peer, &policy->relayed_v6));
}

static bool is_own_addr(const struct turn_peer_policy *policy, const struct transport_addr *peer)
{
    if (IN_ANY(loopback, peer) || transport_addr_same_ip(peer, &policy->relayed_v4) ||
        transport_addr_same_ip(peer, &policy->relayed_v6))
        return true;
    for (size_t i = 0; i < policy->own_addr_count; i++)
        if (transport_addr_same_ip(peer, &policy->own_addrs[i]))
            return true;
    return false;
}

static bool is_own_service(const struct turn_peer_policy *policy, const struct transport_addr *peer)
{
    for (size_t i = 0; i < policy->service_port_count; i++)
        if (peer->port == policy->service_ports[i])
            return is_own_addr(policy, peer);
    return false;
}

/* The operator's word: -1 none, 0 deny, 1 allow. The longest prefix speaks. */
static int operator_says(const struct turn_peer_policy *policy, const struct transport_addr *peer)
{
    int longest = -1, says = -1;
    for (size_t i = 0; i < policy->range_count; i++) {
        const struct ip_prefix *prefix = &policy->ranges[i].prefix;
        bool allow = policy->ranges[i].allow;
        if (!ip_prefix_contains(prefix, peer) || prefix->len < longest)
            continue;
        says = prefix->len == longest && says == 0 ? 0 : allow;
        longest = prefix->len;
    }
    return says;
}

/* Judges one form of the address. */
static bool allows_form(const struct turn_peer_policy *policy, const struct transport_addr *peer)
{
    if (IN_ANY(never, peer))
        return false;
    if (is_own_relayed(policy, peer))
        return true;
    if (is_own_service(policy, peer))
        return false;
    int says = operator_says(policy, peer);
    if (says >= 0)
        return says == 1;
    return !IN_ANY(special_purpose, peer);
}

bool turn_peer_policy_allows(const struct turn_peer_policy *policy,
                             const struct transport_addr *peer)
{
    if (peer->port == 0)
        return false;
    struct transport_addr inner = transport_addr_unwrap(peer);
    if (transport_addr_equal(&inner, peer))
        return allows_form(policy, peer);
    /* A v4-mapped address is nothing but its IPv4 address; a NAT64 or 6to4 one
     * also is an IPv6 address that the operator may have named. */
    return allows_form(policy, &inner) &&
           (transport_addr_is_v4_mapped(peer) || allows_form(policy, peer));
}
