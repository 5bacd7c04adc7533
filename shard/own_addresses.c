/* own_addresses.c — the addresses of this host, for the peer policy. */
#include "own_addresses.h"

#include "sockaddr.h"

#include <ifaddrs.h>
#include <stddef.h>
#include <string.h>

static enum err add(struct turn_peer_policy *policy, struct transport_addr addr)
{
    addr.port = 0;
    addr.scope_id = 0;
    for (size_t i = 0; i < policy->own_addr_count; i++) {
        if (transport_addr_equal(&policy->own_addrs[i], &addr))
            return ERR_OK;
    }
    if (policy->own_addr_count == TURN_POLICY_OWN_ADDRS_MAX)
        return ERR_LIMIT;
    policy->own_addrs[policy->own_addr_count++] = addr;
    return ERR_OK;
}

/* The length of an interface's address, which getifaddrs leaves to its family. */
static socklen_t len_of(const struct sockaddr *addr)
{
    switch (addr->sa_family) {
    case AF_INET:
        return sizeof(struct sockaddr_in);
    case AF_INET6:
        return sizeof(struct sockaddr_in6);
    default:
        return 0;
    }
}

enum err own_addresses_add(struct turn_peer_policy *policy)
{
    struct ifaddrs *interfaces;
    enum err err = ERR_OK;

    if (policy->relayed_v4.family != IP_FAMILY_NONE)
        err = add(policy, policy->relayed_v4);
    if (err == ERR_OK && policy->relayed_v6.family != IP_FAMILY_NONE)
        err = add(policy, policy->relayed_v6);
    if (getifaddrs(&interfaces) < 0)
        return ERR_IO;
    for (const struct ifaddrs *at = interfaces; at != NULL && err == ERR_OK; at = at->ifa_next) {
        union socket_addr socket_addr;
        struct transport_addr addr;

        if (at->ifa_addr == NULL || len_of(at->ifa_addr) == 0)
            continue;
        memcpy(&socket_addr, at->ifa_addr, len_of(at->ifa_addr));
        if (socket_addr_to(&socket_addr, len_of(at->ifa_addr), &addr))
            err = add(policy, addr);
    }
    freeifaddrs(interfaces);
    return err;
}
