/* ownership_local_allocations.c — the allocations of the embedded registry and their indexes. */
#include "ownership_local_allocations.h"

#include "ownership_local_leases.h"
#include "record_fields.h"
#include "text_parse.h"
#include "text_write.h"

#include <string.h>

enum {
    /* What is kept of an allocation past its end, for whoever looks at it late. */
    LINGER_SEC = 60,
    /* A time past this is as good as never. */
    TTL_MAX_SEC = 10 * 365 * 86400,
};

/* Reading. */

static bool find_any(struct local_table *table, const char *member, struct local_holding *ret)
{
    struct local_key key;
    struct bytes stored, value;

    local_key_make(&key, LOCAL_ALLOCATION, member, "", "");
    if (!local_table_get(table, &key, &stored) ||
        local_head_read_allocation(stored, &ret->head, &value) != ERR_OK)
        return false;
    (void)owner_write(&ret->head.owner, ret->owner);
    /* What is longer was not written by us, and cannot be read. */
    ret->value_len = value.len < sizeof(ret->value) ? value.len : 0;
    memcpy(ret->value, value.data, ret->value_len);
    return true;
}

bool local_holding_find(struct local_table *table, struct mono_time now, const char *member,
                        struct local_holding *ret)
{
    return find_any(table, member, ret) && ret->head.end > now.usec;
}

static struct bytes value_of(const struct local_holding *holding)
{
    return (struct bytes){.data = (const uint8_t *)holding->value, .len = holding->value_len};
}

static bool port_key(struct local_key *key, const struct owner *owner, struct bytes value)
{
    char text[TEXT_U64_MAX + 1];
    uint64_t port;

    if (fields_get_number(value, "port", UINT16_MAX, &port) != ERR_OK)
        return false;
    *text_write_u64(text, port) = '\0';
    local_key_make(key, LOCAL_PORT, owner->host, "/", text);
    return true;
}

/* Indexes. */

static void unindex(struct local_table *table, const char *member,
                    const struct local_holding *holding)
{
    struct local_key key, allocation;
    struct bytes user, stored;

    local_key_make(&key, LOCAL_ALLOCATIONS, holding->owner, " ", member);
    (void)local_table_delete(table, &key);
    if (port_key(&key, &holding->head.owner, value_of(holding)) &&
        local_table_get(table, &key, &stored) && bytes_equal(stored, bytes_of_text(member)))
        (void)local_table_delete(table, &key);
    if (fields_get(value_of(holding), "user", &user) == ERR_OK) {
        local_key_user(&key, user, member);
        (void)local_table_delete(table, &key);
    }
    local_key_make(&allocation, LOCAL_ALLOCATION, member, "", "");
    local_key_expiry(&key, holding->head.end, allocation.text);
    (void)local_table_delete(table, &key);
}

/* Writes |value| under |key|: when |is_there| says that something may be there already, only if it
 * is something else. */
static void put_index(struct local_table *table, const struct local_key *key, struct bytes value,
                      bool is_there)
{
    struct bytes stored;

    if (!is_there || !local_table_get(table, key, &stored) || !bytes_equal(stored, value))
        local_table_put(table, key, value);
}

static void remove_beneath(struct local_table *table, const char *member)
{
    struct local_key prefix;

    local_key_make(&prefix, LOCAL_ALLOCATION, member, " ", "");
    local_table_delete_all(table, &prefix);
}

void local_allocation_remove(struct local_table *table, const char *member)
{
    struct local_holding holding;
    struct local_key key;

    if (find_any(table, member, &holding))
        unindex(table, member, &holding);
    remove_beneath(table, member);
    local_key_make(&key, LOCAL_ALLOCATION, member, "", "");
    (void)local_table_delete(table, &key);
}

/* Is |former| found under the same keys as what |owner| is to have with |value|? */
static bool is_indexed_alike(const struct local_holding *former, const struct owner *owner,
                             struct bytes value)
{
    struct bytes former_port, former_user, port, user;

    return owner_equal(&former->head.owner, owner) &&
           fields_get(value_of(former), "port", &former_port) == ERR_OK &&
           fields_get(value_of(former), "user", &former_user) == ERR_OK &&
           fields_get(value, "port", &port) == ERR_OK &&
           fields_get(value, "user", &user) == ERR_OK && bytes_equal(port, former_port) &&
           bytes_equal(user, former_user);
}

static struct bytes view(const char *text, size_t len)
{
    return (struct bytes){.data = (const uint8_t *)text, .len = len};
}

/* put writes an allocation of |owner|, which |value| describes and which ends when |expires| is,
 * with its indexes; |former| is what stood there, or NULL. */
static void put(struct local_table *table, struct mono_time now, const char *member,
                const struct ownership_writer *writer, struct bytes value, struct mono_time expires,
                const struct local_holding *former)
{
    int64_t left = mono_time_until(expires, now);
    struct local_head head = {.owner = writer->owner, .epoch = writer->epoch};
    char text[LOCAL_VALUE_MAX], owner[OWNER_TEXT_MAX], until[TEXT_I64_MAX];
    struct local_key allocation, key;
    struct mono_time end;
    struct bytes user;

    if (left > TTL_MAX_SEC * USEC_PER_SEC)
        left = TTL_MAX_SEC * USEC_PER_SEC;
    end = mono_time_add_usec(now, left);
    head.end = mono_time_add_sec(end, LINGER_SEC).usec;
    local_key_make(&allocation, LOCAL_ALLOCATION, member, "", "");
    if (former != NULL && !is_indexed_alike(former, &writer->owner, value)) {
        unindex(table, member, former);
        former = NULL;
    } else if (former != NULL && former->head.end != head.end) {
        local_key_expiry(&key, former->head.end, allocation.text);
        (void)local_table_delete(table, &key);
    }
    local_table_put(table, &allocation,
                    view(text, local_head_write_allocation(&head, value, text)));
    local_key_expiry(&key, head.end, allocation.text);
    put_index(table, &key, view(NULL, 0), former != NULL);
    (void)owner_write(&writer->owner, owner);
    local_key_make(&key, LOCAL_ALLOCATIONS, owner, " ", member);
    put_index(table, &key, view(NULL, 0), former != NULL);
    if (port_key(&key, &writer->owner, value))
        put_index(table, &key, bytes_of_text(member), former != NULL);
    if (fields_get(value, "user", &user) == ERR_OK) {
        local_key_user(&key, user, member);
        put_index(table, &key,
                  view(until, (size_t)(text_write_i64(until, end.usec > 0 ? end.usec : 0) - until)),
                  former != NULL);
    }
}

/* Claiming. */

/* When was the allocation of |value| made, on the monotonic clock, or with |wall_offset| on the
 * wall's? What is not told was made last. */
static int64_t created(struct bytes value, int64_t wall_offset)
{
    int64_t ret;

    if (fields_get_signed(value, "created", &ret) != ERR_OK ||
        __builtin_add_overflow(ret, wall_offset, &ret))
        return INT64_MAX;
    return ret;
}

/* Copies the boot out of the lease of |owner|, "" when it has none, and gives its offset. */
static int64_t boot_of(struct local_table *table, struct mono_time now, const char *owner,
                       char boot[static LEASE_VALUE_MAX])
{
    struct local_lease lease;
    struct bytes text;
    int64_t offset = 0;

    boot[0] = '\0';
    if (!local_lease_find(table, now, owner, &lease))
        return 0;
    if (fields_get(lease.value, "boot", &text) == ERR_OK && text.len < LEASE_VALUE_MAX) {
        memcpy(boot, text.data, text.len);
        boot[text.len] = '\0';
    }
    (void)!fields_get_signed(lease.value, "wall_offset", &offset);
    return offset;
}

/* Was the one made before the other? Their times are of the monotonic clocks of two boots; where
 * those are not the same, the leases tell how far they are from the wall clock. */
static bool is_older(struct local_table *table, struct mono_time now, struct bytes value,
                     const char *owner, const struct local_holding *other)
{
    char boot[LEASE_VALUE_MAX], other_boot[LEASE_VALUE_MAX];
    int64_t offset = boot_of(table, now, owner, boot);
    int64_t other_offset = boot_of(table, now, other->owner, other_boot);

    if (strcmp(boot, other_boot) == 0)
        offset = other_offset = 0;
    return created(value, offset) < created(value_of(other), other_offset);
}

static bool is_unclaimed(struct bytes value)
{
    struct bytes flag;

    return fields_get(value, "unclaimed", &flag) == ERR_OK;
}

/* May |owner|, with what |value| describes, take what |stored| tells of another one? */
static bool may_take(struct local_table *table, struct mono_time now, struct bytes value,
                     const char *owner, const struct local_holding *stored)
{
    if (!local_lease_is_live(table, now, stored->owner))
        return true;
    /* Whoever has one that is marked claims it once more later, and learns of it then. */
    return is_unclaimed(value_of(stored)) && is_older(table, now, value, owner, stored);
}

/* Has the user of |record| already |quota| allocations besides |member|? Takes as long as they are
 * many. */
static bool is_over_quota(struct local_table *table, struct mono_time now,
                          const struct turn_record *record, const char *member, uint32_t quota)
{
    struct bytes username = {.data = record->allocation.username,
                             .len = record->allocation.username_len};
    struct bytes key, value, self = bytes_of_text(member);
    char user[RECORD_USER_MAX];
    struct local_key prefix;
    uint32_t others = 0;
    uint64_t until;

    local_key_user(&prefix, view(user, record_user_write(username, user)), "");
    for (bool is_there = local_table_seek(table, &prefix, NULL, &key, &value);
         is_there && others < quota; is_there = local_table_next(table, &prefix, &key, &value))
        others +=
            text_parse_u64((const char *)value.data, value.len, 0, UINT64_MAX, &until) == ERR_OK &&
            until > (uint64_t)(now.usec > 0 ? now.usec : 0) &&
            !bytes_equal(local_key_rest(key, &prefix), self);
    return others >= quota;
}

static bool is_same_field(struct bytes value, struct bytes stored, const char *name)
{
    struct bytes field, other;

    return fields_get(value, name, &field) == ERR_OK &&
           fields_get(stored, name, &other) == ERR_OK && bytes_equal(field, other);
}

/* Has another shard recorded the relay port of |value|? It may be about to open it again. What it
 * holds is for a frame of its own. */
__attribute__((noinline)) static bool is_port_recorded(struct local_table *table,
                                                       struct mono_time now,
                                                       const struct owner *owner,
                                                       struct bytes value, const char *member)
{
    char other[RECORD_KEY_MAX];
    struct local_holding holding;
    struct local_key key;
    struct bytes at;

    if (!port_key(&key, owner, value) || !local_table_get(table, &key, &at) ||
        at.len >= sizeof(other))
        return false;
    memcpy(other, at.data, at.len);
    other[at.len] = '\0';
    return strcmp(other, member) != 0 && local_holding_find(table, now, other, &holding) &&
           !owner_equal(&holding.head.owner, owner) &&
           is_same_field(value, value_of(&holding), "port");
}

/* Does |value| describe the very allocation that is recorded? What is beneath another one is not
 * its own. */
static bool is_same(struct bytes value, const struct local_holding *stored)
{
    return is_same_field(value, value_of(stored), "transaction") &&
           is_same_field(value, value_of(stored), "port");
}

enum ownership_outcome local_allocation_claim(struct local_table *table, struct mono_time now,
                                              const struct ownership_writer *writer,
                                              const struct turn_record *record, uint32_t quota,
                                              bool keep, struct owner *ret_owner)
{
    char member[RECORD_KEY_MAX], owner[OWNER_TEXT_MAX], text[RECORD_VALUE_MAX];
    struct bytes value = view(text, record_value_write(record, text));
    struct local_holding stored;
    bool is_stored;

    (void)record_key_write(&record->five_tuple, member);
    (void)owner_write(&writer->owner, owner);
    is_stored = find_any(table, member, &stored);
    if (is_stored && stored.head.end > now.usec &&
        !owner_equal(&stored.head.owner, &writer->owner) &&
        !may_take(table, now, value, owner, &stored)) {
        *ret_owner = stored.head.owner;
        return OWNERSHIP_HELD;
    }
    if (!keep && is_port_recorded(table, now, &writer->owner, value, member))
        return OWNERSHIP_PORT;
    if (quota > 0 && is_over_quota(table, now, record, member, quota))
        return OWNERSHIP_QUOTA;
    if (!table->has_room)
        return OWNERSHIP_AWAY;
    /* What is over, or whose owner cannot be read, is not kept. */
    if (!keep || !is_stored || stored.head.end <= now.usec || !is_same(value, &stored))
        remove_beneath(table, member);
    put(table, now, member, writer, value, record->allocation.expires, is_stored ? &stored : NULL);
    return OWNERSHIP_DONE;
}

/* What the writer holds. */

static enum ownership_outcome hold(struct local_table *table, struct mono_time now,
                                   const struct ownership_writer *writer, const char *member,
                                   struct local_holding *ret, struct owner *ret_owner)
{
    if (!local_holding_find(table, now, member, ret))
        return OWNERSHIP_NONE;
    if (owner_equal(&ret->head.owner, &writer->owner))
        return OWNERSHIP_DONE;
    *ret_owner = ret->head.owner;
    return OWNERSHIP_HELD;
}

enum ownership_outcome local_allocation_record(struct local_table *table, struct mono_time now,
                                               const struct ownership_writer *writer,
                                               const struct turn_record *record,
                                               struct owner *ret_owner)
{
    char member[RECORD_KEY_MAX], name[RECORD_NAME_MAX], text[RECORD_VALUE_MAX];
    struct bytes value = view(text, record_value_write(record, text)), there;
    enum ownership_outcome outcome;
    struct local_holding stored;
    struct local_key key;

    (void)record_key_write(&record->five_tuple, member);
    outcome = hold(table, now, writer, member, &stored, ret_owner);
    if (outcome != OWNERSHIP_DONE)
        return outcome;
    if (record->kind == TURN_RECORD_ALLOCATION) {
        if (!is_same(value, &stored))
            return OWNERSHIP_NONE;
        put(table, now, member,
            &(struct ownership_writer){.owner = writer->owner, .epoch = stored.head.epoch}, value,
            record->allocation.expires, &stored);
        return OWNERSHIP_DONE;
    }
    (void)record_name_write(record, name);
    local_key_make(&key, LOCAL_ALLOCATION, member, " ", name);
    if (!table->has_room && !local_table_get(table, &key, &there))
        return OWNERSHIP_AWAY;
    local_table_put(table, &key, value);
    return OWNERSHIP_DONE;
}

enum ownership_outcome local_allocation_forget(struct local_table *table, struct mono_time now,
                                               const struct ownership_writer *writer,
                                               const struct turn_record *record,
                                               struct owner *ret_owner)
{
    char member[RECORD_KEY_MAX], name[RECORD_NAME_MAX];
    struct local_holding stored;
    struct local_key key;

    (void)record_key_write(&record->five_tuple, member);
    if (hold(table, now, writer, member, &stored, ret_owner) == OWNERSHIP_HELD)
        return OWNERSHIP_HELD;
    if (record->kind == TURN_RECORD_ALLOCATION) {
        local_allocation_remove(table, member);
        return OWNERSHIP_DONE;
    }
    (void)record_name_write(record, name);
    local_key_make(&key, LOCAL_ALLOCATION, member, " ", name);
    (void)local_table_delete(table, &key);
    return OWNERSHIP_DONE;
}
