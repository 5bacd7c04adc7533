/* test_portal_token.c — tests of portal_token.h and portal_request.h: blanks taken out, nothing
 * else let through, and wiped where it was. */
#include "portal/portal_request.h"
#include "portal/portal_token.h"

#include "temp_dir.h"
#include "unit.h"

static void blanks_are_taken_out(void **state)
{
    static const char text[] = " .SFMyNTY.\n g2gD\tbQ \r\n";
    struct portal_token token;
    struct problem problem;
    char path[TEMP_PATH_MAX];

    assert_int_equal(portal_token_from_text(text, strlen(text), &token, &problem), ERR_OK);
    assert_int_equal(token.len, strlen(".SFMyNTY.g2gDbQ"));
    assert_memory_equal(token.text, ".SFMyNTY.g2gDbQ", token.len);
    temp_dir_write(*state, "token", text, strlen(text), 0600, path);
    portal_token_wipe(&token);
    assert_int_equal(portal_token_read_file(path, &token, &problem), ERR_OK);
    assert_memory_equal(token.text, ".SFMyNTY.g2gDbQ", token.len);
}

static void what_is_no_token_is_refused_and_never_shown(void **state)
{
    static char large[2 * PORTAL_TOKEN_MAX + 1];
    static const char *const bad[] = {"", " \n", "caf\xc3\xa9", "hush\x01", "hush\r\nX: y\x7f"};
    struct portal_token token;
    struct problem problem;
    char path[TEMP_PATH_MAX];

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(portal_token_from_text(bad[i], strlen(bad[i]), &token, &problem),
                         ERR_RANGE);
        assert_int_equal(token.len, 0);
        assert_null(strstr(problem.text, "hush"));
    }
    assert_int_equal(portal_token_from_text("a\0b", 3, &token, &problem), ERR_RANGE);
    memset(large, 'x', sizeof(large) - 1);
    assert_int_equal(portal_token_from_text(large, PORTAL_TOKEN_MAX, &token, &problem), ERR_OK);
    assert_int_equal(portal_token_from_text(large, PORTAL_TOKEN_MAX + 1, &token, &problem),
                     ERR_RANGE);
    temp_dir_write(*state, "token", large, sizeof(large) - 1, 0600, path);
    assert_int_equal(portal_token_read_file(path, &token, &problem), ERR_RANGE);
    assert_int_equal(portal_token_read_file("/nowhere", &token, &problem), ERR_IO);
    assert_int_equal(portal_token_read_file("/", &token, &problem), ERR_IO);
}

static void a_request_holds_it_until_it_is_wiped(void **state)
{
    static const char expected[] = "User-Agent: me\r\nX-Authorization: Bearer token\r\n";
    struct portal_request request = {.token = {.len = 0}};
    unsigned char buffer[128] = {0}, *at = buffer;
    struct problem problem;

    (void)state;
    assert_int_equal(portal_token_from_text("token", 5, &request.token, &problem), ERR_OK);
    assert_true(portal_request_write(&request, "me", &at, sizeof(buffer)));
    assert_int_equal(at - buffer, strlen(expected));
    assert_memory_equal(buffer, expected, strlen(expected));
    assert_int_equal(request.token.len, 0);
    portal_request_wipe(&request);
    assert_memory_equal(buffer + strlen(expected) - 7, "\0\0\0\0\0\r\n", 7);
    memset(buffer, 'x', sizeof(buffer));
    portal_request_wipe(&request); /* the buffer is the library's again */
    assert_int_equal(buffer[strlen(expected) - 7], 'x');
}

static void what_does_not_fit_is_not_sent(void **state)
{
    static const char expected[] = "User-Agent: me\r\nX-Authorization: Bearer token\r\n";
    struct problem problem;

    (void)state;
    for (size_t room = 0; room <= strlen(expected); room++) {
        struct portal_request request = {.token = {.len = 0}};
        unsigned char buffer[128] = {0}, *at = buffer;

        assert_int_equal(portal_token_from_text("token", 5, &request.token, &problem), ERR_OK);
        assert_int_equal(portal_request_write(&request, "me", &at, room), room == strlen(expected));
        assert_int_equal(buffer[room], 0);
        portal_request_wipe(&request);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_dir_setup, temp_dir_teardown)
    const struct CMUnitTest tests[] = {
        TEST(blanks_are_taken_out),
        TEST(what_is_no_token_is_refused_and_never_shown),
        TEST(a_request_holds_it_until_it_is_wiped),
        TEST(what_does_not_fit_is_not_sent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
