/* ownership.c — hands each operation to the backend that the URL chose. */
#include "ownership.h"

#include "coordination_url.h"
#include "ownership_backend.h"
#include "ownership_local.h"
#include "ownership_local_store.h"
#include "ownership_redis.h"

enum err ownership_check_url(const char *url, struct problem *problem)
{
    struct coordination coordination;
    enum err err = coordination_url_read(url, &coordination, problem);

    coordination_wipe(&coordination);
    return err;
}

enum err ownership_open(const struct ownership_config *config, struct ownership **ret,
                        struct problem *problem)
{
    struct coordination coordination;
    enum err err = coordination_url_read(config->url, &coordination, problem);

    if (err == ERR_OK)
        switch (coordination.kind) {
        case COORDINATION_LOCAL:
            err =
                ownership_local_open(config, config->only_looks ? 0 : LOCAL_MAP_SIZE, ret, problem);
            break;
        case COORDINATION_REDIS:
            err = ownership_redis_open(config, &coordination.redis, ret, problem);
            break;
        }
    coordination_wipe(&coordination);
    return err;
}

void ownership_close(struct ownership *ownership)
{
    if (ownership != NULL)
        ownership->backend->close(ownership);
}

void ownership_flush(struct ownership *ownership)
{
    ownership->backend->flush(ownership);
}

bool ownership_is_available(const struct ownership *ownership)
{
    return ownership->backend->is_available(ownership);
}

enum err ownership_take_lease(struct ownership *ownership, struct turn_now now,
                              const struct shard_lease *lease, ownership_done *done, void *context)
{
    return ownership->backend->take_lease(ownership, now, lease, done, context);
}

enum err ownership_renew_lease(struct ownership *ownership, struct turn_now now,
                               const struct shard_lease *lease, ownership_done *done, void *context)
{
    return ownership->backend->renew_lease(ownership, now, lease, done, context);
}

enum err ownership_end_lease(struct ownership *ownership, struct turn_now now,
                             const struct shard_lease *lease, ownership_done *done, void *context)
{
    return ownership->backend->end_lease(ownership, now, lease, done, context);
}

enum err ownership_claim(struct ownership *ownership, struct turn_now now,
                         const struct ownership_writer *writer, const struct turn_record *record,
                         uint32_t quota, bool keep, ownership_done *done, void *context)
{
    return ownership->backend->claim(ownership, now, writer, record, quota, keep, done, context);
}

enum err ownership_record(struct ownership *ownership, struct turn_now now,
                          const struct ownership_writer *writer, const struct turn_record *record,
                          ownership_done *done, void *context)
{
    return ownership->backend->record(ownership, now, writer, record, done, context);
}

enum err ownership_forget(struct ownership *ownership, struct turn_now now,
                          const struct ownership_writer *writer, const struct turn_record *record,
                          ownership_done *done, void *context)
{
    return ownership->backend->forget(ownership, now, writer, record, done, context);
}

enum err ownership_find(struct ownership *ownership, struct turn_now now,
                        const struct five_tuple *five_tuple, ownership_done *done, void *context)
{
    return ownership->backend->find(ownership, now, five_tuple, done, context);
}

enum err ownership_find_records(struct ownership *ownership, struct turn_now now,
                                const struct five_tuple *five_tuple, ownership_each_record *each,
                                ownership_done *done, void *context)
{
    return ownership->backend->find_records(ownership, now, five_tuple, each, done, context);
}

enum err ownership_find_port(struct ownership *ownership, struct turn_now now, const char *host,
                             uint16_t port, ownership_each_record *each, ownership_done *done,
                             void *context)
{
    return ownership->backend->find_port(ownership, now, host, port, each, done, context);
}

enum err ownership_list(struct ownership *ownership, struct turn_now now, const struct owner *owner,
                        ownership_each_record *each, ownership_done *done, void *context)
{
    return ownership->backend->list(ownership, now, owner, each, done, context);
}

enum err ownership_leases(struct ownership *ownership, struct turn_now now, const char *host,
                          ownership_each_lease *each, ownership_done *done, void *context)
{
    return ownership->backend->leases(ownership, now, host, each, done, context);
}
