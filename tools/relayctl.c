/* relayctl.c — relayctl: finds the subcommand in a table and runs it. */
#include "relayctl.h"

#include "command_line.h"
#include "version.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct relayctl_command *const commands[] = {
    &relayctl_status, &relayctl_shards,     &relayctl_allocations, &relayctl_channels,
    &relayctl_owner,  &relayctl_top,        &relayctl_drain,       &relayctl_undrain,
    &relayctl_delete, &relayctl_credential, &relayctl_ping,
};

enum { COMMAND_COUNT = sizeof commands / sizeof commands[0] };

static void print_usage(FILE *out)
{
    fputs("Usage: relayctl COMMAND [OPTION]…\n\nCommands:\n", out);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(out, "  %-12s %s\n", commands[i]->name, commands[i]->summary);
    fputs("\nrelayctl COMMAND --help prints the options of a command.\n", out);
}

static int run(int argc, char **argv)
{
    if (argc < 2) {
        print_usage(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_usage(stdout);
        return EXIT_SUCCESS;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("relayctl %s\n", relay_version());
        return EXIT_SUCCESS;
    }
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(argv[1], commands[i]->name) == 0)
            return commands[i]->run(argc - 1, argv + 1);
    }
    fprintf(stderr, "relayctl: \"%s\" is no command; see relayctl --help\n", argv[1]);
    return EXIT_USAGE;
}

int main(int argc, char **argv)
{
    return command_line_end("relayctl", run(argc, argv));
}
