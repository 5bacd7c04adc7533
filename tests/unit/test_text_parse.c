/* test_text_parse.c — tests of text_parse.h. */
#include "text_parse.h"

#include "unit.h"

#define UNTOUCHED UINT64_C(0x5A5A5A5A5A5A5A5A)

static void u64_gives(const char *text, uint64_t min, uint64_t max, uint64_t expected)
{
    uint64_t value = UNTOUCHED;
    assert_int_equal(text_parse_u64(text, strlen(text), min, max, &value), ERR_OK);
    assert_true(value == expected);
}

static void u64_fails(const char *text, uint64_t min, uint64_t max, enum err expected)
{
    uint64_t value = UNTOUCHED;
    assert_int_equal(text_parse_u64(text, strlen(text), min, max, &value), expected);
    assert_true(value == UNTOUCHED);
}

static void numbers(void **state)
{
    (void)state;
    u64_gives("0", 0, UINT64_MAX, 0);
    u64_gives("3478", 1, 65535, 3478);
    u64_gives("1", 1, 65535, 1);
    u64_gives("65535", 1, 65535, 65535);
    u64_gives("18446744073709551615", 0, UINT64_MAX, UINT64_MAX);
}

static void numbers_out_of_range(void **state)
{
    (void)state;
    u64_fails("0", 1, 65535, ERR_RANGE);
    u64_fails("65536", 1, 65535, ERR_RANGE);
    u64_fails("18446744073709551615", 0, UINT64_MAX - 1, ERR_RANGE);
    u64_fails("18446744073709551616", 0, UINT64_MAX, ERR_RANGE);
    u64_fails("18446744073709551620", 0, UINT64_MAX, ERR_RANGE);
    u64_fails("99999999999999999999999999", 0, UINT64_MAX, ERR_RANGE);
}

static void texts_that_are_no_number(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        " ",
        " 1",
        "1 ",
        "+1",
        "-1",
        "1.0",
        "0x",
        "0x1",
        "1\n",
        "\xEF\xBC\x91",
        "a",
        "01",
        "00",
        "99999999999999999999999999x",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        u64_fails(texts[i], 0, UINT64_MAX, ERR_MALFORMED);
}

static void the_length_ends_the_number(void **state)
{
    (void)state;
    uint64_t value = UNTOUCHED;
    assert_int_equal(text_parse_u64("123456", 3, 0, UINT64_MAX, &value), ERR_OK);
    assert_int_equal(value, 123);
    assert_int_equal(text_parse_u64("1\0002", 3, 0, UINT64_MAX, &value), ERR_MALFORMED);
}

static void duration_gives(const char *text, uint64_t max, uint64_t expected)
{
    uint64_t sec = UNTOUCHED;
    assert_int_equal(text_parse_duration(text, max, &sec), ERR_OK);
    assert_true(sec == expected);
}

static void duration_fails(const char *text, uint64_t max, enum err expected)
{
    uint64_t sec = UNTOUCHED;
    assert_int_equal(text_parse_duration(text, max, &sec), expected);
    assert_true(sec == UNTOUCHED);
}

static void durations(void **state)
{
    (void)state;
    duration_gives("0", 0, 0);
    duration_gives("90", 1000, 90);
    duration_gives("90s", 1000, 90);
    duration_gives("15m", 900, 900);
    duration_gives("1h", 3600, 3600);
    duration_gives("2d", UINT64_MAX, 172800);
    duration_fails("901", 900, ERR_RANGE);
    duration_fails("16m", 900, ERR_RANGE);
    duration_fails("1h", 3599, ERR_RANGE);
    duration_fails("213503982334602d", UINT64_MAX, ERR_RANGE);
    static const char *const malformed[] = {"", "s", "h", "1w", "1.5h", "1hm", "1 h", "-1s", "1H"};
    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++)
        duration_fails(malformed[i], UINT64_MAX, ERR_MALFORMED);
}

static void hex(void **state)
{
    (void)state;
    uint8_t out[4] = {0x77, 0x77, 0x77, 0x77};
    assert_int_equal(text_parse_hex("00fF9aA0", 8, out, 4), ERR_OK);
    assert_memory_equal(out, "\x00\xff\x9a\xa0", 4);
    assert_int_equal(text_parse_hex("", 0, out, 0), ERR_OK);

    static const char *const malformed[] = {"00fF9aA",  "00fF9aA00", "00fF9aAg",      "0x112233",
                                            "0 112233", "@0112233",  "`0112233",      "/0112233",
                                            ":0112233", "G0112233",  "00112233445566"};
    memset(out, 0x77, sizeof out);
    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++)
        assert_int_equal(text_parse_hex(malformed[i], strlen(malformed[i]), out, 4), ERR_MALFORMED);
    assert_memory_equal(out, "\x77\x77\x77\x77", 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers),
        cmocka_unit_test(numbers_out_of_range),
        cmocka_unit_test(texts_that_are_no_number),
        cmocka_unit_test(the_length_ends_the_number),
        cmocka_unit_test(durations),
        cmocka_unit_test(hex),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
