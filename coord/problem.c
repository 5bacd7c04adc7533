/* problem.c — writes the one line that tells a person what went wrong. */
#include "problem.h"

#include <errno.h>
#include <stdio.h>

void problem_set(struct problem *problem, const char *format, ...)
{
    int saved_errno = errno;
    va_list args;

    va_start(args, format);
    if (vsnprintf(problem->text, sizeof(problem->text), format, args) < 0)
        problem->text[0] = '\0';
    va_end(args);
    errno = saved_errno;
}
