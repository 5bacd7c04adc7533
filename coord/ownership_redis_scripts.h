/* ownership_redis_scripts.h — the Lua scripts of the Redis backend, which the build embeds. */
#ifndef RELAY_OWNERSHIP_REDIS_SCRIPTS_H
#define RELAY_OWNERSHIP_REDIS_SCRIPTS_H

#include <stddef.h>

/* Each is coord/scripts/NAME.lua, which says what it takes and gives. */
enum redis_script_id {
    REDIS_SCRIPT_PROBE,
    REDIS_SCRIPT_TAKE_LEASE,
    REDIS_SCRIPT_WRITE_LEASE,
    REDIS_SCRIPT_CLAIM,
    REDIS_SCRIPT_RECORD,
    REDIS_SCRIPT_FORGET,
    REDIS_SCRIPT_FIND,
    REDIS_SCRIPT_FIND_RECORDS,
    REDIS_SCRIPT_FIND_PORT,
    REDIS_SCRIPT_SCAN,
    REDIS_SCRIPT_READ_ALLOCATIONS,
    REDIS_SCRIPT_READ_LEASES,
    REDIS_SCRIPT_COUNT
};

struct redis_script {
    const char *name;
    const char *sha1; /* of the text, in hex: what EVALSHA calls it by */
    const unsigned char *text;
    size_t len;
};

extern const struct redis_script redis_scripts[REDIS_SCRIPT_COUNT];

#endif
