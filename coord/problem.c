/* problem.c — writes the one line that tells a person what went wrong. */
#include "problem.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

void problem_set_unreadable(struct problem *problem)
{
    const char *why = strerror(errno);

    if (errno == EACCES)
        problem_set(problem, "it cannot be read by user %lu: %s", (unsigned long)geteuid(), why);
    else
        problem_set(problem, "it cannot be read: %s", why);
}
