/* test_text_write.c — tests of text_write.h. */
#include "text_write.h"

#include "unit.h"

static void u64_is(uint64_t value, const char *expected)
{
    char text[TEXT_U64_MAX + 1];

    *text_write_u64(text, value) = '\0';
    assert_string_equal(text, expected);
}

static void i64_is(int64_t value, const char *expected)
{
    char text[TEXT_I64_MAX + 1];

    *text_write_i64(text, value) = '\0';
    assert_string_equal(text, expected);
}

static void numbers(void **state)
{
    (void)state;
    u64_is(0, "0");
    u64_is(9, "9");
    u64_is(10, "10");
    u64_is(3478, "3478");
    u64_is(UINT64_MAX, "18446744073709551615");
}

static void signed_numbers(void **state)
{
    (void)state;
    i64_is(0, "0");
    i64_is(-1, "-1");
    i64_is(INT64_MAX, "9223372036854775807");
    i64_is(INT64_MIN, "-9223372036854775808");
}

static void bytes_and_text(void **state)
{
    static const uint8_t bytes[] = {0x00, 0x0f, 0xa0, 0xff};
    char text[16];

    (void)state;
    *text_write_hex(text_write_text(text, "0x"),
                    (struct bytes){.data = bytes, .len = sizeof(bytes)}) = '\0';
    assert_string_equal(text, "0x000fa0ff");
    assert_ptr_equal(text_write_hex(text, (struct bytes){0}), text);
    assert_ptr_equal(text_write_text(text, ""), text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers),
        cmocka_unit_test(signed_numbers),
        cmocka_unit_test(bytes_and_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
