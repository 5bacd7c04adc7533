/* main.c — relay: reads the options and starts what the command names. */
#include "check_config.h"
#include "log.h"
#include "options.h"
#include "portal_program.h"
#include "shard.h"
#include "standard_streams.h"
#include "supervisor.h"
#include "version.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { EXIT_BAD_OPTIONS = 2 };

/* relay-portal reads the options, and what they name, again. */
static int run_portal(const struct relay_options *options, char **argv)
{
    struct problem problem;

    (void)portal_program_run(options, argv, &problem);
    log_event(LOG_LEVEL_ERROR, "portal process not started", "error", problem.text, NULL);
    return EXIT_FAILURE;
}

static int run_command(struct relay_options *options, char **argv)
{
    bool only_checks = options->command == RELAY_COMMAND_CHECK_CONFIG;

    if (options->command == RELAY_COMMAND_PORTAL)
        return run_portal(options, argv);
    if (relay_options_load(options, !only_checks, stderr) != ERR_OK)
        return EXIT_BAD_OPTIONS;
    log_init(options->log_level, options->log_format, STDERR_FILENO,
             options->command == RELAY_COMMAND_SHARD ? options->shard : LOG_SUPERVISOR);
    switch (options->command) {
    case RELAY_COMMAND_RUN:
        return supervisor_run(options, argv);
    case RELAY_COMMAND_SHARD:
        relay_options_unset("portal-token"); /* not for those that face the network */
        return shard_run(options);
    case RELAY_COMMAND_PORTAL:
    case RELAY_COMMAND_CHECK_CONFIG:
        break;
    }
    check_config_print(options, stdout);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    static struct relay_options options; /* too large for the stack */
    int exit_code = EXIT_SUCCESS;

    if (!standard_streams_hold())
        return EXIT_FAILURE; /* and nowhere to say why */
    switch (relay_options_parse(argc, argv, &options, stderr)) {
    case OPTIONS_READ:
        exit_code = run_command(&options, argv);
        relay_options_free(&options);
        break;
    case OPTIONS_HELP:
        relay_options_help(stdout);
        break;
    case OPTIONS_VERSION:
        printf("relay %s\n", relay_version());
        break;
    case OPTIONS_BAD:
        exit_code = EXIT_BAD_OPTIONS;
        break;
    }
    return exit_code;
}
