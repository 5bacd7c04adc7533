/* rate_text.h — large numbers in a few characters. */
#ifndef RELAY_RATE_TEXT_H
#define RELAY_RATE_TEXT_H

enum { RATE_TEXT_MAX = 32 };

/* rate_text writes |rate|, not negative, with three digits that count and k, M, G or T: "0", "7.5",
 * "999", "12.3k", "1.50M". Returns |text|. */
const char *rate_text(double rate, char text[static RATE_TEXT_MAX]);

#endif
