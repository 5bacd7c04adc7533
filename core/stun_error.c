/* stun_error.c — STUN and TURN error codes with their reason phrases, one table. */
#include "stun_error.h"

const char *stun_error_phrase(uint16_t code)
{
    switch (code) {
#define X(number, name, phrase)                                                                    \
    case number:                                                                                   \
        return phrase;
        STUN_ERRORS(X)
#undef X
    default:
        return "";
    }
}
