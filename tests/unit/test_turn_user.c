/* test_turn_user.c — usernames, remembered as long as something refers to them. */
#include "unit.h"

#include "turn_user.h"

#include <string.h>

static const struct siphash_key key = {.k0 = 7, .k1 = 8};

static void one_entry_for_a_name(void **state)
{
    (void)state;
    struct turn_user_table table;
    assert_int_equal(turn_user_table_init(&table, 2, key), ERR_OK);
    assert_null(turn_user_find(&table, bytes_of_text("a")));
    struct turn_user *a = turn_user_refer(&table, bytes_of_text("a"));
    assert_non_null(a);
    assert_ptr_equal(turn_user_refer(&table, bytes_of_text("a")), a);
    assert_int_equal(a->references, 2);
    assert_int_equal(a->allocations, 0);
    assert_true(turn_user_is(a, bytes_of_text("a")));
    assert_false(turn_user_is(a, bytes_of_text("ab")));
    assert_false(turn_user_is(a, bytes_of_text("")));
    struct turn_user *b = turn_user_refer(&table, bytes_of_text("b"));
    assert_non_null(b);
    assert_ptr_not_equal(a, b);
    assert_null(turn_user_refer(&table, bytes_of_text("c"))); /* the table is full */
    assert_ptr_equal(turn_user_refer(&table, bytes_of_text("b")), b);

    turn_user_drop(&table, a);
    assert_ptr_equal(turn_user_find(&table, bytes_of_text("a")), a);
    turn_user_drop(&table, a);
    assert_null(turn_user_find(&table, bytes_of_text("a")));
    struct turn_user *c = turn_user_refer(&table, bytes_of_text("c"));
    assert_non_null(c);
    assert_int_equal(c->references, 1);
    assert_int_equal(c->allocations, 0);
    turn_user_table_deinit(&table);
}

static void longest_name(void **state)
{
    (void)state;
    struct turn_user_table table;
    uint8_t name[STUN_USERNAME_MAX];
    memset(name, 'n', sizeof(name));
    assert_int_equal(turn_user_table_init(&table, 1, key), ERR_OK);
    struct bytes whole = {.data = name, .len = sizeof(name)};
    struct turn_user *user = turn_user_refer(&table, whole);
    assert_non_null(user);
    assert_true(turn_user_is(user, whole));
    assert_false(turn_user_is(user, (struct bytes){.data = name, .len = sizeof(name) - 1}));
    turn_user_table_deinit(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_entry_for_a_name),
        cmocka_unit_test(longest_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
