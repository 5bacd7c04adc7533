/* turn_counters.h — what the core counts, one table.
 *
 * The caller owns an array of TURN_COUNTER_COUNT values, normally part of a
 * page that other processes map (coord/counter_page.h). Everything that is
 * dropped has its own counter here: silent to the sender is not silent to the
 * operator.
 */
#ifndef RELAY_TURN_COUNTERS_H
#define RELAY_TURN_COUNTERS_H

/* X(NAME, "name", "help"): gauges, which go up and down. */
#define TURN_GAUGES(X)                                                                             \
    X(ALLOCATIONS, "allocations", "Live allocations")                                              \
    X(ALLOCATIONS_UNCLAIMED, "allocations_unclaimed",                                              \
      "Live allocations whose claim the registry has not taken yet")                               \
    X(CHANNELS, "channels", "Channel bindings, bound or reserved")                                 \
    X(RESERVATIONS, "reservations", "Relay ports held for a RESERVATION-TOKEN")                    \
    X(PORTS_RESTING, "ports_resting", "Freed relay ports not yet given out again")                 \
    X(PORTS_FREE, "ports_free", "Relay ports free to be given out")

/* X(NAME, "name", "help"): counters of events. */
#define TURN_EVENTS(X)                                                                             \
    X(RELAYED_TO_PEER, "relayed_to_peer_packets", "Datagrams relayed client to peer")              \
    X(RELAYED_TO_PEER_BYTES, "relayed_to_peer_bytes", "Payload bytes relayed client to peer")      \
    X(RELAYED_TO_CLIENT, "relayed_to_client_packets", "Datagrams relayed peer to client")          \
    X(RELAYED_TO_CLIENT_BYTES, "relayed_to_client_bytes", "Payload bytes relayed peer to client")  \
    X(BINDING_REQUESTS, "requests_binding", "Binding requests")                                    \
    X(ALLOCATE_REQUESTS, "requests_allocate", "Allocate requests")                                 \
    X(REFRESH_REQUESTS, "requests_refresh", "Refresh requests")                                    \
    X(CHANNEL_BIND_REQUESTS, "requests_channel_bind", "ChannelBind requests")                      \
    X(CREATE_PERMISSION_REQUESTS, "requests_create_permission", "CreatePermission requests")       \
    X(SUCCESS_RESPONSES, "responses_success", "Success responses")                                 \
    X(ERROR_400, "responses_400", "Bad Request responses")                                         \
    X(ERROR_401, "responses_401", "Unauthenticated responses")                                     \
    X(ERROR_403, "responses_403", "Forbidden responses")                                           \
    X(ERROR_420, "responses_420", "Unknown Attribute responses")                                   \
    X(ERROR_437, "responses_437", "Allocation Mismatch responses")                                 \
    X(ERROR_438, "responses_438", "Stale Nonce responses")                                         \
    X(ERROR_440, "responses_440", "Address Family not Supported responses")                        \
    X(ERROR_441, "responses_441", "Wrong Credentials responses")                                   \
    X(ERROR_442, "responses_442", "Unsupported Transport Protocol responses")                      \
    X(ERROR_443, "responses_443", "Peer Address Family Mismatch responses")                        \
    X(ERROR_486, "responses_486", "Allocation Quota Reached responses")                            \
    X(ERROR_500, "responses_500", "Server Error responses")                                        \
    X(ERROR_508, "responses_508", "Insufficient Capacity responses")                               \
    X(ALLOCATIONS_CREATED, "allocations_created", "Allocations created")                           \
    X(ALLOCATIONS_DELETED, "allocations_deleted", "Allocations deleted by their client")           \
    X(ALLOCATIONS_REMOVED, "allocations_removed", "Allocations deleted by the operator")           \
    X(ALLOCATIONS_EXPIRED, "allocations_expired", "Allocations whose lifetime ran out")            \
    X(ALLOCATIONS_RESTORED, "allocations_restored", "Allocations rebuilt from their records")      \
    X(ALLOCATIONS_LOST, "allocations_lost", "Allocations ended since another shard owns them")     \
    X(CLAIMS_HELD, "claims_held", "Allocate requests whose five-tuple another shard owns")         \
    X(CLAIMS_PORT_HELD, "claims_port_held",                                                        \
      "Allocate requests whose relay port another shard has recorded: they get another one")       \
    X(RELAY_OPEN_FAILURES, "relay_open_failures", "Relay sockets that could not be opened")        \
    X(TABLE_FULL_ALLOCATIONS, "full_allocations", "Allocate refused: no free relay port")          \
    X(TABLE_FULL_CHANNELS, "full_channels", "ChannelBind refused: no free channel")                \
    X(RATE_LIMIT_COLLISIONS, "rate_limit_collisions",                                              \
      "Requests whose source prefix shares a rate bucket with another one")

/* X(NAME, "name", "help"): reasons for dropping a datagram (enum turn_drop). */
#define TURN_DROPS(X)                                                                              \
    X(EMPTY, "empty", "Empty datagrams on the listening port")                                     \
    X(SOURCE_PORT_ZERO, "source_port_zero", "Client datagrams from UDP port 0")                    \
    X(UNKNOWN_FIRST_BYTE, "unknown_first_byte", "Neither STUN nor ChannelData")                    \
    X(NOT_STUN, "not_stun", "No readable STUN header")                                             \
    X(MALFORMED_STUN, "malformed_stun", "Malformed STUN that is not a request")                    \
    X(BAD_FINGERPRINT, "bad_fingerprint", "STUN with a wrong FINGERPRINT")                         \
    X(INDICATION, "indication", "Indications, which this profile does not relay")                  \
    X(RESPONSE, "response", "STUN responses sent to the server")                                   \
    X(PENDING_ALLOCATE, "pending_allocate", "Requests while the Allocate is under way")            \
    X(NOT_ADMITTED, "not_admitted",                                                                \
      "Requests for an allocation before the control plane has admitted this relay")               \
    X(RATE_LIMITED, "rate_limited", "Unauthenticated requests over the source's rate")             \
    X(REFLECTION_BOUND, "reflection_bound", "Answers that would exceed the reflection bound")      \
    X(MALFORMED_CHANNEL_DATA, "malformed_channel_data", "ChannelData with a wrong length")         \
    X(NO_ALLOCATION, "no_allocation", "ChannelData of a five-tuple without an allocation")         \
    X(NO_CHANNEL, "no_channel", "ChannelData for a number that is not bound")                      \
    X(CHANNEL_EXPIRED, "channel_expired", "Datagrams for a channel that is only reserved")         \
    X(RELAY_CLOSED, "relay_closed", "Peer datagrams for an allocation that has ended")             \
    X(PEER_NOT_BOUND, "peer_not_bound", "Peer datagrams from an address without a channel")        \
    X(TOO_LARGE, "too_large", "Payloads that do not fit a datagram with its header")

enum turn_counter {
#define X(name, text, help) TURN_COUNT_##name,
    TURN_GAUGES(X) TURN_EVENTS(X)
#undef X
#define X(name, text, help) TURN_COUNT_DROP_##name,
        TURN_DROPS(X)
#undef X
            TURN_COUNTER_COUNT
};

/* Why a datagram was dropped; the first element lines up with its counters. */
enum turn_drop {
#define X(name, text, help) TURN_DROP_##name,
    TURN_DROPS(X)
#undef X
        TURN_DROP_COUNT
};

#endif
