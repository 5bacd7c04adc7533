/* test_pool.c — objects by index: each once, warm ones first, stable places. */
#include "unit.h"

#include "pool.h"

#include <string.h>

static void gives_each_object_once(void **state)
{
    (void)state;
    struct pool pool;
    assert_int_equal(pool_init(&pool, 24, 3), ERR_OK);
    void *items[3];
    for (size_t i = 0; i < 3; i++) {
        items[i] = pool_take(&pool);
        assert_non_null(items[i]);
        static const uint8_t zeros[24] = {0};
        assert_memory_equal(items[i], zeros, 24); /* the first time */
        memset(items[i], 0xA0 + (int)i, 24);
        assert_int_equal(pool_in_use(&pool), i + 1);
    }
    assert_null(pool_take(&pool));
    for (size_t i = 0; i < 3; i++) {
        assert_ptr_equal(pool_at(&pool, pool_index_of(&pool, items[i])), items[i]);
        assert_true(pool_index_of(&pool, items[i]) < 3);
        assert_int_equal(((uint8_t *)items[i])[23], 0xA0 + i); /* nobody wrote over it */
    }
    assert_null(pool_at(&pool, 3));
    assert_null(pool_at(&pool, UINT32_MAX));
    pool_deinit(&pool);
}

static void gives_the_last_freed_first(void **state)
{
    (void)state;
    struct pool pool;
    assert_int_equal(pool_init(&pool, 64, 4), ERR_OK);
    uint8_t *a = pool_take(&pool), *b = pool_take(&pool);
    assert_non_null(a);
    assert_non_null(b);
    a[0] = 7;
    pool_give(&pool, b);
    pool_give(&pool, a);
    assert_int_equal(pool_in_use(&pool), 0);
    assert_ptr_equal(pool_take(&pool), a);
    assert_int_equal(a[0], 7); /* what its last user left */
    assert_ptr_equal(pool_take(&pool), b);
    assert_null(pool_at(&pool, 2)); /* never given out */
    pool_deinit(&pool);
}

static void zeroed_pool_can_be_freed(void **state)
{
    (void)state;
    struct pool pool = {0};
    pool_deinit(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_each_object_once),
        cmocka_unit_test(gives_the_last_freed_first),
        cmocka_unit_test(zeroed_pool_can_be_freed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
