/* test_owner_cache.c — tests of owner_cache.h. */
#include "owner_cache.h"

#include "unit.h"

static const struct siphash_key key = {.k0 = 1, .k1 = 2};

/* The |number|th five-tuple. */
static struct five_tuple tuple(uint32_t number)
{
    const uint8_t client[4] = {10, (uint8_t)(number >> 16), (uint8_t)(number >> 8),
                               (uint8_t)number};
    const uint8_t server[4] = {192, 0, 2, 1};

    return (struct five_tuple){.client = transport_addr_v4(client, 5000),
                               .server = transport_addr_v4(server, 3478)};
}

static struct mono_time at_msec(int64_t msec)
{
    return (struct mono_time){.usec = msec * 1000};
}

static struct tuple_owner find(struct owner_cache *cache, uint32_t number, struct mono_time now,
                               bool *ret_is_doubtful)
{
    const struct five_tuple five_tuple = tuple(number);

    return owner_cache_find(cache, five_tuple_hash(&key, &five_tuple), &five_tuple, now,
                            ret_is_doubtful);
}

static enum owned_by found_by(struct owner_cache *cache, uint32_t number, struct mono_time now)
{
    bool is_doubtful;

    return find(cache, number, now, &is_doubtful).by;
}

static void learn(struct owner_cache *cache, uint32_t number, struct mono_time now,
                  enum owned_by by, uint32_t shard)
{
    const struct five_tuple five_tuple = tuple(number);

    owner_cache_learn(cache, five_tuple_hash(&key, &five_tuple), &five_tuple, now,
                      (struct tuple_owner){.by = by, .shard = shard});
}

static struct owner_cache make_cache(uint32_t capacity)
{
    struct owner_cache cache;

    assert_int_equal(owner_cache_init(&cache, capacity), ERR_OK);
    return cache;
}

static void an_owner_is_known_until_replaced(void **state)
{
    (void)state;
    struct owner_cache cache = make_cache(8);
    bool is_doubtful = true;

    assert_int_equal(found_by(&cache, 1, at_msec(0)), OWNED_BY_UNKNOWN);
    learn(&cache, 1, at_msec(0), OWNED_BY_SHARD, 3);
    struct tuple_owner owner = find(&cache, 1, at_msec(0), &is_doubtful);

    assert_int_equal(owner.by, OWNED_BY_SHARD);
    assert_int_equal(owner.shard, 3);
    assert_false(is_doubtful);
    assert_int_equal(found_by(&cache, 2, at_msec(0)), OWNED_BY_UNKNOWN);

    learn(&cache, 1, at_msec(1), OWNED_BY_SHARD, 0);
    assert_int_equal(find(&cache, 1, at_msec(1), &is_doubtful).shard, 0);
    learn(&cache, 1, at_msec(2), OWNED_BY_NOBODY, 0);
    assert_int_equal(found_by(&cache, 1, at_msec(2)), OWNED_BY_NOBODY);
    learn(&cache, 1, at_msec(3), OWNED_BY_SHARD, 2);
    assert_int_equal(found_by(&cache, 1, at_msec(3)), OWNED_BY_SHARD);
    owner_cache_deinit(&cache);
}

static void an_owner_becomes_doubtful_and_stays_known(void **state)
{
    (void)state;
    struct owner_cache cache = make_cache(8);
    bool is_doubtful = false;

    learn(&cache, 1, at_msec(0), OWNED_BY_SHARD, 3);
    (void)find(&cache, 1, at_msec(OWNER_BELIEVED_SEC * 1000 - 1), &is_doubtful);
    assert_false(is_doubtful);
    assert_int_equal(find(&cache, 1, at_msec(OWNER_BELIEVED_SEC * 1000), &is_doubtful).shard, 3);
    assert_true(is_doubtful);
    /* Nobody could say: it is asked again, but not at once. */
    learn(&cache, 1, at_msec(6000), OWNED_BY_UNKNOWN, 0);
    assert_int_equal(find(&cache, 1, at_msec(6000), &is_doubtful).shard, 3);
    assert_false(is_doubtful);
    learn(&cache, 2, at_msec(6000), OWNED_BY_UNKNOWN, 0);
    assert_int_equal(found_by(&cache, 2, at_msec(6000)), OWNED_BY_UNKNOWN);
    owner_cache_deinit(&cache);
}

static void a_miss_is_remembered_for_a_moment(void **state)
{
    (void)state;
    struct owner_cache cache = make_cache(8);

    learn(&cache, 1, at_msec(0), OWNED_BY_NOBODY, 0);
    learn(&cache, 2, at_msec(0), OWNED_BY_OTHER_HOST, 0);
    assert_int_equal(found_by(&cache, 1, at_msec(999)), OWNED_BY_NOBODY);
    assert_int_equal(found_by(&cache, 2, at_msec(999)), OWNED_BY_OTHER_HOST);
    assert_int_equal(found_by(&cache, 1, at_msec(1000)), OWNED_BY_UNKNOWN);
    assert_int_equal(found_by(&cache, 2, at_msec(1000)), OWNED_BY_UNKNOWN);
    owner_cache_deinit(&cache);
}

static void forgetting_forgets_both(void **state)
{
    (void)state;
    struct owner_cache cache = make_cache(8);
    const struct five_tuple first = tuple(1), second = tuple(2);

    learn(&cache, 1, at_msec(0), OWNED_BY_SHARD, 3);
    learn(&cache, 2, at_msec(0), OWNED_BY_NOBODY, 0);
    owner_cache_forget(&cache, five_tuple_hash(&key, &first), &first);
    owner_cache_forget(&cache, five_tuple_hash(&key, &second), &second);
    owner_cache_forget(&cache, five_tuple_hash(&key, &second), &second);
    assert_int_equal(found_by(&cache, 1, at_msec(0)), OWNED_BY_UNKNOWN);
    assert_int_equal(found_by(&cache, 2, at_msec(0)), OWNED_BY_UNKNOWN);
    owner_cache_deinit(&cache);
}

static void misses_crowd_out_no_owner(void **state)
{
    (void)state;
    struct owner_cache cache = make_cache(64);

    for (uint32_t i = 0; i < 64; i++)
        learn(&cache, i, at_msec(0), OWNED_BY_SHARD, i % 4);
    for (uint32_t i = 0; i < 100000; i++)
        learn(&cache, 1000 + i, at_msec(1), OWNED_BY_NOBODY, 0);
    for (uint32_t i = 0; i < 64; i++)
        assert_int_equal(found_by(&cache, i, at_msec(2)), OWNED_BY_SHARD);
    owner_cache_deinit(&cache);
}

static void what_is_used_outlives_what_is_not(void **state)
{
    (void)state;
    struct owner_cache cache = make_cache(64);
    unsigned used_left = 0;

    for (uint32_t i = 0; i < 64; i++)
        learn(&cache, i, at_msec(0), OWNED_BY_SHARD, 1);
    /* Eight are used all the time while two hundred others come once. */
    for (uint32_t i = 0; i < 200; i++) {
        for (uint32_t used = 0; used < 8; used++)
            (void)found_by(&cache, used * 8, at_msec(0));
        learn(&cache, 1000 + i, at_msec(0), OWNED_BY_SHARD, 2);
    }
    for (uint32_t used = 0; used < 8; used++)
        used_left += found_by(&cache, used * 8, at_msec(0)) == OWNED_BY_SHARD;
    assert_int_equal(used_left, 8);
    assert_int_equal(found_by(&cache, 1000 + 199, at_msec(0)), OWNED_BY_SHARD);
    assert_int_equal(cache.index.count, 64);
    owner_cache_deinit(&cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_owner_is_known_until_replaced),
        cmocka_unit_test(an_owner_becomes_doubtful_and_stays_known),
        cmocka_unit_test(a_miss_is_remembered_for_a_moment),
        cmocka_unit_test(forgetting_forgets_both),
        cmocka_unit_test(misses_crowd_out_no_owner),
        cmocka_unit_test(what_is_used_outlives_what_is_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
