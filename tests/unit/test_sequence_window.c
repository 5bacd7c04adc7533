/* test_sequence_window.c — order, gaps and duplicates in one flow. */
#include "sequence_window.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void expect(struct sequence_window *window, uint64_t number, enum sequence_verdict verdict,
                   uint64_t skipped)
{
    uint64_t ret_skipped = 99;
    assert_int_equal(sequence_window_add(window, number, &ret_skipped), verdict);
    assert_int_equal(ret_skipped, skipped);
}

static void test_in_order(void **state)
{
    (void)state;
    struct sequence_window window = {0};
    for (uint64_t number = 0; number < 200; number++)
        expect(&window, number, SEQUENCE_AHEAD, 0);
    expect(&window, 199, SEQUENCE_DUPLICATE, 0);
    expect(&window, 150, SEQUENCE_DUPLICATE, 0);
}

static void test_gap_then_late_arrivals(void **state)
{
    (void)state;
    struct sequence_window window = {0};
    expect(&window, 0, SEQUENCE_AHEAD, 0);
    expect(&window, 4, SEQUENCE_AHEAD, 3);
    expect(&window, 2, SEQUENCE_REORDERED, 0);
    expect(&window, 2, SEQUENCE_DUPLICATE, 0);
    expect(&window, 1, SEQUENCE_REORDERED, 0);
    expect(&window, 5, SEQUENCE_AHEAD, 0);
    expect(&window, 3, SEQUENCE_REORDERED, 0);
    expect(&window, 3, SEQUENCE_DUPLICATE, 0);
}

static void test_first_number_lost(void **state)
{
    (void)state;
    struct sequence_window window = {0};
    expect(&window, 1, SEQUENCE_AHEAD, 1);
    expect(&window, 0, SEQUENCE_REORDERED, 0);
    expect(&window, 0, SEQUENCE_DUPLICATE, 0);
}

static void test_edge_of_the_window(void **state)
{
    (void)state;
    struct sequence_window window = {0};
    expect(&window, 0, SEQUENCE_AHEAD, 0);
    expect(&window, 63, SEQUENCE_AHEAD, 62);
    expect(&window, 0, SEQUENCE_DUPLICATE, 0);
    expect(&window, 64, SEQUENCE_AHEAD, 0);
    /* 0 is 64 behind and no longer remembered; 1 still is. */
    expect(&window, 0, SEQUENCE_REORDERED, 0);
    expect(&window, 1, SEQUENCE_REORDERED, 0);
    expect(&window, 1, SEQUENCE_DUPLICATE, 0);
}

static void test_jump_past_the_window_forgets_it(void **state)
{
    (void)state;
    struct sequence_window window = {0};
    expect(&window, 0, SEQUENCE_AHEAD, 0);
    expect(&window, 1000000, SEQUENCE_AHEAD, 999999);
    expect(&window, 999999, SEQUENCE_REORDERED, 0);
    expect(&window, 1000000, SEQUENCE_DUPLICATE, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_order),
        cmocka_unit_test(test_gap_then_late_arrivals),
        cmocka_unit_test(test_first_number_lost),
        cmocka_unit_test(test_edge_of_the_window),
        cmocka_unit_test(test_jump_past_the_window_forgets_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
