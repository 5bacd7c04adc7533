/* test_boot_id.c — tests of boot_id.h: one text for as long as the host runs. */
#include "boot_id.h"

#include <string.h>

#include "unit.h"

static void it_is_the_same_each_time_and_fits_a_lease(void **state)
{
    char first[BOOT_ID_MAX], second[BOOT_ID_MAX];

    (void)state;
    memset(first, 'x', sizeof(first));
    boot_id_read(first);
    boot_id_read(second);
    assert_non_null(memchr(first, '\0', sizeof(first)));
    assert_string_equal(first, second);
    assert_true(strlen(first) > 0);
    /* It stands among fields that spaces part, on one line. */
    assert_null(strpbrk(first, " \n="));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_the_same_each_time_and_fits_a_lease),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
