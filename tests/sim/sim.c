/* sim.c — lives through many random worlds; each can be lived through again by its seed. */
#include "world.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static uint64_t seed_now; /* for the handlers of what ends the program */
static size_t acts_now;

static void say_how_to_repeat(void)
{
    char text[160];
    int len = snprintf(text, sizeof(text), "\nto repeat: sim --seed %llu --acts %zu\n",
                       (unsigned long long)seed_now, acts_now);
    if (len > 0 && write(STDERR_FILENO, text, (size_t)len) < 0)
        return;
}

static void on_abort(int signal_number)
{
    (void)signal_number;
    say_how_to_repeat();
}

static void on_failed(const char *message)
{
    fprintf(stderr, "invariant broken: %s\n", message);
    say_how_to_repeat();
    exit(1);
}

/* Present in programs that are built with a sanitizer. */
extern void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

struct options {
    uint64_t seed;
    uint64_t runs;
    uint64_t seconds;
    size_t acts;
};

static uint64_t number(const char *text, const char *option)
{
    char *end;
    unsigned long long value = strtoull(text, &end, 10);
    if (end == text || *end != 0) {
        fprintf(stderr, "sim: %s: '%s' is not a number\n", option, text);
        exit(2);
    }
    return value;
}

static struct options read_options(int argc, char **argv)
{
    struct options o = {.seed = 0, .runs = 1, .seconds = 3600, .acts = 1000};
    for (int i = 1; i < argc; i++) {
        bool has_value = i + 1 < argc;
        if (strcmp(argv[i], "--random") == 0) {
            o.seed = (uint64_t)time(NULL) * 1000003 ^ (uint64_t)getpid() << 40;
        } else if (has_value && strcmp(argv[i], "--seed") == 0) {
            o.seed = number(argv[++i], "--seed");
        } else if (has_value && strcmp(argv[i], "--runs") == 0) {
            o.runs = number(argv[++i], "--runs");
        } else if (has_value && strcmp(argv[i], "--seconds") == 0) {
            o.seconds = number(argv[++i], "--seconds");
        } else if (has_value && strcmp(argv[i], "--acts") == 0) {
            o.acts = (size_t)number(argv[++i], "--acts");
        } else {
            fprintf(stderr, "usage: sim [--seed N | --random] [--runs N] [--seconds N] [--acts N]\n"
                            "Runs N worlds with the seeds from --seed on, for at most so long.\n");
            exit(2);
        }
    }
    return o;
}

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
    struct options o = read_options(argc, argv);
    acts_now = o.acts;
    signal(SIGABRT, on_abort);
    if (__sanitizer_set_death_callback)
        __sanitizer_set_death_callback(say_how_to_repeat);
    printf("sim: %llu runs from seed %llu\n", (unsigned long long)o.runs,
           (unsigned long long)o.seed);
    fflush(stdout);

    struct world *world = malloc(sizeof(*world));
    uint64_t sums[TURN_COUNTER_COUNT] = {0}, runs = 0;
    time_t end = time(NULL) + (time_t)o.seconds;
    for (; world && runs < o.runs && time(NULL) <= end; runs++) {
        seed_now = o.seed + runs;
        struct choices choices = choices_of_seed(seed_now);
        size_t shards = 2 + choose(&choices, WORLD_SHARDS_MAX - 1);
        /* Without a network's delays, instants meet lifetimes exactly. */
        bool perfect = chance(&choices, 25);
        world_init(world, choices, shards, perfect, o.acts, on_failed);
        world_run(world);
        add_counters(world, sums);
        world_deinit(world);
    }
    free(world);
    printf("sim: %llu worlds without a broken invariant\n", (unsigned long long)runs);
    return runs >= 1000 ? judge_coverage(sums) : 0;
}
