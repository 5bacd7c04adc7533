/* ownership_local_keys.h — keys of the embedded registry, and the heads of its values, as text.
 *
 *   relay:store                             v=1 boot=…              of which boot the store is
 *   relay:allocation:CLIENT>SERVER          HOST/K EPOCH END v=1 port=… user=… …
 *   relay:allocation:CLIENT>SERVER NAME     v=1 peer=… until=…      channel:0x4000, permission:ADDR
 *   relay:shard:HOST/K                      EPOCH UNTIL END v=1 state=… …   its last lease
 *   relay:allocations:HOST/K CLIENT>SERVER  (empty)                 index: of a shard
 *   relay:port:HOST/PORT                    CLIENT>SERVER           index: of a relay port
 *   relay:user:USERNAME CLIENT>SERVER       UNTIL                   index: of a username
 *   relay:expiry:END KEY                    (empty)                 index: what is over when
 *
 * What stands from "v=1" on, CLIENT>SERVER, NAME and USERNAME are written as record.h says. Before
 * it stand the owner, its epoch, UNTIL (the lease, or the allocation's end) and END (from when on
 * the record counts as absent), microseconds of the monotonic clock; in a key END has 20 digits, so
 * that the keys are in its order. No part holds a blank. LMDB's keys have at most 511 bytes: of a
 * longer USERNAME stands the beginning, "=", and 32 digits of a hash.
 *
 *     mdb_dump -n -p ownership.mdb
 */
#ifndef RELAY_OWNERSHIP_LOCAL_KEYS_H
#define RELAY_OWNERSHIP_LOCAL_KEYS_H

#include "record.h"

#define LOCAL_STORE_KEY   "relay:store"
#define LOCAL_ALLOCATION  "relay:allocation:"
#define LOCAL_ALLOCATIONS "relay:allocations:"
#define LOCAL_PORT        "relay:port:"
#define LOCAL_SHARD       "relay:shard:"
#define LOCAL_USER        "relay:user:"
#define LOCAL_EXPIRY      "relay:expiry:"

enum {
    LOCAL_KEY_MAX = 511, /* LMDB's */
    LOCAL_USER_MAX = 300,
    LOCAL_END_DIGITS = 20,
    LOCAL_HEAD_MAX = OWNER_TEXT_MAX + 2 * 21 + 2,
    LOCAL_VALUE_MAX = LOCAL_HEAD_MAX + RECORD_VALUE_MAX,
};

struct local_key {
    size_t len;
    char text[LOCAL_KEY_MAX + 1];
};

/* local_key_make joins four texts, of which all but the first may be "". What a caller can give
 * fits: see the assertions in the C file. */
void local_key_make(struct local_key *key, const char *a, const char *b, const char *c,
                    const char *d);

/* local_key_user makes the key of |member| beneath a username, which is escaped already. */
void local_key_user(struct local_key *key, struct bytes user, const char *member);

/* local_key_expiry makes the key by which |target|, a whole key, is over at |end|. */
void local_key_expiry(struct local_key *key, int64_t end, const char *target);

/* local_end_write writes END with the digits that it has in a key, and a zero. */
void local_end_write(int64_t end, char text[static LOCAL_END_DIGITS + 1]);

/* local_key_rest views what stands behind |prefix| in |key|, which begins with it. */
struct bytes local_key_rest(struct bytes key, const struct local_key *prefix);

/* The head of a value, in front of "v=1": an allocation's has an owner, a lease's the end of it. */
struct local_head {
    struct owner owner;
    uint64_t epoch;
    int64_t until;
    int64_t end;
};

/* Each reads the head of |text| and gives what stands behind it: ERR_OK or ERR_MALFORMED. */
enum err local_head_read_allocation(struct bytes text, struct local_head *ret,
                                    struct bytes *ret_value) MUST_CHECK;
enum err local_head_read_lease(struct bytes text, struct local_head *ret,
                               struct bytes *ret_value) MUST_CHECK;

/* Each writes the head and |value|, of less than RECORD_VALUE_MAX bytes, and returns the length; no
 * zero is written behind it. */
size_t local_head_write_allocation(const struct local_head *head, struct bytes value,
                                   char text[static LOCAL_VALUE_MAX]);
size_t local_head_write_lease(const struct local_head *head, const char *value,
                              char text[static LOCAL_VALUE_MAX]);

#endif
