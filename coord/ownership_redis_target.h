/* ownership_redis_target.h — where a Redis is to be found and how to be let in. */
#ifndef RELAY_OWNERSHIP_REDIS_TARGET_H
#define RELAY_OWNERSHIP_REDIS_TARGET_H

#include "ownership_redis_connection.h"

enum {
    REDIS_HOSTS_MAX = 8,
    REDIS_HOST_MAX = 256,
    REDIS_NAME_MAX = 128,
    REDIS_USER_MAX = 256,
    REDIS_PASSWORD_MAX = 256,
};

struct redis_host {
    char name[REDIS_HOST_MAX]; /* or a numeric address */
    uint16_t port;
};

struct redis_target {
    char path[REDIS_PATH_MAX];    /* a socket of this host; else empty, and */
    char primary[REDIS_NAME_MAX]; /* what the sentinels call it; empty without sentinels */
    struct redis_host hosts[REDIS_HOSTS_MAX]; /* the sentinels; or the one Redis */
    unsigned host_count;
    char user[REDIS_USER_MAX];         /* empty: the default one */
    char password[REDIS_PASSWORD_MAX]; /* empty: none is asked for */
    uint32_t db;
};

#endif
