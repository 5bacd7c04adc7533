/* bytes.h — a view of bytes that someone else owns. */
#ifndef RELAY_BYTES_H
#define RELAY_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* |data| may be NULL only when |len| is 0. The view lives as long as what it
 * points into: a view of a datagram dies with the call that was given it. */
struct bytes {
    const uint8_t *data;
    size_t len;
};

/* bytes_of_text views |text| without its terminating zero. */
static inline struct bytes bytes_of_text(const char *text)
{
    return (struct bytes){.data = (const uint8_t *)text, .len = strlen(text)};
}

/* bytes_equal compares contents. Not for secrets: see crypto_equal. */
static inline int bytes_equal(struct bytes a, struct bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

#endif
