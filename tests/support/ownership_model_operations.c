/* ownership_model_operations.c — the operations of the ownership registry, as the simulated one
 * takes them.
 */
#include "ownership_model_internal.h"

#include <string.h>

static enum err take_lease(struct ownership *ownership, struct turn_now now,
                           const struct shard_lease *lease, ownership_done *done, void *context)
{
    const struct model_operation asked = {
        .kind = TAKE, .lease = *lease, .write.usec = mono_time_until(lease->until, now.mono)};
    return model_submit(ownership, now, &asked, done, context);
}

static enum err renew_lease(struct ownership *ownership, struct turn_now now,
                            const struct shard_lease *lease, ownership_done *done, void *context)
{
    const struct model_operation asked = {.kind = WRITE_LEASE,
                                          .lease = *lease,
                                          .write.usec = mono_time_until(lease->until, now.mono)};
    return model_submit(ownership, now, &asked, done, context);
}

static enum err end_lease(struct ownership *ownership, struct turn_now now,
                          const struct shard_lease *lease, ownership_done *done, void *context)
{
    const struct model_operation asked = {.kind = WRITE_LEASE, .lease = *lease};
    return model_submit(ownership, now, &asked, done, context);
}

static enum err claim(struct ownership *ownership, struct turn_now now,
                      const struct ownership_writer *writer, const struct turn_record *record,
                      uint32_t quota, bool keep, ownership_done *done, void *context)
{
    const struct model_operation asked = {
        .kind = CLAIM,
        .write = {.writer = *writer,
                  .record = *record,
                  .usec = mono_time_until(record->allocation.expires, now.mono),
                  .quota = quota,
                  .keep = keep}};
    return model_submit(ownership, now, &asked, done, context);
}

static enum err record_one(struct ownership *ownership, struct turn_now now,
                           const struct ownership_writer *writer, const struct turn_record *record,
                           ownership_done *done, void *context)
{
    struct model_operation asked = {.kind = RECORD,
                                    .write = {.writer = *writer, .record = *record}};
    if (record->kind == TURN_RECORD_ALLOCATION)
        asked.write.usec = mono_time_until(record->allocation.expires, now.mono);
    return model_submit(ownership, now, &asked, done, context);
}

static enum err forget(struct ownership *ownership, struct turn_now now,
                       const struct ownership_writer *writer, const struct turn_record *record,
                       ownership_done *done, void *context)
{
    const struct model_operation asked = {.kind = FORGET,
                                          .write = {.writer = *writer, .record = *record}};
    return model_submit(ownership, now, &asked, done, context);
}

static enum err find_owner(struct ownership *ownership, struct turn_now now,
                           const struct five_tuple *five_tuple, ownership_done *done, void *context)
{
    const struct model_operation asked = {.kind = FIND, .write.record.five_tuple = *five_tuple};
    return model_submit(ownership, now, &asked, done, context);
}

static enum err find_records(struct ownership *ownership, struct turn_now now,
                             const struct five_tuple *five_tuple, ownership_each_record *each,
                             ownership_done *done, void *context)
{
    const struct model_operation asked = {
        .kind = FIND_RECORDS, .write.record.five_tuple = *five_tuple, .each_record = each};
    return model_submit(ownership, now, &asked, done, context);
}

static enum err find_port(struct ownership *ownership, struct turn_now now, const char *host,
                          uint16_t port, ownership_each_record *each, ownership_done *done,
                          void *context)
{
    struct model_operation asked = {.kind = FIND_PORT, .port = port, .each_record = each};
    strncpy(asked.host, host, sizeof(asked.host) - 1);
    return model_submit(ownership, now, &asked, done, context);
}

static enum err list_records(struct ownership *ownership, struct turn_now now,
                             const struct owner *owner, ownership_each_record *each,
                             ownership_done *done, void *context)
{
    const struct model_operation asked = {
        .kind = LIST, .owner = *owner, .each_record = each, .answer.owner = *owner};
    return model_submit(ownership, now, &asked, done, context);
}

static enum err leases(struct ownership *ownership, struct turn_now now, const char *host,
                       ownership_each_lease *each, ownership_done *done, void *context)
{
    struct model_operation asked = {.kind = LEASES, .each_lease = each, .has_host = host != NULL};
    if (host)
        strncpy(asked.host, host, sizeof(asked.host) - 1);
    return model_submit(ownership, now, &asked, done, context);
}

const struct ownership_backend ownership_model_backend = {
    .close = model_close,
    .flush = model_flush,
    .is_available = model_is_available,
    .take_lease = take_lease,
    .renew_lease = renew_lease,
    .end_lease = end_lease,
    .claim = claim,
    .record = record_one,
    .forget = forget,
    .find = find_owner,
    .find_records = find_records,
    .find_port = find_port,
    .list = list_records,
    .leases = leases,
};
