/* bench_options.c — the command line of relay-bench, one table. */
#include "bench_options.h"

#include "client_socket.h"
#include "command_line.h"
#include "own_credential.h"
#include "payload.h"
#include "stun_attr.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROGRAM "relay-bench"

enum { RUN_MAX_SEC = 86400 };

static const char *const scheme_names[] = {"stamp", "rest", NULL};
static const enum turn_scheme schemes[] = {TURN_SCHEME_STAMP, TURN_SCHEME_REST};
static const char *const direction_names[] = {"up", "down", "both", NULL};
static const enum bench_direction directions[] = {BENCH_UP, BENCH_DOWN, BENCH_BOTH};

static const char *read_peer(const struct option_spec *spec, const char *value, void *field)
{
    return ip_addr_parse(value, field) == ERR_OK ? NULL : spec->rule;
}

static const char *read_percent(const struct option_spec *spec, const char *value, void *field)
{
    char *end;
    double percent = strtod(value, &end);
    if (end == value || *end != '\0' || !(percent >= 0 && percent < 100))
        return spec->rule;
    *(double *)field = percent;
    return NULL;
}

#define NUMBER(text, argument_text, default_value, least, most, help_text, member)                 \
    {                                                                                              \
        .name = (text), .kind = OPTION_NUMBER, .argument = (argument_text),                        \
        .default_text = (default_value), .min = (least), .max = (most), .help = (help_text),       \
        OPTION_FIELD(struct bench_options, member)                                                 \
    }

static const struct option_spec specs[] = {
    {
        .name = "server",
        .kind = OPTION_CUSTOM,
        .argument = "ADDR[:PORT]",
        .default_text = "127.0.0.1:3478",
        .help = "The TURN server, by IP address",
        .rule = COMMAND_LINE_SERVER_RULE,
        .read = command_line_read_server,
        OPTION_FIELD(struct bench_options, server),
    },
    {
        .name = "peer-address",
        .kind = OPTION_CUSTOM,
        .argument = "ADDR",
        .default_shown = "the address that reaches the server",
        .help = "Address of this host that the peers have; the server must allow it",
        .rule = "an IP address of this host",
        .read = read_peer,
        OPTION_FIELD(struct bench_options, peer),
    },
    NUMBER("allocations", "N", "100", 1, 16384, "Allocations, each from a client port of its own",
           allocations),
    NUMBER("channels-per-allocation", "N", "1", 1, 64,
           "Channels of each, to a peer port of its own for each number", channels),
    {
        .name = "direction",
        .kind = OPTION_CHOICE,
        .argument = "WAY",
        .default_text = "both",
        .help = "up (client to peer), down, or both",
        .choices = direction_names,
        OPTION_FIELD(struct bench_options, direction),
    },
    NUMBER("payload", "BYTES", "172", PAYLOAD_HEADER_LEN, BENCH_PAYLOAD_MAX,
           "Payload of each datagram", payload),
    NUMBER("train", "N", "1", 1, BENCH_TRAIN_MAX, "Datagrams of one flow in a row", train),
    {
        .name = "offload",
        .kind = OPTION_FLAG,
        .help = "Send a train as one message and receive likewise (UDP_SEGMENT, UDP_GRO)",
        OPTION_FIELD(struct bench_options, offload),
    },
    {
        .name = "mixed",
        .kind = OPTION_FLAG,
        .help = "After each train send as many datagrams singly, each of the next flow",
        OPTION_FIELD(struct bench_options, mixed),
    },
    NUMBER("rate", "PPS", "1000", 1, 10000000, "Datagrams a second, both ways together", rate),
    {
        .name = "flood",
        .kind = OPTION_FLAG,
        .help = "Send as fast as this process can, instead of --rate",
        OPTION_FIELD(struct bench_options, flood),
    },
    {
        .name = "max-loss",
        .kind = OPTION_CUSTOM,
        .argument = "PERCENT",
        .help = "Look for the highest rate with no more loss than this, instead of --rate",
        .rule = "a percentage from 0 to below 100",
        .read = read_percent,
        OPTION_FIELD(struct bench_options, max_loss),
    },
    {
        .name = "duration",
        .kind = OPTION_DURATION,
        .argument = "TIME",
        .default_text = "5s",
        .min = 1,
        .max = RUN_MAX_SEC,
        .help = "How long to send; of each trial with --max-loss",
        OPTION_FIELD(struct bench_options, duration_sec),
    },
    {
        .name = "setup-only",
        .kind = OPTION_FLAG,
        .help = "Make the allocations and channels, send nothing",
        OPTION_FIELD(struct bench_options, setup_only),
    },
    {
        .name = "hold",
        .kind = OPTION_DURATION,
        .argument = "TIME",
        .default_text = "0s",
        .min = 0,
        .max = RUN_MAX_SEC,
        .help = "Keep the allocations for so long before they are deleted",
        OPTION_FIELD(struct bench_options, hold_sec),
    },
    NUMBER("server-pid", "PID", NULL, 1, 4194304,
           "Process whose CPU time and memory are measured, with its children", server_pid),
    {
        .name = "username",
        .letter = 'u',
        .kind = OPTION_TEXT,
        .argument = "NAME",
        .default_shown = "made from this host's secret",
        .help = "Username, with --password",
        OPTION_FIELD(struct bench_options, username),
    },
    {
        .name = "password",
        .letter = 'p',
        .kind = OPTION_TEXT,
        .argument = "TEXT",
        .help = "Password of --username",
        .is_secret = true,
        OPTION_FIELD(struct bench_options, password),
    },
    {
        .name = "scheme",
        .kind = OPTION_CHOICE,
        .argument = "NAME",
        .default_text = "stamp",
        .help = "Scheme of credentials made from the secret: stamp or rest",
        .choices = scheme_names,
        OPTION_FIELD(struct bench_options, scheme),
    },
    {
        .name = "per-flow",
        .kind = OPTION_FLAG,
        .help = "With --json: say for each flow what was sent, received, and its longest gap",
        OPTION_FIELD(struct bench_options, per_flow),
    },
    {
        .name = "json",
        .kind = OPTION_FLAG,
        .help = "Print JSON",
        OPTION_FIELD(struct bench_options, json),
    },
    SECRET_OPTIONS(struct bench_options, secret),
    COMMAND_LINE_COMMON_OPTIONS,
};

static const struct option_table table = {
    .program = PROGRAM,
    .intro = "Usage: " PROGRAM " [OPTION]…\n\n"
             "Makes allocations and channels on any TURN server, sends checked datagrams through\n"
             "them, and prints packets a second, loss and latency. Exits with 0 when all came\n"
             "whole and to whom they were sent, however many were lost; with 1 otherwise, or\n"
             "when the allocations could not be made.\n",
    .specs = specs,
    .count = sizeof specs / sizeof specs[0],
};

static bool complain(const struct option_reading *reading, const char *name, const char *why)
{
    option_table_error(&table, reading, name, stderr, "%s", why);
    return false;
}

static bool is_given(const struct option_reading *reading, const char *name)
{
    return option_origin_of(&table, reading, name)->source >= OPTION_ENVIRONMENT;
}

/* The rules across options. */
static bool check(const struct bench_options *o, const struct option_reading *reading)
{
    if (!o->username != !o->password)
        return complain(reading, o->username ? "username" : "password",
                        "--username and --password go together");
    if (o->username && (*o->username == '\0' || strlen(o->username) > STUN_USERNAME_MAX))
        return complain(reading, "username", "a username has 1 to 508 bytes");
    if (o->flood + (o->max_loss >= 0) + is_given(reading, "rate") > 1)
        return complain(reading, o->max_loss >= 0 ? "max-loss" : "flood",
                        "only one of --rate, --flood and --max-loss");
    if (o->mixed && o->train == 1)
        return complain(reading, "mixed", "only with --train of 2 and more");
    if (o->peer.family != IP_FAMILY_NONE && o->peer.family != o->server.family)
        return complain(reading, "peer-address", "it is of another family than --server");
    return true;
}

/* The local address that a datagram to |server| would leave from. */
static bool find_peer_address(const struct transport_addr *server, struct transport_addr *ret)
{
    int fd;
    if (client_socket_open(NULL, server, &fd) != ERR_OK)
        return false;
    bool found = client_socket_local_addr(fd, ret) == ERR_OK;
    close(fd);
    ret->port = 0;
    return found;
}

static void make_plan(const struct bench_options *o, const struct credential *credential,
                      struct bench_plan *ret)
{
    *ret = (struct bench_plan){
        .server = o->server,
        .peer = o->peer,
        .username = bytes_of_text(o->username ? o->username : credential->username),
        .password = bytes_of_text(o->username ? o->password : credential->password),
        .allocations = o->allocations,
        .channels = o->channels,
        .direction = directions[o->direction],
        .load = o->flood           ? BENCH_FLOOD
                : o->max_loss >= 0 ? BENCH_MAX_LOSS
                                   : BENCH_RATE,
        .rate = o->rate,
        .max_loss = o->max_loss / 100,
        .payload = o->payload,
        .train = o->train,
        .offload = o->offload,
        .is_mixed = o->mixed,
        .duration_sec = o->duration_sec,
        .hold_sec = o->hold_sec,
        .setup_only = o->setup_only,
        .server_pid = (pid_t)o->server_pid,
    };
}

bool bench_options_read(int argc, char **argv, struct bench_options *ret,
                        struct bench_plan *ret_plan, struct credential *ret_credential,
                        int *ret_exit)
{
    struct option_reading reading;
    *ret = (struct bench_options){.max_loss = -1};
    if (!command_line_read(&table, argc, argv, ret, &reading, ret_exit))
        return false;
    *ret_exit = EXIT_USAGE;
    if (!check(ret, &reading))
        return false;
    *ret_exit = EXIT_FAILURE;
    if (ret->peer.family == IP_FAMILY_NONE && !find_peer_address(&ret->server, &ret->peer)) {
        fputs(PROGRAM ": no address of this host reaches the server\n", stderr);
        return false;
    }
    struct problem problem;
    uint64_t ttl_sec = 3600 + (uint64_t)ret->hold_sec + 40 * (uint64_t)ret->duration_sec;
    if (!ret->username && own_credential_make(&ret->secret, schemes[ret->scheme], ttl_sec,
                                              ret_credential, &problem) != ERR_OK) {
        fprintf(stderr, PROGRAM ": %s\n", problem.text);
        return false;
    }
    make_plan(ret, ret_credential, ret_plan);
    return true;
}
