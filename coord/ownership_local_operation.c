/* ownership_local_operation.c — an operation on the embedded registry, and carrying it out. */
#include "ownership_local_operation.h"

#include "ownership_local_allocations.h"
#include "ownership_local_leases.h"

static void take_lease(struct local_operation *operation, struct local_table *table)
{
    struct ownership_answer *answer = &operation->answer;
    struct shard_lease *lease = &operation->lease.lease;
    bool has_former;

    answer->outcome =
        local_lease_take(table, operation->now, lease, &operation->lease.former, &has_former);
    answer->owner = lease->owner;
    if (answer->outcome != OWNERSHIP_DONE)
        return;
    answer->epoch = lease->epoch;
    answer->former = has_former ? &operation->lease.former : NULL;
}

static void write_record(struct local_operation *operation, struct local_table *table)
{
    const struct ownership_writer *writer = &operation->write.writer;
    const struct turn_record *record = &operation->write.record;
    struct ownership_answer *answer = &operation->answer;
    struct mono_time now = operation->now.mono;

    answer->outcome =
        local_lease_check(table, now, &writer->owner, writer->epoch, &operation->is_lost);
    if (answer->outcome != OWNERSHIP_DONE)
        return;
    if (operation->kind == LOCAL_CLAIM)
        answer->outcome = local_allocation_claim(table, now, writer, record, operation->write.quota,
                                                 operation->write.keep, &answer->owner);
    else if (operation->kind == LOCAL_RECORD)
        answer->outcome = local_allocation_record(table, now, writer, record, &answer->owner);
    else
        answer->outcome = local_allocation_forget(table, now, writer, record, &answer->owner);
}

static void find(struct local_operation *operation, struct local_table *table)
{
    struct ownership_answer *answer = &operation->answer;
    char member[RECORD_KEY_MAX];
    struct local_holding holding;

    (void)record_key_write(&operation->five_tuple, member);
    answer->outcome = OWNERSHIP_NONE;
    if (!local_holding_find(table, operation->now.mono, member, &holding))
        return;
    answer->outcome = OWNERSHIP_DONE;
    answer->owner = holding.head.owner;
    answer->owner_is_live = local_lease_is_live(table, operation->now.mono, holding.owner);
}

void local_operation_carry_out(struct local_operation *operation, struct local_table *table)
{
    struct mono_time now = operation->now.mono;

    operation->answer = (struct ownership_answer){.outcome = OWNERSHIP_AWAY};
    operation->is_lost = false;
    switch (operation->kind) {
    case LOCAL_TAKE_LEASE:
        take_lease(operation, table);
        break;
    case LOCAL_RENEW_LEASE:
        operation->answer.outcome = local_lease_write(
            table, now, &operation->lease.lease, operation->lease.lease.until, &operation->is_lost);
        break;
    case LOCAL_END_LEASE:
        operation->answer.outcome =
            local_lease_write(table, now, &operation->lease.lease, (struct mono_time){.usec = 0},
                              &operation->is_lost);
        break;
    case LOCAL_CLAIM:
    case LOCAL_RECORD:
    case LOCAL_FORGET:
        write_record(operation, table);
        break;
    case LOCAL_FIND:
        find(operation, table);
        break;
    case LOCAL_FIND_RECORDS:
    case LOCAL_FIND_PORT:
    case LOCAL_LIST:
    case LOCAL_LEASES:
        break;
    }
}
