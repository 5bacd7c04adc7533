/* shard_command.h — what the commands that are about one shard have in common: its number, and the
 * relay it belongs to. */
#ifndef RELAY_SHARD_COMMAND_H
#define RELAY_SHARD_COMMAND_H

#include "command_line.h"
#include "control_message.h"
#include "relay_place.h"

#include <stdbool.h>
#include <stdint.h>

/* The first member of the fields of such a command. */
struct shard_command_options {
    struct relay_place_options place;
    bool json;
};

/* Its options, for a table whose fields are |type| with a struct shard_command_options |member|.
 * The shard is one of the state directory: no other relay of the registry can be meant. */
#define SHARD_COMMAND_OPTIONS(type, member)                                                        \
    {                                                                                              \
        .name = "json",                                                                            \
        .kind = OPTION_FLAG,                                                                       \
        .help = "Print JSON",                                                                      \
        OPTION_FIELD(type, member.json),                                                           \
    },                                                                                             \
        RELAY_PLACE_DIR_OPTION(type, member.place), COMMAND_LINE_COMMON_OPTIONS

/*
 * shard_command_begin reads a command line with one argument, the number of a shard, into |fields|,
 * which begins with a struct shard_command_options, and opens |ret_place|. True when the command
 * goes on. False when it is over, with nothing to close: |ret_exit| is the exit code then.
 */
bool shard_command_begin(const struct option_table *table, int argc, char **argv, void *fields,
                         uint32_t *ret_shard, struct relay_place *ret_place, int *ret_exit);

/* shard_command_ask has |shard| carry out |verb|. True with the count it answers with; false with
 * a line of |program| on standard error. */
bool shard_command_ask(const char *program, const struct relay_place *place, uint32_t shard,
                       enum control_verb verb, uint64_t *ret_count);

#endif
