/* ownership_local_allocations.h — the allocations of the embedded registry and their indexes.
 *
 * Each of these is one operation of ownership.h inside a transaction. What the writer's lease says
 * has been looked at before.
 */
#ifndef RELAY_OWNERSHIP_LOCAL_ALLOCATIONS_H
#define RELAY_OWNERSHIP_LOCAL_ALLOCATIONS_H

#include "ownership.h"
#include "ownership_local_table.h"

/* What is recorded of a five-tuple, copied. */
struct local_holding {
    struct local_head head;
    char owner[OWNER_TEXT_MAX];
    size_t value_len;
    char value[RECORD_VALUE_MAX];
};

/* local_holding_find: who holds |member|, that is CLIENT>SERVER? False: nobody who can be read. */
bool local_holding_find(struct local_table *table, struct mono_time now, const char *member,
                        struct local_holding *ret);

/* local_allocation_claim: DONE, HELD by |*ret_owner|, QUOTA, or AWAY when there is no room. */
enum ownership_outcome local_allocation_claim(struct local_table *table, struct mono_time now,
                                              const struct ownership_writer *writer,
                                              const struct turn_record *record, uint32_t quota,
                                              bool keep, struct owner *ret_owner);

/* local_allocation_record: DONE, HELD, NONE, or AWAY when there is no room.
 * local_allocation_forget: DONE, or HELD. */
enum ownership_outcome local_allocation_record(struct local_table *table, struct mono_time now,
                                               const struct ownership_writer *writer,
                                               const struct turn_record *record,
                                               struct owner *ret_owner);
enum ownership_outcome local_allocation_forget(struct local_table *table, struct mono_time now,
                                               const struct ownership_writer *writer,
                                               const struct turn_record *record,
                                               struct owner *ret_owner);

/* local_allocation_remove removes all that is recorded of |member|, over or not. */
void local_allocation_remove(struct local_table *table, const char *member);

#endif
