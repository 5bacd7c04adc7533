/* test_ownership_redis_seen.c — tests of ownership_redis_seen.h. */
#include "ownership_redis_seen.h"

#include <stdio.h>

#include "unit.h"

static void each_text_is_new_once(void **state)
{
    struct redis_seen seen;
    char text[32];

    (void)state;
    redis_seen_init(&seen);
    for (unsigned round = 0; round < 2; round++)
        for (unsigned i = 0; i < 5000; i++) {
            (void)snprintf(text, sizeof(text), "192.0.2.1:%u", i);
            assert_int_equal(redis_seen_add(&seen, bytes_of_text(text)),
                             round == 0 ? ERR_OK : ERR_EXISTS);
        }
    assert_int_equal(seen.count, 5000);
    redis_seen_free(&seen);
    assert_int_equal(seen.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_text_is_new_once)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
