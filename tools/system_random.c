/* system_random.c — randomness from the kernel. */
#include "system_random.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

void system_random(void *context, uint8_t *out, size_t len)
{
    (void)context;
    while (len > 0) {
        ssize_t got = getrandom(out, len, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            abort();
        out += got;
        len -= (size_t)got;
    }
}
