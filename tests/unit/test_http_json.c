/* test_http_json.c — tests of http_json.h. */
#include "http_json.h"

#include <stdlib.h>
#include <string.h>

#include "unit.h"

static void expect(struct http_text *text, const char *expected)
{
    struct http_body *body = http_text_body(text);

    assert_non_null(body);
    assert_int_equal(http_body_len(body), strlen(expected));
    assert_memory_equal(http_body_data(body), expected, strlen(expected));
    http_body_release(body);
}

static void values_stand_between_commas(void **state)
{
    struct http_text text = {.data = NULL};
    struct http_json json = {.text = &text};

    (void)state;
    http_json_begin(&json, NULL, '{');
    http_json_number(&json, "a", 0);
    http_json_number(&json, "b", INT64_MIN);
    http_json_bool(&json, "c", true);
    http_json_begin(&json, "d", '[');
    http_json_null(&json, NULL);
    http_json_bool(&json, NULL, false);
    http_json_begin(&json, NULL, '[');
    http_json_end(&json, ']');
    http_json_begin(&json, NULL, '{');
    http_json_end(&json, '}');
    http_json_end(&json, ']');
    http_json_text(&json, "e", "plain");
    http_json_end(&json, '}');
    expect(&text, "{\"a\":0,\"b\":-9223372036854775808,\"c\":true,\"d\":[null,false,[],{}],"
                  "\"e\":\"plain\"}");
}

static void no_text_gets_out_of_its_quotes(void **state)
{
    struct http_text text = {.data = NULL};
    struct http_json json = {.text = &text};

    (void)state;
    http_json_text(&json, NULL, "a\"b\\c\n\x01\x7f\xc3\xa9");
    expect(&text, "\"a\\\"b\\\\c?????\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_stand_between_commas),
        cmocka_unit_test(no_text_gets_out_of_its_quotes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
