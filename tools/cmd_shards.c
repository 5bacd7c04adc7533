/* cmd_shards.c — relayctl shards: the shards of this host: state, lease, relay ports, load. */
#include "relayctl.h"

#include "listing_command.h"
#include "ownership_json.h"
#include "ownership_print.h"

static const struct option_spec specs[] = {LISTING_OPTIONS};

static const struct option_table table = {
    .program = "relayctl shards",
    .intro =
        "Usage: relayctl shards [OPTION]…\n\n"
        "Prints the shards of this host as the registry and their counters tell of them. While\n"
        "the registry is away, it is the counters alone; the source is said.\n",
    .specs = specs,
    .count = sizeof specs / sizeof specs[0],
};

static int run(int argc, char **argv)
{
    static const struct listing_command command = {
        .table = &table,
        .part = PART_SHARDS,
        .print_text = print_shards_text,
        .print_json = print_shards_json,
    };
    return listing_command_run(&command, argc, argv);
}

const struct relayctl_command relayctl_shards = {
    .name = "shards",
    .summary = "the shards of this host: state, lease, relay ports, load",
    .run = run,
};
