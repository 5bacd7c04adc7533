/* ownership_view.c — what a registry tells of a host's shards, allocations and channels, gathered.
 */
#include "ownership_view.h"

#include "boot_id.h"
#include "system_clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Room for one more element behind |count|; NULL without memory, and |array| stays. */
static void *one_more(void *array, size_t count, size_t size)
{
    /* At powers of two. */
    if ((count & (count - 1)) != 0)
        return array;
    return reallocarray(array, count == 0 ? 1 : 2 * count, size);
}

static bool fail(const char *program, const char *why)
{
    fprintf(stderr, "%s: %s\n", program, why);
    return false;
}

static const char away[] = "the ownership registry does not answer";

static void on_lease(void *context, const struct shard_lease *lease, bool is_live)
{
    struct ownership_view *view = context;
    struct view_shard *shards = one_more(view->shards, view->shard_count, sizeof(*shards));

    if (shards == NULL) {
        view->has_failed = true;
        return;
    }
    view->shards = shards;
    shards[view->shard_count++] = (struct view_shard){.lease = *lease, .is_live = is_live};
}

static int by_number(const void *a, const void *b)
{
    uint32_t first = ((const struct view_shard *)a)->lease.owner.shard;
    uint32_t second = ((const struct view_shard *)b)->lease.owner.shard;

    return (first > second) - (first < second);
}

bool view_read_shards(const struct relay_place *place, struct registry_reader *reader,
                      const char *program, struct ownership_view *view)
{
    if (!registry_reader_leases(reader, on_lease, view))
        return fail(program, away);
    if (view->has_failed)
        return fail(program, err_name(ERR_NO_MEMORY));
    if (view->shard_count > 0)
        qsort(view->shards, view->shard_count, sizeof(*view->shards), by_number);
    for (size_t i = 0; i < view->shard_count; i++) {
        struct view_shard *shard = &view->shards[i];
        struct problem problem;

        shard->has_counters = counter_page_read(&place->dir, shard->lease.owner.shard,
                                                &shard->counters, &problem) == ERR_OK;
    }
    return true;
}

/* Times are of the clock of the boot that the owner's lease names. */
static int64_t seconds_left(const struct view_shard *shard, struct mono_time time)
{
    char boot[BOOT_ID_MAX];
    int64_t now = system_mono_time().usec;

    boot_id_read(boot);
    if (shard != NULL && strcmp(shard->lease.boot, boot) != 0)
        now = (int64_t)system_wall_time().sec * USEC_PER_SEC - shard->lease.wall_offset_usec;
    return (time.usec - now) / USEC_PER_SEC;
}

static const struct view_shard *shard_of(const struct ownership_view *view,
                                         const struct owner *owner)
{
    for (size_t i = 0; i < view->shard_count; i++)
        if (owner_equal(&view->shards[i].lease.owner, owner))
            return &view->shards[i];
    return NULL;
}

static void add_allocation(struct ownership_view *view, const struct owner *owner,
                           const struct turn_record *record)
{
    const struct view_shard *shard = shard_of(view, owner);
    struct view_allocation *allocations =
        one_more(view->allocations, view->allocation_count, sizeof(*allocations));

    if (allocations == NULL) {
        view->has_failed = true;
        return;
    }
    view->allocations = allocations;
    allocations[view->allocation_count++] =
        (struct view_allocation){.owner = *owner,
                                 .is_live = shard != NULL && shard->is_live,
                                 .five_tuple = record->five_tuple,
                                 .record = record->allocation,
                                 .left_sec = seconds_left(shard, record->allocation.expires)};
}

/* What is beneath an allocation follows it. */
static void add_channel(struct ownership_view *view, const struct owner *owner,
                        const struct turn_record *record)
{
    struct view_allocation *allocation =
        view->allocation_count > 0 ? &view->allocations[view->allocation_count - 1] : NULL;

    if (allocation == NULL || !five_tuple_equal(&allocation->five_tuple, &record->five_tuple))
        return;
    struct view_channel *channels =
        one_more(allocation->channels, allocation->channel_count, sizeof(*channels));

    if (channels == NULL) {
        view->has_failed = true;
        return;
    }
    allocation->channels = channels;
    channels[allocation->channel_count++] = (struct view_channel){
        .number = record->channel.number,
        .peer = record->channel.peer,
        .left_sec = seconds_left(shard_of(view, owner), record->channel.bound_until)};
}

static void on_record(void *context, const struct owner *owner, const struct turn_record *record)
{
    struct ownership_view *view = context;

    if (record == NULL)
        view->unreadable++;
    else if (record->kind == TURN_RECORD_ALLOCATION)
        add_allocation(view, owner, record);
    else if (record->kind == TURN_RECORD_CHANNEL)
        add_channel(view, owner, record);
}

static int by_shard_and_port(const void *a, const void *b)
{
    const struct view_allocation *first = a, *second = b;

    if (first->owner.shard != second->owner.shard)
        return first->owner.shard < second->owner.shard ? -1 : 1;
    return (int)first->record.port - (int)second->record.port;
}

static bool end(const char *program, struct ownership_view *view)
{
    if (view->has_failed)
        return fail(program, err_name(ERR_NO_MEMORY));
    if (view->allocation_count > 0)
        qsort(view->allocations, view->allocation_count, sizeof(*view->allocations),
              by_shard_and_port);
    if (view->unreadable > 0)
        fprintf(stderr, "%s: %llu records cannot be read\n", program,
                (unsigned long long)view->unreadable);
    return true;
}

bool view_read_allocations(const struct relay_place *place, struct registry_reader *reader,
                           const char *program, struct ownership_view *view)
{
    if (!view_read_shards(place, reader, program, view))
        return false;
    for (size_t i = 0; i < view->shard_count; i++)
        if (!registry_reader_list(reader, &view->shards[i].lease.owner, on_record, view))
            return fail(program, away);
    return end(program, view);
}

bool view_read_port(const struct relay_place *place, struct registry_reader *reader,
                    const char *program, uint16_t port, struct ownership_view *view)
{
    bool is_found;

    if (!view_read_shards(place, reader, program, view))
        return false;
    if (!registry_reader_find_port(reader, port, on_record, view, &is_found))
        return fail(program, away);
    return end(program, view);
}

void view_free(struct ownership_view *view)
{
    for (size_t i = 0; i < view->allocation_count; i++)
        free(view->allocations[i].channels);
    free(view->allocations);
    free(view->shards);
    *view = (struct ownership_view){0};
}

const char *view_families(uint8_t families)
{
    static const char *const texts[] = {"none", "ipv4", "ipv6", "ipv4+ipv6"};

    return texts[families & (FAMILY_SET_V4 | FAMILY_SET_V6)];
}

const char *view_username(const struct turn_allocation_record *record,
                          char text[static RECORD_USER_MAX])
{
    (void)record_user_write((struct bytes){.data = record->username, .len = record->username_len},
                            text);
    return text;
}
