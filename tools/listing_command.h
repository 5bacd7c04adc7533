/* listing_command.h — what commands that list a part of the ownership view have in common. */
#ifndef RELAY_LISTING_COMMAND_H
#define RELAY_LISTING_COMMAND_H

#include "command_line.h"
#include "ownership_view.h"
#include "registry_reader.h"

#include <stdio.h>

struct listing_options {
    struct relay_place_options place;
    bool json;
};

/* The options of such a command, for the table of its own. */
#define LISTING_OPTIONS                                                                            \
    {                                                                                              \
        .name = "json",                                                                            \
        .kind = OPTION_FLAG,                                                                       \
        .help = "Print JSON",                                                                      \
        OPTION_FIELD(struct listing_options, json),                                                \
    },                                                                                             \
        RELAY_PLACE_OPTIONS(struct listing_options, place), COMMAND_LINE_COMMON_OPTIONS

struct listing_command {
    const struct option_table *table; /* of LISTING_OPTIONS */
    bool (*read)(const struct relay_place *place, struct registry_reader *reader,
                 const char *program, struct ownership_view *view);
    void (*print_text)(const struct ownership_view *view, FILE *out);
    void (*print_json)(const struct ownership_view *view, FILE *out);
};

/* listing_command_run reads the command line and the registry, and prints. Returns the exit code.
 */
int listing_command_run(const struct listing_command *command, int argc, char **argv);

#endif
