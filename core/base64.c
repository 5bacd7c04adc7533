/* base64.c — Base64 encoding of short values (RFC 4648 §4). */
#include "base64.h"

static char digit(uint32_t group, unsigned shift)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    return alphabet[group >> shift & 63];
}

size_t base64_encode(struct bytes in, bool pad, char *text)
{
    size_t len = 0;
    for (size_t i = 0; i < in.len; i += 3) {
        size_t left = in.len - i;
        uint32_t group = (uint32_t)in.data[i] << 16;
        if (left > 1)
            group |= (uint32_t)in.data[i + 1] << 8;
        if (left > 2)
            group |= in.data[i + 2];
        text[len++] = digit(group, 18);
        text[len++] = digit(group, 12);
        if (left > 1)
            text[len++] = digit(group, 6);
        if (left > 2)
            text[len++] = digit(group, 0);
    }
    while (pad && len % 4 != 0)
        text[len++] = '=';
    text[len] = '\0';
    return len;
}
