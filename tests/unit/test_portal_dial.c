/* test_portal_dial.c — tests of portal_dial.h: in the system's order, the one that worked first. */
#include "portal/portal_dial.h"

#include "unit.h"

static const struct portal_addresses three = {.count = 3,
                                              .text = {"2001:db8::1", "2001:db8::2", "192.0.2.1"}};

static struct mono_time at_msec(int64_t msec)
{
    return (struct mono_time){.usec = msec * 1000};
}

static void each_has_its_time_and_the_last_has_what_is_left(void **state)
{
    struct portal_dial dial = {.at = 0};

    (void)state;
    portal_dial_begin(&dial, &three, at_msec(100));
    assert_string_equal(portal_dial_address(&dial), "2001:db8::1");
    assert_int_equal(dial.due_at.usec, at_msec(100 + PORTAL_DIAL_MSEC).usec);
    assert_true(portal_dial_next(&dial, at_msec(150)));
    assert_string_equal(portal_dial_address(&dial), "2001:db8::2");
    assert_int_equal(dial.due_at.usec, at_msec(150 + PORTAL_DIAL_MSEC).usec);
    assert_true(portal_dial_next(&dial, at_msec(200)));
    assert_string_equal(portal_dial_address(&dial), "192.0.2.1");
    assert_true(mono_time_is_never(dial.due_at));
    assert_false(portal_dial_next(&dial, at_msec(300)));
}

static void the_one_that_worked_comes_first_the_others_keep_their_order(void **state)
{
    struct portal_dial dial = {.at = 0};

    (void)state;
    portal_dial_begin(&dial, &three, at_msec(0));
    assert_true(portal_dial_next(&dial, at_msec(0)));
    assert_true(portal_dial_next(&dial, at_msec(0)));
    portal_dial_worked(&dial);
    portal_dial_begin(&dial, &three, at_msec(0));
    assert_string_equal(portal_dial_address(&dial), "192.0.2.1");
    assert_true(portal_dial_next(&dial, at_msec(0)));
    assert_string_equal(portal_dial_address(&dial), "2001:db8::1");
    assert_true(portal_dial_next(&dial, at_msec(0)));
    assert_string_equal(portal_dial_address(&dial), "2001:db8::2");
    /* It is not one of the host's any more. */
    static const struct portal_addresses others = {.count = 1, .text = {"198.51.100.1"}};
    portal_dial_begin(&dial, &others, at_msec(0));
    assert_string_equal(portal_dial_address(&dial), "198.51.100.1");
    assert_true(mono_time_is_never(dial.due_at));
}

static void one_that_answers_and_does_not_work_comes_last(void **state)
{
    struct portal_dial dial = {.at = 0};

    (void)state;
    portal_dial_begin(&dial, &three, at_msec(0));
    portal_dial_worked(&dial);
    portal_dial_begin(&dial, &three, at_msec(0));
    portal_dial_failed(&dial);
    portal_dial_begin(&dial, &three, at_msec(0));
    assert_string_equal(portal_dial_address(&dial), "2001:db8::2");
    assert_true(portal_dial_next(&dial, at_msec(0)));
    assert_string_equal(portal_dial_address(&dial), "192.0.2.1");
    assert_true(portal_dial_next(&dial, at_msec(0)));
    assert_string_equal(portal_dial_address(&dial), "2001:db8::1");
    /* What is over is forgotten. */
    portal_dial_worked(&dial);
    portal_dial_begin(&dial, &three, at_msec(0));
    assert_string_equal(portal_dial_address(&dial), "2001:db8::1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_has_its_time_and_the_last_has_what_is_left),
        cmocka_unit_test(the_one_that_worked_comes_first_the_others_keep_their_order),
        cmocka_unit_test(one_that_answers_and_does_not_work_comes_last),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
