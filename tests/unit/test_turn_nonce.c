/* test_turn_nonce.c — nonces: for one client, one key and one hour. */
#include "unit.h"

#include "turn_limits.h"
#include "turn_nonce.h"

#include <string.h>

static const struct siphash_key key = {.k0 = 1, .k1 = 2};
static const struct mono_time now = {.usec = 5000 * USEC_PER_SEC};

static struct transport_addr client(uint8_t last, uint16_t port)
{
    const uint8_t ip[4] = {192, 0, 2, last};
    return transport_addr_v4(ip, port);
}

static bool valid(const struct siphash_key *k, struct mono_time at, struct transport_addr from,
                  const uint8_t *nonce, size_t len)
{
    return turn_nonce_valid(k, at, &from, (struct bytes){.data = nonce, .len = len});
}

static struct mono_time after(int64_t usec)
{
    return (struct mono_time){.usec = now.usec + usec};
}

static void good_for_an_hour(void **state)
{
    (void)state;
    struct transport_addr from = client(1, 1000);
    uint8_t nonce[TURN_NONCE_LEN];
    turn_nonce_make(&key, now, &from, nonce);
    const int64_t hour = TURN_NONCE_LIFETIME_SEC * USEC_PER_SEC;
    assert_true(valid(&key, now, from, nonce, sizeof(nonce)));
    assert_true(valid(&key, after(hour - 1), from, nonce, sizeof(nonce)));
    assert_false(valid(&key, after(hour + USEC_PER_SEC), from, nonce, sizeof(nonce)));
    assert_false(valid(&key, after(INT64_C(1) << 60), from, nonce, sizeof(nonce)));
    /* From the future: made before a reboot. */
    assert_false(valid(&key, after(-USEC_PER_SEC), from, nonce, sizeof(nonce)));
    assert_false(valid(&key, (struct mono_time){0}, from, nonce, sizeof(nonce)));
}

static void for_one_client_and_key(void **state)
{
    (void)state;
    uint8_t nonce[TURN_NONCE_LEN];
    struct transport_addr from = client(1, 1000);
    turn_nonce_make(&key, now, &from, nonce);
    assert_false(valid(&key, now, client(1, 1001), nonce, sizeof(nonce)));
    assert_false(valid(&key, now, client(2, 1000), nonce, sizeof(nonce)));
    struct transport_addr v6 = from;
    v6.family = IP_FAMILY_V6;
    assert_false(valid(&key, now, v6, nonce, sizeof(nonce)));
    const struct siphash_key other = {.k0 = 1, .k1 = 3};
    assert_false(valid(&other, now, from, nonce, sizeof(nonce)));
}

static void printable_and_different(void **state)
{
    (void)state;
    uint8_t nonces[64][TURN_NONCE_LEN];
    for (uint16_t i = 0; i < 64; i++) {
        struct transport_addr from = client((uint8_t)i, 1000);
        turn_nonce_make(&key, now, &from, nonces[i]);
        for (size_t k = 0; k < TURN_NONCE_LEN; k++)
            assert_true(nonces[i][k] > ' ' && nonces[i][k] < 127 && nonces[i][k] != '"');
        for (size_t k = 0; k < i; k++)
            assert_memory_not_equal(nonces[i], nonces[k], TURN_NONCE_LEN);
    }
}

static void garbage(void **state)
{
    (void)state;
    struct transport_addr from = client(1, 1000);
    uint8_t nonce[TURN_NONCE_LEN + 1];
    turn_nonce_make(&key, now, &from, nonce);
    nonce[TURN_NONCE_LEN] = 'A';
    assert_false(valid(&key, now, from, nonce, TURN_NONCE_LEN + 1));
    for (size_t len = 0; len < TURN_NONCE_LEN; len++)
        assert_false(valid(&key, now, from, nonce, len));
    assert_false(valid(&key, now, from, NULL, 0));
    for (size_t i = 0; i < TURN_NONCE_LEN; i++) {
        for (unsigned byte = 0; byte < 256; byte++) {
            uint8_t changed[TURN_NONCE_LEN];
            memcpy(changed, nonce, sizeof(changed));
            changed[i] = (uint8_t)byte;
            assert_int_equal(valid(&key, now, from, changed, sizeof(changed)), byte == nonce[i]);
        }
    }
}

static void at_the_beginning_of_time(void **state)
{
    (void)state;
    struct transport_addr from = client(1, 1000);
    uint8_t nonce[TURN_NONCE_LEN];
    turn_nonce_make(&key, (struct mono_time){0}, &from, nonce);
    assert_true(valid(&key, (struct mono_time){0}, from, nonce, sizeof(nonce)));
    assert_true(valid(&key, (struct mono_time){.usec = USEC_PER_SEC}, from, nonce, sizeof(nonce)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_for_an_hour),         cmocka_unit_test(for_one_client_and_key),
        cmocka_unit_test(printable_and_different),  cmocka_unit_test(garbage),
        cmocka_unit_test(at_the_beginning_of_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
