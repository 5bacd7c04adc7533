/* ownership_local_operation.h — an operation on the embedded registry, and carrying it out. */
#ifndef RELAY_OWNERSHIP_LOCAL_OPERATION_H
#define RELAY_OWNERSHIP_LOCAL_OPERATION_H

#include "ownership.h"
#include "ownership_local_table.h"

enum local_operation_kind {
    LOCAL_TAKE_LEASE,
    LOCAL_RENEW_LEASE,
    LOCAL_END_LEASE,
    LOCAL_CLAIM,
    LOCAL_RECORD,
    LOCAL_FORGET,
    LOCAL_FIND,
    LOCAL_FIND_RECORDS, /* from here on: they give something, and by transactions of their own */
    LOCAL_FIND_PORT,
    LOCAL_LIST,
    LOCAL_LEASES,
};

struct local_operation {
    struct local_operation *next;
    enum local_operation_kind kind;
    struct turn_now now;
    struct mono_time due; /* for the queue: when it has waited long enough */
    ownership_done *done;
    void *context;
    union {
        struct {
            struct shard_lease lease;
            struct shard_lease former; /* TAKE_LEASE: the answer's */
        } lease;
        struct {
            struct ownership_writer writer;
            struct turn_record record;
            uint32_t quota;
            bool keep;
        } write;
        struct five_tuple five_tuple;
        struct {
            struct owner owner; /* LEASES, FIND_PORT: the host of it, or "" */
            uint16_t port;
            struct five_tuple five_tuple; /* FIND_RECORDS */
            union {
                ownership_each_record *record;
                ownership_each_lease *lease;
            } each;
            struct local_key last; /* what was given last; of no length at first */
            uint64_t generation;   /* of the store in which it was */
        } listing;
    };
    struct ownership_answer answer;
    bool is_lost; /* STALE, and nothing is remembered of the lease */
};

static inline bool local_operation_gives(const struct local_operation *operation)
{
    return operation->kind >= LOCAL_FIND_RECORDS;
}

static inline bool local_operation_writes(const struct local_operation *operation)
{
    return operation->kind < LOCAL_FIND;
}

/* local_operation_carry_out carries out what gives nothing, into |answer|. */
void local_operation_carry_out(struct local_operation *operation, struct local_table *table);

#endif
