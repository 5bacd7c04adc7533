/* base64.h — Base64 encoding of short values (RFC 4648 §4). */
#ifndef RELAY_BASE64_H
#define RELAY_BASE64_H

#include "bytes.h"

#include <stdbool.h>

/* Characters needed for |len| bytes with padding, without a terminating zero. */
#define BASE64_LEN(len) (((len) + 2) / 3 * 4)

/*
 * base64_encode writes the standard-alphabet encoding of |in| to |text|, with
 * '=' padding if |pad|, and a terminating zero: room for BASE64_LEN(in.len) + 1
 * characters. Returns the length without the zero.
 */
size_t base64_encode(struct bytes in, bool pad, char *text);

#endif
