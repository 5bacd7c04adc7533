/* test_payload.c — test payloads: what was written is read, any damage is seen. */
#include "payload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { MOST = 200 };

static const struct payload_stamp stamp = {
    .run = 0xC0FFEE01, .flow = 77, .sequence = 123456789012, .sent_nsec = 987654321098765};

static struct bytes make(uint8_t *buf, size_t len)
{
    struct bytes filler = {buf + PAYLOAD_HEADER_LEN, len - PAYLOAD_HEADER_LEN};
    payload_fill(buf + PAYLOAD_HEADER_LEN, filler.len, 42);
    payload_write_header(buf, &stamp, payload_sum(filler));
    return (struct bytes){buf, len};
}

static void test_written_is_read_at_every_length(void **state)
{
    (void)state;
    uint8_t buf[MOST];
    for (size_t len = PAYLOAD_HEADER_LEN; len <= MOST; len++) {
        struct payload_stamp read = {0};
        assert_int_equal(payload_read(make(buf, len), stamp.run, &read), PAYLOAD_GOOD);
        assert_int_equal(read.run, stamp.run);
        assert_int_equal(read.flow, stamp.flow);
        assert_int_equal(read.sequence, stamp.sequence);
        assert_int_equal(read.sent_nsec, stamp.sent_nsec);
    }
}

static void test_every_flipped_bit_is_seen(void **state)
{
    (void)state;
    uint8_t buf[MOST];
    struct payload_stamp read;
    for (size_t len = PAYLOAD_HEADER_LEN; len <= MOST; len += 21) {
        struct bytes payload = make(buf, len);
        for (size_t bit = 0; bit < len * 8; bit++) {
            buf[bit / 8] ^= (uint8_t)(1U << bit % 8);
            enum payload_verdict expected = bit < 32 ? PAYLOAD_OF_ANOTHER_RUN : PAYLOAD_CORRUPT;
            assert_int_equal(payload_read(payload, stamp.run, &read), expected);
            buf[bit / 8] ^= (uint8_t)(1U << bit % 8);
        }
    }
}

static void test_cut_and_padded_payloads_are_seen(void **state)
{
    (void)state;
    uint8_t buf[MOST] = {0};
    struct payload_stamp read;
    make(buf, MOST - 4);
    struct bytes cut = {buf, MOST - 8};
    assert_int_equal(payload_read(cut, stamp.run, &read), PAYLOAD_CORRUPT);
    struct bytes padded = {buf, MOST};
    assert_int_equal(payload_read(padded, stamp.run, &read), PAYLOAD_CORRUPT);
    struct bytes tiny = {buf, PAYLOAD_HEADER_LEN - 1};
    assert_int_equal(payload_read(tiny, stamp.run, &read), PAYLOAD_OF_ANOTHER_RUN);
}

static void test_swapped_words_are_seen(void **state)
{
    (void)state;
    uint8_t buf[MOST];
    struct payload_stamp read;
    struct bytes payload = make(buf, MOST);
    uint8_t word[8];
    uint8_t *a = buf + PAYLOAD_HEADER_LEN;
    uint8_t *b = a + 32;
    memcpy(word, a, 8);
    memcpy(a, b, 8);
    memcpy(b, word, 8);
    assert_int_equal(payload_read(payload, stamp.run, &read), PAYLOAD_CORRUPT);
}

static void test_filler_follows_from_the_seed(void **state)
{
    (void)state;
    uint8_t a[64], b[64], c[64];
    payload_fill(a, sizeof a, 1);
    payload_fill(b, sizeof b, 1);
    payload_fill(c, sizeof c, 2);
    assert_memory_equal(a, b, sizeof a);
    assert_memory_not_equal(a, c, sizeof a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_written_is_read_at_every_length),
        cmocka_unit_test(test_every_flipped_bit_is_seen),
        cmocka_unit_test(test_cut_and_padded_payloads_are_seen),
        cmocka_unit_test(test_swapped_words_are_seen),
        cmocka_unit_test(test_filler_follows_from_the_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
