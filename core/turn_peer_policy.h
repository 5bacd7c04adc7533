/* turn_peer_policy.h — which peers a client may reach through the relay.
 *
 * Addresses are brought into one canonical form first: IPv4 inside IPv6
 * (v4-mapped, NAT64, 6to4) is judged as that IPv4 address as well. Then, in
 * this order:
 *
 *   1. port 0, unspecified, multicast, reserved and broadcast      deny, always
 *   2. our own relayed addresses in the relay port range           allow (relay to relay)
 *   3. our own service ports on our own addresses                  deny, always
 *   4. the operator's ranges, longest prefix first, deny on a tie  as they say
 *   5. the special-purpose ranges of both families                 deny
 *   6. everything else                                             allow
 */
#ifndef RELAY_TURN_PEER_POLICY_H
#define RELAY_TURN_PEER_POLICY_H

#include "transport_addr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TURN_POLICY_RANGES_MAX = 256,
    TURN_POLICY_OWN_ADDRS_MAX = 256,
    TURN_POLICY_SERVICE_PORTS_MAX = 8,
};

/* Filled by the caller at start, read by the core. All zero is the default policy. */
struct turn_peer_policy {
    struct {
        struct ip_prefix prefix;
        bool allow;
    } ranges[TURN_POLICY_RANGES_MAX]; /* the operator's, any order */
    size_t range_count;

    /* Addresses given to clients as relayed addresses, family NONE when absent, and
     * the relay port range of the whole host, both inclusive. */
    struct transport_addr relayed_v4;
    struct transport_addr relayed_v6;
    uint16_t lowest_port;
    uint16_t highest_port;

    /* Addresses of this host (ports ignored; loopback counts without being listed)
     * and the ports of its services. */
    struct transport_addr own_addrs[TURN_POLICY_OWN_ADDRS_MAX];
    size_t own_addr_count;
    uint16_t service_ports[TURN_POLICY_SERVICE_PORTS_MAX];
    size_t service_port_count;
};

/*
 * turn_peer_policy_add_range adds "address/len" (or a single address) to what
 * is allowed or denied. ERR_OK, ERR_MALFORMED, ERR_RANGE, or ERR_LIMIT when full.
 */
enum err turn_peer_policy_add_range(struct turn_peer_policy *policy, const char *text,
                                    bool allow) MUST_CHECK;

/* turn_peer_policy_allows judges |peer|, an address with its port. O(ranges). */
bool turn_peer_policy_allows(const struct turn_peer_policy *policy,
                             const struct transport_addr *peer);

#endif
