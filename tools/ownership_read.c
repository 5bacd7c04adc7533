/* ownership_read.c — finds out what the shards of a host own: from the registry, else from the
 * shards themselves. */
#include "ownership_read.h"

#include "control_client.h"
#include "port_slice.h"
#include "registry_reader.h"
#include "system_clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* The page of |shard|, or that there is none: also of one that is no more. */
static struct shard_page page_of(const struct relay_place *place, const struct shard_pages *pages,
                                 uint32_t shard)
{
    struct shard_page page = {.shard = shard, .err = ERR_NOT_FOUND};

    for (size_t i = 0; i < pages->count; i++)
        if (pages->pages[i].shard == shard)
            return pages->pages[i];
    if (place->is_here)
        page.err = counter_page_read(&place->dir, shard, &page.snapshot, &page.problem);
    return page;
}

struct lease_reading {
    const struct relay_place *place;
    struct ownership_view *view;
    const struct shard_pages *pages;
};

static void on_lease(void *context, const struct shard_lease *lease, bool is_live)
{
    const struct lease_reading *reading = context;
    const struct view_shard shard = {
        .lease = *lease,
        .has_lease = true,
        .is_live = is_live,
        .page = page_of(reading->place, reading->pages, lease->owner.shard)};

    view_add_shard(reading->view, &shard);
}

static void on_record(void *context, const struct owner *owner, const struct turn_record *record)
{
    view_add_record(context, owner, record);
}

static int by_number(const void *a, const void *b)
{
    uint32_t first = ((const struct view_shard *)a)->lease.owner.shard;
    uint32_t second = ((const struct view_shard *)b)->lease.owner.shard;

    return (first > second) - (first < second);
}

/* False when the registry does not answer all that is asked. */
static bool read_registry(const struct relay_place *place, struct registry_reader *reader,
                          const struct shard_pages *pages, enum ownership_part part, uint16_t port,
                          struct ownership_view *view)
{
    struct lease_reading reading = {.place = place, .view = view, .pages = pages};

    if (!registry_reader_leases(reader, on_lease, &reading))
        return false;
    if (view->shard_count > 0)
        qsort(view->shards, view->shard_count, sizeof(*view->shards), by_number);
    if (part == PART_PORT)
        return registry_reader_find_port(reader, port, on_record, view);
    for (size_t i = 0; part == PART_ALLOCATIONS && i < view->shard_count; i++)
        if (!registry_reader_list(reader, &view->shards[i].lease.owner, on_record, view))
            return false;
    return true;
}

/* What is recorded of a shard that hangs is what it was before. */
static void note_hanging(struct ownership_view *view)
{
    for (size_t i = 0; i < view->shard_count; i++) {
        const struct shard_page *page = &view->shards[i].page;

        if (page->err == ERR_OK && counter_snapshot_hangs(&page->snapshot, view->now))
            view_add_note(view,
                          "shard %" PRIu32 " hangs: its figures are %.1f s old, and what it owns "
                          "is what it had recorded",
                          page->shard,
                          (double)counter_page_age(&page->snapshot.page, view->now) / USEC_PER_SEC);
    }
}

/* No shard that moves gets an answer from the registry, or there is none to say. */
static bool none_has_registry(const struct shard_pages *pages)
{
    for (size_t i = 0; i < pages->count; i++) {
        const struct shard_page *page = &pages->pages[i];

        if (page->err == ERR_OK && page->snapshot.is_live &&
            !counter_snapshot_hangs(&page->snapshot, pages->now) &&
            shard_page_value(page, SHARD_COUNT_REGISTRY_AVAILABLE) != 0)
            return false;
    }
    return true;
}

/* ERR_UNAVAILABLE: then the view has the notes only that it had. */
static enum err try_registry(const struct relay_place *place, const struct shard_pages *pages,
                             enum ownership_part part, uint16_t port, struct ownership_view *view,
                             struct problem *problem)
{
    struct registry_reader *reader = NULL;
    enum err err = registry_reader_open(place, none_has_registry(pages), &reader, problem);

    if (err == ERR_OK && !read_registry(place, reader, pages, part, port, view)) {
        problem_set(problem, "the ownership registry does not answer");
        err = ERR_UNAVAILABLE;
    }
    registry_reader_close(reader);
    if (err == ERR_OK) {
        note_hanging(view);
    } else {
        view_forget_allocations(view);
        view->shard_count = 0;
    }
    return err;
}

struct port_filter {
    struct ownership_view *view;
    const struct owner *owner;
    uint16_t port;  /* 0: any */
    bool is_wanted; /* the allocation that came last */
};

static void on_answer(void *context, const struct control_answer *answer)
{
    struct port_filter *filter = context;

    if (answer->kind != CONTROL_ANSWER_RECORD)
        return;
    if (answer->record.kind == TURN_RECORD_ALLOCATION)
        filter->is_wanted = filter->port == 0 || answer->record.allocation.port == filter->port;
    if (filter->is_wanted)
        view_add_record(filter->view, filter->owner, &answer->record);
}

/* Has |shard| tell what it owns. False when it does not, with |problem|. */
static bool ask_shard(const struct relay_place *place, const struct view_shard *shard,
                      uint16_t port, struct ownership_view *view, struct problem *problem)
{
    static const struct control_request request = {.verb = CONTROL_RECORDS};
    struct port_filter filter = {.view = view, .owner = &shard->lease.owner, .port = port};
    const struct counter_snapshot *snapshot = &shard->page.snapshot;
    uint64_t count;

    if (shard->page.err != ERR_OK) {
        *problem = shard->page.problem;
        return false;
    }
    if (counter_snapshot_hangs(snapshot, view->now)) {
        problem_set(problem, "shard %" PRIu32 " hangs, since %.1f s", shard->page.shard,
                    (double)counter_page_age(&snapshot->page, view->now) / USEC_PER_SEC);
        return false;
    }
    return control_client_ask(&place->dir, shard->page.shard, &request, on_answer, &filter, &count,
                              problem) == ERR_OK;
}

/* A shard as its counters tell of it. */
static void add_shard(const struct relay_place *place, const struct shard_page *page,
                      struct ownership_view *view)
{
    const struct deployment *deployment = &place->deployment;
    struct view_shard shard = {.page = *page, .lease.owner.shard = page->shard};

    (void)snprintf(shard.lease.owner.host, sizeof(shard.lease.owner.host), "%s",
                   deployment->instance);
    if (page->shard < deployment->shards) {
        struct port_slice slice = port_slice_of(deployment->lowest_port, deployment->highest_port,
                                                deployment->shards, page->shard);

        shard.lease.lowest_port = slice.lowest;
        shard.lease.highest_port = slice.highest;
    }
    view_add_shard(view, &shard);
}

/* |why|: the registry is away. */
static enum err read_shards(const struct relay_place *place, const struct shard_pages *pages,
                            enum ownership_part part, uint16_t port, struct ownership_view *view,
                            struct problem *why)
{
    size_t answered = 0;

    view->source = VIEW_OF_SHARDS;
    for (size_t i = 0; i < pages->count; i++)
        add_shard(place, &pages->pages[i], view);
    view_add_note(view, "%s; these are the figures of the shards themselves", why->text);
    for (size_t i = 0; part != PART_SHARDS && i < view->shard_count; i++) {
        struct view_shard *shard = &view->shards[i];
        struct problem problem;

        shard->is_missing = !ask_shard(place, shard, port, view, &problem);
        answered += !shard->is_missing;
        view->is_incomplete |= shard->is_missing;
        if (shard->is_missing)
            view_add_note(view, "what shard %" PRIu32 " owns is missing, or a part of it: %s",
                          shard->page.shard, problem.text);
    }
    if (view->shard_count > 0 && (part == PART_SHARDS || answered > 0))
        return ERR_OK;
    /* |why| is printed, and has one line. */
    struct problem both = *why;

    problem_set(why, "%.*s, and no shard of this host answers", PROBLEM_TEXT_MAX - 64, both.text);
    return ERR_UNAVAILABLE;
}

enum err ownership_read(const struct relay_place *place, enum ownership_part part, uint16_t port,
                        struct ownership_view *view, struct problem *problem)
{
    struct shard_pages pages = {.now = system_mono_time()};
    enum err err = place->is_here ? shard_pages_read(place, &pages, problem) : ERR_OK;

    if (err != ERR_OK)
        return err;
    view->now = pages.now;
    err = try_registry(place, &pages, part, port, view, problem);
    if (err != ERR_OK && err != ERR_NO_MEMORY)
        err = read_shards(place, &pages, part, port, view, problem);
    shard_pages_free(&pages);
    if (view->has_failed) {
        problem_set(problem, "%s", err_name(ERR_NO_MEMORY));
        err = ERR_NO_MEMORY;
    }
    if (err != ERR_OK) {
        view_free(view);
        return err;
    }
    view_sort_allocations(view);
    if (view->unreadable > 0)
        view_add_note(view, "%" PRIu64 " records cannot be read", view->unreadable);
    return ERR_OK;
}
