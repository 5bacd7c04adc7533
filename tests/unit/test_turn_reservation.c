/* test_turn_reservation.c — tokens that say their shard to those who have the key. */
#include "unit.h"

#include "turn_reservation.h"

#include <string.h>

static const struct siphash_key key = {.k0 = 5, .k1 = 6};

static void seal(uint32_t random, uint16_t shard, uint16_t port, uint8_t *token)
{
    uint8_t bytes[4];
    memcpy(bytes, &random, sizeof(bytes));
    turn_reservation_seal(&key, bytes, shard, port, token);
}

static void tokens_name_shard_and_port(void **state)
{
    (void)state;
    static const uint16_t values[] = {0, 1, 255, 256, 49152, 50001, 65535};
    uint64_t seed = 1;
    for (size_t i = 0; i < 7; i++) {
        for (size_t k = 0; k < 7; k++) {
            uint8_t token[TURN_RESERVATION_TOKEN_LEN];
            uint16_t shard, port;
            seal((uint32_t)random_next(&seed), values[i], values[k], token);
            turn_reservation_unseal(&key, token, &shard, &port);
            assert_int_equal(shard, values[i]);
            assert_int_equal(port, values[k]);
        }
    }
}

/* Nobody without the key reads it: the same place looks different each time. */
static void tokens_hide_them(void **state)
{
    (void)state;
    uint8_t a[TURN_RESERVATION_TOKEN_LEN], b[TURN_RESERVATION_TOKEN_LEN];
    uint16_t shard, port;
    seal(1, 3, 50001, a);
    seal(2, 3, 50001, b);
    assert_memory_not_equal(a + 4, b + 4, 4);
    const struct siphash_key other = {.k0 = 5, .k1 = 7};
    turn_reservation_unseal(&other, a, &shard, &port);
    assert_false(shard == 3 && port == 50001);
}

static struct mono_time at(int64_t sec)
{
    return (struct mono_time){.usec = sec * USEC_PER_SEC};
}

static void table(void **state)
{
    (void)state;
    struct turn_reservation_table t;
    uint8_t token[TURN_RESERVATION_TOKEN_LEN];
    struct turn_user *nobody = NULL;
    assert_int_equal(turn_reservation_table_init(&t, 3), ERR_OK);
    for (uint16_t i = 0; i < 3; i++) {
        seal(i, 0, (uint16_t)(50001 + 2 * i), token);
        struct turn_reservation *r =
            turn_reservation_new(&t, (uint16_t)(50001 + 2 * i), 1, nobody, token, at(30 - i));
        assert_non_null(r);
        assert_memory_equal(r->token, token, sizeof(token));
        assert_ptr_equal(turn_reservation_of_deadline(&r->expiry), r);
    }
    assert_null(turn_reservation_new(&t, 60001, 1, nobody, token, at(30)));
    assert_null(turn_reservation_find(&t, 50000));
    for (uint16_t i = 0; i < 3; i++) {
        struct turn_reservation *r = turn_reservation_find(&t, (uint16_t)(50001 + 2 * i));
        assert_non_null(r);
        assert_int_equal(r->port, 50001 + 2 * i);
    }
    struct turn_reservation *first =
        turn_reservation_of_deadline(deadline_heap_first(&t.deadlines));
    assert_int_equal(first->port, 50005); /* the one that ends first */
    turn_reservation_end(&t, first);
    assert_null(turn_reservation_find(&t, 50005));
    assert_non_null(turn_reservation_find(&t, 50003));
    assert_non_null(turn_reservation_new(&t, 60001, 1, nobody, token, at(30)));
    turn_reservation_table_deinit(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_name_shard_and_port),
        cmocka_unit_test(tokens_hide_them),
        cmocka_unit_test(table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
