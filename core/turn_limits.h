/* turn_limits.h — every limit and lifetime of the TURN core, with its source. */
#ifndef RELAY_TURN_LIMITS_H
#define RELAY_TURN_LIMITS_H

enum {
    /* RFC 8656 §3.2: the default lifetime of an allocation; also the least one granted (§7.2). */
    TURN_DEFAULT_LIFETIME_SEC = 600,
    /* RFC 8656 §7.2: the recommended largest lifetime, the default of --max-lifetime. */
    TURN_MAX_LIFETIME_SEC = 3600,
    /* RFC 8656 §12: a channel binding lasts 10 minutes … */
    TURN_CHANNEL_LIFETIME_SEC = 600,
    /* … and then number and peer stay reserved for each other for 5 minutes. */
    TURN_CHANNEL_RESERVED_SEC = 300,
    /* RFC 8656 §7.2: a reserved odd port waits this long for its RESERVATION-TOKEN. */
    TURN_RESERVATION_SEC = 30,
    /* A nonce older than this is stale: RFC 8656 §5 recommends to expire one at least hourly. */
    TURN_NONCE_LIFETIME_SEC = 3600,
    /* How long a freed relay port rests, the default of --port-rest: late datagrams
     * from peers of the former allocation must not reach the next one. */
    TURN_PORT_REST_SEC = 60,
    /* Allocations whose relay socket could not be opened try this many ports before 508. */
    TURN_OPEN_ATTEMPTS = 8,
    /* Channels of one allocation, bound or reserved, the default of --channels-per-allocation. */
    TURN_CHANNELS_PER_ALLOCATION = 512,
    /* An answer to an unauthenticated datagram is at most this many times its size. */
    TURN_REFLECTION_FACTOR = 3,
    /* Answers to unauthenticated datagrams for each source prefix and second, the default
     * of --unauthenticated-rate. */
    TURN_UNAUTHENTICATED_RATE = 2000,
    /* The realm fits a 401 to the smallest Allocate under the reflection bound. */
    TURN_REALM_MAX = 32,
    /* SOFTWARE fits the answer to a bare Binding over IPv6 under the reflection bound. */
    TURN_SOFTWARE_MAX = 12,
    /* The longest response: all attributes of an Allocate success with SHA-256 integrity. */
    TURN_RESPONSE_MAX = 512,
    /* Types listed in one UNKNOWN-ATTRIBUTES. */
    TURN_UNKNOWN_ATTRS_MAX = 16,
    /* Bytes in front of a peer's datagram that the core may write a header into. */
    TURN_HEADROOM = 4,
    /* Commands that one input can queue at most; see turn_command.h. */
    TURN_COMMANDS_MAX = 64,
};

#endif
