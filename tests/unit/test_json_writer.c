/* test_json_writer.c — tests of json_writer.h. */
#include "json_writer.h"

#include "unit.h"

#include <stdlib.h>

static char *text;
static size_t text_len;
static struct json_writer json;

static int set_up(void **state)
{
    (void)state;
    text = NULL;
    json = json_writer_to(open_memstream(&text, &text_len));
    assert_non_null(json.out);
    return 0;
}

static void is_written(const char *expected)
{
    assert_int_equal(fclose(json.out), 0);
    assert_string_equal(text, expected);
    free(text);
}

static void values_are_told_apart(void **state)
{
    (void)state;
    json_begin_object(&json, NULL);
    json_u64(&json, "most", UINT64_MAX);
    json_bool(&json, "no", false);
    json_number(&json, "half", -0.5, 2);
    json_begin_array(&json, "empty");
    json_end_array(&json);
    json_begin_array(&json, "texts");
    json_text(&json, NULL, "");
    json_text(&json, NULL, "a");
    json_end_array(&json);
    json_begin_object(&json, "none");
    json_end_object(&json);
    json_end_object(&json);
    is_written("{\"most\": 18446744073709551615, \"no\": false, \"half\": -0.50, \"empty\": [], "
               "\"texts\": [\"\", \"a\"], \"none\": {}}\n");
}

static void becomes(const char *value, const char *expected)
{
    char whole[128];

    set_up(NULL);
    json_begin_array(&json, NULL);
    json_text(&json, NULL, value);
    json_end_array(&json);
    (void)snprintf(whole, sizeof(whole), "[\"%s\"]\n", expected);
    is_written(whole);
}

/* Whatever a username, a path or another program has told. */
static void every_text_is_one(void **state)
{
    (void)state;
    becomes("a\"b\\c/", "a\\\"b\\\\c/");
    becomes("\x1b[2J\n\x01\x1f", "\\u001b[2J\\u000a\\u0001\\u001f");
    becomes("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
    becomes("\xff", "\\ufffd");
    becomes("\xc3", "\\ufffd");
    becomes("\xc3\"", "\\ufffd\\\"");
    becomes("\xed\xa0\x80", "\\ufffd\\ufffd\\ufffd");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(values_are_told_apart, set_up),
        cmocka_unit_test(every_text_is_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
