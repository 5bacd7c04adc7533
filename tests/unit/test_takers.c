/* test_takers.c — tests of takers.h: every five-tuple has its shard, and keeps it. */
#include "takers.h"

#include "server_setup.h"

#include <stdio.h>

#include "unit.h"

enum { SHARDS = 8, TUPLES = 4000, SELF = 2 };

static enum shard_process_state states[SHARDS];
static unsigned looks;

static enum shard_process_state process_of(void *context, uint32_t shard)
{
    assert_ptr_equal(context, states);
    assert_in_range(shard, 0, SHARDS - 1);
    looks++;
    return states[shard];
}

static struct takers make(uint32_t self)
{
    for (uint32_t i = 0; i < SHARDS; i++)
        states[i] = i == self ? SHARD_PROCESS_DRAINING : SHARD_PROCESS_SERVING;
    looks = 0;
    return (struct takers){
        .self = self, .shards = SHARDS, .process = process_of, .context = states};
}

static struct five_tuple tuple(unsigned number)
{
    struct five_tuple five_tuple = {.client = test_addr("198.51.100.1:1"),
                                    .server = test_addr("203.0.113.9:3478")};

    five_tuple.client.port = (uint16_t)(number + 1);
    return five_tuple;
}

static const struct mono_time start = {.usec = 1000 * USEC_PER_SEC};

static uint32_t choose(struct takers *takers, struct mono_time now, unsigned number)
{
    const struct five_tuple five_tuple = tuple(number);
    uint32_t shard = UINT32_MAX;

    assert_true(takers_choose(takers, now, &five_tuple, &shard));
    return shard;
}

static void everybody_else_gets_a_share(void **state)
{
    struct takers takers = make(SELF);
    unsigned shares[SHARDS] = {0};

    (void)state;
    for (unsigned i = 0; i < TUPLES; i++)
        shares[choose(&takers, start, i)]++;
    for (uint32_t i = 0; i < SHARDS; i++) {
        if (i == SELF)
            assert_int_equal(shares[i], 0);
        else
            assert_in_range(shares[i], TUPLES / SHARDS / 2, TUPLES / SHARDS * 2);
    }
}

static void whoever_asks(void **state)
{
    struct takers takers = make(SELF), again = takers, other = make(3);

    (void)state;
    states[SELF] = states[3] = SHARD_PROCESS_DRAINING;
    for (unsigned i = 0; i < TUPLES; i++) {
        uint32_t shard = choose(&takers, start, i);

        assert_int_equal(choose(&again, start, i), shard);
        assert_int_equal(choose(&other, start, i), shard);
    }
}

static void only_what_was_with_who_went_goes_elsewhere(void **state)
{
    struct takers takers = make(SELF);
    static uint32_t before[TUPLES];
    const struct mono_time later = mono_time_add_usec(start, TAKERS_LOOK_MSEC * INT64_C(1000));

    (void)state;
    for (unsigned i = 0; i < TUPLES; i++)
        before[i] = choose(&takers, start, i);
    states[5] = SHARD_PROCESS_NONE;
    for (unsigned i = 0; i < TUPLES; i++) {
        uint32_t shard = choose(&takers, later, i);

        assert_true(before[i] == 5 ? shard != 5 : shard == before[i]);
    }
}

static void only_who_serves_takes(void **state)
{
    static const enum shard_process_state others[] = {
        SHARD_PROCESS_NONE, SHARD_PROCESS_STARTING, SHARD_PROCESS_DRAINING, SHARD_PROCESS_HANGING};
    const struct five_tuple five_tuple = tuple(0);
    uint32_t shard;

    (void)state;
    for (size_t k = 0; k < sizeof(others) / sizeof(others[0]); k++) {
        struct takers takers = make(SELF);

        for (uint32_t i = 0; i < SHARDS; i++)
            states[i] = others[k];
        assert_false(takers_choose(&takers, start, &five_tuple, &shard));
        assert_false(takers_has(&takers, start, 0));
        assert_false(takers_has(&takers, start, SHARDS));
    }
}

static void nobody_is_looked_at_for_each_request(void **state)
{
    struct takers takers = make(SELF);
    struct mono_time now = start;

    (void)state;
    for (unsigned i = 0; i < 100; i++, now.usec += 1000)
        (void)choose(&takers, now, i);
    assert_int_equal(looks, SHARDS - 1);
    now = mono_time_add_usec(start, TAKERS_LOOK_MSEC * INT64_C(1000));
    (void)choose(&takers, now, 0);
    assert_int_equal(looks, 2 * (SHARDS - 1));
}

static void a_single_shard_has_nobody(void **state)
{
    struct takers takers = make(0);
    const struct five_tuple five_tuple = tuple(0);
    uint32_t shard;

    (void)state;
    takers.shards = 1;
    assert_false(takers_choose(&takers, start, &five_tuple, &shard));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everybody_else_gets_a_share),
        cmocka_unit_test(whoever_asks),
        cmocka_unit_test(only_what_was_with_who_went_goes_elsewhere),
        cmocka_unit_test(only_who_serves_takes),
        cmocka_unit_test(nobody_is_looked_at_for_each_request),
        cmocka_unit_test(a_single_shard_has_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
