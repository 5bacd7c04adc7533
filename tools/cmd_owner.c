/* cmd_owner.c — relayctl owner: which shard owns the allocation of a client, or of a relay port. */
#include "relayctl.h"

#include "command_line.h"
#include "ownership_print.h"
#include "ownership_view.h"
#include "registry_reader.h"

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
    if (is_given &&
        (transport_addr_parse(reading->positionals[0], 0, ret) != ERR_OK || ret->port == 0)) {
        fprintf(stderr,
                PROGRAM ": \"%s\" is no client: an IP address with a port, such as "
                        "192.0.2.1:4000 or [2001:db8::1]:4000\n",
                reading->positionals[0]);
        return false;
    }
    return true;
}

/* Prints what |client| has, or all there is when its port is 0. Returns how many. */
static size_t print_matching(const struct ownership_view *view, const struct transport_addr *client,
                             bool json)
{
    size_t count = 0;

    for (size_t i = 0; i < view->allocation_count; i++) {
        const struct view_allocation *allocation = &view->allocations[i];

        if (client->port != 0 && !transport_addr_equal(&allocation->five_tuple.client, client))
            continue;
        count++;
        if (json)
            print_owner_json(allocation, stdout);
        else
            print_owner_text(allocation, stdout);
    }
    return count;
}

static int run(int argc, char **argv)
{
    struct owner_options options = {0};
    struct option_reading reading;
    struct relay_place place;
    struct registry_reader *reader = NULL;
    struct ownership_view view = {0};
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
    bool ok = registry_reader_open(&place, &reader, &problem) == ERR_OK;

    if (!ok)
        fprintf(stderr, PROGRAM ": %s\n", problem.text);
    else if (options.relay_port != 0)
        ok = view_read_port(&place, reader, PROGRAM, options.relay_port, &view);
    else
        ok = view_read_allocations(&place, reader, PROGRAM, &view);

    if (ok && print_matching(&view, &client, options.json) == 0) {
        fputs(PROGRAM ": nobody owns such an allocation\n", stderr);
        ok = false;
    }
    view_free(&view);
    registry_reader_close(reader);
    relay_place_close(&place);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

const struct relayctl_command relayctl_owner = {
    .name = "owner",
    .summary = "which shard owns the allocation of a client, or of a relay port",
    .run = run,
};
