/* text_parse.c — strict reading of numbers and durations from text. */
#include "text_parse.h"

#include <stdbool.h>
#include <string.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

enum err text_parse_u64(const char *text, size_t len, uint64_t min, uint64_t max, uint64_t *ret)
{
    if (len == 0 || (len > 1 && text[0] == '0'))
        return ERR_MALFORMED;
    uint64_t value = 0;
    bool overflow = false;
    /* Goes on after an overflow: "99999999999999999999x" is malformed, not large. */
    for (size_t i = 0; i < len; i++) {
        if (!is_digit(text[i]))
            return ERR_MALFORMED;
        unsigned digit = (unsigned)(text[i] - '0');
        if (value > (UINT64_MAX - digit) / 10)
            overflow = true;
        else
            value = value * 10 + digit;
    }
    if (overflow || value < min || value > max)
        return ERR_RANGE;
    *ret = value;
    return ERR_OK;
}

enum err text_parse_duration(const char *text, uint64_t max, uint64_t *ret_sec)
{
    size_t len = strlen(text);
    uint64_t unit = 1;
    if (len > 0 && !is_digit(text[len - 1])) {
        switch (text[--len]) {
        case 's':
            break;
        case 'm':
            unit = 60;
            break;
        case 'h':
            unit = UINT64_C(60) * 60;
            break;
        case 'd':
            unit = UINT64_C(24) * 60 * 60;
            break;
        default:
            return ERR_MALFORMED;
        }
    }
    uint64_t count = 0;
    enum err err = text_parse_u64(text, len, 0, max / unit, &count);
    if (err == ERR_OK)
        *ret_sec = count * unit;
    return err;
}

/* The value of a hex digit, 16 for any other character. */
static unsigned hex_value(char c)
{
    if (is_digit(c))
        return (unsigned)(c - '0');
    if (c >= 'a' && c <= 'f')
        return (unsigned)(c - 'a') + 10;
    if (c >= 'A' && c <= 'F')
        return (unsigned)(c - 'A') + 10;
    return 16;
}

enum err text_parse_hex(const char *text, size_t text_len, uint8_t *ret, size_t len)
{
    if (text_len % 2 != 0 || text_len / 2 != len)
        return ERR_MALFORMED;
    for (size_t i = 0; i < text_len; i++) {
        if (hex_value(text[i]) > 15)
            return ERR_MALFORMED;
    }
    for (size_t i = 0; i < len; i++)
        ret[i] = (uint8_t)(hex_value(text[2 * i]) << 4 | hex_value(text[2 * i + 1]));
    return ERR_OK;
}
