/* test_random_pool.c — tests of random_pool.h. */
#include "random_pool.h"

#include <string.h>

#include "unit.h"

static void requests_of_any_size_are_filled(void **state)
{
    (void)state;
    static const size_t lens[] = {0, 1, 255, 256, 257, 1000};
    struct random_pool pool = {.left = 0};

    for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
        uint8_t out[1001];

        memset(out, 0, sizeof(out));
        random_pool_fill(&pool, out, lens[i]);
        assert_int_equal(out[lens[i]], 0);
        /* 16 bytes that stay zero happen once in 2^128 times. */
        for (size_t at = 0; at + 16 <= lens[i]; at += 16)
            assert_memory_not_equal(out + at, (uint8_t[16]){0}, 16);
    }
}

static void bytes_are_given_once_and_wiped(void **state)
{
    (void)state;
    struct random_pool pool = {.left = 0};
    uint8_t first[32], second[32];

    random_pool_fill(&pool, first, sizeof(first));
    assert_int_equal(pool.left, RANDOM_POOL_LEN - 32);
    assert_memory_equal(pool.bytes, (uint8_t[32]){0}, 32);
    memcpy(second, pool.bytes + 32, sizeof(second));
    random_pool_fill(&pool, first, sizeof(first));
    assert_memory_equal(first, second, sizeof(first));
    assert_memory_equal(pool.bytes + 32, (uint8_t[32]){0}, 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_of_any_size_are_filled),
        cmocka_unit_test(bytes_are_given_once_and_wiped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
