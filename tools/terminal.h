/* terminal.h — how large the terminal is that a stream writes to. */
#ifndef RELAY_TERMINAL_H
#define RELAY_TERMINAL_H

#include <stdio.h>

struct terminal_size {
    unsigned columns; /* 0: no terminal, write lines as long as they are */
    unsigned rows;
};

/* terminal_size_of asks the terminal that |stream| is; one that does not know is as wide as
 * COLUMNS says, else 80 by 24. */
struct terminal_size terminal_size_of(FILE *stream);

#endif
