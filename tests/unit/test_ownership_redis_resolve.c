/* test_ownership_redis_resolve.c — tests of ownership_redis_resolve.h. */
#include "ownership_redis_resolve.h"

#include "unit.h"

#include <event2/event.h>

struct outcome {
    struct event_base *base;
    unsigned calls;
    unsigned count;
    struct redis_address first;
    char why[128];
};

static void note(void *context, const struct redis_address *addresses, unsigned count,
                 const char *why)
{
    struct outcome *outcome = context;

    outcome->calls++;
    outcome->count = count;
    if (count > 0)
        outcome->first = addresses[0];
    else
        (void)snprintf(outcome->why, sizeof(outcome->why), "%s", why);
}

static void numeric_addresses_are_given_at_once(void **state)
{
    static const char *const ips[] = {"127.0.0.1", "2001:db8::1"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct outcome outcome = {.base = event_base_new()};
        struct redis_resolve *resolve;

        redis_resolve_start(outcome.base, ips[i], 6379, note, &outcome, &resolve);
        assert_null(resolve);
        assert_int_equal(outcome.calls, 1);
        assert_int_equal(outcome.count, 1);
        assert_string_equal(outcome.first.ip, ips[i]);
        assert_int_equal(outcome.first.port, 6379);
        event_base_free(outcome.base);
    }
}

/* localhost is in /etc/hosts. */
static void names_of_the_hosts_file_need_no_server(void **state)
{
    struct outcome outcome = {.base = event_base_new()};
    struct redis_resolve *resolve;

    (void)state;
    redis_resolve_start(outcome.base, "localhost", 7, note, &outcome, &resolve);
    (void)event_base_dispatch(outcome.base);
    assert_int_equal(outcome.calls, 1);
    assert_true(outcome.count >= 1);
    assert_true(strcmp(outcome.first.ip, "127.0.0.1") == 0 || strcmp(outcome.first.ip, "::1") == 0);
    assert_int_equal(outcome.first.port, 7);
    event_base_free(outcome.base);
}

static void a_name_given_up_is_not_answered(void **state)
{
    struct outcome outcome = {.base = event_base_new()};
    struct redis_resolve *resolve;

    (void)state;
    redis_resolve_start(outcome.base, "a-name-of-the-reserved-domain.invalid", 7, note, &outcome,
                        &resolve);
    unsigned calls = outcome.calls; /* 1 where no name server is set up at all */
    redis_resolve_cancel(resolve);
    (void)event_base_dispatch(outcome.base);
    assert_int_equal(outcome.calls, calls);
    redis_resolve_cancel(NULL);
    event_base_free(outcome.base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numeric_addresses_are_given_at_once),
        cmocka_unit_test(names_of_the_hosts_file_need_no_server),
        cmocka_unit_test(a_name_given_up_is_not_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
