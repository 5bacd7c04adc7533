/* text_table.c — tables of text that fit a terminal. */
#include "text_table.h"

#include <string.h>

#define GAP      "  "
#define ELLIPSIS "…"

enum { GAP_LEN = 2 };

struct layout {
    unsigned widths[TEXT_TABLE_COLUMNS_MAX];
    bool is_shown[TEXT_TABLE_COLUMNS_MAX];
};

static void measure(const struct text_table *table, struct layout *layout)
{
    char text[TEXT_TABLE_CELL_MAX];

    for (size_t c = 0; c < table->column_count; c++) {
        layout->is_shown[c] = true;
        layout->widths[c] = (unsigned)strlen(table->columns[c].header);
        for (size_t r = 0; r < table->row_count; r++) {
            table->cell(table->context, r, c, text);
            if (strlen(text) > layout->widths[c])
                layout->widths[c] = (unsigned)strlen(text);
        }
    }
}

static unsigned total(const struct text_table *table, const struct layout *layout)
{
    unsigned sum = 0;

    for (size_t c = 0; c < table->column_count; c++)
        if (layout->is_shown[c])
            sum += layout->widths[c] + (sum > 0 ? GAP_LEN : 0);
    return sum;
}

/* Cuts what may be cut, the last columns first, by as little as will do. */
static void shrink(const struct text_table *table, unsigned width, struct layout *layout)
{
    for (size_t c = table->column_count; c-- > 0;) {
        unsigned sum = total(table, layout), least = table->columns[c].least;

        if (sum <= width)
            return;
        if (!layout->is_shown[c] || least == 0 || layout->widths[c] <= least)
            continue;
        unsigned spare = layout->widths[c] - least;

        layout->widths[c] -= spare < sum - width ? spare : sum - width;
    }
}

/* Leaves out the column that matters least. False when there is one only. */
static bool leave_out(const struct text_table *table, struct layout *layout)
{
    size_t least = table->column_count, shown = 0;

    for (size_t c = 0; c < table->column_count; c++) {
        if (!layout->is_shown[c])
            continue;
        shown++;
        if (least == table->column_count ||
            table->columns[c].importance <= table->columns[least].importance)
            least = c;
    }
    if (shown <= 1)
        return false;
    layout->is_shown[least] = false;
    return true;
}

/* With every column that may be cut at its least: would the shown ones fit? */
static bool can_fit(const struct text_table *table, unsigned width, const struct layout *layout)
{
    struct layout least = *layout;

    shrink(table, width, &least);
    return total(table, &least) <= width;
}

static void fit(const struct text_table *table, unsigned width, struct layout *layout)
{
    measure(table, layout);
    if (width == 0)
        return;
    while (!can_fit(table, width, layout) && leave_out(table, layout)) {
    }
    shrink(table, width, layout);
}

void text_print_cut(const char *text, unsigned width, FILE *out)
{
    if (width == 0 || strlen(text) <= width)
        fputs(text, out);
    else
        fprintf(out, "%.*s" ELLIPSIS, (int)width - 1, text);
}

static void print_cell(const char *text, unsigned width, bool is_right, bool is_last, FILE *out)
{
    unsigned len = (unsigned)strlen(text), shown = len < width ? len : width;

    if (is_right)
        fprintf(out, "%*s", (int)(width - shown), "");
    if (width > 0)
        text_print_cut(text, width, out);
    if (!is_right && !is_last)
        fprintf(out, "%*s", (int)(width - shown), "");
}

static size_t last_shown(const struct text_table *table, const struct layout *layout)
{
    size_t last = table->column_count;

    while (last > 1 && !layout->is_shown[last - 1])
        last--;
    return last - 1;
}

/* Row |row|, or the header when there is no such row. */
static void print_row(const struct text_table *table, const struct layout *layout, size_t row,
                      FILE *out)
{
    char text[TEXT_TABLE_CELL_MAX];
    size_t last = last_shown(table, layout);
    const char *gap = "";

    for (size_t c = 0; c <= last; c++) {
        if (!layout->is_shown[c])
            continue;
        if (row < table->row_count)
            table->cell(table->context, row, c, text);
        else
            (void)snprintf(text, sizeof(text), "%s", table->columns[c].header);
        fputs(gap, out);
        print_cell(text, layout->widths[c], table->columns[c].is_right, c == last, out);
        gap = GAP;
    }
    fputc('\n', out);
}

void text_table_print(const struct text_table *table, unsigned width, FILE *out)
{
    struct layout layout = {.widths = {0}};

    fit(table, width, &layout);
    /* What is left may be one column too wide. */
    for (size_t c = 0; width != 0 && c < table->column_count; c++)
        if (layout.widths[c] > width)
            layout.widths[c] = width;
    print_row(table, &layout, table->row_count, out);
    for (size_t r = 0; r < table->row_count; r++)
        print_row(table, &layout, r, out);
}
