/* system_random.h — randomness from the kernel. */
#ifndef RELAY_SYSTEM_RANDOM_H
#define RELAY_SYSTEM_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* system_random fills |len| bytes at |out|. Ends the process when the kernel
 * cannot give any, which no supported kernel does. |context| is ignored. */
void system_random(void *context, uint8_t *out, size_t len);

#endif
