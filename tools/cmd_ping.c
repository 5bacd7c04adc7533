/* cmd_ping.c — relayctl ping: options and credentials for a ping through a relay. */
#include "relayctl.h"

#include "command_line.h"
#include "own_credential.h"
#include "ping.h"
#include "stop_signal.h"
#include "turn_limits.h"

#include <stdlib.h>
#include <string.h>

#define PROGRAM "relayctl ping"

enum {
    CREDENTIAL_TTL_SEC = 1800,
    /* Channels are not bound again, so a run ends before they do. */
    RUN_MAX_SEC = TURN_CHANNEL_LIFETIME_SEC - 60,
};

static const char *const scheme_names[] = {"stamp", "rest", NULL};
static const enum turn_scheme schemes[] = {TURN_SCHEME_STAMP, TURN_SCHEME_REST};

struct ping_options {
    struct secret_options secret;
    struct transport_addr server;
    uint32_t count;
    uint32_t interval_msec;
    uint32_t size;
    const char *username;
    const char *password;
    unsigned scheme; /* index in |schemes| */
    bool json;
};

static const struct option_spec specs[] = {
    {
        .name = "server",
        .kind = OPTION_CUSTOM,
        .argument = "ADDR[:PORT]",
        .default_text = "127.0.0.1:3478",
        .help = "The relay, by IP address",
        .rule = COMMAND_LINE_SERVER_RULE,
        .read = command_line_read_server,
        OPTION_FIELD(struct ping_options, server),
    },
    {
        .name = "count",
        .letter = 'c',
        .kind = OPTION_NUMBER,
        .argument = "N",
        .default_text = "10",
        .help = "Round trips in each direction",
        .min = 1,
        .max = 100000,
        OPTION_FIELD(struct ping_options, count),
    },
    {
        .name = "interval",
        .kind = OPTION_NUMBER,
        .argument = "MSEC",
        .default_text = "50",
        .help = "Milliseconds between them",
        .min = 0,
        .max = 60000,
        OPTION_FIELD(struct ping_options, interval_msec),
    },
    {
        .name = "size",
        .kind = OPTION_NUMBER,
        .argument = "BYTES",
        .default_text = "172",
        .help = "Payload of each datagram",
        .min = PING_SIZE_MIN,
        .max = PING_SIZE_MAX,
        OPTION_FIELD(struct ping_options, size),
    },
    {
        .name = "username",
        .letter = 'u',
        .kind = OPTION_TEXT,
        .argument = "NAME",
        .default_shown = "made from this host's secret",
        .help = "Username, with --password",
        OPTION_FIELD(struct ping_options, username),
    },
    {
        .name = "password",
        .letter = 'p',
        .kind = OPTION_TEXT,
        .argument = "TEXT",
        .help = "Password of --username",
        .is_secret = true,
        OPTION_FIELD(struct ping_options, password),
    },
    {
        .name = "scheme",
        .kind = OPTION_CHOICE,
        .argument = "NAME",
        .default_text = "stamp",
        .help = "Scheme of credentials made from the secret: stamp or rest",
        .choices = scheme_names,
        OPTION_FIELD(struct ping_options, scheme),
    },
    {
        .name = "json",
        .kind = OPTION_FLAG,
        .help = "Print JSON",
        OPTION_FIELD(struct ping_options, json),
    },
    SECRET_OPTIONS(struct ping_options, secret),
    COMMAND_LINE_COMMON_OPTIONS,
};

static const struct option_table table = {
    .program = PROGRAM,
    .intro = "Usage: " PROGRAM " [OPTION]…\n\n"
             "Makes two allocations on a relay, lets them send datagrams to each other and back,\n"
             "and prints round trips and loss, or what is wrong. Exits with 0 when every\n"
             "datagram came back, with 1 otherwise.\n",
    .specs = specs,
    .count = sizeof specs / sizeof specs[0],
};

static bool check(const struct ping_options *options, const struct option_reading *reading)
{
    if (!options->username != !options->password) {
        option_table_error(&table, reading, options->username ? "username" : "password", stderr,
                           "--username and --password go together");
        return false;
    }
    if (options->username &&
        (*options->username == '\0' || strlen(options->username) > STUN_USERNAME_MAX)) {
        option_table_error(&table, reading, "username", stderr, "a username has 1 to %d bytes",
                           STUN_USERNAME_MAX);
        return false;
    }
    if ((uint64_t)options->count * options->interval_msec > RUN_MAX_SEC * UINT64_C(1000)) {
        option_table_error(&table, reading, "count", stderr,
                           "times --interval is more than %d seconds, the life of a channel",
                           RUN_MAX_SEC);
        return false;
    }
    return true;
}

static int run(int argc, char **argv)
{
    struct ping_options options = {0};
    struct option_reading reading;
    int code;
    if (!command_line_read(&table, argc, argv, &options, &reading, &code))
        return code;
    if (!check(&options, &reading))
        return EXIT_USAGE;
    struct credential credential = {0};
    struct problem problem;
    if (!options.username &&
        own_credential_make(&options.secret, schemes[options.scheme], CREDENTIAL_TTL_SEC,
                            &credential, &problem) != ERR_OK) {
        fprintf(stderr, PROGRAM ": %s\n", problem.text);
        return EXIT_FAILURE;
    }

    struct ping_plan plan = {
        .server = options.server,
        .username = bytes_of_text(options.username ? options.username : credential.username),
        .password = bytes_of_text(options.password ? options.password : credential.password),
        .own_secret = !options.username,
        .count = options.count,
        .interval_msec = options.interval_msec,
        .size = options.size,
    };
    static struct ping_report report;
    stop_signal_catch();
    bool all_came_back = ping_run(&plan, &report);
    crypto_wipe(&credential, sizeof credential);
    if (options.json)
        ping_print_json(&plan, &report, stdout);
    else
        ping_print_text(&plan, &report, stdout);
    if (report.problem[0] != '\0' && !options.json)
        fprintf(stderr, PROGRAM ": %s\n", report.problem);
    return all_came_back ? EXIT_SUCCESS : EXIT_FAILURE;
}

const struct relayctl_command relayctl_ping = {
    .name = "ping",
    .summary = "send datagrams through a relay and back",
    .run = run,
};
