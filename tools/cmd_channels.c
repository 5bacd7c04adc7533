/* cmd_channels.c — relayctl channels: every channel of this host: client, relay port, number, peer,
 * time left. */
#include "relayctl.h"

#include "listing_command.h"
#include "ownership_json.h"
#include "ownership_print.h"

static const struct option_spec specs[] = {LISTING_CLIENT_OPTION, LISTING_OPTIONS};

static const struct option_table table = {
    .program = "relayctl channels",
    .intro = "Usage: relayctl channels [OPTION]…\n\n"
             "Prints every recorded channel of this host's shards. While the registry is away,\n"
             "the shards are asked; then exits with 1 when one does not answer.\n",
    .specs = specs,
    .count = sizeof specs / sizeof specs[0],
};

static int run(int argc, char **argv)
{
    static const struct listing_command command = {
        .table = &table,
        .part = PART_ALLOCATIONS,
        .print_text = print_channels_text,
        .print_json = print_channels_json,
    };
    return listing_command_run(&command, argc, argv);
}

const struct relayctl_command relayctl_channels = {
    .name = "channels",
    .summary = "the channels of this host: client, relay port, number, peer, time left",
    .run = run,
};
