/* test_portal_message.c — tests of portal_message.h: what is read, and what is refused how. */
#include "portal/portal_message.h"

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

/* Decodes a copy that ends where the text does, so that a sanitizer sees each step beyond it. */
static enum err decode(const char *text, struct portal_message *ret)
{
    size_t len = strlen(text);
    uint8_t *copy = malloc(len + 1);
    enum err err;

    assert_non_null(copy);
    copy = realloc(copy, len > 0 ? len : 1);
    assert_non_null(copy);
    memcpy(copy, text, len);
    err = portal_message_decode((struct bytes){.data = copy, .len = len}, ret);
    free(copy);
    return err;
}

static void a_reply_is_read(void **state)
{
    struct portal_message m;

    (void)state;
    assert_int_equal(decode(" {\"topic\":\"relay\",\"event\":\"phx_reply\",\"payload\":{\"status\":"
                            "\"ok\",\"response\":{}},\"ref\":3,\"join_ref\":\"x\"}\r\n",
                            &m),
                     ERR_OK);
    assert_int_equal(m.event, PORTAL_EVENT_REPLY);
    assert_true(m.is_relay_topic && m.is_ok && m.has_ref);
    assert_int_equal(m.ref, 3);
    assert_string_equal(m.reason, "");
    /* A reason as a member, and as the whole response. */
    assert_int_equal(decode("{\"topic\":\"t\",\"event\":\"phx_reply\",\"payload\":{\"status\":"
                            "\"error\",\"response\":{\"reason\":\"no\"}},\"ref\":null}",
                            &m),
                     ERR_OK);
    assert_false(m.is_relay_topic || m.is_ok || m.has_ref);
    assert_string_equal(m.reason, "no");
    assert_int_equal(decode("{\"topic\":\"t\",\"event\":\"phx_reply\",\"payload\":{\"status\":"
                            "\"error\",\"response\":\"no\"},\"ref\":9007199254740992}",
                            &m),
                     ERR_OK);
    assert_string_equal(m.reason, "no");
    assert_true(m.has_ref && m.ref == UINT64_C(9007199254740992));
}

static void refs_that_are_no_integer_are_none(void **state)
{
    static const char *const refs[] = {"\"1\"", "1.5", "-1", "1e300", "true", "[1]", "null", "{}"};
    struct portal_message m;

    (void)state;
    for (size_t i = 0; i < sizeof(refs) / sizeof(refs[0]); i++) {
        char text[128];

        (void)snprintf(text, sizeof(text), "{\"topic\":\"relay\",\"event\":\"x\",\"ref\":%s}",
                       refs[i]);
        assert_int_equal(decode(text, &m), ERR_OK);
        assert_false(m.has_ref);
    }
}

static void payloads_of_any_type_are_borne(void **state)
{
    static const char *const payloads[] = {
        "null",           "[]",
        "\"ok\"",         "1",
        "{\"status\":1}", "{\"response\":[{\"reason\":1}],\"reason\":{}}"};
    struct portal_message m;

    (void)state;
    for (size_t i = 0; i < sizeof(payloads) / sizeof(payloads[0]); i++) {
        char text[256];

        (void)snprintf(text, sizeof(text),
                       "{\"topic\":\"relay\",\"event\":\"phx_reply\",\"payload\":%s}", payloads[i]);
        assert_int_equal(decode(text, &m), ERR_OK);
        assert_false(m.is_ok);
        assert_string_equal(m.reason, "");
    }
}

static void texts_are_made_printable_and_cut(void **state)
{
    struct portal_message m;
    char text[1024];

    (void)state;
    (void)snprintf(text, sizeof(text),
                   "{\"topic\":\"relay\",\"event\":\"disconnect\",\"payload\":{\"reason\":"
                   "\"a\\nb\\u001b\xc3\xa9%0*d\"}}",
                   400, 0);
    assert_int_equal(decode(text, &m), ERR_OK);
    assert_int_equal(m.event, PORTAL_EVENT_DISCONNECT);
    assert_int_equal(strlen(m.reason), PORTAL_WORD_MAX - 1);
    assert_memory_equal(m.reason, "a?b?\?\?000", 9);
}

static void what_ends_early_is_truncated_the_rest_is_malformed(void **state)
{
    static const char *const truncated[] = {"",          " \n", "{",         "{\"a",     "{\"a\\",
                                            "{\"a\\\"}", "[1,", "{\"a\":{}", "{\"a\":tr"};
    static const char *const malformed[] = {"x",
                                            "}",
                                            "1",
                                            "\"a\"",
                                            "[]",
                                            "{}",
                                            "{\"a\"}",
                                            "{\"topic\":\"a\"}",
                                            "{\"event\":\"a\"}",
                                            "{\"topic\":\"a\",\"event\":1}",
                                            "{\"topic\":\"a\",\"event\":\"b\"}x",
                                            "{\"topic\":\"a\",\"event\":\"b\"}{}",
                                            "{a:1}"};
    struct portal_message m;

    (void)state;
    for (size_t i = 0; i < sizeof(truncated) / sizeof(truncated[0]); i++)
        assert_int_equal(decode(truncated[i], &m), ERR_TRUNCATED);
    for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++)
        assert_int_equal(decode(malformed[i], &m), ERR_MALFORMED);
    assert_int_equal(
        portal_message_decode(
            (struct bytes){.data = (const uint8_t *)"{\"topic\":\"a\",\"event\":\"b\"}",
                           .len = sizeof("{\"topic\":\"a\",\"event\":\"b\"}")},
            &m),
        ERR_MALFORMED); /* a zero at its end */
}

static void depth_and_number_of_values_are_bounded(void **state)
{
    static char text[3 * PORTAL_MESSAGE_VALUES_MAX];
    struct portal_message m;

    (void)state;
    memset(text, '[', PORTAL_MESSAGE_DEPTH_MAX + 1);
    assert_int_equal(decode(text, &m), ERR_LIMIT);
    text[PORTAL_MESSAGE_DEPTH_MAX] = '\0';
    assert_int_equal(decode(text, &m), ERR_TRUNCATED);
    text[0] = '[';
    for (size_t i = 0; i < PORTAL_MESSAGE_VALUES_MAX; i++)
        memcpy(text + 1 + 2 * i, "1,", 3);
    assert_int_equal(decode(text, &m), ERR_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reply_is_read),
        cmocka_unit_test(refs_that_are_no_integer_are_none),
        cmocka_unit_test(payloads_of_any_type_are_borne),
        cmocka_unit_test(texts_are_made_printable_and_cut),
        cmocka_unit_test(what_ends_early_is_truncated_the_rest_is_malformed),
        cmocka_unit_test(depth_and_number_of_values_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
