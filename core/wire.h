/* wire.h — bounded big-endian reading and writing with a sticky error.
 *
 * After the first step past the end a cursor is failed: reads give zeros,
 * writes do nothing, and the caller looks once at the end. Integers are put
 * together byte by byte, so alignment never matters.
 */
#ifndef RELAY_WIRE_H
#define RELAY_WIRE_H

#include "bytes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint16_t wire_load_u16(const uint8_t *p)
{
    return (uint16_t)((uint32_t)p[0] << 8 | p[1]);
}

static inline uint32_t wire_load_u32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline void wire_store_u16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static inline void wire_store_u32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 24);
    p[1] = (uint8_t)(v >> 16);
    p[2] = (uint8_t)(v >> 8);
    p[3] = (uint8_t)v;
}

/* Reads from bytes it does not own. */
struct wire_reader {
    const uint8_t *at;
    size_t left;
    bool failed;
};

static inline struct wire_reader wire_reader_of(struct bytes in)
{
    return (struct wire_reader){.at = in.data, .left = in.len};
}

/* wire_read_bytes returns a view of the next |len| bytes, or an empty view and failed. */
static inline struct bytes wire_read_bytes(struct wire_reader *r, size_t len)
{
    if (r->failed || len > r->left) {
        r->failed = true;
        return (struct bytes){0};
    }
    struct bytes out = {.data = r->at, .len = len};
    if (len > 0) /* an empty view may have no data, and NULL + 0 is undefined */
        r->at += len;
    r->left -= len;
    return out;
}

static inline uint8_t wire_read_u8(struct wire_reader *r)
{
    struct bytes b = wire_read_bytes(r, 1);
    return b.len ? b.data[0] : 0;
}

static inline uint16_t wire_read_u16(struct wire_reader *r)
{
    struct bytes b = wire_read_bytes(r, 2);
    return b.len ? wire_load_u16(b.data) : 0;
}

static inline uint32_t wire_read_u32(struct wire_reader *r)
{
    struct bytes b = wire_read_bytes(r, 4);
    return b.len ? wire_load_u32(b.data) : 0;
}

/* Writes into a buffer it does not own. |start| is never NULL; |len| counts what was written. */
struct wire_writer {
    uint8_t *start;
    size_t len;
    size_t capacity;
    bool failed;
};

/* wire_write_reserve returns room for |len| bytes, counted as written, or NULL and failed. */
static inline uint8_t *wire_write_reserve(struct wire_writer *w, size_t len)
{
    if (w->failed || len > w->capacity - w->len) {
        w->failed = true;
        return NULL;
    }
    uint8_t *p = w->start + w->len;
    w->len += len;
    return p;
}

static inline void wire_write_bytes(struct wire_writer *w, const void *data, size_t len)
{
    uint8_t *p = wire_write_reserve(w, len);
    if (p && len > 0)
        memcpy(p, data, len);
}

static inline void wire_write_zeros(struct wire_writer *w, size_t len)
{
    uint8_t *p = wire_write_reserve(w, len);
    if (p && len > 0)
        memset(p, 0, len);
}

static inline void wire_write_u8(struct wire_writer *w, uint8_t v)
{
    wire_write_bytes(w, &v, 1);
}

static inline void wire_write_u16(struct wire_writer *w, uint16_t v)
{
    uint8_t *p = wire_write_reserve(w, 2);
    if (p)
        wire_store_u16(p, v);
}

static inline void wire_write_u32(struct wire_writer *w, uint32_t v)
{
    uint8_t *p = wire_write_reserve(w, 4);
    if (p)
        wire_store_u32(p, v);
}

#endif
