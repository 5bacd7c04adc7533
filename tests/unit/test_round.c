/* test_round.c — tests of round.h. */
#include "round.h"

#include "unit.h"

enum { EVENTS = 3 };

struct fixture {
    struct event_base *base;
    struct round round;
    struct event events[EVENTS];
    struct turn_now seen[EVENTS]; /* by the callbacks */
    unsigned callbacks;
    unsigned callbacks_at_end;
    unsigned ends;
    struct turn_now ended_at;
    struct mono_time next; /* deadline that the end of a round gives */
};

static void on_event(evutil_socket_t fd, short what, void *arg)
{
    struct fixture *fixture = arg;

    (void)fd;
    (void)what;
    assert_true(fixture->callbacks < EVENTS);
    fixture->seen[fixture->callbacks++] = round_now(&fixture->round);
}

static struct mono_time on_end(void *context, struct turn_now now)
{
    struct fixture *fixture = context;

    fixture->callbacks_at_end = fixture->callbacks;
    fixture->ended_at = now;
    fixture->ends++;
    return fixture->next;
}

static int setup(void **state)
{
    static struct fixture fixture;

    fixture = (struct fixture){.base = event_base_new(), .next = MONO_TIME_NEVER};
    assert_non_null(fixture.base);
    assert_int_equal(round_init(&fixture.round, fixture.base, NULL, on_end, &fixture), ERR_OK);
    for (size_t i = 0; i < EVENTS; i++)
        assert_int_equal(event_assign(&fixture.events[i], fixture.base, -1, 0, on_event, &fixture),
                         0);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;

    round_deinit(&fixture->round);
    event_base_free(fixture->base);
    return 0;
}

static void wake_up_with_all_events(struct fixture *fixture)
{
    for (size_t i = 0; i < EVENTS; i++)
        event_active(&fixture->events[i], EV_READ, 1);
    assert_true(event_base_loop(fixture->base, EVLOOP_NONBLOCK) >= 0);
}

static void a_round_spans_all_ready_callbacks_at_one_instant(void **state)
{
    struct fixture *fixture = *state;

    wake_up_with_all_events(fixture);
    assert_int_equal(fixture->callbacks, EVENTS);
    assert_int_equal(fixture->ends, 1);
    assert_int_equal(fixture->callbacks_at_end, EVENTS);
    for (size_t i = 0; i < EVENTS; i++) {
        assert_int_equal(fixture->seen[i].mono.usec, fixture->ended_at.mono.usec);
        assert_int_equal(fixture->seen[i].wall.sec, fixture->ended_at.wall.sec);
    }
    assert_false(fixture->round.is_open);
}

static void a_round_can_be_ended_before_its_time(void **state)
{
    struct fixture *fixture = *state;

    (void)round_now(&fixture->round);
    round_end(&fixture->round);
    assert_int_equal(fixture->ends, 1);
    /* The end that waits in the loop finds no round open. */
    assert_true(event_base_loop(fixture->base, EVLOOP_NONBLOCK) >= 0);
    assert_int_equal(fixture->ends, 1);
    /* One that begins in between is ended by it. */
    (void)round_now(&fixture->round);
    round_end(&fixture->round);
    (void)round_now(&fixture->round);
    assert_true(event_base_loop(fixture->base, EVLOOP_NONBLOCK) >= 0);
    assert_int_equal(fixture->ends, 3);
}

static void the_deadline_wakes_the_loop_up(void **state)
{
    struct fixture *fixture = *state;

    fixture->next = mono_time_add_usec(clocks_read().mono, 20000);
    wake_up_with_all_events(fixture);
    assert_int_equal(fixture->ends, 1);
    assert_true(event_pending(&fixture->round.timer, EV_TIMEOUT, NULL));
    /* The timer may be early by the coarseness of its clock, and is set again then. */
    for (int i = 0; i < 100 && !mono_time_due(fixture->next, fixture->ended_at.mono); i++)
        assert_int_equal(event_base_loop(fixture->base, EVLOOP_ONCE), 0);
    assert_true(mono_time_due(fixture->next, fixture->ended_at.mono));
    assert_true(fixture->ends >= 2);
}

static void without_a_deadline_the_timer_is_off(void **state)
{
    struct fixture *fixture = *state;

    fixture->next = mono_time_add_sec(clocks_read().mono, 3600);
    wake_up_with_all_events(fixture);
    assert_true(event_pending(&fixture->round.timer, EV_TIMEOUT, NULL));
    fixture->next = MONO_TIME_NEVER;
    fixture->callbacks = 0;
    wake_up_with_all_events(fixture);
    assert_false(event_pending(&fixture->round.timer, EV_TIMEOUT, NULL));
}

#define ROUND_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROUND_TEST(a_round_spans_all_ready_callbacks_at_one_instant),
        ROUND_TEST(a_round_can_be_ended_before_its_time),
        ROUND_TEST(the_deadline_wakes_the_loop_up),
        ROUND_TEST(without_a_deadline_the_timer_is_off),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
