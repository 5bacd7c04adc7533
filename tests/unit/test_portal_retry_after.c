/* test_portal_retry_after.c — tests of portal_retry_after.h: seconds, dates, and nonsense. */
#include "portal/portal_retry_after.h"

#include "unit.h"

/* Sun, 06 Nov 1994 08:49:37 GMT, the example of RFC 9110 §5.6.7. */
static const struct wall_time wall = {.sec = 784111777};

static int64_t wait_of(const char *field)
{
    int64_t usec;

    assert_int_equal(portal_retry_after_parse(bytes_of_text(field), wall, &usec), ERR_OK);
    return usec / 1000;
}

static void seconds_are_kept_to_within_the_bounds(void **state)
{
    (void)state;
    assert_int_equal(wait_of("1"), 1000);
    assert_int_equal(wait_of(" 120 "), 120000);
    assert_int_equal(wait_of("\t7\t"), 7000);
    assert_int_equal(wait_of("3601"), 3600000);
    assert_int_equal(wait_of("18446744073709551616"), 3600000);
}

static void dates_of_all_three_forms_are_read(void **state)
{
    (void)state;
    assert_int_equal(wait_of("Sun, 06 Nov 1994 08:49:47 GMT"), 10000);
    assert_int_equal(wait_of("Sunday, 06-Nov-94 08:50:37 GMT"), 60000);
    assert_int_equal(wait_of("Sun Nov  6 08:49:38 1994"), 1000);
    assert_int_equal(wait_of("Fri, 31 Dec 9999 23:59:59 GMT"), 3600000);
}

static void nonsense_and_no_wait_are_none(void **state)
{
    static const char *const bad[] = {
        "",
        " ",
        "soon",
        "0",
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "-1",
        "+1",
        "1.5",
        "0x10",
        "1 s",
        "12,34",
        "Sun, 06 Nov 1994",
        "Sun, 06 Nov 1994 08:49:37 GMT and more",
        "Sun, 06 Nov 1994 08:49:37                                                      GMT",
    };
    int64_t usec;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(portal_retry_after_parse(bytes_of_text(bad[i]), wall, &usec),
                         ERR_MALFORMED);
    assert_int_equal(portal_retry_after_parse(
                         (struct bytes){.data = (const uint8_t *)"1\0", .len = 2}, wall, &usec),
                     ERR_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seconds_are_kept_to_within_the_bounds),
        cmocka_unit_test(dates_of_all_three_forms_are_read),
        cmocka_unit_test(nonsense_and_no_wait_are_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
