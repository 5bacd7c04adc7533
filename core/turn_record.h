/* turn_record.h — what is remembered of an allocation outside the process, to rebuild it from.
 *
 * Plain values. The core hands them out with its commands and takes them back by
 * turn_server_restore; how they are stored is coord/record.h. Times are instants of the
 * host's monotonic clock, so whoever reads records of a former boot converts them first.
 */
#ifndef RELAY_TURN_RECORD_H
#define RELAY_TURN_RECORD_H

#include "mono_time.h"
#include "stun_attr.h"
#include "stun_message.h"
#include "transport_addr.h"

#include <stdbool.h>
#include <stdint.h>

/* Tells the key of a username from another one without telling the key. */
enum { TURN_KEY_CHECK_LEN = 4 };

enum turn_record_kind {
    TURN_RECORD_ALLOCATION,
    TURN_RECORD_CHANNEL,
    TURN_RECORD_PERMISSION,
};

struct turn_allocation_record {
    uint16_t port; /* relayed, one number for both families */
    uint8_t families;
    uint8_t missing_families; /* asked for additionally, and not to be had */
    bool dont_fragment;
    bool unclaimed; /* made while the registry was away: an older claim is in the right */
    uint32_t granted_lifetime_sec;                   /* by the Allocate */
    uint8_t transaction_id[STUN_TRANSACTION_ID_LEN]; /* of the Allocate */
    uint8_t key_check[TURN_KEY_CHECK_LEN];
    struct mono_time created;
    struct mono_time expires;
    uint16_t username_len;
    uint8_t username[STUN_USERNAME_MAX];
};

struct turn_channel_record {
    uint16_t number;
    struct transport_addr peer;
    struct mono_time bound_until; /* reserved for TURN_CHANNEL_RESERVED_SEC more */
};

struct turn_permission_record {
    struct transport_addr peer; /* port 0 */
    struct mono_time expires;
};

struct turn_record {
    enum turn_record_kind kind;
    struct five_tuple five_tuple;
    union {
        struct turn_allocation_record allocation;
        struct turn_channel_record channel;
        struct turn_permission_record permission;
    };
};

#endif
