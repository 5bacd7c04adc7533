/* test_err.c — tests of err.h. */
#include "err.h"

#include "unit.h"

static void every_error_has_its_own_name(void **state)
{
    (void)state;
    for (int a = ERR_UNAVAILABLE; a <= ERR_OK; a++) {
        assert_string_not_equal(err_name((enum err)a), "unknown error");
        for (int b = ERR_UNAVAILABLE; b < a; b++)
            assert_string_not_equal(err_name((enum err)a), err_name((enum err)b));
    }
}

static void values_outside_are_unknown(void **state)
{
    (void)state;
    int outside[] = {1, ERR_UNAVAILABLE - 1, 1000};
    for (size_t i = 0; i < sizeof outside / sizeof outside[0]; i++)
        assert_string_equal(err_name((enum err)outside[i]), "unknown error");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_error_has_its_own_name),
        cmocka_unit_test(values_outside_are_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
