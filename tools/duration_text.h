/* duration_text.h — times as a person writes them. */
#ifndef RELAY_DURATION_TEXT_H
#define RELAY_DURATION_TEXT_H

#include <stdint.h>

enum { DURATION_TEXT_MAX = 32 };

/* duration_text writes |sec| with its two largest units: "8s", "3m 12s", "2h 5m", "41d 3h". Less
 * than 0 counts as 0. Returns |text|. */
const char *duration_text(int64_t sec, char text[static DURATION_TEXT_MAX]);

/* age_text writes how old something of |usec| microseconds is: "0.3s old", "2h 5m old". Returns
 * |text|. */
const char *age_text(int64_t usec, char text[static DURATION_TEXT_MAX]);

#endif
