/* test_channel_data.c — tests of channel_data.h. */
#include "channel_data.h"

#include "unit.h"

static bool parse(const uint8_t *data, size_t len, uint16_t *ret_number, struct bytes *ret_payload)
{
    return channel_data_parse((struct bytes){.data = data, .len = len}, ret_number, ret_payload);
}

static void header_written_is_header_read(void **state)
{
    (void)state;
    uint8_t datagram[CHANNEL_DATA_HEADER_LEN + 3] = {[4] = 'a', 'b', 'c'};
    channel_data_write_header(datagram, 0x4ABC, 3);
    assert_memory_equal(datagram, "\x4a\xbc\x00\x03", 4);
    uint16_t number = 0;
    struct bytes payload = {0};
    assert_true(parse(datagram, sizeof datagram, &number, &payload));
    assert_int_equal(number, 0x4ABC);
    assert_text(payload, "abc");
    assert_ptr_equal(payload.data, datagram + 4);
}

/* RFC 8656 §12.5: padding is not counted; §12.6: an empty payload is data too. */
static void padding_and_empty_payload(void **state)
{
    (void)state;
    static const uint8_t padded[] = {0x40, 0x01, 0x00, 0x01, 'x', 0, 0, 0};
    static const uint8_t empty[] = {0x40, 0x01, 0x00, 0x00};
    uint16_t number = 0;
    struct bytes payload = {0};
    assert_true(parse(padded, sizeof padded, &number, &payload));
    assert_text(payload, "x");
    assert_true(parse(empty, sizeof empty, &number, &payload));
    assert_int_equal(payload.len, 0);
}

static void short_datagrams_leave_the_results_alone(void **state)
{
    (void)state;
    static const uint8_t whole[] = {0x40, 0x01, 0x00, 0x05, 1, 2, 3, 4, 5};
    uint16_t number = 77;
    struct bytes payload = {.data = whole, .len = 7};
    for (size_t len = 0; len < sizeof whole; len++)
        assert_false(parse(whole, len, &number, &payload));
    assert_int_equal(number, 77);
    assert_int_equal(payload.len, 7);
    assert_true(parse(whole, sizeof whole, &number, &payload));
    assert_false(channel_data_parse((struct bytes){0}, &number, &payload));
}

static void numbers_of_rfc8656_12(void **state)
{
    (void)state;
    assert_false(channel_number_valid(0x3FFF, false));
    assert_true(channel_number_valid(0x4000, false));
    assert_true(channel_number_valid(0x4FFF, false));
    assert_false(channel_number_valid(0x5000, false));
    assert_false(channel_number_valid(0xFFFF, false));

    assert_false(channel_number_valid(0x3FFF, true));
    assert_true(channel_number_valid(0x5000, true));
    assert_true(channel_number_valid(0x7FFF, true));
    assert_false(channel_number_valid(0x8000, true));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header_written_is_header_read),
        cmocka_unit_test(padding_and_empty_payload),
        cmocka_unit_test(short_datagrams_leave_the_results_alone),
        cmocka_unit_test(numbers_of_rfc8656_12),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
