/* replay.h — the options of a simulation, and how to repeat what broke. */
#ifndef RELAY_TESTS_REPLAY_H
#define RELAY_TESTS_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct replay_options {
    const char *program;
    uint64_t seed;
    uint64_t runs;
    uint64_t seconds;
    size_t acts;
    bool is_verbose;
};

/* replay_read_options reads --seed N | --random, --runs N, --seconds N, --acts N over what
 * |options| has, and exits on anything else. From then on whatever ends the program says which seed
 * it was. */
void replay_read_options(int argc, char **argv, struct replay_options *options);

/* replay_begin: the world of |seed| is about to begin. */
void replay_begin(uint64_t seed);

/* replay_fail says that an invariant is broken and how to repeat it, and exits. */
_Noreturn void replay_fail(const char *message);

#endif
