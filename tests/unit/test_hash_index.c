/* test_hash_index.c — tests of hash_index.h. */
#include "hash_index.h"

#include "unit.h"

#include <stdbool.h>
#include <stdlib.h>

enum { ENTRIES = 300, STEPS = 10000, MILLION = 1000000 };
#define SEED UINT64_C(20240602)

static size_t bucket_of(const struct hash_index *index, uint64_t hash)
{
    /* By the definition of linear hashing, from the number of buckets alone. */
    size_t level = 1;
    while (level * 2 <= index->used)
        level *= 2;
    size_t bucket = (size_t)(hash % (2 * level));
    return bucket < index->used ? bucket : (size_t)(hash % level);
}

/* Every entry is in its bucket, none elsewhere; returns the longest chain. */
static size_t check_invariants(const struct hash_index *index)
{
    assert_true(index->used >= 1 && index->used <= index->heads_max);
    assert_true(index->used >= index->count || index->used == index->heads_max);
    size_t count = 0;
    size_t longest = 0;
    for (size_t bucket = 0; bucket < index->used; bucket++) {
        size_t length = 0;
        for (const struct hash_link *link = index->heads[bucket]; link; link = link->next) {
            assert_int_equal(bucket_of(index, link->hash), bucket);
            assert_true(++length <= index->count);
        }
        count += length;
        longest = length > longest ? length : longest;
    }
    assert_int_equal(count, index->count);
    return longest;
}

/* The model: each entry of the array says whether it is in. */
struct model {
    struct hash_link links[ENTRIES];
    bool is_in[ENTRIES];
};

static void check_lookup(const struct hash_index *index, const struct model *model, uint64_t hash)
{
    size_t expected = 0;
    for (size_t i = 0; i < ENTRIES; i++)
        expected += model->is_in[i] && model->links[i].hash == hash;
    size_t found = 0;
    for (const struct hash_link *link = hash_index_first(index, hash); link;
         link = hash_index_next(link)) {
        assert_true(link->hash == hash);
        assert_true(model->is_in[link - model->links]);
        found++;
    }
    assert_int_equal(found, expected);
}

static void run_random_operations(size_t capacity, uint64_t hashes)
{
    uint64_t seed = SEED;
    struct hash_index index = {0};
    assert_int_equal(hash_index_init(&index, capacity), ERR_OK);
    assert_true(index.heads_max >= capacity);
    struct model model = {.is_in = {false}};
    for (size_t step = 0; step < STEPS; step++) {
        size_t i = random_below(&seed, ENTRIES);
        /* Spread over all 64 bits, with as many different values as wanted. */
        uint64_t hash = random_below(&seed, hashes) * UINT64_C(0x9E3779B97F4A7C15);
        if (model.is_in[i])
            hash_index_remove(&index, &model.links[i]);
        else
            hash_index_insert(&index, &model.links[i], hash);
        model.is_in[i] = !model.is_in[i];
        check_invariants(&index);
        check_lookup(&index, &model, hash);
        check_lookup(&index, &model, model.links[i].hash);
    }
    hash_index_deinit(&index);
}

static void random_operations(void **state)
{
    (void)state;
    print_message("seed %llu\n", (unsigned long long)SEED);
    run_random_operations(ENTRIES, UINT64_MAX);
    run_random_operations(ENTRIES, 40);    /* many entries of one hash */
    run_random_operations(10, UINT64_MAX); /* more entries than buckets */
    run_random_operations(1, UINT64_MAX);
}

static void grows_one_bucket_with_each_entry(void **state)
{
    (void)state;
    struct hash_index index = {0};
    assert_int_equal(hash_index_init(&index, 100), ERR_OK);
    assert_int_equal(index.heads_max, 128);
    struct hash_link links[200] = {0};
    for (size_t i = 0; i < 200; i++) {
        hash_index_insert(&index, &links[i], i);
        assert_int_equal(index.used, i < 128 ? i + 1 : 128);
    }
    for (size_t i = 0; i < 200; i++)
        hash_index_remove(&index, &links[i]);
    assert_int_equal(index.count, 0);
    assert_int_equal(index.used, 128); /* growth only */
    hash_index_deinit(&index);
}

static void a_million_entries_stay_about_one_to_a_bucket(void **state)
{
    (void)state;
    uint64_t seed = SEED;
    struct hash_index index = {0};
    assert_int_equal(hash_index_init(&index, MILLION), ERR_OK);
    struct hash_link *links = calloc(MILLION, sizeof *links);
    assert_non_null(links);
    for (size_t i = 0; i < MILLION; i++)
        hash_index_insert(&index, &links[i], random_next(&seed));
    assert_int_equal(index.count, MILLION);
    assert_int_equal(index.used, MILLION);
    assert_in_range(check_invariants(&index), 1, 16);
    for (size_t i = 0; i < MILLION; i++)
        assert_ptr_equal(hash_index_first(&index, links[i].hash), &links[i]);
    free(links);
    hash_index_deinit(&index);
}

static void too_large_an_index_is_refused(void **state)
{
    (void)state;
    struct hash_index index = {0};
    assert_int_equal(hash_index_init(&index, SIZE_MAX), ERR_NO_MEMORY);
    assert_int_equal(hash_index_init(&index, SIZE_MAX / 2 + 1), ERR_NO_MEMORY);
    assert_null(index.heads);
    hash_index_deinit(&index);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_operations),
        cmocka_unit_test(grows_one_bucket_with_each_entry),
        cmocka_unit_test(a_million_entries_stay_about_one_to_a_bucket),
        cmocka_unit_test(too_large_an_index_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
