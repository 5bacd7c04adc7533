/* cmd_shards.c — relayctl shards: the shards of this host: state, lease, relay ports, load. */
#include "relayctl.h"

#include "command_line.h"
#include "ownership_print.h"
#include "ownership_view.h"
#include "registry_reader.h"

#include <stdlib.h>

#define PROGRAM "relayctl shards"

struct shards_options {
    struct registry_options registry;
    bool json;
};

static const struct option_spec specs[] = {
    {
        .name = "json",
        .kind = OPTION_FLAG,
        .help = "Print JSON",
        OPTION_FIELD(struct shards_options, json),
    },
    REGISTRY_OPTIONS(struct shards_options, registry),
    COMMAND_LINE_COMMON_OPTIONS,
};

static const struct option_table table = {
    .program = PROGRAM,
    .intro = "Usage: " PROGRAM " [OPTION]…\n\n"
             "Prints the shards of this host as the registry and their counters tell of them.\n",
    .specs = specs,
    .count = sizeof specs / sizeof specs[0],
};

static int run(int argc, char **argv)
{
    struct shards_options options = {0};
    struct option_reading reading;
    struct registry_reader *reader;
    struct ownership_view view = {0};
    struct problem problem;
    int code;

    if (!command_line_read(&table, argc, argv, &options, &reading, &code))
        return code;
    if (registry_reader_open(&options.registry, &reader, &problem) != ERR_OK) {
        fprintf(stderr, PROGRAM ": %s\n", problem.text);
        return EXIT_FAILURE;
    }
    bool ok = view_read_shards(reader, PROGRAM, &view);

    if (ok && options.json)
        print_shards_json(&view, stdout);
    else if (ok)
        print_shards_text(&view, stdout);
    view_free(&view);
    registry_reader_close(reader);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

const struct relayctl_command relayctl_shards = {
    .name = "shards",
    .summary = "the shards of this host: state, lease, relay ports, load",
    .run = run,
};
