/* portal_main.c — relay-portal: reads the options of the relay and holds its connection to the
 * control plane. */
#include "log.h"
#include "options.h"
#include "portal_program.h"
#include "portal_run.h"
#include "standard_streams.h"
#include "version.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* Takes the token out of the environment, which others can read in /proc. */
static enum err take_token(const struct relay_options *options, struct portal_token *ret)
{
    struct problem problem;
    enum err err;

    if (options->portal_token != NULL) {
        err = portal_token_from_text(options->portal_token, strlen(options->portal_token), ret,
                                     &problem);
        if (err != ERR_OK)
            relay_options_error(options, "portal-token", stderr, "%s", problem.text);
    } else {
        /* It is read again for each attempt: this is for the operator, who is still here. */
        err = portal_token_read_file(options->portal_token_file, ret, &problem);
        portal_token_wipe(ret);
        if (err != ERR_OK)
            relay_options_error(options, "portal-token-file", stderr, "%s", problem.text);
    }
    relay_options_unset("portal-token");
    return err;
}

static int run(struct relay_options *options)
{
    const struct rlimit no_core = {0};
    struct portal_token token = {.len = 0};
    int exit_code;

    (void)setrlimit(RLIMIT_CORE, &no_core); /* it would hold token and secret */
    if (options->command != RELAY_COMMAND_RUN && options->command != RELAY_COMMAND_PORTAL) {
        fputs("relay-portal: it has no commands\n", stderr);
        return PORTAL_EXIT_OPTIONS;
    }
    if (options->portal_url == NULL) {
        relay_options_error(options, "portal-url", stderr, "relay-portal needs it");
        return PORTAL_EXIT_OPTIONS;
    }
    options->users_file = NULL; /* of no use here, and perhaps not for us to read */
    if (relay_options_load(options, true, stderr) != ERR_OK ||
        take_token(options, &token) != ERR_OK)
        return PORTAL_EXIT_OPTIONS;
    log_init(options->log_level, options->log_format, STDERR_FILENO, LOG_PORTAL);
    exit_code = portal_run(options, &token);
    portal_token_wipe(&token);
    return exit_code;
}

int main(int argc, char **argv)
{
    static struct relay_options options; /* too large for the stack */
    int exit_code = EXIT_SUCCESS;

    if (!standard_streams_hold())
        return PORTAL_EXIT_FAILED; /* and nowhere to say why */
    switch (relay_options_parse(argc, argv, &options, stderr)) {
    case OPTIONS_READ:
        exit_code = run(&options);
        relay_options_free(&options);
        break;
    case OPTIONS_HELP:
        relay_options_help(stdout);
        break;
    case OPTIONS_VERSION:
        printf("relay-portal %s\n", relay_version());
        break;
    case OPTIONS_BAD:
        exit_code = PORTAL_EXIT_OPTIONS;
        break;
    }
    return exit_code;
}
