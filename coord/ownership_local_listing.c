/* ownership_local_listing.c — the operations that give records or leases, a step at a time. */
#include "ownership_local_listing.h"

#include "ownership_local_allocations.h"
#include "ownership_local_leases.h"

#include <stdio.h>

/* So many records end a step; so do as many entries of an index, whatever they name. */
enum { STEP_RECORDS = 256, PORT_TEXT_MAX = 8 };

static void copy_key(struct local_key *to, struct bytes from)
{
    to->len = from.len < LOCAL_KEY_MAX ? from.len : LOCAL_KEY_MAX;
    memcpy(to->text, from.data, to->len);
    to->text[to->len] = '\0';
}

/* Gives what is recorded beneath |member|, and tells how many that is. */
static unsigned give_beneath(struct local_operation *operation, struct local_table *table,
                             const char *member, const struct owner *owner)
{
    struct local_key prefix;
    struct turn_record record;
    struct bytes key, value;
    unsigned count = 0;

    local_key_make(&prefix, LOCAL_ALLOCATION, member, " ", "");
    for (bool is_there = local_table_seek(table, &prefix, NULL, &key, &value); is_there;
         is_there = local_table_next(table, &prefix, &key, &value)) {
        bool is_read = record_read(bytes_of_text(member), local_key_rest(key, &prefix), value,
                                   &record) == ERR_OK;

        operation->listing.each.record(operation->context, owner, is_read ? &record : NULL);
        count++;
    }
    return count;
}

/* read_allocation: ERR_OK, ERR_NOT_FOUND (there is none any more), or ERR_MALFORMED. */
static enum err read_allocation(struct local_table *table, struct mono_time now, const char *member,
                                struct local_holding *holding, struct turn_record *ret)
{
    struct local_key key;
    struct bytes stored;

    local_key_make(&key, LOCAL_ALLOCATION, member, "", "");
    if (!local_table_get(table, &key, &stored))
        return ERR_NOT_FOUND;
    if (!local_holding_find(table, now, member, holding))
        return holding->head.end != 0 && holding->head.end <= now.usec ? ERR_NOT_FOUND
                                                                       : ERR_MALFORMED;
    struct bytes value = {.data = (const uint8_t *)holding->value, .len = holding->value_len};

    return record_read(bytes_of_text(member), bytes_of_text("allocation"), value, ret) == ERR_OK
               ? ERR_OK
               : ERR_MALFORMED;
}

static unsigned give_member(struct local_operation *operation, struct local_table *table,
                            struct bytes text)
{
    const struct owner *owner = &operation->listing.owner;
    struct local_holding holding = {.head = {.end = 0}};
    struct five_tuple five_tuple;
    char member[RECORD_KEY_MAX];
    struct turn_record record;
    enum err err = ERR_MALFORMED;

    if (record_key_read(text, &five_tuple) == ERR_OK) {
        (void)record_key_write(&five_tuple, member);
        err = read_allocation(table, operation->now.mono, member, &holding, &record);
    }
    if (err == ERR_MALFORMED)
        operation->listing.each.record(operation->context, owner, NULL);
    if (err != ERR_OK || !owner_equal(&holding.head.owner, owner))
        return 1;
    operation->listing.each.record(operation->context, owner, &record);
    return 1 + give_beneath(operation, table, member, owner);
}

static unsigned give_lease(struct local_operation *operation, struct bytes owner_text,
                           struct bytes stored)
{
    struct mono_time now = operation->now.mono;
    struct shard_lease lease = {.epoch = 0};
    struct local_lease found;

    if (owner_read(owner_text, &lease.owner) != ERR_OK ||
        local_lease_parse(stored, now, &found) != ERR_OK)
        return 1;
    lease.epoch = found.head.epoch;
    if (lease_value_read(found.value, &lease) == ERR_OK)
        operation->listing.each.lease(operation->context, &lease, found.head.until > now.usec);
    return 1;
}

static bool list_step(struct local_operation *operation, struct local_table *table)
{
    bool of_leases = operation->kind == LOCAL_LEASES;
    struct local_key prefix, member_key, *last = &operation->listing.last;
    const char *host = operation->listing.owner.host;
    char owner[OWNER_TEXT_MAX];
    struct bytes key, value;
    unsigned given = 0;

    if (of_leases) {
        local_key_make(&prefix, LOCAL_SHARD, host, host[0] != '\0' ? "/" : "", "");
        member_key = (struct local_key){.len = strlen(LOCAL_SHARD)};
    } else {
        (void)owner_write(&operation->listing.owner, owner);
        local_key_make(&prefix, LOCAL_ALLOCATIONS, owner, " ", "");
        member_key = prefix;
    }
    while (given < STEP_RECORDS) {
        if (!local_table_seek(table, &prefix, last->len > 0 ? last : NULL, &key, &value))
            return false;
        /* The one that was given last may be there still. */
        if (last->len == key.len && memcmp(last->text, key.data, key.len) == 0 &&
            !local_table_next(table, &prefix, &key, &value))
            return false;
        copy_key(last, key);
        if (of_leases)
            given += give_lease(operation, local_key_rest(key, &member_key), value);
        else
            given += give_member(operation, table, local_key_rest(key, &member_key));
    }
    return true;
}

/* Gives all that is recorded of |member|, if it is an allocation; with relay port |port| when that
 * is not 0. */
static enum ownership_outcome find_member(struct local_operation *operation,
                                          struct local_table *table, const char *member,
                                          uint16_t port)
{
    struct mono_time now = operation->now.mono;
    struct ownership_answer *answer = &operation->answer;
    struct local_holding holding = {.head = {.end = 0}};
    struct turn_record record;

    if (read_allocation(table, now, member, &holding, &record) != ERR_OK)
        return OWNERSHIP_NONE;
    if (port != 0 && (strcmp(holding.head.owner.host, operation->listing.owner.host) != 0 ||
                      record.allocation.port != port))
        return OWNERSHIP_NONE;
    answer->owner = holding.head.owner;
    answer->owner_is_live = local_lease_is_live(table, now, holding.owner);
    operation->listing.each.record(operation->context, &answer->owner, &record);
    (void)give_beneath(operation, table, member, &answer->owner);
    return OWNERSHIP_DONE;
}

static enum ownership_outcome find_records(struct local_operation *operation,
                                           struct local_table *table)
{
    char member[RECORD_KEY_MAX];

    (void)record_key_write(&operation->listing.five_tuple, member);
    return find_member(operation, table, member, 0);
}

static enum ownership_outcome find_port(struct local_operation *operation,
                                        struct local_table *table)
{
    char text[PORT_TEXT_MAX], member[RECORD_KEY_MAX];
    struct local_key key;
    struct bytes stored;

    (void)snprintf(text, sizeof(text), "%u", operation->listing.port);
    local_key_make(&key, LOCAL_PORT, operation->listing.owner.host, "/", text);
    if (!local_table_get(table, &key, &stored) || stored.len >= sizeof(member))
        return OWNERSHIP_NONE;
    memcpy(member, stored.data, stored.len);
    member[stored.len] = '\0';
    /* The index may name a five-tuple that has another port by now. */
    return find_member(operation, table, member, operation->listing.port);
}

bool local_listing_step(struct local_operation *operation, struct local_table *table)
{
    operation->answer = (struct ownership_answer){.outcome = OWNERSHIP_DONE};
    if (operation->kind == LOCAL_FIND_RECORDS)
        operation->answer.outcome = find_records(operation, table);
    else if (operation->kind == LOCAL_FIND_PORT)
        operation->answer.outcome = find_port(operation, table);
    else
        return list_step(operation, table);
    return false;
}
