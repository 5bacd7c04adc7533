/* ownership_view.c — the shards, allocations and channels of a host, gathered. */
#include "ownership_view.h"

#include "system_clock.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Room for one more element behind |count|; NULL without memory, and |array| stays. */
static void *one_more(struct ownership_view *view, void *array, size_t count, size_t size)
{
    void *larger = array;

    /* At powers of two. */
    if ((count & (count - 1)) == 0)
        larger = reallocarray(array, count == 0 ? 1 : 2 * count, size);
    view->has_failed |= larger == NULL;
    return larger;
}

void view_add_shard(struct ownership_view *view, const struct view_shard *shard)
{
    struct view_shard *shards = one_more(view, view->shards, view->shard_count, sizeof(*shards));

    if (shards == NULL)
        return;
    view->shards = shards;
    shards[view->shard_count++] = *shard;
}

void view_add_note(struct ownership_view *view, const char *format, ...)
{
    struct problem *notes = one_more(view, view->notes, view->note_count, sizeof(*notes));
    va_list args;

    if (notes == NULL)
        return;
    view->notes = notes;
    va_start(args, format);
    if (vsnprintf(notes[view->note_count].text, sizeof(notes->text), format, args) >= 0)
        view->note_count++;
    va_end(args);
}

const struct view_shard *view_shard_of(const struct ownership_view *view, const struct owner *owner)
{
    for (size_t i = 0; i < view->shard_count; i++)
        if (owner_equal(&view->shards[i].lease.owner, owner))
            return &view->shards[i];
    return NULL;
}

/* |a| - |b|, as far as it goes. */
static int64_t difference(int64_t a, int64_t b)
{
    int64_t ret;

    return __builtin_sub_overflow(a, b, &ret) ? (a < b ? INT64_MIN : INT64_MAX) : ret;
}

/* Times are of the clock of the boot that the owner's lease names. Whatever a registry holds. */
static int64_t seconds_left(struct ownership_view *view, const struct owner *owner,
                            struct mono_time time)
{
    const struct view_shard *shard = view_shard_of(view, owner);
    int64_t now = system_mono_time().usec;

    if (view->boot[0] == '\0')
        boot_id_read(view->boot);
    if (shard != NULL && shard->has_lease && strcmp(shard->lease.boot, view->boot) != 0)
        now = difference((int64_t)system_wall_time().sec * USEC_PER_SEC,
                         shard->lease.wall_offset_usec);
    return difference(time.usec, now) / USEC_PER_SEC;
}

static void add_allocation(struct ownership_view *view, const struct owner *owner,
                           const struct turn_record *record)
{
    struct view_allocation *allocations =
        one_more(view, view->allocations, view->allocation_count, sizeof(*allocations));

    if (allocations == NULL)
        return;
    view->allocations = allocations;
    allocations[view->allocation_count++] =
        (struct view_allocation){.owner = *owner,
                                 .five_tuple = record->five_tuple,
                                 .record = record->allocation,
                                 .left_sec = seconds_left(view, owner, record->allocation.expires)};
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
        one_more(view, allocation->channels, allocation->channel_count, sizeof(*channels));

    if (channels == NULL)
        return;
    allocation->channels = channels;
    channels[allocation->channel_count++] =
        (struct view_channel){.number = record->channel.number,
                              .peer = record->channel.peer,
                              .left_sec = seconds_left(view, owner, record->channel.bound_until)};
}

void view_add_record(struct ownership_view *view, const struct owner *owner,
                     const struct turn_record *record)
{
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

void view_sort_allocations(struct ownership_view *view)
{
    if (view->allocation_count > 0)
        qsort(view->allocations, view->allocation_count, sizeof(*view->allocations),
              by_shard_and_port);
}

void view_forget_allocations(struct ownership_view *view)
{
    for (size_t i = 0; i < view->allocation_count; i++)
        free(view->allocations[i].channels);
    free(view->allocations);
    view->allocations = NULL;
    view->allocation_count = 0;
    view->unreadable = 0;
}

void view_keep_client(struct ownership_view *view, const struct transport_addr *client)
{
    size_t kept = 0;

    for (size_t i = 0; i < view->allocation_count; i++) {
        const struct transport_addr *found = &view->allocations[i].five_tuple.client;

        if (transport_addr_same_ip(found, client) &&
            (client->port == 0 || found->port == client->port))
            view->allocations[kept++] = view->allocations[i];
        else
            free(view->allocations[i].channels);
    }
    view->allocation_count = kept;
}

void view_free(struct ownership_view *view)
{
    view_forget_allocations(view);
    free(view->shards);
    free(view->notes);
    *view = (struct ownership_view){0};
}

const char *view_shard_state(const struct ownership_view *view, const struct view_shard *shard)
{
    if (shard->page.err == ERR_NOT_FOUND && shard->has_lease)
        return shard_state_name(shard->lease.state);
    return shard_page_state(&shard->page, view->now);
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
