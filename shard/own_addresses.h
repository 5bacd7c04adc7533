/* own_addresses.h — the addresses of this host, for the peer policy. */
#ifndef RELAY_OWN_ADDRESSES_H
#define RELAY_OWN_ADDRESSES_H

#include "err.h"
#include "turn_peer_policy.h"

/*
 * own_addresses_add adds the addresses of all interfaces and the relayed
 * addresses (behind a 1:1 NAT they are on no interface) to |policy->own_addrs|,
 * so that clients cannot reach our own services through the relay.
 *
 * The addresses of one moment: one that comes later is not known until the
 * next start.
 *
 *   ERR_OK
 *   ERR_LIMIT  the host has more than TURN_POLICY_OWN_ADDRS_MAX: the first are in
 *   ERR_IO     the system refused; errno says why
 */
enum err own_addresses_add(struct turn_peer_policy *policy) MUST_CHECK;

#endif
