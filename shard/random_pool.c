/* random_pool.c — the system's randomness, drawn in larger bites. */
#include "random_pool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static void refill(struct random_pool *pool)
{
    size_t filled = 0;

    while (filled < RANDOM_POOL_LEN) {
        ssize_t got = getrandom(pool->bytes + filled, RANDOM_POOL_LEN - filled, 0);

        if (got > 0)
            filled += (size_t)got;
        else if (got == 0 || errno != EINTR)
            abort();
    }
    pool->left = RANDOM_POOL_LEN;
}

void random_pool_fill(void *context, uint8_t *out, size_t len)
{
    struct random_pool *pool = context;

    while (len > 0) {
        if (pool->left == 0)
            refill(pool);
        size_t take = len < pool->left ? len : pool->left;
        uint8_t *from = pool->bytes + RANDOM_POOL_LEN - pool->left;

        memcpy(out, from, take);
        explicit_bzero(from, take);
        pool->left -= take;
        out += take;
        len -= take;
    }
}
