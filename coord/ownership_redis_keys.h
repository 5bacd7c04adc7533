/* ownership_redis_keys.h — the keys and values of a write, as they are given to the scripts. */
#ifndef RELAY_OWNERSHIP_REDIS_KEYS_H
#define RELAY_OWNERSHIP_REDIS_KEYS_H

#include "record.h"

enum {
    REDIS_PREFIX_MAX = 24, /* of a key: "relay:allocations:" */
    REDIS_PORT_KEY_MAX = REDIS_PREFIX_MAX + HOST_NAME_MAX_LEN + 8,
};

/* What the commands of a writer are made of. */
struct redis_writer_text {
    char owner[OWNER_TEXT_MAX];
    char live[REDIS_PREFIX_MAX + OWNER_TEXT_MAX];
    char shard[REDIS_PREFIX_MAX + OWNER_TEXT_MAX];
    char allocations[REDIS_PREFIX_MAX + OWNER_TEXT_MAX];
};

/* And those about a record. */
struct redis_record_text {
    char member[RECORD_KEY_MAX];
    char key[REDIS_PREFIX_MAX + RECORD_KEY_MAX];
    char name[RECORD_NAME_MAX];
    char value[RECORD_VALUE_MAX];
    char port[REDIS_PORT_KEY_MAX]; /* the rest: of an allocation */
    char user[REDIS_PREFIX_MAX + RECORD_USER_MAX];
};

/* Each fills |ret|. The keys of the indexes are written for an allocation only. */
void redis_writer_text(const struct owner *owner, struct redis_writer_text *ret);
void redis_record_text(const struct owner *owner, const struct turn_record *record,
                       struct redis_record_text *ret);

#endif
