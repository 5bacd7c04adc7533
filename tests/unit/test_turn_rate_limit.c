/* test_turn_rate_limit.c — tokens for each source prefix, in a table of fixed size. */
#include "unit.h"

#include "turn_rate_limit.h"

static const struct siphash_key key = {.k0 = 3, .k1 = 4};

static struct transport_addr source(const char *text)
{
    struct transport_addr a;
    assert_int_equal(transport_addr_parse(text, 9, &a), ERR_OK);
    return a;
}

static bool take(struct turn_rate_limit *limit, int64_t usec, const char *from)
{
    bool shared;
    struct transport_addr a = source(from);
    return turn_rate_limit_take(limit, &key, (struct mono_time){.usec = usec}, &a, &shared);
}

static unsigned take_many(struct turn_rate_limit *limit, int64_t usec, const char *from, unsigned n)
{
    unsigned taken = 0;
    for (unsigned i = 0; i < n; i++)
        taken += take(limit, usec, from);
    return taken;
}

static void burst_and_refill(void **state)
{
    (void)state;
    struct turn_rate_limit limit;
    assert_int_equal(turn_rate_limit_init(&limit, 100), ERR_OK);
    const int64_t start = 5 * USEC_PER_SEC;
    assert_int_equal(take_many(&limit, start, "8.8.8.8", 200), 100);
    assert_int_equal(take_many(&limit, start + 9999, "8.8.8.8", 5), 0);
    assert_int_equal(take_many(&limit, start + 10000, "8.8.8.8", 5), 1);
    assert_int_equal(take_many(&limit, start + 500000, "8.8.8.8", 200), 49);
    assert_int_equal(take_many(&limit, start + 60 * USEC_PER_SEC, "8.8.8.8", 200), 100);
    turn_rate_limit_deinit(&limit);
}

/* Asking often must not lose the fractions of a token in between. */
static void fractions_are_kept(void **state)
{
    (void)state;
    struct turn_rate_limit limit;
    assert_int_equal(turn_rate_limit_init(&limit, 3), ERR_OK);
    int64_t usec = 0;
    assert_int_equal(take_many(&limit, usec, "8.8.8.8", 10), 3);
    unsigned taken = 0;
    for (unsigned i = 0; i < 100000; i++) {
        usec += 100;
        taken += take(&limit, usec, "8.8.8.8");
    }
    assert_in_range(taken, 29, 30); /* 10 s at 3 a second */
    turn_rate_limit_deinit(&limit);
}

static void prefixes(void **state)
{
    (void)state;
    struct turn_rate_limit limit;
    assert_int_equal(turn_rate_limit_init(&limit, 1), ERR_OK);
    assert_true(take(&limit, 0, "8.8.8.1"));
    assert_false(take(&limit, 0, "8.8.8.2"));
    assert_false(take(&limit, 0, "8.8.8.2:77"));
    assert_true(take(&limit, 0, "8.8.9.1"));
    assert_true(take(&limit, 0, "[2600:0:0:100::1]:9"));
    assert_false(take(&limit, 0, "[2600:0:0:1ff::2]:9"));
    assert_true(take(&limit, 0, "[2600:0:0:200::1]:9"));
    turn_rate_limit_deinit(&limit);
}

static void loopback_and_no_limit(void **state)
{
    (void)state;
    struct turn_rate_limit limit;
    assert_int_equal(turn_rate_limit_init(&limit, 1), ERR_OK);
    assert_int_equal(take_many(&limit, 0, "127.0.0.1", 50), 50);
    assert_int_equal(take_many(&limit, 0, "127.255.0.1", 50), 50);
    assert_int_equal(take_many(&limit, 0, "[::1]:9", 50), 50);
    turn_rate_limit_deinit(&limit);
    assert_int_equal(turn_rate_limit_init(&limit, 0), ERR_OK);
    assert_int_equal(take_many(&limit, 0, "8.8.8.8", 50), 50);
    turn_rate_limit_deinit(&limit);
}

/* However many prefixes there are, none gets more than its rate. */
static void more_prefixes_than_buckets(void **state)
{
    (void)state;
    enum { PREFIXES = 20000, RATE = 2 };
    struct turn_rate_limit limit;
    assert_int_equal(turn_rate_limit_init(&limit, RATE), ERR_OK);
    static uint8_t taken[PREFIXES];
    unsigned collisions = 0, total = 0;
    for (unsigned round = 0; round < 4; round++) {
        for (unsigned i = 0; i < PREFIXES; i++) {
            const uint8_t ip[4] = {8, (uint8_t)(i >> 8), (uint8_t)i, 1};
            struct transport_addr from = transport_addr_v4(ip, 9);
            bool shared;
            if (turn_rate_limit_take(&limit, &key, (struct mono_time){0}, &from, &shared)) {
                taken[i]++;
                total++;
            }
            collisions += shared;
        }
    }
    for (unsigned i = 0; i < PREFIXES; i++)
        assert_true(taken[i] <= RATE);
    assert_true(total > 0 && collisions > 0);
    turn_rate_limit_deinit(&limit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(burst_and_refill),
        cmocka_unit_test(fractions_are_kept),
        cmocka_unit_test(prefixes),
        cmocka_unit_test(loopback_and_no_limit),
        cmocka_unit_test(more_prefixes_than_buckets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
