/* ownership_local.c — the ownership registry in an embedded store, for the processes of one host.
 */
#include "ownership_local.h"

#include "ownership_backend.h"
#include "ownership_local_queue.h"

#include <stdio.h>
#include <stdlib.h>

enum { DEFAULT_TIMEOUT_MSEC = 250 };

struct local_registry {
    struct ownership ownership; /* first: the one is the other */
    struct local_store *store;
    struct local_queue *queue;
};

static struct local_registry *registry_of(struct ownership *ownership)
{
    return (struct local_registry *)ownership;
}

/* A place for an operation; NULL when there is none. */
static struct local_operation *begin(struct ownership *ownership, enum local_operation_kind kind,
                                     struct turn_now now, ownership_done *done, void *context)
{
    struct local_operation *operation = local_queue_place(registry_of(ownership)->queue);

    if (operation == NULL)
        return NULL;
    operation->kind = kind;
    operation->now = now;
    operation->done = done;
    operation->context = context;
    return operation;
}

static enum err submit(struct ownership *ownership, struct local_operation *operation)
{
    local_queue_submit(registry_of(ownership)->queue, operation);
    return ERR_OK;
}

static enum err lease_operation(struct ownership *ownership, enum local_operation_kind kind,
                                struct turn_now now, const struct shard_lease *lease,
                                ownership_done *done, void *context)
{
    struct local_operation *operation = begin(ownership, kind, now, done, context);

    if (operation == NULL)
        return ERR_LIMIT;
    operation->lease.lease = *lease;
    return submit(ownership, operation);
}

static enum err take_lease(struct ownership *ownership, struct turn_now now,
                           const struct shard_lease *lease, ownership_done *done, void *context)
{
    return lease_operation(ownership, LOCAL_TAKE_LEASE, now, lease, done, context);
}

static enum err renew_lease(struct ownership *ownership, struct turn_now now,
                            const struct shard_lease *lease, ownership_done *done, void *context)
{
    return lease_operation(ownership, LOCAL_RENEW_LEASE, now, lease, done, context);
}

static enum err end_lease(struct ownership *ownership, struct turn_now now,
                          const struct shard_lease *lease, ownership_done *done, void *context)
{
    return lease_operation(ownership, LOCAL_END_LEASE, now, lease, done, context);
}

static enum err write_operation(struct ownership *ownership, enum local_operation_kind kind,
                                struct turn_now now, const struct ownership_writer *writer,
                                const struct turn_record *record, uint32_t quota, bool keep,
                                ownership_done *done, void *context)
{
    struct local_operation *operation = begin(ownership, kind, now, done, context);

    if (operation == NULL)
        return ERR_LIMIT;
    operation->write.writer = *writer;
    operation->write.record = *record;
    operation->write.quota = quota;
    operation->write.keep = keep;
    return submit(ownership, operation);
}

static enum err claim(struct ownership *ownership, struct turn_now now,
                      const struct ownership_writer *writer, const struct turn_record *record,
                      uint32_t quota, bool keep, ownership_done *done, void *context)
{
    return write_operation(ownership, LOCAL_CLAIM, now, writer, record, quota, keep, done, context);
}

static enum err record_one(struct ownership *ownership, struct turn_now now,
                           const struct ownership_writer *writer, const struct turn_record *record,
                           ownership_done *done, void *context)
{
    return write_operation(ownership, LOCAL_RECORD, now, writer, record, 0, false, done, context);
}

static enum err forget(struct ownership *ownership, struct turn_now now,
                       const struct ownership_writer *writer, const struct turn_record *record,
                       ownership_done *done, void *context)
{
    return write_operation(ownership, LOCAL_FORGET, now, writer, record, 0, false, done, context);
}

static enum err find(struct ownership *ownership, struct turn_now now,
                     const struct five_tuple *five_tuple, ownership_done *done, void *context)
{
    struct local_operation *operation = begin(ownership, LOCAL_FIND, now, done, context);

    if (operation == NULL)
        return ERR_LIMIT;
    operation->five_tuple = *five_tuple;
    return submit(ownership, operation);
}

static struct local_operation *begin_listing(struct ownership *ownership,
                                             enum local_operation_kind kind, struct turn_now now,
                                             const char *host, ownership_done *done, void *context)
{
    struct local_operation *operation = begin(ownership, kind, now, done, context);

    if (operation == NULL)
        return NULL;
    operation->listing.owner = (struct owner){.shard = 0};
    (void)snprintf(operation->listing.owner.host, sizeof(operation->listing.owner.host), "%s",
                   host);
    operation->listing.last.len = 0;
    operation->listing.generation = 0;
    return operation;
}

static enum err find_records(struct ownership *ownership, struct turn_now now,
                             const struct five_tuple *five_tuple, ownership_each_record *each,
                             ownership_done *done, void *context)
{
    struct local_operation *operation =
        begin_listing(ownership, LOCAL_FIND_RECORDS, now, "", done, context);

    if (operation == NULL)
        return ERR_LIMIT;
    operation->listing.five_tuple = *five_tuple;
    operation->listing.each.record = each;
    return submit(ownership, operation);
}

static enum err find_port(struct ownership *ownership, struct turn_now now, const char *host,
                          uint16_t port, ownership_each_record *each, ownership_done *done,
                          void *context)
{
    struct local_operation *operation =
        begin_listing(ownership, LOCAL_FIND_PORT, now, host, done, context);

    if (operation == NULL)
        return ERR_LIMIT;
    operation->listing.port = port;
    operation->listing.each.record = each;
    return submit(ownership, operation);
}

static enum err list(struct ownership *ownership, struct turn_now now, const struct owner *owner,
                     ownership_each_record *each, ownership_done *done, void *context)
{
    struct local_operation *operation =
        begin_listing(ownership, LOCAL_LIST, now, owner->host, done, context);

    if (operation == NULL)
        return ERR_LIMIT;
    operation->listing.owner.shard = owner->shard;
    operation->listing.each.record = each;
    return submit(ownership, operation);
}

static enum err leases(struct ownership *ownership, struct turn_now now, const char *host,
                       ownership_each_lease *each, ownership_done *done, void *context)
{
    struct local_operation *operation =
        begin_listing(ownership, LOCAL_LEASES, now, host != NULL ? host : "", done, context);

    if (operation == NULL)
        return ERR_LIMIT;
    operation->listing.each.lease = each;
    return submit(ownership, operation);
}

/* Opening and closing. */

static void close_registry(struct ownership *ownership)
{
    struct local_registry *registry = registry_of(ownership);

    local_queue_free(registry->queue);
    local_store_close(registry->store);
    free(registry);
}

static void flush(struct ownership *ownership)
{
    local_queue_flush(registry_of(ownership)->queue);
}

static bool is_available(const struct ownership *ownership)
{
    return local_queue_is_available(((const struct local_registry *)ownership)->queue);
}

static const struct ownership_backend backend = {
    .close = close_registry,
    .flush = flush,
    .is_available = is_available,
    .take_lease = take_lease,
    .renew_lease = renew_lease,
    .end_lease = end_lease,
    .claim = claim,
    .record = record_one,
    .forget = forget,
    .find = find,
    .find_records = find_records,
    .find_port = find_port,
    .list = list,
    .leases = leases,
};

enum err ownership_local_open(const struct ownership_config *config, size_t map_size,
                              struct ownership **ret, struct problem *problem)
{
    struct local_registry *registry = calloc(1, sizeof(*registry));
    struct local_queue_config queue = {
        .base = config->base,
        .timeout_msec = config->timeout_msec != 0 ? config->timeout_msec : DEFAULT_TIMEOUT_MSEC,
        .on_change = config->on_change,
        .context = config->context,
    };
    enum err err = ERR_NO_MEMORY;

    problem_set(problem, "%s", err_name(ERR_NO_MEMORY));
    if (registry == NULL)
        return err;
    registry->ownership.backend = &backend;
    err = local_store_open(config->dir, map_size, &registry->store, problem);
    if (err != ERR_OK) {
        free(registry);
        return err;
    }
    queue.store = registry->store;
    registry->queue = local_queue_new(&queue);
    if (registry->queue == NULL) {
        local_store_close(registry->store);
        free(registry);
        return ERR_NO_MEMORY;
    }
    *ret = &registry->ownership;
    return ERR_OK;
}
