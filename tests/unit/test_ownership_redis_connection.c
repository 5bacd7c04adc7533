/* test_ownership_redis_connection.c — tests of ownership_redis_connection.h, with the scripts. */
#include "ownership_redis_connection.h"

#include "ownership_redis_reply.h"
#include "redis_server.h"
#include "temp_dir.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <event2/event.h>
#include <hiredis/hiredis.h>

enum { TEXT_MAX = 64 };

/* One connection, and what came of it. */
struct fixture {
    struct event_base *base;
    struct redis_connection *connection;
    char replies[8][TEXT_MAX];
    unsigned count;
    unsigned wanted;
    bool is_ended;
    char why[256];
    struct redis_expected expected;
};

static void note_reply(void *context, const struct redisReply *reply)
{
    struct fixture *fixture = context;
    struct bytes text = redis_reply_text(reply);

    assert_false(fixture->is_ended);
    assert_true(fixture->count < 8 && text.len < TEXT_MAX);
    if (text.len > 0)
        memcpy(fixture->replies[fixture->count], text.data, text.len);
    if (++fixture->count == fixture->wanted)
        event_base_loopbreak(fixture->base);
}

static void note_end(void *context, const char *why)
{
    struct fixture *fixture = context;

    assert_false(fixture->is_ended);
    fixture->is_ended = true;
    (void)snprintf(fixture->why, sizeof(fixture->why), "%s", why);
    event_base_loopbreak(fixture->base);
}

static void open_fixture(struct fixture *fixture)
{
    *fixture = (struct fixture){.base = event_base_new()};
    fixture->expected = (struct redis_expected){.handler = note_reply, .context = fixture};
    assert_non_null(fixture->base);
}

static void close_fixture(struct fixture *fixture)
{
    redis_connection_close(fixture->connection);
    event_base_free(fixture->base);
}

/* Both a socket's address and ours have room for a path of this length. */
static void copy_path(char ret[static REDIS_PATH_MAX], const char *path)
{
    assert_true(strlen(path) < REDIS_PATH_MAX);
    memcpy(ret, path, strlen(path) + 1);
}

static void connect_unix(struct fixture *fixture, const char *path)
{
    struct redis_address address = {.port = 0};
    struct problem problem;

    copy_path(address.path, path);
    assert_int_equal(redis_connection_open(fixture->base, &address, note_end, fixture,
                                           &fixture->connection, &problem),
                     ERR_OK);
}

static void ask(struct fixture *fixture, const char *name, const char *arg, size_t len)
{
    struct redis_command command;

    redis_command_begin(&command, name);
    if (arg != NULL)
        redis_command_add(&command, (struct bytes){.data = (const uint8_t *)arg, .len = len});
    assert_int_equal(redis_connection_ask(fixture->connection, &command, &fixture->expected),
                     ERR_OK);
}

static void wait_for(struct fixture *fixture, unsigned count)
{
    fixture->wanted = count;
    if (fixture->count < count && !fixture->is_ended)
        assert_int_equal(event_base_dispatch(fixture->base), 0);
}

static struct redis_server server;

static int start_server(void **state)
{
    assert_int_equal(temp_dir_setup(state), 0);
    redis_server_init(&server, ((struct temp_dir *)*state)->path, "redis");
    redis_server_start(&server, NULL);
    return 0;
}

static int stop_server(void **state)
{
    redis_server_kill(&server);
    return temp_dir_teardown(state);
}

static void replies_come_in_order_and_arguments_are_bytes(void **state)
{
    struct fixture fixture;

    (void)state;
    open_fixture(&fixture);
    connect_unix(&fixture, server.socket);
    ask(&fixture, "PING", NULL, 0);
    ask(&fixture, "ECHO", "a\r\nFLUSHALL\r\n%s", 15);
    ask(&fixture, "ECHO", "x\0y", 3);
    redis_connection_flush(fixture.connection); /* not connected yet: nothing */
    wait_for(&fixture, 3);
    redis_connection_flush(fixture.connection);
    assert_string_equal(fixture.replies[0], "PONG");
    assert_string_equal(fixture.replies[1], "a\r\nFLUSHALL\r\n%s");
    assert_memory_equal(fixture.replies[2], "x\0y", 3);
    close_fixture(&fixture);
}

static void tcp_is_the_same(void **state)
{
    struct redis_address address = {.ip = "127.0.0.1", .port = server.port};
    struct fixture fixture;
    struct problem problem;

    (void)state;
    open_fixture(&fixture);
    assert_int_equal(redis_connection_open(fixture.base, &address, note_end, &fixture,
                                           &fixture.connection, &problem),
                     ERR_OK);
    ask(&fixture, "PING", NULL, 0);
    wait_for(&fixture, 1);
    assert_string_equal(fixture.replies[0], "PONG");
    close_fixture(&fixture);
}

static void the_end_is_told_once_and_not_to_each_command(void **state)
{
    struct fixture fixture;

    (void)state;
    open_fixture(&fixture);
    connect_unix(&fixture, server.socket);
    ask(&fixture, "PING", NULL, 0);
    wait_for(&fixture, 1);
    ask(&fixture, "CLIENT", "KILL", 4); /* a wrong command, answered all the same */
    wait_for(&fixture, 2);
    ask(&fixture, "SHUTDOWN", "NOSAVE", 6);
    ask(&fixture, "PING", NULL, 0);
    assert_int_equal(event_base_dispatch(fixture.base), 0);
    assert_true(fixture.is_ended);
    assert_int_equal(fixture.count, 2);

    struct redis_command command;

    redis_command_begin(&command, "PING");
    assert_int_equal(redis_connection_ask(fixture.connection, &command, &fixture.expected),
                     ERR_UNAVAILABLE);
    redis_connection_flush(fixture.connection);
    close_fixture(&fixture);
    redis_server_kill(&server);
    redis_server_start(&server, NULL);
}

static void what_nobody_listens_on_ends(void **state)
{
    struct temp_dir *dir = *state;
    struct redis_address address = {.ip = "127.0.0.1", .port = 1};
    char path[TEMP_PATH_MAX], text[REDIS_ADDRESS_TEXT_MAX];
    struct fixture fixture;
    struct problem problem;

    open_fixture(&fixture);
    assert_int_equal(redis_connection_open(fixture.base, &address, note_end, &fixture,
                                           &fixture.connection, &problem),
                     ERR_OK);
    assert_int_equal(event_base_dispatch(fixture.base), 0);
    assert_true(fixture.is_ended);
    assert_non_null(strstr(fixture.why, "refused"));
    close_fixture(&fixture);

    open_fixture(&fixture);
    address = (struct redis_address){.port = 0};
    copy_path(address.path, temp_dir_path(dir, "none", path));
    assert_int_equal(redis_connection_open(fixture.base, &address, note_end, &fixture,
                                           &fixture.connection, &problem),
                     ERR_IO);
    assert_non_null(strstr(problem.text, "No such file"));
    close_fixture(&fixture);

    redis_address_write(&address, text);
    assert_string_equal(text, path);
    redis_address_write(&(struct redis_address){.ip = "2001:db8::1", .port = 6379}, text);
    assert_string_equal(text, "[2001:db8::1]:6379");
    redis_address_write(&(struct redis_address){.ip = "192.0.2.1", .port = 6379}, text);
    assert_string_equal(text, "192.0.2.1:6379");
}

static void close_in_handler(void *context, const struct redisReply *reply)
{
    struct fixture *fixture = context;

    (void)reply;
    fixture->count++;
    redis_connection_close(fixture->connection);
    fixture->connection = NULL;
}

static void may_be_closed_by_a_handler_with_commands_under_way(void **state)
{
    struct fixture fixture;

    (void)state;
    open_fixture(&fixture);
    fixture.expected.handler = close_in_handler;
    connect_unix(&fixture, server.socket);
    ask(&fixture, "PING", NULL, 0);
    ask(&fixture, "PING", NULL, 0);
    /* 1: until there is nothing any more to wait for */
    assert_int_equal(event_base_dispatch(fixture.base), 1);
    assert_int_equal(fixture.count, 1);
    assert_false(fixture.is_ended);
    close_fixture(&fixture);
}

/* A server that says |wire| a byte at a time to one client, whatever it is asked. */
static void against(struct temp_dir *dir, const char *wire, size_t len, struct fixture *fixture)
{
    union {
        struct sockaddr any;
        struct sockaddr_un unix_domain;
    } addr = {.unix_domain = {.sun_family = AF_UNIX}};
    char path[TEMP_PATH_MAX], buf[256];
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0), client;

    copy_path(addr.unix_domain.sun_path, temp_dir_path(dir, "fake", path));
    assert_true(listener >= 0);
    assert_int_equal(bind(listener, &addr.any, sizeof(addr.unix_domain)), 0);
    assert_int_equal(listen(listener, 1), 0);
    open_fixture(fixture);
    fixture->wanted = 1;
    connect_unix(fixture, path);
    client = accept(listener, NULL, NULL);
    assert_true(client >= 0);
    ask(fixture, "PING", NULL, 0);
    while (recv(client, buf, sizeof(buf), MSG_DONTWAIT) <= 0)
        assert_int_equal(event_base_loop(fixture->base, EVLOOP_ONCE), 0);
    for (size_t i = 0; i < len && !fixture->is_ended; i++) {
        assert_int_equal(send(client, wire + i, 1, MSG_NOSIGNAL), 1);
        assert_int_equal(event_base_loop(fixture->base, EVLOOP_ONCE), 0);
    }
    close(client);
    close(listener);
    unlink(path);
}

static void fragments_of_a_reply_are_put_together(void **state)
{
    struct fixture fixture;

    against(*state, "$5\r\nhello\r\n", 11, &fixture);
    assert_false(fixture.is_ended);
    assert_string_equal(fixture.replies[0], "hello");
    close_fixture(&fixture);
}

static void answers_out_of_turn_and_nonsense_end_it(void **state)
{
    static const struct {
        const char *wire;
        unsigned count;
        const char *why;
    } cases[] = {
        {"+PONG\r\n+PONG\r\n", 1, "not asked"},
        {"+PONG\r\n:1\r\n", 1, "not asked"},
        {"+PONG\r\n*2\r\n:1\r\n", 1, "not asked"},
        {"+PONG\r\n$-1\r\n", 1, "not asked"},
        {"*2147483647\r\n", 0, "absurd"},
        {"HTTP/1.1 400 Bad Request\r\n", 0, ""},
        {"$-7\r\n", 0, ""},
        {"*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n", 0, ""},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fixture fixture;

        against(*state, cases[i].wire, strlen(cases[i].wire), &fixture);
        assert_true(fixture.is_ended);
        assert_int_equal(fixture.count, cases[i].count);
        assert_non_null(strstr(fixture.why, cases[i].why));
        close_fixture(&fixture);
    }
}

static void redis_knows_each_script_by_our_hash(void **state)
{
    struct fixture fixture;

    (void)state;
    open_fixture(&fixture);
    connect_unix(&fixture, server.socket);
    for (size_t i = 0; i < REDIS_SCRIPT_COUNT; i++) {
        struct redis_command command;

        redis_command_begin(&command, "SCRIPT");
        redis_command_add_text(&command, "LOAD");
        redis_command_add(
            &command, (struct bytes){.data = redis_scripts[i].text, .len = redis_scripts[i].len});
        assert_int_equal(redis_connection_ask(fixture.connection, &command, &fixture.expected),
                         ERR_OK);
        fixture.count = 0;
        memset(fixture.replies, 0, sizeof(fixture.replies));
        wait_for(&fixture, 1);
        assert_string_equal(fixture.replies[0], redis_scripts[i].sha1);
    }
    close_fixture(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replies_come_in_order_and_arguments_are_bytes),
        cmocka_unit_test(tcp_is_the_same),
        cmocka_unit_test(the_end_is_told_once_and_not_to_each_command),
        cmocka_unit_test(what_nobody_listens_on_ends),
        cmocka_unit_test(may_be_closed_by_a_handler_with_commands_under_way),
        cmocka_unit_test(fragments_of_a_reply_are_put_together),
        cmocka_unit_test(answers_out_of_turn_and_nonsense_end_it),
        cmocka_unit_test(redis_knows_each_script_by_our_hash),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, start_server, stop_server);
}
