/* text_write.c — numbers and bytes to text, where it is written too often for printf. */
#include "text_write.h"

char *text_write_u64(char *at, uint64_t value)
{
    char digits[TEXT_U64_MAX];
    size_t count = 0;

    do {
        digits[count++] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    while (count > 0)
        *at++ = digits[--count];
    return at;
}

char *text_write_i64(char *at, int64_t value)
{
    if (value >= 0)
        return text_write_u64(at, (uint64_t)value);
    *at++ = '-';
    return text_write_u64(at, 0 - (uint64_t)value);
}

char *text_write_hex(char *at, struct bytes value)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < value.len; i++) {
        *at++ = digits[value.data[i] >> 4];
        *at++ = digits[value.data[i] & 15];
    }
    return at;
}

char *text_write_text(char *at, const char *text)
{
    while (*text != '\0')
        *at++ = *text++;
    return at;
}
