/* screen.h — a terminal that is drawn over in place and left as it was, whatever ends the program.
 */
#ifndef RELAY_SCREEN_H
#define RELAY_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * screen_open shows the alternate screen of the terminal that standard output is, and has keys
 * come one by one when standard input is a terminal too. What ends the program by a signal
 * afterwards, be it SIGTERM, a fault or abort(3), puts the terminal back first; Ctrl-Z too, and
 * coming back draws again. One at a time.
 */
void screen_open(void);

/* screen_close puts the terminal back. Also when it is not open. */
void screen_close(void);

/* screen_draw writes |len| bytes, lines that end with \n and fit the terminal, over what was
 * there. False when not all could be written: the terminal is gone. */
bool screen_draw(const char *text, size_t len);

enum screen_event {
    SCREEN_TIMEOUT,
    SCREEN_KEY,     /* |ret_key| */
    SCREEN_CHANGED, /* it has another size, or was away: draw again */
    SCREEN_GONE,    /* nothing will be typed any more: the terminal is gone */
};

/* screen_wait waits for one of these, at most |msec|. */
enum screen_event screen_wait(uint64_t msec, char *ret_key);

#endif
