/* fuzz_server.c — any sequence of inputs into whole servers, with the invariants after each step.
 *
 * The input's bytes are the choices of a simulated world: what clients ask, how
 * their datagrams are damaged, what arrives, whether relays open, how time goes.
 * Clients hold valid credentials and learn their nonces, so that deep states
 * are reached.
 */
#include "fuzz.h"

#include "fuzz_server.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct world world;
    fuzz_server_world(&world, choices_of_bytes((struct bytes){.data = data, .len = size}));
    world_run(&world);
    world_deinit(&world);
    return 0;
}
