/* cmd_status.c — relayctl status: whether all is well with the relay of this host, on one screen.
 */
#include "relayctl.h"

#include "command_line.h"
#include "host_status.h"
#include "relay_place.h"
#include "status_print.h"
#include "terminal.h"

#include <stdlib.h>

#define PROGRAM "relayctl status"

struct status_options {
    struct relay_place_options place;
    bool json;
};

static const struct option_spec specs[] = {
    {
        .name = "json",
        .kind = OPTION_FLAG,
        .help = "Print JSON",
        OPTION_FIELD(struct status_options, json),
    },
    RELAY_PLACE_DIR_OPTION(struct status_options, place),
    COMMAND_LINE_COMMON_OPTIONS,
};

static const struct option_table table = {
    .program = PROGRAM,
    .intro = "Usage: " PROGRAM " [OPTION]…\n\n"
             "Prints what is wrong with the relay of this host, if anything, and a row for each\n"
             "shard. Reads counters only, so it needs neither the registry nor shards that move.\n"
             "Exits with 0 when all is well, with 1 otherwise.\n",
    .specs = specs,
    .count = sizeof specs / sizeof specs[0],
};

static int run(int argc, char **argv)
{
    struct status_options options = {0};
    struct option_reading reading;
    struct relay_place place;
    struct shard_pages pages;
    struct problem problem;
    int code;

    if (!command_line_read(&table, argc, argv, &options, &reading, &code))
        return code;
    if (relay_place_open(&options.place, &place, &problem) != ERR_OK) {
        fprintf(stderr, PROGRAM ": %s\n", problem.text);
        return EXIT_FAILURE;
    }
    code = EXIT_FAILURE;
    if (shard_pages_read(&place, &pages, &problem) == ERR_OK) {
        struct host_status status = host_status_judge(&pages);

        if (options.json)
            status_print_json(&place, &pages, &status, stdout);
        else
            status_print_text(&place, &pages, &status, terminal_size_of(stdout).columns, stdout);
        code = status.verdict == HOST_OK ? EXIT_SUCCESS : EXIT_FAILURE;
        shard_pages_free(&pages);
    } else {
        fprintf(stderr, PROGRAM ": %s\n", problem.text);
    }
    relay_place_close(&place);
    return code;
}

const struct relayctl_command relayctl_status = {
    .name = "status",
    .summary = "whether all is well with the relay of this host",
    .run = run,
};
