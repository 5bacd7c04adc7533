/* hash_index.c — an intrusive hash table that grows one bucket at a time. */
#include "hash_index.h"

#include <assert.h>
#include <stdlib.h>

enum err hash_index_init(struct hash_index *index, size_t capacity)
{
    assert(capacity >= 1);
    size_t heads_max = 1;
    while (heads_max < capacity) {
        if (heads_max > SIZE_MAX / 2 / sizeof *index->heads)
            return ERR_NO_MEMORY;
        heads_max *= 2;
    }
    /* calloc, not malloc and memset: the pages of a large array stay untouched. */
    struct hash_link **heads = calloc(heads_max, sizeof *heads);
    if (!heads)
        return ERR_NO_MEMORY;
    *index = (struct hash_index){.heads = heads, .heads_max = heads_max, .used = 1};
    return ERR_OK;
}

void hash_index_deinit(struct hash_index *index)
{
    free(index->heads);
    *index = (struct hash_index){0};
}

/* A bucket that is not in use yet still lives in the one it will be split from. */
static struct hash_link **head_of(const struct hash_index *index, uint64_t hash)
{
    size_t bucket = (size_t)hash & index->mask;
    if (bucket >= index->used)
        bucket &= index->mask >> 1;
    return &index->heads[bucket];
}

/* Opens the next bucket and moves into it what belongs there. */
static void split(struct hash_index *index)
{
    size_t opened = index->used;
    if (opened > index->mask)
        index->mask = index->mask * 2 + 1;
    struct hash_link **from = &index->heads[opened & index->mask >> 1];
    struct hash_link **to = &index->heads[opened];
    index->used++;
    while (*from) {
        struct hash_link *link = *from;
        if (((size_t)link->hash & index->mask) == opened) {
            *from = link->next;
            link->next = *to;
            *to = link;
        } else {
            from = &link->next;
        }
    }
}

void hash_index_insert(struct hash_index *index, struct hash_link *link, uint64_t hash)
{
    struct hash_link **head = head_of(index, hash);
    *link = (struct hash_link){.next = *head, .hash = hash};
    *head = link;
    index->count++;
    if (index->count > index->used && index->used < index->heads_max)
        split(index);
}

void hash_index_remove(struct hash_index *index, struct hash_link *link)
{
    struct hash_link **at = head_of(index, link->hash);
    while (*at != link) {
        assert(*at);
        at = &(*at)->next;
    }
    *at = link->next;
    link->next = NULL;
    index->count--;
}

static struct hash_link *skip_to(struct hash_link *link, uint64_t hash)
{
    while (link && link->hash != hash)
        link = link->next;
    return link;
}

struct hash_link *hash_index_first(const struct hash_index *index, uint64_t hash)
{
    return skip_to(*head_of(index, hash), hash);
}

struct hash_link *hash_index_next(const struct hash_link *link)
{
    return skip_to(link->next, link->hash);
}
