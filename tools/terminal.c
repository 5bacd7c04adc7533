/* terminal.c — how large the terminal is that a stream writes to. */
#include "terminal.h"

#include "text_parse.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { USUAL_COLUMNS = 80, USUAL_ROWS = 24, COLUMNS_MAX = 10000 };

static unsigned columns_of_environment(void)
{
    const char *text = getenv("COLUMNS");
    uint64_t columns;

    if (text == NULL || text_parse_u64(text, strlen(text), 1, COLUMNS_MAX, &columns) != ERR_OK)
        return USUAL_COLUMNS;
    return (unsigned)columns;
}

struct terminal_size terminal_size_of(FILE *stream)
{
    int fd = fileno(stream);
    struct winsize size = {.ws_col = 0};

    if (fd < 0 || !isatty(fd))
        return (struct terminal_size){.columns = 0};
    (void)ioctl(fd, TIOCGWINSZ, &size);
    return (struct terminal_size){.columns =
                                      size.ws_col != 0 ? size.ws_col : columns_of_environment(),
                                  .rows = size.ws_row != 0 ? size.ws_row : USUAL_ROWS};
}
