/* text_table.h — tables of text that fit a terminal. */
#ifndef RELAY_TEXT_TABLE_H
#define RELAY_TEXT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { TEXT_TABLE_CELL_MAX = 2048, TEXT_TABLE_COLUMNS_MAX = 16 };

struct text_column {
    const char *header;
    bool is_right;       /* numbers */
    unsigned least;      /* not 0: its cells may be cut to so many characters, with an ellipsis */
    unsigned importance; /* where that does not do, the column of the least goes first; the first
                            of several alike stays longest */
};

struct text_table {
    const struct text_column *columns;
    size_t column_count; /* at most TEXT_TABLE_COLUMNS_MAX */
    size_t row_count;
    /* Writes the cell: printable ASCII. Asked for twice. */
    void (*cell)(const void *context, size_t row, size_t column,
                 char text[static TEXT_TABLE_CELL_MAX]);
    const void *context;
};

/* text_table_print prints header and rows, no line longer than |width| characters; 0: as long as
 * they are. One column stays whatever the width. */
void text_table_print(const struct text_table *table, unsigned width, FILE *out);

/* text_print_cut prints |text|, cut to |width| characters with an ellipsis; 0: as it is. */
void text_print_cut(const char *text, unsigned width, FILE *out);

#endif
