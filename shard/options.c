/* options.c — reads the options of relay and checks the rules across them. */
#include "options.h"

#include "options_table.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* CPUs that this process may run on, as many as there can be shards. */
static uint32_t usable_cpus(void)
{
    cpu_set_t cpus;
    long count = 1;

    if (sched_getaffinity(0, sizeof(cpus), &cpus) == 0)
        count = CPU_COUNT(&cpus);
    else
        count = sysconf(_SC_NPROCESSORS_ONLN); /* more CPUs than cpu_set_t has room for */
    return count < 1 ? 1 : count > RELAY_SHARDS_MAX ? RELAY_SHARDS_MAX : (uint32_t)count;
}

static bool take_command(struct relay_options *options, FILE *errors)
{
    static const char *const names[] = {
        [RELAY_COMMAND_RUN] = "run",
        [RELAY_COMMAND_SHARD] = "shard",
        [RELAY_COMMAND_PORTAL] = "portal",
        [RELAY_COMMAND_CHECK_CONFIG] = "check-config",
    };
    const struct option_reading *reading = &options->reading;
    const char *name = reading->positional_count > 0 ? reading->positionals[0] : "run";

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(names[i], name) != 0)
            continue;
        options->command = (enum relay_command)i;
        if (reading->positional_count <= 1)
            return true;
        fprintf(errors, "relay: \"%s\": nothing may stand behind the command %s\n",
                reading->positionals[1], name);
        return false;
    }
    fprintf(errors, "relay: \"%s\" is not a command: one of run, shard, portal, check-config\n",
            name);
    return false;
}

static bool check_ports(struct relay_options *options, FILE *errors)
{
    const bool is_lowest_given =
        relay_options_origin(options, "lowest-port")->source != OPTION_DEFAULT;
    const char *name = is_lowest_given ? "lowest-port" : "highest-port";
    uint32_t ports;

    if (options->lowest_port > options->highest_port) {
        relay_options_error(options, name, errors,
                            "the lowest relay port, %u, is above the highest, %u",
                            options->lowest_port, options->highest_port);
        return false;
    }
    if (options->lowest_port <= RELAY_LISTENING_PORT &&
        options->highest_port >= RELAY_LISTENING_PORT) {
        relay_options_error(options, name, errors,
                            "the relay ports %u to %u include %u, where the relay listens",
                            options->lowest_port, options->highest_port, RELAY_LISTENING_PORT);
        return false;
    }
    ports = (uint32_t)options->highest_port - options->lowest_port + 1;
    if (relay_options_origin(options, "shards")->source == OPTION_UNSET) {
        uint32_t cpus = usable_cpus();
        options->shards = (uint16_t)(cpus < ports ? cpus : ports);
    }
    if (options->shards > ports) {
        relay_options_error(options, "shards", errors,
                            "every shard needs a relay port, and %u to %u are only %u",
                            options->lowest_port, options->highest_port, ports);
        return false;
    }
    return true;
}

static bool check_shard(const struct relay_options *options, FILE *errors)
{
    bool is_given = relay_options_origin(options, "shard")->source != OPTION_UNSET;

    if (is_given && options->command != RELAY_COMMAND_RUN &&
        relay_options_origin(options, "shards")->source == OPTION_UNSET) {
        /* Each by itself would count the CPUs, of which it may be given fewer than the others. */
        relay_options_error(options, "shards", errors,
                            "a shard by itself needs it, or SHARDS: how many there are, the same "
                            "number for all of them");
        return false;
    }
    if (options->command == RELAY_COMMAND_SHARD && !is_given) {
        relay_options_error(options, "shard", errors, "`relay shard` needs it: which one, 0 to %u",
                            options->shards - 1U);
        return false;
    }
    if (options->command == RELAY_COMMAND_RUN && is_given) {
        relay_options_error(options, "shard", errors,
                            "`relay run` is all shards; only `relay shard` takes it");
        return false;
    }
    if (options->shard >= options->shards) {
        relay_options_error(options, "shard", errors,
                            "there are %u shards, numbered 0 to %u: leave this one out, or have "
                            "more of them everywhere (--shards, SHARDS)",
                            options->shards, options->shards - 1U);
        return false;
    }
    return true;
}

static bool check_auth(const struct relay_options *options, FILE *errors)
{
    bool is_static = (options->schemes & TURN_SCHEME_STATIC) != 0;

    if (is_static && options->users_file == NULL) {
        relay_options_error(options, "auth", errors, "static needs --users-file");
        return false;
    }
    if (!is_static && options->users_file != NULL) {
        relay_options_error(options, "users-file", errors,
                            "only the scheme static reads it, which --auth does not name");
        return false;
    }
    if (options->auth_secret_text != NULL && options->auth_secret_file != NULL) {
        relay_options_error(options, "auth-secret-file", errors,
                            "--auth-secret is given as well; give one of them");
        return false;
    }
    return true;
}

bool relay_options_are_of_a_shard(const struct relay_options *options)
{
    return options->command == RELAY_COMMAND_SHARD ||
           (options->command == RELAY_COMMAND_CHECK_CONFIG &&
            relay_options_origin(options, "shard")->source != OPTION_UNSET);
}

static bool check_portal(const struct relay_options *options, FILE *errors)
{
    if (options->portal_token != NULL && options->portal_token_file != NULL) {
        relay_options_error(options, "portal-token-file", errors,
                            "--portal-token is given as well; give one of them");
        return false;
    }
    if (relay_options_origin(options, "portal-token")->source == OPTION_COMMAND_LINE) {
        relay_options_error(options, "portal-token", errors,
                            "everybody on this host can read a command line; give the token in "
                            "PORTAL_TOKEN, or rather in a file with --portal-token-file");
        return false;
    }
    if (options->command == RELAY_COMMAND_PORTAL && options->portal_url == NULL) {
        relay_options_error(options, "portal-url", errors, "`relay portal` needs it");
        return false;
    }
    if (options->portal_url == NULL)
        return true;
    if ((options->schemes & TURN_SCHEME_STAMP) == 0) {
        relay_options_error(options, "auth", errors,
                            "a control plane (--portal-url) hands out credentials of the scheme "
                            "stamp");
        return false;
    }
    if (!relay_options_are_of_a_shard(options) && options->portal_token == NULL &&
        options->portal_token_file == NULL) {
        relay_options_error(options, "portal-url", errors, "it needs --portal-token-file");
        return false;
    }
    return true;
}

/* The instance is the host name unless given, where that can be one. */
static bool check_instance(struct relay_options *options, FILE *errors)
{
    char name[sizeof(options->instance)];

    if (options->instance[0] != '\0')
        return true;
    if (gethostname(name, sizeof(name)) < 0 || memchr(name, '\0', sizeof(name)) == NULL ||
        !host_name_valid(name)) {
        fputs("relay: --instance: the name of this host cannot be one (1 to 64 of A-Z, a-z, 0-9, "
              "dot, underscore and hyphen); give one\n",
              errors);
        return false;
    }
    memcpy(options->instance, name, sizeof(name));
    return true;
}

static bool check_all(struct relay_options *options, FILE *errors)
{
    struct problem problem;

    if (!take_command(options, errors))
        return false;
    if (options->public_v4.family == IP_FAMILY_NONE &&
        options->public_v6.family == IP_FAMILY_NONE) {
        fputs(
            "relay: --public-ip4-addr, --public-ip6-addr: neither is given, nor PUBLIC_IP4_ADDR or "
            "PUBLIC_IP6_ADDR, and one is needed: the address that peers reach this host at\n",
            errors);
        return false;
    }
    if (!check_ports(options, errors) || !check_shard(options, errors) ||
        !check_auth(options, errors) || !check_portal(options, errors) ||
        !check_instance(options, errors))
        return false;
    if (state_dir_resolve(options->state_dir_given, options->state_dir, &problem) != ERR_OK) {
        relay_options_error(options, "state-dir", errors, "%s", problem.text);
        return false;
    }
    return true;
}

enum option_outcome relay_options_parse(int argc, char **argv, struct relay_options *ret,
                                        FILE *errors)
{
    enum option_outcome outcome;

    memset(ret, 0, sizeof(*ret));
    outcome = option_table_read(&relay_options_table, argc, argv, ret, &ret->reading, errors);
    if (outcome != OPTIONS_READ)
        return outcome;
    if (!check_all(ret, errors))
        return OPTIONS_BAD;
    ret->peer_policy.relayed_v4 = ret->public_v4;
    ret->peer_policy.relayed_v6 = ret->public_v6;
    ret->peer_policy.lowest_port = ret->lowest_port;
    ret->peer_policy.highest_port = ret->highest_port;
    ret->peer_policy.service_ports[ret->peer_policy.service_port_count++] = RELAY_LISTENING_PORT;
    return OPTIONS_READ;
}

const struct option_origin *relay_options_origin(const struct relay_options *options,
                                                 const char *name)
{
    return option_origin_of(&relay_options_table, &options->reading, name);
}

void relay_options_error(const struct relay_options *options, const char *name, FILE *errors,
                         const char *format, ...)
{
    va_list args;

    va_start(args, format);
    option_table_verror(&relay_options_table, &options->reading, name, errors, format, args);
    va_end(args);
}

void relay_options_unset(const char *name)
{
    for (size_t i = 0; i < relay_options_table.count; i++) {
        const struct option_spec *spec = &relay_options_table.specs[i];

        for (size_t v = 0; v < OPTION_ENV_MAX && strcmp(spec->name, name) == 0; v++) {
            char *value = spec->env[v] != NULL ? getenv(spec->env[v]) : NULL;

            if (value == NULL)
                continue;
            crypto_wipe(value, strlen(value));
            (void)unsetenv(spec->env[v]);
        }
    }
}

void relay_options_help(FILE *out)
{
    option_table_help(&relay_options_table, out);
}
