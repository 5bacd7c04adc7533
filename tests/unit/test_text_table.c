/* test_text_table.c — tests of text_table.h. */
#include "text_table.h"

#include "unit.h"

#include <stdlib.h>
#include <string.h>

static const struct text_column columns[] = {
    {.header = "n", .is_right = true, .importance = 3},
    {.header = "client", .importance = 4, .least = 5},
    {.header = "left", .is_right = true, .importance = 1},
    {.header = "user", .importance = 2, .least = 3},
};

static void write_cell(const void *context, size_t row, size_t column,
                       char text[static TEXT_TABLE_CELL_MAX])
{
    static const char *const cells[2][4] = {{"1", "192.0.2.1", "10m", "alice"},
                                            {"12", "-", "5s", "bob-the-builder"}};

    (void)context;
    (void)snprintf(text, TEXT_TABLE_CELL_MAX, "%s", cells[row][column]);
}

static void prints(unsigned width, size_t rows, const char *expected)
{
    const struct text_table table = {
        .columns = columns, .column_count = 4, .row_count = rows, .cell = write_cell};
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    assert_non_null(out);
    text_table_print(&table, width, out);
    assert_int_equal(fclose(out), 0);
    assert_string_equal(text, expected);
    free(text);
}

static void columns_are_as_wide_as_their_cells(void **state)
{
    static const char whole[] = " n  client     left  user\n"
                                " 1  192.0.2.1   10m  alice\n"
                                "12  -            5s  bob-the-builder\n";

    (void)state;
    prints(0, 2, whole);
    prints(36, 2, whole);
    prints(200, 2, whole);
    prints(0, 0, "n  client  left  user\n");
}

static void what_may_be_cut_is_cut_first(void **state)
{
    (void)state;
    prints(26, 2,
           " n  client     left  user\n"
           " 1  192.0.2.1   10m  alice\n"
           "12  -            5s  bob-…\n");
    prints(22, 2,
           " n  client   left  us…\n"
           " 1  192.0.…   10m  al…\n"
           "12  -          5s  bo…\n");
}

static void then_the_least_important_columns_go(void **state)
{
    (void)state;
    prints(19, 2,
           " n  client     user\n"
           " 1  192.0.2.1  ali…\n"
           "12  -          bob…\n");
    prints(11, 2,
           " n  client\n"
           " 1  192.0.…\n"
           "12  -\n");
    prints(8, 2,
           "client\n"
           "192.0.2…\n"
           "-\n");
    prints(3, 1,
           "cl…\n"
           "19…\n");
    prints(1, 1,
           "…\n"
           "…\n");
}

static void write_number(const void *context, size_t row, size_t column,
                         char text[static TEXT_TABLE_CELL_MAX])
{
    (void)context;
    (void)snprintf(text, TEXT_TABLE_CELL_MAX, "%zu", 10 * row + column);
}

static void of_several_alike_the_first_stays(void **state)
{
    static const struct text_column alike[] = {{.header = "a"}, {.header = "b"}, {.header = "c"}};
    const struct text_table table = {
        .columns = alike, .column_count = 3, .row_count = 1, .cell = write_number};
    char text[64] = "";
    FILE *out = fmemopen(text, sizeof(text), "w");

    (void)state;
    assert_non_null(out);
    text_table_print(&table, 4, out);
    assert_int_equal(fclose(out), 0);
    assert_string_equal(text, "a  b\n0  1\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_as_wide_as_their_cells),
        cmocka_unit_test(what_may_be_cut_is_cut_first),
        cmocka_unit_test(then_the_least_important_columns_go),
        cmocka_unit_test(of_several_alike_the_first_stays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
