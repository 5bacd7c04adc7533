/* text_write.h — numbers and bytes to text, where it is written too often for printf.
 *
 * Each writes at |at|, where there must be room, without a terminating zero, and
 * returns the place behind what it has written.
 */
#ifndef RELAY_TEXT_WRITE_H
#define RELAY_TEXT_WRITE_H

#include "bytes.h"

#include <stdint.h>

enum {
    TEXT_U64_MAX = 20, /* digits of the largest number */
    TEXT_I64_MAX = 20, /* and of the least, with its sign */
};

/* text_write_u64 and _i64 write |value| in decimal. */
char *text_write_u64(char *at, uint64_t value);
char *text_write_i64(char *at, int64_t value);

/* text_write_hex writes two lower-case digits for each byte. */
char *text_write_hex(char *at, struct bytes value);

/* text_write_text copies |text| without its zero. */
char *text_write_text(char *at, const char *text);

#endif
