/* test_ownership_redis_service.c — the registry in a Redis that stops, hangs, refuses, forgets. */
#include "ownership_client.h"
#include "redis_server.h"
#include "temp_dir.h"

#include <signal.h>
#include <sys/resource.h>

#include <event2/event.h>
#include <hiredis/hiredis.h>

enum { URL_MAX = 320, BURST = 500 };

static struct redis_server server;
static struct ownership_client client;

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

static void open_client(uint32_t timeout_msec)
{
    char url[URL_MAX];

    (void)snprintf(url, sizeof(url), "redis+unix://%s", server.socket);
    client_open(&client, url, 1, timeout_msec);
}

static void open_with_lease(uint32_t timeout_msec)
{
    open_client(timeout_msec);
    client_wait_for_change(&client, 0, 1);
    assert_int_equal(client_take_lease(&client), OWNERSHIP_DONE);
}

/* Operations that nobody waits for yet: a claim, a channel and a refresh of each of |count|
 * allocations. */
static void burst(unsigned first, unsigned count)
{
    for (unsigned i = first; i < first + count; i++) {
        struct turn_record allocation = client_allocation(&client, i);
        struct turn_record channel = client_channel(&client, i, 0x4000);

        assert_int_equal(ownership_claim(client.ownership, client.now, &client.writer, &allocation,
                                         0, false, client_note, &client),
                         ERR_OK);
        assert_int_equal(ownership_record(client.ownership, client.now, &client.writer, &channel,
                                          client_note, &client),
                         ERR_OK);
        assert_int_equal(ownership_record(client.ownership, client.now, &client.writer, &allocation,
                                          client_note, &client),
                         ERR_OK);
    }
}

static void is_away_before_redis_runs_and_available_when_it_does(void **state)
{
    struct turn_record allocation;

    (void)state;
    redis_server_kill(&server);
    open_client(0);
    assert_false(ownership_is_available(client.ownership));
    client_wait_for_change(&client, 1, 0);
    assert_non_null(strstr(client.why, server.socket));
    assert_int_equal(client_take_lease(&client), OWNERSHIP_AWAY);
    redis_server_start(&server, NULL);
    client_wait_for_change(&client, 1, 1);
    assert_true(ownership_is_available(client.ownership));
    assert_int_equal(client_take_lease(&client), OWNERSHIP_DONE);
    allocation = client_allocation(&client, 1);
    assert_int_equal(client_claim(&client, &allocation, 0, false), OWNERSHIP_DONE);
    client_close(&client);
}

static void an_end_is_told_once_and_the_return_of_an_empty_one_too(void **state)
{
    struct turn_record allocation;

    (void)state;
    open_with_lease(0);
    allocation = client_allocation(&client, 1);
    assert_int_equal(client_claim(&client, &allocation, 0, false), OWNERSHIP_DONE);
    redis_server_kill(&server);
    client_wait_for_change(&client, 1, 1);
    assert_false(ownership_is_available(client.ownership));
    assert_int_equal(client_find(&client, &allocation), OWNERSHIP_AWAY);
    /* Attempts that fail are no news. */
    struct timeval pause = {.tv_usec = 300000};

    assert_int_equal(event_base_loopexit(client.base, &pause), 0);
    assert_int_equal(event_base_dispatch(client.base), 0);
    assert_int_equal(client.gone, 1);

    redis_server_start(&server, NULL);
    client_wait_for_change(&client, 1, 2);
    assert_int_equal(client_record(&client, &allocation), OWNERSHIP_STALE);
    assert_int_equal(client_take_lease(&client), OWNERSHIP_DONE);
    assert_false(client.has_former);
    assert_int_equal(client_find(&client, &allocation), OWNERSHIP_NONE);
    assert_int_equal(client_claim(&client, &allocation, 0, true), OWNERSHIP_DONE);
    client_close(&client);
}

static void one_that_hangs_costs_a_time_out_and_then_the_connection(void **state)
{
    struct turn_record allocation;

    (void)state;
    open_with_lease(50);
    allocation = client_allocation(&client, 1);
    redis_server_signal(&server, SIGSTOP);
    assert_int_equal(client_claim(&client, &allocation, 0, false), OWNERSHIP_AWAY);
    client_wait_for_change(&client, 1, 1);
    assert_non_null(strstr(client.why, "has not answered"));
    assert_int_equal(client_find(&client, &allocation), OWNERSHIP_AWAY);
    redis_server_signal(&server, SIGCONT);
    client_wait_for_change(&client, 1, 2);
    client_close(&client);
    /* Whether the claim was carried out is unknown; that it can be repeated is not. */
    open_with_lease(0);
    assert_int_equal(client_claim(&client, &allocation, 0, false), OWNERSHIP_DONE);
    client_close(&client);
}

static void late_answers_are_let_go(void **state)
{
    struct turn_record allocation;
    unsigned answers;

    (void)state;
    open_with_lease(200);
    allocation = client_allocation(&client, 1);
    redis_server_signal(&server, SIGSTOP);
    answers = client.answers;
    burst(1, 100);
    client_wait(&client, answers + 300);
    assert_int_equal(client.answer.outcome, OWNERSHIP_AWAY);
    redis_server_signal(&server, SIGCONT);
    /* Were it the late answers that were given to later questions, this would not be answered by
     * who asks first after them. */
    while (client_find(&client, &allocation) == OWNERSHIP_AWAY)
        continue;
    assert_int_equal(client.answer.outcome, OWNERSHIP_DONE);
    assert_true(owner_equal(&client.answer.owner, &client.writer.owner));
    client_close(&client);
}

static unsigned done_count;

static void count_done(void *context, const struct ownership_answer *answer)
{
    done_count += answer->outcome == OWNERSHIP_DONE;
    client_note(context, answer);
}

/* The scripts are forgotten while hundreds of operations are in the pipe, and another client loads
 * them again meanwhile: still each is carried out, and in order. */
static void forgotten_scripts_are_loaded_again_in_order(void **state)
{
    static struct ownership_client other;
    struct turn_record allocation;
    char url[URL_MAX];
    unsigned answers;

    (void)state;
    open_with_lease(0);
    (void)snprintf(url, sizeof(url), "redis+unix://%s", server.socket);
    client_open(&other, url, 2, 0);
    assert_int_equal(client_take_lease(&other), OWNERSHIP_DONE);
    done_count = 0;
    answers = client.answers;
    for (unsigned i = 0; i < BURST; i++) {
        allocation = client_allocation(&client, i);
        struct turn_record channel = client_channel(&client, i, 0x4000);

        assert_int_equal(ownership_claim(client.ownership, client.now, &client.writer, &allocation,
                                         0, false, count_done, &client),
                         ERR_OK);
        assert_int_equal(ownership_record(client.ownership, client.now, &client.writer, &channel,
                                          count_done, &client),
                         ERR_OK);
        if (i % 2 == 0)
            assert_int_equal(ownership_forget(client.ownership, client.now, &client.writer,
                                              &channel, count_done, &client),
                             ERR_OK);
        if (i % 50 == 20) {
            ownership_flush(client.ownership);
            redis_server_do(&server, "SCRIPT FLUSH");
        }
        if (i % 50 == 40)
            assert_int_equal(client_renew_lease(&other), OWNERSHIP_DONE);
    }
    client_wait(&client, answers + BURST * 5 / 2);
    assert_int_equal(done_count, BURST * 5 / 2);
    for (unsigned i = 0; i < BURST; i++)
        assert_int_equal(redis_server_do(&server,
                                         "HEXISTS relay:allocation:198.51.100.7:%u>203.0.113.7:3478"
                                         " channel:0x4000",
                                         10000 + i),
                         i % 2);
    assert_int_equal(client.gone, 0);
    client_close(&other);
    client_close(&client);
}

static void a_killed_connection_is_made_again(void **state)
{
    struct turn_record allocation;

    (void)state;
    open_with_lease(0);
    allocation = client_allocation(&client, 1);
    assert_int_equal(client_claim(&client, &allocation, 0, false), OWNERSHIP_DONE);
    redis_server_do(&server, "CLIENT KILL TYPE normal SKIPME yes");
    client_wait_for_change(&client, 1, 2);
    assert_int_equal(client_renew_lease(&client), OWNERSHIP_DONE);
    assert_int_equal(client_find(&client, &allocation), OWNERSHIP_DONE);
    assert_true(client.answer.owner_is_live);
    client_close(&client);
}

static void a_full_one_is_away_until_there_is_room(void **state)
{
    struct turn_record allocation;

    (void)state;
    open_with_lease(0);
    allocation = client_allocation(&client, 1);
    redis_server_do(&server, "CONFIG SET maxmemory-policy noeviction");
    redis_server_do(&server, "CONFIG SET maxmemory 1");
    assert_int_equal(client_claim(&client, &allocation, 0, false), OWNERSHIP_AWAY);
    client_wait_for_change(&client, 1, 1);
    assert_non_null(strstr(client.why, "maxmemory"));
    assert_int_equal(redis_server_do(&server, "EXISTS relay:allocations:host/1"), 0);
    redis_server_do(&server, "CONFIG SET maxmemory 0");
    client_wait_for_change(&client, 1, 2);
    assert_int_equal(client_claim(&client, &allocation, 0, false), OWNERSHIP_DONE);
    client_close(&client);
}

static void one_that_may_not_be_written_is_away(void **state)
{
    (void)state;
    open_with_lease(0);
    /* as after a fail-over, for who is still connected to the former primary */
    redis_server_do(&server, "REPLICAOF 127.0.0.1 1");
    assert_int_equal(client_renew_lease(&client), OWNERSHIP_AWAY);
    client_wait_for_change(&client, 1, 1);
    assert_true(strstr(client.why, "READONLY") || strstr(client.why, "MASTERDOWN"));
    redis_server_do(&server, "REPLICAOF NO ONE");
    client_wait_for_change(&client, 1, 2);
    assert_int_equal(client_renew_lease(&client), OWNERSHIP_DONE);
    client_close(&client);
}

static unsigned away_count;

static void count_away(void *context, const struct ownership_answer *answer)
{
    away_count += answer->outcome == OWNERSHIP_AWAY;
    client_note(context, answer);
    /* One that is refused now must be, not lost. */
    struct turn_record allocation = client_allocation(&client, 1);

    ownership_flush(client.ownership);
    assert_int_equal(
        ownership_find(client.ownership, client.now, &allocation.five_tuple, client_note, &client),
        ERR_LIMIT);
}

static void closing_answers_what_is_under_way(void **state)
{
    struct turn_record allocation;

    (void)state;
    for (unsigned phase = 0; phase < 3; phase++) {
        if (phase == 0) /* not even connected */
            open_client(0);
        else
            open_with_lease(0);
        allocation = client_allocation(&client, 1);
        away_count = 0;
        for (unsigned i = 0; i < 100; i++)
            assert_int_equal(ownership_find(client.ownership, client.now, &allocation.five_tuple,
                                            count_away, &client),
                             ERR_OK);
        assert_int_equal(ownership_list(client.ownership, client.now, &client.writer.owner, NULL,
                                        count_away, &client),
                         ERR_OK);
        if (phase == 2)
            ownership_flush(client.ownership);
        client_close(&client);
        assert_int_equal(away_count, 101);
    }
}

/* Attempts to connect and all waiting are driven by timers. */
static void nothing_spins_while_it_is_away(void **state)
{
    struct timeval wait = {.tv_sec = 2};
    unsigned turns = 0;
    struct event *end;

    (void)state;
    open_client(0);
    client_wait_for_change(&client, 0, 1);
    redis_server_kill(&server);
    client_wait_for_change(&client, 1, 1);
    end = evtimer_new(client.base, client_ignore_event, NULL);
    assert_non_null(end);
    assert_int_equal(event_add(end, &wait), 0);
    for (; event_pending(end, EV_TIMEOUT, NULL); turns++)
        assert_int_equal(event_base_loop(client.base, EVLOOP_ONCE), 0);
    event_free(end);
    assert_true(turns < 100);
    client_close(&client);
    redis_server_start(&server, NULL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(is_away_before_redis_runs_and_available_when_it_does),
        TEST(an_end_is_told_once_and_the_return_of_an_empty_one_too),
        TEST(one_that_hangs_costs_a_time_out_and_then_the_connection),
        TEST(late_answers_are_let_go),
        TEST(forgotten_scripts_are_loaded_again_in_order),
        TEST(a_killed_connection_is_made_again),
        TEST(a_full_one_is_away_until_there_is_room),
        TEST(one_that_may_not_be_written_is_away),
        TEST(closing_answers_what_is_under_way),
        TEST(nothing_spins_while_it_is_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
