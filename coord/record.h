/* record.h — keys and values of the ownership registry, as text.
 *
 * What redis-cli and mdb_dump show, an operator can read. HOST is the instance name, K a
 * shard's number.
 *
 *   relay:allocation:CLIENT>SERVER    one for each five-tuple
 *     owner             HOST/K
 *     epoch             of the claim
 *     allocation        v=1 port=50000 families=4,6 user=alice created=… expires=… …
 *     channel:0x4000    v=1 peer=192.0.2.9:4000 until=…
 *     permission:ADDR   v=1 expires=…
 *
 *   relay:allocations:HOST/K          index: the five-tuples of a shard
 *   relay:port:HOST/PORT              index: the five-tuple that a relay port belongs to
 *   relay:user:USERNAME               index: the five-tuples of a username, for the quota
 *   relay:shard:HOST/K                its last lease (struct shard_lease), remembered for a day
 *     epoch             of the lease
 *     lease             v=1 state=serving pid=… shards=4 … until=…
 *   relay:live:HOST/K                 that epoch, while the lease holds
 *   relay:shards                      index: the shards that have a last lease
 *   relay:probe                       what a claim would be refused for is refused here first
 *
 * That is how they are in Redis; the embedded store has the same texts under keys of its own kind
 * (ownership_local_keys.h).
 *
 * CLIENT and SERVER are written as transport_addr_format does. A username, like any text that
 * a client chose, has every byte but [A-Za-z0-9._~:@/+-] written as %XX. Times are
 * microseconds of the monotonic clock of the owner's boot (its lease names that boot).
 * Readers ignore fields that they do not know; a changed meaning is a new v.
 */
#ifndef RELAY_RECORD_H
#define RELAY_RECORD_H

#include "bytes.h"
#include "err.h"
#include "mono_time.h"
#include "transport_addr.h"
#include "turn_record.h"

#include <stddef.h>
#include <stdint.h>

enum {
    RECORD_KEY_MAX = 2 * TRANSPORT_ADDR_TEXT_MAX + 2, /* "CLIENT>SERVER" with its zero */
    RECORD_NAME_MAX = 16 + TRANSPORT_ADDR_TEXT_MAX,   /* "channel:0x4000" with its zero */
    RECORD_USER_MAX = 3 * STUN_USERNAME_MAX + 1,
    RECORD_VALUE_MAX = RECORD_USER_MAX + 512,
    HOST_NAME_MAX_LEN = 64, /* an instance name: 1..64 of [A-Za-z0-9._-] */
    OWNER_TEXT_MAX = HOST_NAME_MAX_LEN + 12,
    LEASE_VALUE_MAX = 512,
};

/* A shard of the deployment. */
struct owner {
    char host[HOST_NAME_MAX_LEN + 1];
    uint32_t shard;
};

/* What a shard says of itself while it lives. */
struct shard_lease {
    struct owner owner;
    uint64_t epoch; /* of this incarnation: larger than that of each one before */
    int64_t pid;
    uint32_t shards; /* of its host, when it started */
    uint16_t lowest_port;
    uint16_t highest_port;
    uint32_t state; /* enum shard_state */
    uint64_t started_wall_sec;
    char version[32];
    char boot[40];            /* the host's boot id: whose monotonic clock the times are of */
    int64_t wall_offset_usec; /* wall clock minus monotonic clock, when last renewed */
    struct mono_time until;   /* it is live until then, on the clock of |boot| */
};

/* Writing: each gives zero-terminated text into a buffer of the given size and returns its
 * length. All that the structs can hold fits. */
size_t record_key_write(const struct five_tuple *five_tuple, char text[static RECORD_KEY_MAX]);
size_t record_name_write(const struct turn_record *record, char text[static RECORD_NAME_MAX]);
size_t record_value_write(const struct turn_record *record, char text[static RECORD_VALUE_MAX]);
size_t record_user_write(struct bytes username, char text[static RECORD_USER_MAX]);
size_t owner_write(const struct owner *owner, char text[static OWNER_TEXT_MAX]);
size_t lease_value_write(const struct shard_lease *lease, char text[static LEASE_VALUE_MAX]);

/*
 * Reading. Whatever bytes come from a registry, each gives ERR_OK with |ret| complete and
 * within the ranges of its struct, or ERR_MALFORMED, or ERR_RANGE for an unknown v.
 * record_read reads a record from its three texts: key, name and value.
 */
enum err record_key_read(struct bytes text, struct five_tuple *ret) MUST_CHECK;
enum err record_read(struct bytes key, struct bytes name, struct bytes value,
                     struct turn_record *ret) MUST_CHECK;
enum err owner_read(struct bytes text, struct owner *ret) MUST_CHECK;
/* record_addr_read reads what transport_addr_format writes, its scope too. */
enum err record_addr_read(struct bytes bytes, struct transport_addr *ret) MUST_CHECK;
/* lease_value_read leaves |ret->owner| and |ret->epoch| as they are: they stand beside it. */
enum err lease_value_read(struct bytes text, struct shard_lease *ret) MUST_CHECK;

/* record_move_times adds |usec| to each time of |record|: for one of another boot, whose clock
 * began at another time. Saturates. */
void record_move_times(struct turn_record *record, int64_t usec);

/* owner_equal: the same shard of the same host. */
bool owner_equal(const struct owner *a, const struct owner *b);

/* host_name_valid: |text| can be an instance name. */
bool host_name_valid(const char *text);

#endif
