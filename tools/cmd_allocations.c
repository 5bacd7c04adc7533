/* cmd_allocations.c — relayctl allocations: what the shards of this host own: client, relay port,
 * time left. */
#include "relayctl.h"

#include "listing_command.h"
#include "ownership_json.h"
#include "ownership_print.h"

static const struct option_spec specs[] = {LISTING_CLIENT_OPTION, LISTING_OPTIONS};

static const struct option_table table = {
    .program = "relayctl allocations",
    .intro = "Usage: relayctl allocations [OPTION]…\n\n"
             "Prints every recorded allocation of this host's shards. While the registry is away,\n"
             "the shards are asked; then exits with 1 when one does not answer.\n",
    .specs = specs,
    .count = sizeof specs / sizeof specs[0],
};

static int run(int argc, char **argv)
{
    static const struct listing_command command = {
        .table = &table,
        .part = PART_ALLOCATIONS,
        .print_text = print_allocations_text,
        .print_json = print_allocations_json,
    };
    return listing_command_run(&command, argc, argv);
}

const struct relayctl_command relayctl_allocations = {
    .name = "allocations",
    .summary = "what the shards of this host own: client, relay port, time left",
    .run = run,
};
