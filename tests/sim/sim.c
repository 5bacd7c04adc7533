/* sim.c — lives through many random worlds; each can be lived through again by its seed. */
#include "replay.h"
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static void add_counters(const struct world *world, uint64_t sums[static TURN_COUNTER_COUNT])
{
    for (size_t i = 0; i < world->shard_count; i++) {
        for (size_t c = 0; c < TURN_COUNTER_COUNT; c++)
            sums[c] += world->setups[i].counters[c];
    }
}

static const char *const counter_names[] = {
#define X(name, text, help) text,
    TURN_GAUGES(X) TURN_EVENTS(X) TURN_DROPS(X)
#undef X
};

/* A simulation in which something never happens shows nothing about it. */
static int judge_coverage(const uint64_t *sums)
{
    static const enum turn_counter rare[] = {
        TURN_COUNT_ERROR_500,             /* libcrypto refuses */
        TURN_COUNT_DROP_TOO_LARGE,        /* payloads here are small */
        TURN_COUNT_RATE_LIMIT_COLLISIONS, /* few prefixes here */
        TURN_COUNT_CLAIMS_HELD,           /* every claim is granted here */
        TURN_COUNT_CLAIMS_PORT_HELD,
        TURN_COUNT_ALLOCATIONS_LOST,
        TURN_COUNT_DROP_EMPTY,
        TURN_COUNT_DROP_REFLECTION_BOUND,
    };
    int missing = 0;
    for (size_t c = TURN_COUNT_RELAYED_TO_PEER; c < TURN_COUNTER_COUNT; c++) {
        bool is_rare = false;
        for (size_t i = 0; i < sizeof(rare) / sizeof(*rare); i++)
            is_rare |= rare[i] == c;
        printf("%12llu  %s\n", (unsigned long long)sums[c], counter_names[c]);
        if (sums[c] == 0 && !is_rare) {
            fprintf(stderr, "sim: '%s' never happened\n", counter_names[c]);
            missing++;
        }
    }
    return missing ? 1 : 0;
}

int main(int argc, char **argv)
{
    struct replay_options o = {
        .program = "sim", .seed = 0, .runs = 1, .seconds = 3600, .acts = 1000};
    replay_read_options(argc, argv, &o);

    struct world *world = malloc(sizeof(*world));
    uint64_t sums[TURN_COUNTER_COUNT] = {0}, runs = 0;
    time_t end = time(NULL) + (time_t)o.seconds;
    for (; world && runs < o.runs && time(NULL) <= end; runs++) {
        replay_begin(o.seed + runs);
        struct choices choices = choices_of_seed(o.seed + runs);
        size_t shards = 2 + choose(&choices, WORLD_SHARDS_MAX - 1);
        /* Without a network's delays, instants meet lifetimes exactly. */
        bool perfect = chance(&choices, 25);
        world_init(world, choices, shards, perfect, o.acts, replay_fail);
        world_run(world);
        add_counters(world, sums);
        world_deinit(world);
    }
    free(world);
    printf("sim: %llu worlds without a broken invariant\n", (unsigned long long)runs);
    return runs >= 1000 ? judge_coverage(sums) : 0;
}
