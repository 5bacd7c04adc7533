/* test_ownership_flow.c — when and how often operations are answered, for every backend. */
#include "ownership_registry.h"

#include <event2/event.h>

enum { MANY = 700, SHORT_MSEC = 100 };

static struct ownership_client client;
static unsigned noted;
static unsigned away;

static void queue_find(void)
{
    struct turn_record allocation = client_allocation(&client, 1);

    assert_int_equal(
        ownership_find(client.ownership, client.now, &allocation.five_tuple, client_note, &client),
        ERR_OK);
}

/* A claim, a channel and a refresh of |count| allocations that nobody waits for yet. */
static void queue_burst(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
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

static void it_is_available_from_the_first_contact_on(void **state)
{
    (void)state;
    registry_open(&client, 1, 0);
    assert_false(ownership_is_available(client.ownership));
    client_wait_for_change(&client, 0, 1);
    assert_true(ownership_is_available(client.ownership));
    /* What is asked before is carried out too. */
    client_close(&client);
    registry_open(&client, 1, 0);
    assert_int_equal(client_take_lease(&client), OWNERSHIP_DONE);
    assert_true(ownership_is_available(client.ownership));
    assert_int_equal(client.back, 1);
    assert_int_equal(client.gone, 0);
    client_close(&client);
    ownership_close(NULL);
}

static void nothing_is_answered_from_inside_an_operation(void **state)
{
    unsigned answers;

    (void)state;
    registry_open_with_lease(&client, 1, 0);
    answers = client.answers;
    queue_burst(100);
    queue_find();
    assert_int_equal(client.answers, answers);
    client_wait(&client, answers + 301);
    /* And nothing twice. */
    queue_find();
    client_wait(&client, answers + 302);
    client_close(&client);
}

static void the_loop_carries_out_what_is_not_flushed(void **state)
{
    unsigned answers;

    (void)state;
    registry_open_with_lease(&client, 1, 0);
    answers = client.answers;
    queue_burst(1);
    while (client.answers < answers + 3)
        client_turn(&client);
    assert_int_equal(client.answer.outcome, OWNERSHIP_DONE);
    client_close(&client);
}

static void ignore_record(void *context, const struct owner *owner,
                          const struct turn_record *record)
{
    (void)context;
    (void)owner;
    (void)record;
}

static void arguments_are_copied(void **state)
{
    struct ownership_writer writer;
    struct turn_record allocation;
    struct five_tuple five_tuple;
    struct shard_lease lease;
    char host[] = "host";
    unsigned answers;

    (void)state;
    registry_open_with_lease(&client, 1, 0);
    answers = client.answers;
    writer = client.writer;
    lease = client.lease;
    allocation = client_allocation(&client, 1);
    five_tuple = allocation.five_tuple;
    assert_int_equal(
        ownership_renew_lease(client.ownership, client.now, &lease, client_note, &client), ERR_OK);
    assert_int_equal(ownership_claim(client.ownership, client.now, &writer, &allocation, 0, false,
                                     client_note, &client),
                     ERR_OK);
    assert_int_equal(
        ownership_find(client.ownership, client.now, &five_tuple, client_note, &client), ERR_OK);
    memset(&writer, 0x55, sizeof(writer));
    memset(&lease, 0x55, sizeof(lease));
    memset(&allocation, 0x55, sizeof(allocation));
    memset(&five_tuple, 0x55, sizeof(five_tuple));
    client_wait(&client, answers + 3);
    assert_int_equal(client.answer.outcome, OWNERSHIP_DONE);
    assert_true(owner_equal(&client.answer.owner, &client.writer.owner));

    assert_int_equal(ownership_find_port(client.ownership, client.now, host, 50001, ignore_record,
                                         client_note, &client),
                     ERR_OK);
    memset(host, 'x', 4);
    client_wait(&client, answers + 4);
    assert_int_equal(client.answer.outcome, OWNERSHIP_DONE);
    client_close(&client);
}

static void one_five_tuple_is_dealt_with_in_order(void **state)
{
    struct turn_record allocation;
    unsigned answers;

    (void)state;
    registry_open_with_lease(&client, 1, 0);
    allocation = client_allocation(&client, 1);
    answers = client.answers;
    for (unsigned i = 0; i < 301; i++) {
        enum err err = i % 2 ? ownership_forget(client.ownership, client.now, &client.writer,
                                                &allocation, client_note, &client)
                             : ownership_claim(client.ownership, client.now, &client.writer,
                                               &allocation, 0, false, client_note, &client);

        assert_int_equal(err, ERR_OK);
    }
    queue_find();
    client_wait(&client, answers + 302);
    assert_int_equal(client.answer.outcome, OWNERSHIP_DONE);
    client_close(&client);
}

static void more_than_the_most_are_refused(void **state)
{
    struct turn_record allocation;
    unsigned answers, queued = 0;

    (void)state;
    registry_open_with_lease(&client, 1, SHORT_MSEC);
    allocation = client_allocation(&client, 1);
    answers = client.answers;
    registry_hang();
    while (ownership_claim(client.ownership, client.now, &client.writer, &allocation, 0, false,
                           client_note, &client) == ERR_OK)
        queued++;
    assert_int_equal(queued, OWNERSHIP_PENDING_MAX);
    client_wait(&client, answers + queued);
    assert_int_equal(client.answer.outcome, OWNERSHIP_AWAY);
    client_wait_for_change(&client, 1, 1);
    registry_go_on();
    client_wait_for_change(&client, 1, 2);
    while (client_claim(&client, &allocation, 0, false) == OWNERSHIP_AWAY)
        continue;
    assert_int_equal(client.answer.outcome, OWNERSHIP_DONE);
    client_close(&client);
}

static void one_that_hangs_costs_a_time_out_and_is_away_in_the_end(void **state)
{
    struct turn_record allocation;
    struct timeval pause = {.tv_usec = 300000};

    (void)state;
    registry_open_with_lease(&client, 1, SHORT_MSEC);
    allocation = client_allocation(&client, 1);
    registry_hang();
    assert_int_equal(client_claim(&client, &allocation, 0, false), OWNERSHIP_AWAY);
    client_wait_for_change(&client, 1, 1);
    assert_true(strlen(client.why) > 0);
    assert_false(ownership_is_available(client.ownership));
    assert_int_equal(client_claim(&client, &allocation, 0, false), OWNERSHIP_AWAY);
    /* That it is still away is no news. */
    assert_int_equal(event_base_loopexit(client.base, &pause), 0);
    assert_int_equal(event_base_dispatch(client.base), 0);
    assert_int_equal(client.gone, 1);
    registry_go_on();
    client_wait_for_change(&client, 1, 2);
    assert_true(ownership_is_available(client.ownership));
    client_close(&client);
    registry_open_with_lease(&client, 1, 0);
    assert_int_equal(client_claim(&client, &allocation, 0, false), OWNERSHIP_DONE);
    client_close(&client);
}

static void one_that_lost_all_is_told_to_be_away_and_back(void **state)
{
    struct turn_record allocation;

    (void)state;
    registry_open_with_lease(&client, 1, 0);
    allocation = client_allocation(&client, 1);
    assert_int_equal(client_claim(&client, &allocation, 0, false), OWNERSHIP_DONE);
    registry_lose();
    assert_int_equal(client_renew_lease(&client), OWNERSHIP_STALE);
    client_wait_for_change(&client, 1, 2);
    assert_int_equal(client_claim(&client, &allocation, 0, true), OWNERSHIP_STALE);
    assert_int_equal(client_find(&client, &allocation), OWNERSHIP_NONE);
    assert_int_equal(client_take_lease(&client), OWNERSHIP_DONE);
    assert_false(client.has_former);
    assert_int_equal(client_claim(&client, &allocation, 0, true), OWNERSHIP_DONE);
    assert_int_equal(client.gone, 1);
    assert_int_equal(client.back, 2);
    client_close(&client);
}

static void lost_under_load_each_operation_is_answered_once(void **state)
{
    unsigned answers;

    (void)state;
    registry_open_with_lease(&client, 1, 0);
    answers = client.answers;
    for (unsigned i = 0; i < 8; i++) {
        queue_burst(100);
        ownership_flush(client.ownership);
        if (i == 4)
            registry_lose();
        client_turn(&client);
    }
    client_wait(&client, answers + 8 * 300);
    assert_int_equal(client.answer.outcome, OWNERSHIP_STALE);
    assert_int_equal(client.gone, 1);
    assert_int_equal(client_take_lease(&client), OWNERSHIP_DONE);
    queue_burst(100);
    client_wait(&client, answers + 8 * 300 + 1 + 300);
    assert_int_equal(client.answer.outcome, OWNERSHIP_DONE);
    client_close(&client);
}

static void a_long_list_is_given_in_steps_and_each_record_once(void **state)
{
    static bool was_given[MANY][2];
    unsigned answers;

    (void)state;
    memset(was_given, 0, sizeof(was_given));
    registry_open_with_lease(&client, 1, 0);
    answers = client.answers;
    queue_burst(MANY);
    client_wait(&client, answers + 3 * MANY);
    assert_int_equal(client_list(&client), OWNERSHIP_DONE);
    assert_int_equal(client.record_count, 2 * MANY);
    assert_int_equal(client.unreadable, 0);
    for (unsigned i = 0; i < CLIENT_RECORDS_MAX; i++) {
        const struct turn_record *record = &client.records[i];
        unsigned number = record->five_tuple.client.port - 10000u;

        /* An allocation, and then what is beneath it. */
        assert_int_equal(record->kind, i % 2 == 0 ? TURN_RECORD_ALLOCATION : TURN_RECORD_CHANNEL);
        assert_true(number < MANY && !was_given[number][i % 2]);
        was_given[number][i % 2] = true;
        assert_true(was_given[number][0]);
    }
    client_close(&client);
}

static void count_and_ask(void *context, const struct owner *owner,
                          const struct turn_record *record)
{
    (void)context;
    (void)owner;
    (void)record;
    if (noted++ == 0) {
        ownership_flush(client.ownership); /* of no effect, or none that hurts */
        queue_find();
    }
}

static void note_end(void *context, const struct ownership_answer *answer)
{
    unsigned *found_before_end = context;

    *found_before_end = client.answers;
    client_note(&client, answer);
}

static void others_are_answered_between_the_steps_of_a_list(void **state)
{
    unsigned answers, at_end = 0;

    (void)state;
    registry_open_with_lease(&client, 1, 0);
    answers = client.answers;
    queue_burst(MANY);
    client_wait(&client, answers + 3 * MANY);
    answers = client.answers;
    noted = 0;
    assert_int_equal(ownership_list(client.ownership, client.now, &client.writer.owner,
                                    count_and_ask, note_end, &at_end),
                     ERR_OK);
    client_wait(&client, answers + 2);
    assert_int_equal(noted, 2 * MANY);
    assert_int_equal(at_end, answers + 1);
    client_close(&client);
}

static void ask_again(void *context, const struct ownership_answer *answer)
{
    unsigned *left = context;
    struct turn_record allocation = client_allocation(&client, 1);

    assert_int_equal(answer->outcome, OWNERSHIP_DONE);
    noted++;
    if ((*left)-- == 0)
        return;
    assert_int_equal(ownership_claim(client.ownership, client.now, &client.writer, &allocation, 0,
                                     false, ask_again, left),
                     ERR_OK);
    ownership_flush(client.ownership);
}

static void an_answer_may_be_the_next_question(void **state)
{
    struct turn_record allocation;
    unsigned left = 100;

    (void)state;
    registry_open_with_lease(&client, 1, 0);
    allocation = client_allocation(&client, 1);
    noted = 0;
    assert_int_equal(ownership_claim(client.ownership, client.now, &client.writer, &allocation, 0,
                                     false, ask_again, &left),
                     ERR_OK);
    while (noted < 101)
        client_turn(&client);
    client_close(&client);
}

static void count_away(void *context, const struct ownership_answer *answer)
{
    struct turn_record allocation = client_allocation(&client, 1);

    away += answer->outcome == OWNERSHIP_AWAY;
    client_note(context, answer);
    /* One that is refused now must be, not lost. */
    ownership_flush(client.ownership);
    assert_int_equal(
        ownership_find(client.ownership, client.now, &allocation.five_tuple, client_note, &client),
        ERR_LIMIT);
}

static void closing_answers_what_is_under_way(void **state)
{
    struct turn_record allocation;

    (void)state;
    for (unsigned phase = 0; phase < 2; phase++) {
        if (phase == 0) /* not even in contact */
            registry_open(&client, 1, 0);
        else
            registry_open_with_lease(&client, 1, 0);
        allocation = client_allocation(&client, 1);
        away = 0;
        for (unsigned i = 0; i < 100; i++)
            assert_int_equal(ownership_find(client.ownership, client.now, &allocation.five_tuple,
                                            count_away, &client),
                             ERR_OK);
        assert_int_equal(ownership_list(client.ownership, client.now, &client.writer.owner, NULL,
                                        count_away, &client),
                         ERR_OK);
        client_close(&client);
        assert_int_equal(away, 101);
    }
}

/* All waiting is driven by timers. */
static void nothing_spins_while_it_hangs(void **state)
{
    struct timeval wait = {.tv_sec = 1};
    struct turn_record allocation;
    struct event *end;
    unsigned turns = 0;

    (void)state;
    registry_open_with_lease(&client, 1, SHORT_MSEC);
    allocation = client_allocation(&client, 1);
    registry_hang();
    assert_int_equal(client_claim(&client, &allocation, 0, false), OWNERSHIP_AWAY);
    end = evtimer_new(client.base, client_ignore_event, NULL);
    assert_non_null(end);
    assert_int_equal(event_add(end, &wait), 0);
    for (; event_pending(end, EV_TIMEOUT, NULL); turns++)
        assert_int_equal(event_base_loop(client.base, EVLOOP_ONCE), 0);
    event_free(end);
    assert_true(turns < 200);
    registry_go_on();
    client_close(&client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_available_from_the_first_contact_on),
        cmocka_unit_test(nothing_is_answered_from_inside_an_operation),
        cmocka_unit_test(the_loop_carries_out_what_is_not_flushed),
        cmocka_unit_test(arguments_are_copied),
        cmocka_unit_test(one_five_tuple_is_dealt_with_in_order),
        cmocka_unit_test(more_than_the_most_are_refused),
        cmocka_unit_test(one_that_hangs_costs_a_time_out_and_is_away_in_the_end),
        cmocka_unit_test(one_that_lost_all_is_told_to_be_away_and_back),
        cmocka_unit_test(lost_under_load_each_operation_is_answered_once),
        cmocka_unit_test(a_long_list_is_given_in_steps_and_each_record_once),
        cmocka_unit_test(others_are_answered_between_the_steps_of_a_list),
        cmocka_unit_test(an_answer_may_be_the_next_question),
        cmocka_unit_test(closing_answers_what_is_under_way),
        cmocka_unit_test(nothing_spins_while_it_hangs),
    };
    return registry_run_tests(tests, sizeof(tests) / sizeof(tests[0]));
}
