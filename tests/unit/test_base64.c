/* test_base64.c — tests of base64.h. */
#include "base64.h"

#include "unit.h"

static void check(const char *in, const char *padded, const char *unpadded)
{
    char text[32];
    memset(text, '#', sizeof text);
    size_t len = base64_encode(bytes_of_text(in), true, text);
    assert_string_equal(text, padded);
    assert_int_equal(len, strlen(padded));
    assert_int_equal(len, BASE64_LEN(strlen(in)));
    assert_int_equal(text[len + 1], '#');

    memset(text, '#', sizeof text);
    len = base64_encode(bytes_of_text(in), false, text);
    assert_string_equal(text, unpadded);
    assert_int_equal(len, strlen(unpadded));
    assert_int_equal(text[len + 1], '#');
}

/* RFC 4648 §10. */
static void rfc4648_vectors(void **state)
{
    (void)state;
    check("", "", "");
    check("f", "Zg==", "Zg");
    check("fo", "Zm8=", "Zm8");
    check("foo", "Zm9v", "Zm9v");
    check("foob", "Zm9vYg==", "Zm9vYg");
    check("fooba", "Zm9vYmE=", "Zm9vYmE");
    check("foobar", "Zm9vYmFy", "Zm9vYmFy");
}

/* The 48 bytes whose encoding is the alphabet of RFC 4648 table 1, in order. */
static void whole_alphabet(void **state)
{
    (void)state;
    uint8_t in[48];
    for (uint32_t i = 0; i < 16; i++) {
        uint32_t group = (4 * i) << 18 | (4 * i + 1) << 12 | (4 * i + 2) << 6 | (4 * i + 3);
        in[3 * i] = (uint8_t)(group >> 16);
        in[3 * i + 1] = (uint8_t)(group >> 8);
        in[3 * i + 2] = (uint8_t)group;
    }
    char text[BASE64_LEN(sizeof in) + 1];
    assert_int_equal(base64_encode((struct bytes){.data = in, .len = sizeof in}, false, text), 64);
    assert_string_equal(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
}

static void empty_view_without_data(void **state)
{
    (void)state;
    char text[1] = {'#'};
    assert_int_equal(base64_encode((struct bytes){0}, true, text), 0);
    assert_int_equal(text[0], '\0');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc4648_vectors),
        cmocka_unit_test(whole_alphabet),
        cmocka_unit_test(empty_view_without_data),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
