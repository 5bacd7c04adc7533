/* rate_text.c — large numbers in a few characters. */
#include "rate_text.h"

#include <stdio.h>

const char *rate_text(double rate, char text[static RATE_TEXT_MAX])
{
    static const char *const units[] = {"", "k", "M", "G", "T"};
    unsigned unit = 0;

    /* What would be rounded to 1000 has the next unit. */
    while (rate >= 999.5 && unit + 1 < sizeof(units) / sizeof(units[0])) {
        rate /= 1000;
        unit++;
    }
    int decimals = rate >= 99.95 ? 0 : rate >= 9.995 || unit == 0 ? 1 : 2;

    /* Whole numbers as such. */
    if (unit == 0 && rate - (double)(unsigned)rate < 0.05)
        decimals = 0;
    (void)snprintf(text, RATE_TEXT_MAX, "%.*f%s", decimals, rate, units[unit]);
    return text;
}
