/* problem.h — what went wrong, as one line for a person.
 *
 * coord/ does not log. A function that can fail in ways an operator has to put
 * right returns an enum err for the program and writes a problem for the
 * person; the caller prints it behind the name of the program or option.
 */
#ifndef RELAY_PROBLEM_H
#define RELAY_PROBLEM_H

#include <stdarg.h>

enum { PROBLEM_TEXT_MAX = 512 };

/* One sentence without a newline or full stop, naming the file or value and the rule.
 * Never holds a secret. */
struct problem {
    char text[PROBLEM_TEXT_MAX];
};

/* problem_set writes the text, cut when it is too long. errno is kept. */
void problem_set(struct problem *problem, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* problem_set_unreadable writes that a file, "it", cannot be read, and why: errno. Where
 * permissions are in the way it says whose: who looks into it is often root, and the reader is not.
 */
void problem_set_unreadable(struct problem *problem);

#endif
