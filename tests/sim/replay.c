/* replay.c — the options of a simulation, and how to repeat what broke. */
#include "replay.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* For the handlers of what ends the program. */
static const char *program;
static uint64_t seed_now;
static size_t acts_now;

static void say_how_to_repeat(void)
{
    char text[160];
    int len = snprintf(text, sizeof(text), "\nto repeat: %s --seed %llu --acts %zu\n", program,
                       (unsigned long long)seed_now, acts_now);
    if (len > 0 && write(STDERR_FILENO, text, (size_t)len) < 0)
        return;
}

static void on_abort(int signal_number)
{
    (void)signal_number;
    say_how_to_repeat();
}

void replay_fail(const char *message)
{
    fprintf(stderr, "invariant broken: %s\n", message);
    say_how_to_repeat();
    exit(1);
}

void replay_begin(uint64_t seed)
{
    seed_now = seed;
}

/* Present in programs that are built with a sanitizer. */
extern void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

static uint64_t number(const char *text, const char *option)
{
    char *end;
    unsigned long long value = strtoull(text, &end, 10);
    if (end == text || *end != 0) {
        fprintf(stderr, "%s: %s: '%s' is not a number\n", program, option, text);
        exit(2);
    }
    return value;
}

void replay_read_options(int argc, char **argv, struct replay_options *o)
{
    program = o->program;
    for (int i = 1; i < argc; i++) {
        bool has_value = i + 1 < argc;
        if (strcmp(argv[i], "--random") == 0) {
            o->seed = (uint64_t)time(NULL) * 1000003 ^ (uint64_t)getpid() << 40;
        } else if (strcmp(argv[i], "--verbose") == 0) {
            o->is_verbose = true;
        } else if (has_value && strcmp(argv[i], "--seed") == 0) {
            o->seed = number(argv[++i], "--seed");
        } else if (has_value && strcmp(argv[i], "--runs") == 0) {
            o->runs = number(argv[++i], "--runs");
        } else if (has_value && strcmp(argv[i], "--seconds") == 0) {
            o->seconds = number(argv[++i], "--seconds");
        } else if (has_value && strcmp(argv[i], "--acts") == 0) {
            o->acts = (size_t)number(argv[++i], "--acts");
        } else {
            fprintf(
                stderr,
                "usage: %s [--seed N | --random] [--runs N] [--seconds N] [--acts N] [--verbose]\n"
                "Runs N worlds with the seeds from --seed on, for at most so long.\n",
                program);
            exit(2);
        }
    }
    acts_now = o->acts;
    (void)signal(SIGABRT, on_abort);
    if (__sanitizer_set_death_callback)
        __sanitizer_set_death_callback(say_how_to_repeat);
    printf("%s: %llu runs from seed %llu\n", program, (unsigned long long)o->runs,
           (unsigned long long)o->seed);
    (void)fflush(stdout);
}
