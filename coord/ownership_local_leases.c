/* ownership_local_leases.c — the leases of shards in the embedded registry. */
#include "ownership_local_leases.h"

#include "record_fields.h"

/* How long the last lease of a shard is remembered. */
enum { REMEMBERED_SEC = 86400 };

/* No epoch of ours is as large: what is there was not written by us. */
static const uint64_t EPOCH_MAX = (UINT64_C(1) << 53) - 1;

enum err local_lease_parse(struct bytes stored, struct mono_time now, struct local_lease *ret)
{
    if (local_head_read_lease(stored, &ret->head, &ret->value) != ERR_OK ||
        ret->head.epoch > EPOCH_MAX)
        return ERR_MALFORMED;
    return ret->head.end > now.usec ? ERR_OK : ERR_EXPIRED;
}

bool local_lease_find(struct local_table *table, struct mono_time now, const char *owner,
                      struct local_lease *ret)
{
    struct local_key key;
    struct bytes stored;

    local_key_make(&key, LOCAL_SHARD, owner, "", "");
    return local_table_get(table, &key, &stored) && local_lease_parse(stored, now, ret) == ERR_OK;
}

bool local_lease_is_live(struct local_table *table, struct mono_time now, const char *owner)
{
    struct local_lease lease;

    return local_lease_find(table, now, owner, &lease) && lease.head.until > now.usec;
}

enum ownership_outcome local_lease_check(struct local_table *table, struct mono_time now,
                                         const struct owner *owner, uint64_t epoch,
                                         bool *ret_is_lost)
{
    char owner_text[OWNER_TEXT_MAX];
    struct local_lease lease;

    (void)owner_write(owner, owner_text);
    *ret_is_lost = !local_lease_find(table, now, owner_text, &lease);
    if (*ret_is_lost || lease.head.epoch != epoch || lease.head.until <= now.usec)
        return OWNERSHIP_STALE;
    return OWNERSHIP_DONE;
}

/* Replaces what was stored, whose end was |former_end|; 0 for none. */
static void put(struct local_table *table, struct mono_time now, int64_t former_end,
                const char *owner, const struct shard_lease *lease, struct mono_time until)
{
    struct local_head head = {.epoch = lease->epoch,
                              .until = until.usec,
                              .end = mono_time_add_sec(now, REMEMBERED_SEC).usec};
    char value[LEASE_VALUE_MAX], text[LOCAL_VALUE_MAX];
    struct local_key key, expiry;
    size_t len;

    local_key_make(&key, LOCAL_SHARD, owner, "", "");
    if (former_end != 0) {
        local_key_expiry(&expiry, former_end, key.text);
        (void)local_table_delete(table, &expiry);
    }
    (void)lease_value_write(lease, value);
    len = local_head_write_lease(&head, value, text);
    local_table_put(table, &key, (struct bytes){.data = (const uint8_t *)text, .len = len});
    local_key_expiry(&expiry, head.end, key.text);
    local_table_put(table, &expiry, (struct bytes){.data = NULL});
}

enum ownership_outcome local_lease_take(struct local_table *table, struct turn_now now,
                                        struct shard_lease *lease, struct shard_lease *ret_former,
                                        bool *ret_has_former)
{
    uint64_t wall_usec = now.wall.sec * (uint64_t)USEC_PER_SEC;
    char owner[OWNER_TEXT_MAX];
    struct local_lease former;
    struct bytes boot;

    *ret_has_former = false;
    *ret_former = (struct shard_lease){.owner = lease->owner};
    (void)owner_write(&lease->owner, owner);
    if (!local_lease_find(table, now.mono, owner, &former))
        former = (struct local_lease){.head = {.epoch = 0}};
    if (former.head.until > now.mono.usec && (fields_get(former.value, "boot", &boot) != ERR_OK ||
                                              !bytes_equal(boot, bytes_of_text(lease->boot))))
        return OWNERSHIP_HELD;
    if (former.head.end != 0 && lease_value_read(former.value, ret_former) == ERR_OK) {
        ret_former->epoch = former.head.epoch;
        *ret_has_former = true;
    }
    lease->epoch = former.head.epoch + 1 > wall_usec ? former.head.epoch + 1 : wall_usec;
    put(table, now.mono, former.head.end, owner, lease, lease->until);
    return OWNERSHIP_DONE;
}

enum ownership_outcome local_lease_write(struct local_table *table, struct mono_time now,
                                         const struct shard_lease *lease, struct mono_time until,
                                         bool *ret_is_lost)
{
    enum ownership_outcome outcome =
        local_lease_check(table, now, &lease->owner, lease->epoch, ret_is_lost);
    char owner[OWNER_TEXT_MAX];
    struct local_lease former;

    if (outcome != OWNERSHIP_DONE)
        return outcome;
    (void)owner_write(&lease->owner, owner);
    if (!local_lease_find(table, now, owner, &former))
        former.head.end = 0;
    put(table, now, former.head.end, owner, lease, until);
    return OWNERSHIP_DONE;
}
