/* shard_pages.c — the counter pages of all shards of a host, read at one time. */
#include "shard_pages.h"

#include "system_clock.h"
#include "text_parse.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PREFIX "shard-"
#define SUFFIX ".counters"

/* The shard whose page the file |name| is. */
static bool read_name(const char *name, uint32_t *ret)
{
    size_t len = strlen(name), around = strlen(PREFIX) + strlen(SUFFIX);
    uint64_t number;

    if (len <= around || strncmp(name, PREFIX, strlen(PREFIX)) != 0 ||
        strcmp(name + len - strlen(SUFFIX), SUFFIX) != 0 ||
        text_parse_u64(name + strlen(PREFIX), len - around, 0, DEPLOYMENT_SHARDS_MAX - 1,
                       &number) != ERR_OK)
        return false;
    *ret = (uint32_t)number;
    return true;
}

static enum err add(const struct relay_place *place, uint32_t shard, bool only_live,
                    struct shard_pages *pages)
{
    struct shard_page *all = reallocarray(pages->pages, pages->count + 1, sizeof(*all));

    if (all == NULL)
        return ERR_NO_MEMORY;
    pages->pages = all;
    struct shard_page *page = &all[pages->count];

    *page = (struct shard_page){.shard = shard};
    page->err = counter_page_read(&place->dir, shard, &page->snapshot, &page->problem);
    if (!only_live || (page->err == ERR_OK && page->snapshot.is_live))
        pages->count++;
    return ERR_OK;
}

/* Those beyond the shards that are expected: of another number of shards, and not yet ended. */
static enum err add_others(const struct relay_place *place, DIR *listing, struct shard_pages *pages)
{
    const struct dirent *entry;
    enum err err = ERR_OK;
    uint32_t shard;

    while (err == ERR_OK && (entry = readdir(listing)) != NULL)
        if (read_name(entry->d_name, &shard) && shard >= pages->expected)
            err = add(place, shard, true, pages);
    return err;
}

static int by_number(const void *a, const void *b)
{
    uint32_t first = ((const struct shard_page *)a)->shard;
    uint32_t second = ((const struct shard_page *)b)->shard;

    return (first > second) - (first < second);
}

/* Of a relay that has not written what it runs with: its shards know how many they are. */
static uint32_t guess_expected(const struct relay_place *place, DIR *listing)
{
    struct counter_snapshot snapshot;
    const struct dirent *entry;
    struct problem unused;
    uint32_t shard, most = 0;

    while ((entry = readdir(listing)) != NULL)
        if (read_name(entry->d_name, &shard) &&
            counter_page_read(&place->dir, shard, &snapshot, &unused) == ERR_OK &&
            snapshot.is_live && snapshot.page.shards > most)
            most = snapshot.page.shards;
    rewinddir(listing);
    return most < DEPLOYMENT_SHARDS_MAX ? most : DEPLOYMENT_SHARDS_MAX;
}

static enum err read_all(const struct relay_place *place, DIR *listing, struct shard_pages *pages)
{
    enum err err = ERR_OK;

    pages->expected =
        place->is_recorded ? place->deployment.shards : guess_expected(place, listing);
    for (uint32_t k = 0; err == ERR_OK && k < pages->expected; k++)
        err = add(place, k, false, pages);
    if (err == ERR_OK)
        err = add_others(place, listing, pages);
    if (err == ERR_OK && pages->count > 0)
        qsort(pages->pages, pages->count, sizeof(*pages->pages), by_number);
    pages->now = system_mono_time();
    return err;
}

enum err shard_pages_read(const struct relay_place *place, struct shard_pages *ret,
                          struct problem *problem)
{
    /* A descriptor of its own: the listing has a position, and closes it. */
    int fd = openat(place->dir.fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *listing = fd >= 0 ? fdopendir(fd) : NULL;

    *ret = (struct shard_pages){.count = 0};
    if (listing == NULL) {
        problem_set(problem, "the state directory %s: %s", place->dir.path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return ERR_IO;
    }
    enum err err = read_all(place, listing, ret);

    (void)closedir(listing);
    if (err != ERR_OK) {
        problem_set(problem, "%s", err_name(err));
        shard_pages_free(ret);
    }
    return err;
}

void shard_pages_free(struct shard_pages *pages)
{
    free(pages->pages);
    *pages = (struct shard_pages){.count = 0};
}

const struct shard_page *shard_pages_find(const struct shard_pages *pages, uint32_t shard)
{
    for (size_t i = 0; i < pages->count; i++)
        if (pages->pages[i].shard == shard && pages->pages[i].err == ERR_OK)
            return &pages->pages[i];
    return NULL;
}

const char *shard_page_state(const struct shard_page *page, struct mono_time now)
{
    return counter_snapshot_state(page->err, &page->snapshot, now);
}
