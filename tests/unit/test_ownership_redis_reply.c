/* test_ownership_redis_reply.c — tests of ownership_redis_reply.h. */
#include "ownership_redis_reply.h"

#include "unit.h"

#include <hiredis/hiredis.h>

/* reply_of parses what Redis would send. */
static redisReply *reply_of(const char *wire)
{
    redisReader *reader = redisReaderCreate();
    void *reply = NULL;

    assert_non_null(reader);
    assert_int_equal(redisReaderFeed(reader, wire, strlen(wire)), REDIS_OK);
    assert_int_equal(redisReaderGetReply(reader, &reply), REDIS_OK);
    assert_non_null(reply);
    redisReaderFree(reader);
    return reply;
}

static void errors_are_told_apart(void **state)
{
    static const struct {
        const char *wire;
        enum redis_error error;
    } cases[] = {
        {"+OK\r\n", REDIS_ERROR_NONE},
        {"$8\r\nNOSCRIPT\r\n", REDIS_ERROR_NONE},
        {"-NOSCRIPT No matching script. Please use EVAL.\r\n", REDIS_ERROR_NO_SCRIPT},
        {"-NOAUTH Authentication required.\r\n", REDIS_ERROR_PASSWORD},
        {"-WRONGPASS invalid username-password pair or user is disabled.\r\n",
         REDIS_ERROR_PASSWORD},
        {"-ERR invalid password\r\n", REDIS_ERROR_PASSWORD},
        {"-OOM command not allowed when used memory > 'maxmemory'.\r\n", REDIS_ERROR_SERVICE},
        /* as Redis 6 says it inside a script */
        {"-ERR Error running script (call to f_aa): @user_script:3: @user_script: 3: -OOM command "
         "not allowed when used memory > 'maxmemory'.\r\n",
         REDIS_ERROR_SERVICE},
        {"-READONLY You can't write against a read only replica.\r\n", REDIS_ERROR_SERVICE},
        {"-LOADING Redis is loading the dataset in memory\r\n", REDIS_ERROR_SERVICE},
        {"-BUSY Redis is busy running a script.\r\n", REDIS_ERROR_SERVICE},
        {"-MOVED 3999 127.0.0.1:6381\r\n", REDIS_ERROR_SERVICE},
        {"-NOPERM this user has no permissions\r\n", REDIS_ERROR_SERVICE},
        {"-WRONGTYPE Operation against a key holding the wrong kind of value\r\n",
         REDIS_ERROR_OTHER},
        {"-\r\n", REDIS_ERROR_OTHER},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        redisReply *reply = reply_of(cases[i].wire);

        assert_int_equal(redis_reply_error(reply), cases[i].error);
        freeReplyObject(reply);
    }
    assert_int_equal(redis_reply_error(NULL), REDIS_ERROR_NONE);
}

static void the_text_of_an_error_is_one_printable_line_without_arguments(void **state)
{
    static const struct {
        const char *wire;
        const char *text;
    } cases[] = {
        {"-ERR bad\x1b[1m \xc3\xa9\r\n", "ERR bad?[1m ??"},
        {"-ERR unknown command `AUTH`, with args beginning with: `secret`, \r\n",
         "ERR unknown command `AUTH`"},
        {"-ERR unknown command 'AUTH', with args beginning with: 'secret' \r\n",
         "ERR unknown command 'AUTH'"},
        {"+fine\r\n", ""},
    };
    char text[REDIS_ERROR_TEXT_MAX], wire[600] = "-ERR ";

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        redisReply *reply = reply_of(cases[i].wire);

        redis_reply_error_write(reply, text);
        assert_string_equal(text, cases[i].text);
        freeReplyObject(reply);
    }
    memset(wire + 5, 'x', 500);
    memcpy(wire + 505, "\r\n", 3);

    redisReply *reply = reply_of(wire);

    redis_reply_error_write(reply, text);
    assert_int_equal(strlen(text), REDIS_ERROR_TEXT_MAX - 1);
    freeReplyObject(reply);
}

static void what_is_not_there_reads_as_nothing(void **state)
{
    static const char *const wires[] = {"+s\r\n",  "-E\r\n", ":7\r\n",    "$-1\r\n",
                                        "*-1\r\n", "*0\r\n", "$0\r\n\r\n"};

    (void)state;
    assert_null(redis_reply_text(NULL).data);
    assert_null(redis_reply_at(NULL, 0));
    assert_int_equal(redis_reply_count(NULL), 0);
    assert_int_equal(redis_reply_integer(NULL), 0);
    assert_false(redis_reply_is(NULL, ""));
    for (size_t i = 0; i < sizeof(wires) / sizeof(wires[0]); i++) {
        redisReply *reply = reply_of(wires[i]);

        assert_int_equal(redis_reply_integer(reply), wires[i][0] == ':' ? 7 : 0);
        assert_int_equal(redis_reply_count(reply), 0);
        assert_null(redis_reply_at(reply, 0));
        assert_int_equal(redis_reply_text(reply).len, wires[i][0] == '+' ? 1 : 0);
        freeReplyObject(reply);
    }
}

static void elements_of_an_array_are_reached(void **state)
{
    redisReply *reply = reply_of("*2\r\n$4\r\nDONE\r\n*1\r\n:9\r\n");

    (void)state;
    assert_int_equal(redis_reply_count(reply), 2);
    assert_true(redis_reply_is(redis_reply_at(reply, 0), "DONE"));
    assert_false(redis_reply_is(redis_reply_at(reply, 0), "DON"));
    assert_int_equal(redis_reply_integer(redis_reply_at(redis_reply_at(reply, 1), 0)), 9);
    assert_null(redis_reply_at(reply, 2));
    freeReplyObject(reply);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_are_told_apart),
        cmocka_unit_test(the_text_of_an_error_is_one_printable_line_without_arguments),
        cmocka_unit_test(what_is_not_there_reads_as_nothing),
        cmocka_unit_test(elements_of_an_array_are_reached),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
