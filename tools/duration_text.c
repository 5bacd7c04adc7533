/* duration_text.c — times as a person writes them. */
#include "duration_text.h"

#include "mono_time.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *duration_text(int64_t sec, char text[static DURATION_TEXT_MAX])
{
    if (sec < 0)
        sec = 0;
    if (sec < 60)
        (void)snprintf(text, DURATION_TEXT_MAX, "%" PRId64 "s", sec);
    else if (sec < 3600)
        (void)snprintf(text, DURATION_TEXT_MAX, "%" PRId64 "m %" PRId64 "s", sec / 60, sec % 60);
    else if (sec < 86400)
        (void)snprintf(text, DURATION_TEXT_MAX, "%" PRId64 "h %" PRId64 "m", sec / 3600,
                       sec / 60 % 60);
    else
        (void)snprintf(text, DURATION_TEXT_MAX, "%" PRId64 "d %" PRId64 "h", sec / 86400,
                       sec / 3600 % 24);
    return text;
}

const char *age_text(int64_t usec, char text[static DURATION_TEXT_MAX])
{
    if (usec < USEC_PER_SEC)
        (void)snprintf(text, DURATION_TEXT_MAX, "%.1fs", (double)usec / USEC_PER_SEC);
    else
        (void)duration_text(usec / USEC_PER_SEC, text);
    size_t len = strlen(text);

    (void)snprintf(text + len, DURATION_TEXT_MAX - len, " old");
    return text;
}
