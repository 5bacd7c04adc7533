/* cmd_owner.c — relayctl owner: which shard owns the allocation of a client, or of a relay port. */
#include "relayctl.h"

#include "client_argument.h"
#include "command_line.h"
#include "listing_command.h"
#include "ownership_json.h"
#include "ownership_print.h"
#include "ownership_read.h"
#include "relay_place.h"

#include <stdlib.h>

#define PROGRAM "relayctl owner"

struct owner_options {
    struct relay_place_options place;
    uint16_t relay_port; /* 0: not given */
    bool json;
};

static const struct option_spec specs[] = {
    {
        .name = "relay-port",
        .kind = OPTION_NUMBER,
        .argument = "PORT",
        .min = 1,
        .max = UINT16_MAX,
        .rule = "a port",
        .help = "Ask for the allocation that has this relay port",
        OPTION_FIELD(struct owner_options, relay_port),
    },
    {
        .name = "json",
        .kind = OPTION_FLAG,
        .help = "Print JSON",
        OPTION_FIELD(struct owner_options, json),
    },
    RELAY_PLACE_OPTIONS(struct owner_options, place),
    COMMAND_LINE_COMMON_OPTIONS,
};

static const struct option_table table = {
    .program = PROGRAM,
    .intro = "Usage: " PROGRAM " ADDR:PORT [OPTION]…\n"
             "       " PROGRAM " --relay-port PORT [OPTION]…\n\n"
             "Says in one line which shard of this host owns the allocation of a client, and what\n"
             "belongs to it. A client of several addresses of this host has a line for each.\n",
    .specs = specs,
    .count = sizeof specs / sizeof specs[0],
};

/* The client that is asked for: from the one positional argument, unless there is a port. */
static bool read_client(const struct option_reading *reading, uint16_t relay_port,
                        struct transport_addr *ret)
{
    bool is_given = reading->positional_count > 0;

    if (reading->positional_count > 1 || is_given == (relay_port != 0)) {
        fputs(PROGRAM ": give either a client, ADDR:PORT, or --relay-port\n", stderr);
        return false;
    }
    return !is_given || client_argument_read(PROGRAM, reading->positionals[0], ret);
}

static void print(const struct ownership_view *view, bool json)
{
    for (size_t i = 0; i < view->allocation_count; i++) {
        if (json)
            print_owner_json(view, &view->allocations[i], stdout);
        else
            print_owner_text(view, &view->allocations[i], stdout);
    }
}

/* Finds and prints. Whether there was anything. */
static bool answer(const struct relay_place *place, const struct owner_options *options,
                   const struct transport_addr *client)
{
    enum ownership_part part = options->relay_port != 0 ? PART_PORT : PART_ALLOCATIONS;
    struct ownership_view view = {0};
    struct problem problem;

    if (ownership_read(place, part, options->relay_port, &view, &problem) != ERR_OK) {
        fprintf(stderr, PROGRAM ": %s\n", problem.text);
        return false;
    }
    if (client->port != 0)
        view_keep_client(&view, client);
    bool is_found = view.allocation_count > 0;

    print(&view, options->json);
    (void)fflush(stdout); /* what is to be known of it comes after it */
    if (!options->json || !is_found)
        listing_print_notes(&view, PROGRAM);
    if (!is_found)
        fprintf(stderr, PROGRAM ": nobody owns such an allocation%s\n",
                view.is_incomplete ? ", of the shards that answer" : "");
    view_free(&view);
    return is_found;
}

static int run(int argc, char **argv)
{
    struct owner_options options = {0};
    struct option_reading reading;
    struct relay_place place;
    struct transport_addr client = {0};
    struct problem problem;
    int code;

    if (!command_line_read_arguments(&table, argc, argv, &options, &reading, &code))
        return code;
    if (!read_client(&reading, options.relay_port, &client))
        return EXIT_USAGE;
    if (relay_place_open(&options.place, &place, &problem) != ERR_OK) {
        fprintf(stderr, PROGRAM ": %s\n", problem.text);
        return EXIT_FAILURE;
    }
    bool is_found = answer(&place, &options, &client);

    relay_place_close(&place);
    return is_found ? EXIT_SUCCESS : EXIT_FAILURE;
}

const struct relayctl_command relayctl_owner = {
    .name = "owner",
    .summary = "which shard owns the allocation of a client, or of a relay port",
    .run = run,
};
