/* relay_place.h — the relay that a tool is to look at: where it is, and what it was started with.
 */
#ifndef RELAY_RELAY_PLACE_H
#define RELAY_RELAY_PLACE_H

#include "deployment_file.h"
#include "err.h"
#include "option_table.h"
#include "problem.h"
#include "state_dir.h"

#include <stdbool.h>

/* As given by options or environment; NULL when not. */
struct relay_place_options {
    const char *state_dir;
    const char *coordination;
    const char *instance;
};

/* relay_place_read_url and relay_place_read_instance are the |read| of the options below. */
const char *relay_place_read_url(const struct option_spec *spec, const char *value, void *field);
const char *relay_place_read_instance(const struct option_spec *spec, const char *value,
                                      void *field);

/* The options for a table whose fields are |type| with a struct relay_place_options |member|. The
 * variables are those of relay, so that both read the same environment file. The first is enough
 * for what asks no registry. */
#define RELAY_PLACE_DIR_OPTION(type, member)                                                       \
    {                                                                                              \
        .name = "state-dir", .kind = OPTION_TEXT, .argument = "DIR", .env = {"STATE_DIR"},         \
        .default_shown = "that of a relay started by this user",                                   \
        .help = "State directory of the relay", OPTION_FIELD(type, member.state_dir),              \
    }
#define RELAY_PLACE_OPTIONS(type, member)                                                          \
    RELAY_PLACE_DIR_OPTION(type, member),                                                          \
        {                                                                                          \
            .name = "coordination",                                                                \
            .kind = OPTION_CUSTOM,                                                                 \
            .argument = "URL",                                                                     \
            .env = {"COORDINATION"},                                                               \
            .default_shown = "what the relay was started with",                                    \
            .help = "Where ownership is recorded, as for relay",                                   \
            .read = relay_place_read_url,                                                          \
            .is_secret = true,                                                                     \
            OPTION_FIELD(type, member.coordination),                                               \
        },                                                                                         \
    {                                                                                              \
        .name = "instance", .kind = OPTION_CUSTOM, .argument = "NAME", .env = {"INSTANCE"},        \
        .default_shown = "what the relay was started with",                                        \
        .help = "Whose shards: the relay's name in the registry",                                  \
        .rule = "an instance name: 1 to 64 of A-Z, a-z, 0-9, dot, underscore and hyphen",          \
        .read = relay_place_read_instance, OPTION_FIELD(type, member.instance),                    \
    }

struct relay_place {
    struct state_dir dir; /* open */
    /* Of the options; else what the relay was started with; else its defaults. */
    struct deployment deployment;
    bool is_recorded; /* the relay did write what it was started with; else no version, shards and
                         ports are known: empty and 0 */
    bool is_here;     /* it is the relay of |dir| that is meant, not another one of its registry */
};

/*
 * relay_place_open opens the state directory and finds the rest. ERR_OK, or another error with
 * |problem| written; then there is nothing to close.
 */
enum err relay_place_open(const struct relay_place_options *options, struct relay_place *ret,
                          struct problem *problem) MUST_CHECK;

/* relay_place_close closes the directory and makes the password unreadable. */
void relay_place_close(struct relay_place *place);

#endif
