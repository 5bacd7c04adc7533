/* test_ownership_redis_link.c — tests of ownership_redis_link.h, with passwords and sentinels. */
#include "ownership_redis_link.h"

#include "ownership_redis_reply.h"
#include "redis_server.h"
#include "temp_dir.h"

#include <signal.h>

#include <event2/event.h>
#include <hiredis/hiredis.h>

enum { WAIT_SEC_MAX = 60, PATIENT_MSEC = 5000 };

static struct redis_server server;

/* A link and what became of it. */
struct fixture {
    struct event_base *base;
    struct redis_target target;
    struct redis_link *link;
    unsigned ready;
    unsigned down;
    char why[PROBLEM_TEXT_MAX];
    char answer[64];
    bool is_late;
    struct event *late;
};

static int setup(void **state)
{
    assert_int_equal(temp_dir_setup(state), 0);
    redis_server_init(&server, ((struct temp_dir *)*state)->path, "redis");
    redis_server_start(&server, NULL);
    return 0;
}

static int teardown(void **state)
{
    redis_server_kill(&server);
    return temp_dir_teardown(state);
}

static void on_ready(void *context)
{
    struct fixture *fixture = context;

    fixture->ready++;
    event_base_loopbreak(fixture->base);
}

static void on_down(void *context, const char *why)
{
    struct fixture *fixture = context;

    fixture->down++;
    (void)snprintf(fixture->why, sizeof(fixture->why), "%s", why);
    event_base_loopbreak(fixture->base);
}

static void on_late(evutil_socket_t fd, short what, void *arg)
{
    struct fixture *fixture = arg;

    (void)fd;
    (void)what;
    fixture->is_late = true;
}

/* fixture_init aims at the port of |server|; the test may change that before fixture_start. */
static void fixture_init(struct fixture *fixture)
{
    *fixture = (struct fixture){
        .base = event_base_new(),
        .target = {.hosts = {{.name = "127.0.0.1", .port = server.port}}, .host_count = 1}};
    assert_non_null(fixture->base);
    fixture->late = evtimer_new(fixture->base, on_late, fixture);
    assert_non_null(fixture->late);
}

static void fixture_start(struct fixture *fixture)
{
    struct redis_link_config config = {
        .base = fixture->base,
        .target = &fixture->target,
        .timeout_msec = PATIENT_MSEC,
        .on_ready = on_ready,
        .on_down = on_down,
        .context = fixture,
    };

    fixture->link = redis_link_new(&config);
    assert_non_null(fixture->link);
    assert_null(redis_link_connection(fixture->link));
}

static void fixture_close(struct fixture *fixture)
{
    event_free(fixture->late);
    redis_link_free(fixture->link);
    /* What the resolver frees later. */
    (void)event_base_loop(fixture->base, EVLOOP_NONBLOCK);
    event_base_free(fixture->base);
}

/* The loop turns until something has happened. */
static void turn(struct fixture *fixture)
{
    const struct timeval late = {.tv_sec = WAIT_SEC_MAX};

    assert_int_equal(event_add(fixture->late, &late), 0);
    assert_int_equal(event_base_loop(fixture->base, EVLOOP_ONCE), 0);
    if (fixture->is_late)
        fail_msg("nothing happened in %d s; last: %s", WAIT_SEC_MAX, fixture->why);
}

static void wait_until_ready(struct fixture *fixture, unsigned ready)
{
    while (fixture->ready < ready)
        turn(fixture);
    assert_non_null(redis_link_connection(fixture->link));
}

static void wait_until_down(struct fixture *fixture, unsigned down)
{
    while (fixture->down < down)
        turn(fixture);
    assert_null(redis_link_connection(fixture->link));
}

static void note_answer(void *context, const struct redisReply *reply)
{
    struct fixture *fixture = context;
    struct bytes text =
        redis_reply_text(redis_reply_count(reply) ? redis_reply_at(reply, 0) : reply);

    assert_true(text.len > 0 && text.len < sizeof(fixture->answer));
    memcpy(fixture->answer, text.data, text.len);
    fixture->answer[text.len] = '\0';
}

static const char *ask(struct fixture *fixture, const char *name, const char *arg)
{
    struct redis_expected expected = {.handler = note_answer, .context = fixture};
    struct redis_command command;

    redis_command_begin(&command, name);
    if (arg != NULL)
        redis_command_add_text(&command, arg);
    fixture->answer[0] = '\0';
    assert_int_equal(
        redis_connection_ask(redis_link_connection(fixture->link), &command, &expected), ERR_OK);
    while (fixture->answer[0] == '\0')
        turn(fixture);
    return fixture->answer;
}

static void host_names_and_numbers_lead_to_it(void **state)
{
    static const char *const hosts[] = {"127.0.0.1", "localhost"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct fixture fixture;

        fixture_init(&fixture);
        (void)strcpy(fixture.target.hosts[0].name, hosts[i]);
        fixture_start(&fixture);
        wait_until_ready(&fixture, 1);
        assert_string_equal(ask(&fixture, "PING", NULL), "PONG");
        fixture_close(&fixture);
    }
}

static void a_broken_link_is_made_again(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture);
    fixture_start(&fixture);
    wait_until_ready(&fixture, 1);
    redis_server_kill(&server);
    wait_until_down(&fixture, 1);
    redis_server_start(&server, NULL);
    fixture.target.hosts[0].port = server.port; /* should that have changed */
    wait_until_ready(&fixture, 2);
    redis_link_drop(fixture.link, "of no use");
    assert_int_equal(fixture.down > 1, true);
    assert_non_null(strstr(fixture.why, ": of no use"));
    redis_link_drop(fixture.link, "twice");
    assert_null(strstr(fixture.why, "twice"));
    wait_until_ready(&fixture, 3);
    fixture_close(&fixture);
}

static void the_password_is_given_and_never_told(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture);
    (void)strcpy(fixture.target.password, "hunter2");
    redis_server_do(&server, "CONFIG SET requirepass swordfish");
    (void)strcpy(server.password, "swordfish");
    fixture_start(&fixture);
    wait_until_down(&fixture, 1);
    assert_non_null(strstr(fixture.why, "WRONGPASS"));
    assert_null(strstr(fixture.why, "hunter2"));
    assert_int_equal(fixture.ready, 0);
    redis_server_do(&server, "CONFIG SET requirepass hunter2");
    (void)strcpy(server.password, "hunter2");
    wait_until_ready(&fixture, 1);
    assert_string_equal(ask(&fixture, "PING", NULL), "PONG");
    fixture_close(&fixture);

    /* None at all */
    fixture_init(&fixture);
    fixture_start(&fixture);
    wait_until_down(&fixture, 1);
    assert_non_null(strstr(fixture.why, "NOAUTH"));
    fixture_close(&fixture);
}

static void a_command_that_redis_does_not_know_is_not_recited(void **state)
{
    static const char *const no_auth[] = {"--rename-command", "AUTH", "", NULL};
    struct fixture fixture;

    (void)state;
    redis_server_kill(&server);
    redis_server_start(&server, no_auth);
    fixture_init(&fixture);
    (void)strcpy(fixture.target.password, "hunter2");
    fixture_start(&fixture);
    wait_until_down(&fixture, 1);
    assert_non_null(strstr(fixture.why, "unknown command"));
    assert_null(strstr(fixture.why, "hunter2"));
    fixture_close(&fixture);
}

/* What README says that a user of the registry needs. */
static void a_user_with_few_rights_is_enough(void **state)
{
    struct fixture fixture;

    (void)state;
    redis_server_do(&server, "ACL SETUSER relay on >hunter2 ~relay:* +@read +@write +@scripting"
                             " +select +role +time");
    redis_server_do(&server, "ACL SETUSER guest on >hunter2 +ping");
    fixture_init(&fixture);
    (void)strcpy(fixture.target.user, "relay");
    (void)strcpy(fixture.target.password, "hunter2");
    fixture.target.db = 3;
    fixture_start(&fixture);
    wait_until_ready(&fixture, 1);
    fixture_close(&fixture);

    fixture_init(&fixture);
    (void)strcpy(fixture.target.user, "guest");
    (void)strcpy(fixture.target.password, "hunter2");
    fixture_start(&fixture);
    wait_until_down(&fixture, 1);
    assert_non_null(strstr(fixture.why, "NOPERM"));
    fixture_close(&fixture);
}

static void the_database_is_selected(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture);
    (void)strcpy(fixture.target.path, server.socket);
    fixture.target.db = 7;
    fixture_start(&fixture);
    wait_until_ready(&fixture, 1);
    assert_int_equal(redis_server_do(&server, "EXISTS relay:probe"), 0);
    fixture_close(&fixture);

    fixture_init(&fixture);
    fixture.target.db = 999;
    fixture_start(&fixture);
    wait_until_down(&fixture, 1);
    assert_non_null(strstr(fixture.why, "out of range"));
    fixture_close(&fixture);
}

static void a_full_one_is_not_ready(void **state)
{
    struct fixture fixture;

    (void)state;
    redis_server_do(&server, "CONFIG SET maxmemory 1");
    fixture_init(&fixture);
    fixture_start(&fixture);
    wait_until_down(&fixture, 1);
    assert_non_null(strstr(fixture.why, "OOM"));
    redis_server_do(&server, "CONFIG SET maxmemory 0");
    wait_until_ready(&fixture, 1);
    fixture_close(&fixture);
}

static void a_fail_over_is_followed(void **state)
{
    struct temp_dir *dir = *state;
    struct redis_server replica, sentinel;
    struct fixture fixture;

    redis_server_init(&replica, dir->path, "replica");
    redis_server_start_replica(&replica, &server);
    redis_server_init(&sentinel, dir->path, "sentinel");
    redis_server_start_sentinel(&sentinel, &server);

    fixture_init(&fixture);
    fixture.target = (struct redis_target){
        .primary = "main",
        /* The first one is not there. */
        .hosts = {{.name = "127.0.0.1", .port = 1}, {.name = "127.0.0.1", .port = sentinel.port}},
        .host_count = 2};
    fixture_start(&fixture);
    wait_until_ready(&fixture, 1);
    assert_string_equal(ask(&fixture, "ROLE", NULL), "master");
    redis_server_kill(&server);
    wait_until_ready(&fixture, 2);
    assert_string_equal(ask(&fixture, "ROLE", NULL), "master");
    assert_int_equal(redis_server_do(&replica, "EXISTS relay:probe"), 1);
    fixture_close(&fixture);

    /* A name that they do not know */
    fixture_init(&fixture);
    fixture.target = (struct redis_target){.primary = "other",
                                           .hosts = {{.name = "127.0.0.1", .port = sentinel.port}},
                                           .host_count = 1};
    fixture_start(&fixture);
    wait_until_down(&fixture, 1);
    assert_non_null(strstr(fixture.why, "no primary of that name"));
    fixture_close(&fixture);
    redis_server_kill(&sentinel);
    redis_server_kill(&replica);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(host_names_and_numbers_lead_to_it),
        TEST(a_broken_link_is_made_again),
        TEST(the_password_is_given_and_never_told),
        TEST(a_command_that_redis_does_not_know_is_not_recited),
        TEST(a_user_with_few_rights_is_enough),
        TEST(the_database_is_selected),
        TEST(a_full_one_is_not_ready),
        TEST(a_fail_over_is_followed),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
