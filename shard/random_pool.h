/* random_pool.h — the system's randomness, drawn in larger bites.
 *
 * One system call for many nonces, ports and tokens. Bytes are wiped as they
 * are given out, so that what was drawn cannot be read from memory later.
 */
#ifndef RELAY_RANDOM_POOL_H
#define RELAY_RANDOM_POOL_H

#include <stddef.h>
#include <stdint.h>

enum { RANDOM_POOL_LEN = 256 }; /* what getrandom() gives without interruption */

/* All zero is an empty pool. */
struct random_pool {
    uint8_t bytes[RANDOM_POOL_LEN];
    size_t left; /* unused bytes, at the end of |bytes| */
};

/*
 * random_pool_fill fills |len| bytes at |out|. |context| is a random_pool; the
 * shape is that of turn_config.random. It ends the process when the system has
 * no randomness to give: nothing that would be sent afterwards could be trusted.
 */
void random_pool_fill(void *context, uint8_t *out, size_t len);

#endif
