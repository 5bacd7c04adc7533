/* ownership_redis_keys.c — the keys and values of a write, as they are given to the scripts. */
#include "ownership_redis_keys.h"

#include <stdio.h>

void redis_writer_text(const struct owner *owner, struct redis_writer_text *ret)
{
    (void)owner_write(owner, ret->owner);
    (void)snprintf(ret->live, sizeof(ret->live), "relay:live:%s", ret->owner);
    (void)snprintf(ret->shard, sizeof(ret->shard), "relay:shard:%s", ret->owner);
    (void)snprintf(ret->allocations, sizeof(ret->allocations), "relay:allocations:%s", ret->owner);
}

void redis_record_text(const struct owner *owner, const struct turn_record *record,
                       struct redis_record_text *ret)
{
    const struct turn_allocation_record *allocation = &record->allocation;
    char user[RECORD_USER_MAX];

    (void)record_key_write(&record->five_tuple, ret->member);
    (void)snprintf(ret->key, sizeof(ret->key), "relay:allocation:%s", ret->member);
    (void)record_name_write(record, ret->name);
    (void)record_value_write(record, ret->value);
    if (record->kind != TURN_RECORD_ALLOCATION)
        return;
    (void)snprintf(ret->port, sizeof(ret->port), "relay:port:%s/%u", owner->host, allocation->port);
    (void)record_user_write(
        (struct bytes){.data = allocation->username, .len = allocation->username_len}, user);
    (void)snprintf(ret->user, sizeof(ret->user), "relay:user:%s", user);
}
