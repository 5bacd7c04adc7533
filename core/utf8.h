/* utf8.h — tells UTF-8 from bytes that are none. */
#ifndef RELAY_UTF8_H
#define RELAY_UTF8_H

#include <stddef.h>

/* utf8_len tells the length of the UTF-8 sequence (RFC 3629 §4), 1 to 4 bytes, that |text|,
 * zero-terminated and not empty, begins with; 0 when it is none. */
size_t utf8_len(const char *text);

#endif
