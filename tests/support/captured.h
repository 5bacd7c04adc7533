/* captured.h — a FILE whose text a test looks at. */
#ifndef RELAY_TESTS_CAPTURED_H
#define RELAY_TESTS_CAPTURED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

/* What was written to |file| since captured_open or captured_restart. */
struct captured {
    FILE *file;
    char *text;
    size_t len;
};

static inline void captured_open(struct captured *captured)
{
    captured->file = open_memstream(&captured->text, &captured->len);
    assert_non_null(captured->file);
}

/* captured_text returns what has been written so far; valid until more is. */
static inline const char *captured_text(struct captured *captured)
{
    assert_int_equal(fflush(captured->file), 0);
    return captured->text;
}

static inline void captured_close(struct captured *captured)
{
    assert_int_equal(fclose(captured->file), 0);
    free(captured->text);
}

/* captured_restart forgets what was written. */
static inline void captured_restart(struct captured *captured)
{
    captured_close(captured);
    captured_open(captured);
}

/* assert_says fails unless |text| holds |part|. */
static inline void assert_says(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", text, part);
}

#endif
