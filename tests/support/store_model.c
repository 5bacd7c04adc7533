/* store_model.c — what the ownership registry keeps, in memory, as coord/scripts/ keep it in Redis.
 */
#include "store_model.h"

#include <stdlib.h>
#include <string.h>

void store_model_flush(struct store_model *store)
{
    store->lease_count = store->record_count = store->port_count = 0;
}

void store_model_deinit(struct store_model *store)
{
    free(store->leases);
    free(store->records);
    free(store->ports);
    *store = (struct store_model){0};
}

/* Makes room for one element more of |size| bytes. Grows by powers of two. */
static void *grown(void *elements, size_t count, size_t size)
{
    if (count != 0 && (count < 16 || (count & (count - 1)) != 0))
        return elements;
    elements = realloc(elements, (count == 0 ? 16 : 2 * count) * size);
    if (!elements)
        abort();
    return elements;
}

/*
 * Leases.
 */

static struct store_lease *find_lease(const struct store_model *store, const struct owner *owner)
{
    for (size_t i = 0; i < store->lease_count; i++)
        if (owner_equal(&store->leases[i].lease.owner, owner))
            return &store->leases[i];
    return NULL;
}

bool store_is_live(const struct store_model *store, struct mono_time now, const struct owner *owner)
{
    const struct store_lease *lease = find_lease(store, owner);
    return lease && !mono_time_due(lease->until, now);
}

static bool holds_lease(const struct store_model *store, struct mono_time now,
                        const struct owner *owner, uint64_t epoch, bool *ret_is_known)
{
    const struct store_lease *lease = find_lease(store, owner);
    *ret_is_known = lease != NULL;
    return lease && lease->lease.epoch == epoch && !mono_time_due(lease->until, now);
}

enum ownership_outcome store_take_lease(struct store_model *store, struct turn_now now,
                                        const struct shard_lease *lease, int64_t usec,
                                        struct ownership_answer *ret, struct shard_lease *former)
{
    struct store_lease *stored = find_lease(store, &lease->owner);
    uint64_t epoch = now.wall.sec * USEC_PER_SEC;
    store_model_expire(store, now.mono);
    ret->owner = lease->owner;
    if (stored && !mono_time_due(stored->until, now.mono) &&
        strcmp(stored->lease.boot, lease->boot) != 0)
        return OWNERSHIP_HELD;
    if (stored) {
        *former = stored->lease;
        ret->former = former;
        if (stored->lease.epoch >= epoch)
            epoch = stored->lease.epoch + 1;
    } else {
        store->leases = grown(store->leases, store->lease_count, sizeof(*store->leases));
        stored = &store->leases[store->lease_count++];
    }
    *stored = (struct store_lease){.lease = *lease, .until = mono_time_add_usec(now.mono, usec)};
    stored->lease.epoch = ret->epoch = epoch;
    return OWNERSHIP_DONE;
}

enum ownership_outcome store_write_lease(struct store_model *store, struct turn_now now,
                                         const struct shard_lease *lease, int64_t usec,
                                         bool *ret_is_known)
{
    struct store_lease *stored = find_lease(store, &lease->owner);
    if (!holds_lease(store, now.mono, &lease->owner, lease->epoch, ret_is_known))
        return OWNERSHIP_STALE;
    *stored = (struct store_lease){.lease = *lease, .until = mono_time_add_usec(now.mono, usec)};
    return OWNERSHIP_DONE;
}

/*
 * Records.
 */

static bool is_beneath(const struct turn_record *record, const struct turn_record *named)
{
    if (record->kind != named->kind)
        return false;
    if (record->kind == TURN_RECORD_CHANNEL)
        return record->channel.number == named->channel.number;
    return record->kind == TURN_RECORD_ALLOCATION ||
           transport_addr_same_ip(&record->permission.peer, &named->permission.peer);
}

static struct store_record *find_record(const struct store_model *store,
                                        const struct turn_record *named)
{
    for (size_t i = 0; i < store->record_count; i++) {
        struct store_record *stored = &store->records[i];
        if (five_tuple_equal(&stored->record.five_tuple, &named->five_tuple) &&
            is_beneath(&stored->record, named))
            return stored;
    }
    return NULL;
}

static struct store_record *find_allocation(const struct store_model *store,
                                            const struct five_tuple *five_tuple)
{
    struct turn_record named = {.kind = TURN_RECORD_ALLOCATION, .five_tuple = *five_tuple};
    return find_record(store, &named);
}

static void remove_port(struct store_model *store, const struct store_record *allocation)
{
    for (size_t i = store->port_count; i-- > 0;) {
        const struct store_port *port = &store->ports[i];
        if (port->port == allocation->record.allocation.port &&
            strcmp(port->host, allocation->owner.host) == 0 &&
            five_tuple_equal(&port->five_tuple, &allocation->record.five_tuple))
            store->ports[i] = store->ports[--store->port_count];
    }
}

static void add_port(struct store_model *store, const struct store_record *allocation)
{
    struct store_port added = {.port = allocation->record.allocation.port,
                               .five_tuple = allocation->record.five_tuple};
    memcpy(added.host, allocation->owner.host, sizeof(added.host));
    for (size_t i = 0; i < store->port_count; i++) {
        struct store_port *port = &store->ports[i];
        if (port->port == added.port && strcmp(port->host, added.host) == 0) {
            *port = added;
            return;
        }
    }
    store->ports = grown(store->ports, store->port_count, sizeof(*store->ports));
    store->ports[store->port_count++] = added;
}

/* Removes the records of |five_tuple|, the allocation itself only if |whole|. */
static void remove_records(struct store_model *store, const struct five_tuple *five_tuple,
                           bool whole)
{
    const struct five_tuple gone = *five_tuple; /* it may stand in what is removed */
    size_t kept = 0;
    for (size_t i = 0; i < store->record_count; i++) {
        const struct turn_record *record = &store->records[i].record;
        if (!five_tuple_equal(&record->five_tuple, &gone) ||
            (!whole && record->kind == TURN_RECORD_ALLOCATION))
            store->records[kept++] = store->records[i];
    }
    store->record_count = kept;
}

void store_model_expire(struct store_model *store, struct mono_time now)
{
    for (size_t i = 0; i < store->record_count;) {
        struct store_record *stored = &store->records[i];
        if (stored->record.kind == TURN_RECORD_ALLOCATION &&
            mono_time_due(mono_time_add_sec(stored->until, STORE_LINGER_SEC), now)) {
            remove_port(store, stored);
            remove_records(store, &stored->record.five_tuple, true);
            i = 0;
        } else {
            i++;
        }
    }
}

static struct store_record *append(struct store_model *store)
{
    store->records = grown(store->records, store->record_count, sizeof(*store->records));
    return &store->records[store->record_count++];
}

static int64_t created_at(const struct store_model *store, const struct turn_record *record,
                          const struct owner *owner, bool by_wall)
{
    const struct store_lease *lease = find_lease(store, owner);
    int64_t offset = by_wall && lease ? lease->lease.wall_offset_usec : 0;
    return record->allocation.created.usec + offset;
}

/* Was that of |write| made before the stored one? */
static bool is_older(const struct store_model *store, const struct store_write *write,
                     const struct store_record *stored)
{
    const struct store_lease *ours = find_lease(store, &write->writer.owner);
    const struct store_lease *theirs = find_lease(store, &stored->owner);
    bool by_wall = !ours || !theirs || strcmp(ours->lease.boot, theirs->lease.boot) != 0;
    return created_at(store, &write->record, &write->writer.owner, by_wall) <
           created_at(store, &stored->record, &stored->owner, by_wall);
}

static uint32_t others_of_user(const struct store_model *store, struct mono_time now,
                               const struct turn_record *record)
{
    const struct turn_allocation_record *own = &record->allocation;
    uint32_t count = 0;
    for (size_t i = 0; i < store->record_count; i++) {
        const struct store_record *stored = &store->records[i];
        const struct turn_allocation_record *other = &stored->record.allocation;
        if (stored->record.kind == TURN_RECORD_ALLOCATION && !mono_time_due(stored->until, now) &&
            !five_tuple_equal(&stored->record.five_tuple, &record->five_tuple) &&
            other->username_len == own->username_len &&
            memcmp(other->username, own->username, own->username_len) == 0)
            count++;
    }
    return count;
}

static bool is_in_the_right(const struct store_model *store, struct mono_time now,
                            const struct store_write *write, const struct store_record *stored)
{
    if (!stored || owner_equal(&stored->owner, &write->writer.owner) ||
        !store_is_live(store, now, &stored->owner))
        return true;
    return stored->record.allocation.unclaimed && is_older(store, write, stored);
}

/* What is beneath another one is not its own. */
static bool is_same_allocation(const struct turn_record *a, const struct turn_record *b)
{
    return a->allocation.port == b->allocation.port &&
           memcmp(a->allocation.transaction_id, b->allocation.transaction_id,
                  STUN_TRANSACTION_ID_LEN) == 0;
}

enum ownership_outcome store_claim(struct store_model *store, struct turn_now now,
                                   const struct store_write *write, struct owner *ret_holder,
                                   bool *ret_is_known)
{
    const struct ownership_writer *writer = &write->writer;
    store_model_expire(store, now.mono);
    if (!holds_lease(store, now.mono, &writer->owner, writer->epoch, ret_is_known))
        return OWNERSHIP_STALE;
    struct store_record *stored = find_allocation(store, &write->record.five_tuple);
    if (!is_in_the_right(store, now.mono, write, stored)) {
        *ret_holder = stored->owner;
        return OWNERSHIP_HELD;
    }
    const struct store_record *of_port =
        store_find_port(store, now.mono, writer->owner.host, write->record.allocation.port);
    if (!write->keep && of_port && !owner_equal(&of_port->owner, &writer->owner) &&
        !five_tuple_equal(&of_port->record.five_tuple, &write->record.five_tuple))
        return OWNERSHIP_PORT;
    if (write->quota > 0 && others_of_user(store, now.mono, &write->record) >= write->quota)
        return OWNERSHIP_QUOTA;
    if (stored)
        remove_port(store, stored);
    if (!write->keep || (stored && !is_same_allocation(&stored->record, &write->record)))
        remove_records(store, &write->record.five_tuple, false);
    stored = find_allocation(store, &write->record.five_tuple);
    if (!stored)
        stored = append(store);
    *stored = (struct store_record){.record = write->record,
                                    .owner = writer->owner,
                                    .epoch = writer->epoch,
                                    .until = mono_time_add_usec(now.mono, write->usec)};
    add_port(store, stored);
    return OWNERSHIP_DONE;
}

enum ownership_outcome store_record(struct store_model *store, struct turn_now now,
                                    const struct store_write *write, struct owner *ret_holder,
                                    bool *ret_is_known)
{
    const struct ownership_writer *writer = &write->writer;
    store_model_expire(store, now.mono);
    if (!holds_lease(store, now.mono, &writer->owner, writer->epoch, ret_is_known))
        return OWNERSHIP_STALE;
    struct store_record *allocation = find_allocation(store, &write->record.five_tuple);
    if (!allocation)
        return OWNERSHIP_NONE;
    if (!owner_equal(&allocation->owner, &writer->owner)) {
        *ret_holder = allocation->owner;
        return OWNERSHIP_HELD;
    }
    if (write->record.kind == TURN_RECORD_ALLOCATION) {
        if (!is_same_allocation(&allocation->record, &write->record))
            return OWNERSHIP_NONE;
        allocation->record = write->record;
        allocation->until = mono_time_add_usec(now.mono, write->usec);
        add_port(store, allocation);
        return OWNERSHIP_DONE;
    }
    struct store_record *stored = find_record(store, &write->record);
    if (!stored)
        stored = append(store);
    *stored = (struct store_record){.record = write->record, .owner = writer->owner};
    return OWNERSHIP_DONE;
}

enum ownership_outcome store_forget(struct store_model *store, struct turn_now now,
                                    const struct store_write *write, struct owner *ret_holder,
                                    bool *ret_is_known)
{
    const struct ownership_writer *writer = &write->writer;
    store_model_expire(store, now.mono);
    if (!holds_lease(store, now.mono, &writer->owner, writer->epoch, ret_is_known))
        return OWNERSHIP_STALE;
    struct store_record *allocation = find_allocation(store, &write->record.five_tuple);
    if (!allocation)
        return OWNERSHIP_DONE;
    if (!owner_equal(&allocation->owner, &writer->owner)) {
        *ret_holder = allocation->owner;
        return OWNERSHIP_HELD;
    }
    if (write->record.kind == TURN_RECORD_ALLOCATION) {
        remove_port(store, allocation);
        remove_records(store, &write->record.five_tuple, true);
        return OWNERSHIP_DONE;
    }
    struct store_record *stored = find_record(store, &write->record);
    if (stored)
        memmove(stored, stored + 1,
                (size_t)(store->records + --store->record_count - stored) * sizeof(*stored));
    return OWNERSHIP_DONE;
}

const struct store_record *store_find(struct store_model *store, struct mono_time now,
                                      const struct five_tuple *five_tuple)
{
    store_model_expire(store, now);
    return find_allocation(store, five_tuple);
}

const struct store_record *store_find_port(struct store_model *store, struct mono_time now,
                                           const char *host, uint16_t port)
{
    store_model_expire(store, now);
    for (size_t i = 0; i < store->port_count; i++) {
        const struct store_port *stored = &store->ports[i];
        if (stored->port != port || strcmp(stored->host, host) != 0)
            continue;
        const struct store_record *found = find_allocation(store, &stored->five_tuple);
        return found && found->record.allocation.port == port &&
                       strcmp(found->owner.host, host) == 0
                   ? found
                   : NULL;
    }
    return NULL;
}
