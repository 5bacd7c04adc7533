/* ownership_redis_records.c — reads records and leases out of replies of Redis. */
#include "ownership_redis_records.h"

#include "ownership_redis_reply.h"
#include "text_parse.h"

static bool begins_with(struct bytes text, const char *prefix)
{
    size_t len = strlen(prefix);

    return text.len >= len && memcmp(text.data, prefix, len) == 0;
}

/* The value of the field |name|; empty when there is none. */
static struct bytes value_of(const struct redisReply *fields, const char *name)
{
    for (size_t i = 0; i + 1 < redis_reply_count(fields); i += 2)
        if (redis_reply_is(redis_reply_at(fields, i), name))
            return redis_reply_text(redis_reply_at(fields, i + 1));
    return (struct bytes){.data = NULL};
}

enum err redis_allocation_read(struct bytes key, const struct redisReply *fields,
                               struct redis_allocation *ret)
{
    struct bytes name = bytes_of_text("allocation");

    if (redis_reply_count(fields) == 0)
        return ERR_NOT_FOUND;
    ret->key = key;
    ret->fields = fields;
    if (owner_read(value_of(fields, "owner"), &ret->owner) != ERR_OK ||
        record_read(key, name, value_of(fields, "allocation"), &ret->record) != ERR_OK)
        return ERR_MALFORMED;
    return ERR_OK;
}

void redis_allocation_give(const struct redis_allocation *allocation, ownership_each_record *each,
                           void *context)
{
    const struct redisReply *fields = allocation->fields;
    struct turn_record record;

    each(context, &allocation->owner, &allocation->record);
    for (size_t i = 0; i + 1 < redis_reply_count(fields); i += 2) {
        struct bytes name = redis_reply_text(redis_reply_at(fields, i));
        struct bytes value = redis_reply_text(redis_reply_at(fields, i + 1));

        if (!begins_with(name, "channel:") && !begins_with(name, "permission:"))
            continue;
        bool is_read = record_read(allocation->key, name, value, &record) == ERR_OK;
        each(context, &allocation->owner, is_read ? &record : NULL);
    }
}

enum err redis_lease_read(const struct owner *owner, struct bytes epoch, struct bytes lease,
                          struct shard_lease *ret)
{
    *ret = (struct shard_lease){.owner = *owner};
    if (text_parse_u64((const char *)epoch.data, epoch.len, 0, UINT64_MAX, &ret->epoch) != ERR_OK ||
        lease_value_read(lease, ret) != ERR_OK)
        return ERR_MALFORMED;
    return ERR_OK;
}
