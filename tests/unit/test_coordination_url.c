/* test_coordination_url.c — tests of coordination_url.h. */
#include "coordination_url.h"

#include "unit.h"

static struct coordination coordination;

static void reads(const char *url, enum coordination_kind kind)
{
    struct problem problem;

    assert_int_equal(coordination_url_read(url, &coordination, &problem), ERR_OK);
    assert_int_equal(coordination.kind, kind);
}

static void refuses(const char *url, const char *why)
{
    struct problem problem;

    assert_int_equal(coordination_url_read(url, &coordination, &problem), ERR_MALFORMED);
    assert_non_null(strstr(problem.text, why));
    assert_null(strstr(problem.text, "s3cret"));
}

static void has_host(unsigned index, const char *name, uint16_t port)
{
    assert_string_equal(coordination.redis.hosts[index].name, name);
    assert_int_equal(coordination.redis.hosts[index].port, port);
}

static void local(void **state)
{
    (void)state;
    reads("local", COORDINATION_LOCAL);
}

static void one_redis(void **state)
{
    (void)state;
    reads("redis://db.example", COORDINATION_REDIS);
    assert_int_equal(coordination.redis.host_count, 1);
    has_host(0, "db.example", 6379);
    assert_int_equal(coordination.redis.db, 0);
    assert_string_equal(coordination.redis.password, "");

    reads("redis://192.0.2.1:7000/3", COORDINATION_REDIS);
    has_host(0, "192.0.2.1", 7000);
    assert_int_equal(coordination.redis.db, 3);

    reads("redis://[2001:db8::1]:7000/", COORDINATION_REDIS);
    has_host(0, "2001:db8::1", 7000);
    reads("redis://[2001:db8::1]", COORDINATION_REDIS);
    has_host(0, "2001:db8::1", 6379);
}

static void user_and_password(void **state)
{
    (void)state;
    reads("redis://relay:s3cret@db", COORDINATION_REDIS);
    assert_string_equal(coordination.redis.user, "relay");
    assert_string_equal(coordination.redis.password, "s3cret");
    reads("redis://:s3cret%40%2f@db", COORDINATION_REDIS);
    assert_string_equal(coordination.redis.user, "");
    assert_string_equal(coordination.redis.password, "s3cret@/");
    /* What stands before the last @ is the login, as people write it. */
    reads("redis://:s3cret@x@db", COORDINATION_REDIS);
    assert_string_equal(coordination.redis.password, "s3cret@x");
    has_host(0, "db", 6379);
}

static void socket_of_this_host(void **state)
{
    (void)state;
    reads("redis+unix:///run/redis.sock", COORDINATION_REDIS);
    assert_string_equal(coordination.redis.path, "/run/redis.sock");
    reads("redis+unix:///run/a%20b.sock?db=12", COORDINATION_REDIS);
    assert_string_equal(coordination.redis.path, "/run/a b.sock");
    assert_int_equal(coordination.redis.db, 12);
}

static void sentinels(void **state)
{
    (void)state;
    reads("redis+sentinel://:s3cret@one,two:7000,[::1]:7001/primary/2", COORDINATION_REDIS);
    assert_int_equal(coordination.redis.host_count, 3);
    has_host(0, "one", 26379);
    has_host(1, "two", 7000);
    has_host(2, "::1", 7001);
    assert_string_equal(coordination.redis.primary, "primary");
    assert_int_equal(coordination.redis.db, 2);
}

static void bad_ones(void **state)
{
    (void)state;
    refuses("", "must be local, or begin with");
    refuses("localhost", "must be local, or begin with");
    refuses("http://db", "must be local, or begin with");
    refuses("redis://", "host name or address is missing");
    refuses("redis://a host", "letters, digits");
    refuses("redis://db%0a", "letters, digits");
    refuses("redis+sentinel://one,t wo/x", "letters, digits");
    refuses("redis://db:0", "from 1 to 65535");
    refuses("redis://db:65536", "from 1 to 65535");
    refuses("redis://db:", "from 1 to 65535");
    refuses("redis://db/x", "database must be a number");
    refuses("redis://db/0/1", "database must be a number");
    refuses("redis://db,other", "one host only");
    refuses("redis://[::1", "closing bracket");
    refuses("redis://[::1]x", "only :port");
    refuses("redis://s3cret@db", "user:password");
    refuses("redis://user:@db", "must be a password");
    refuses("redis://:s3cret%4@db", "bad %XX");
    refuses("redis://:s3cret%00@db", "bad %XX");
    refuses("redis+unix://run/redis", "absolute path");
    refuses("redis+unix:///run/redis?x=1", "?db=NUMBER");
    refuses("redis+unix:///run/redis?db=x", "database must be a number");
    refuses("redis+sentinel://one", "NAME");
    refuses("redis+sentinel://a,b,c,d,e,f,g,h,i/x", "at most eight");
}

static void long_ones(void **state)
{
    char url[2048] = "redis://";

    (void)state;
    memset(url + 8, 'a', 300);
    refuses(url, "too long");
    memset(url + 8, 'a', 1500);
    refuses(url, "1024");
}

static void describes_without_what_lets_one_in(void **state)
{
    static const struct {
        const char *url, *text;
    } rows[] = {
        {"local", "local"},
        {"redis://db.example", "redis://db.example"},
        {"redis://user:s3cret@db.example:1/2", "redis://db.example:1/2"},
        {"redis://:s3@cret@[2001:db8::1]", "redis://[2001:db8::1]"},
        {"redis+sentinel://u:s3cret@a,b:1/main/3", "redis+sentinel://a,b:1/main/3"},
        {"redis+unix:///run/a@b.sock?db=1", "redis+unix:///run/a@b.sock?db=1"},
        {"redis+unix:///\x1b[2J\xc3", "redis+unix:///?[2J?"},
    };
    char text[COORDINATION_TEXT_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_string_equal(coordination_url_describe(rows[i].url, text), rows[i].text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(describes_without_what_lets_one_in),
        cmocka_unit_test(local),
        cmocka_unit_test(one_redis),
        cmocka_unit_test(user_and_password),
        cmocka_unit_test(socket_of_this_host),
        cmocka_unit_test(sentinels),
        cmocka_unit_test(bad_ones),
        cmocka_unit_test(long_ones),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
