/* check_config.c — prints the configuration in effect. */
#include "check_config.h"

#include "coordination_url.h"
#include "options.h"
#include "port_slice.h"
#include "version.h"

#include <stdarg.h>
#include <string.h>

enum { VALUE_TEXT_MAX = 1200 };

/* Prints the option |name|, its value and where it came from. */
__attribute__((format(printf, 4, 5))) static void print_row(const struct relay_options *options,
                                                            FILE *out, const char *name,
                                                            const char *format, ...)
{
    const struct option_origin *origin = relay_options_origin(options, name);
    char value[VALUE_TEXT_MAX];
    va_list args;

    va_start(args, format);
    if (vsnprintf(value, sizeof(value), format, args) < 0)
        value[0] = '\0';
    va_end(args);
    fprintf(out, "  --%-24s %-24s ", name, value);
    switch (origin->source) {
    case OPTION_UNSET:
    case OPTION_DEFAULT:
        fputs("default\n", out);
        return;
    case OPTION_ENVIRONMENT:
        fprintf(out, "environment: %s\n", origin->env);
        return;
    case OPTION_COMMAND_LINE:
        fputs("option\n", out);
        return;
    }
}

/* Prints a value as its user wrote it, or |otherwise|. */
static void print_given(const struct relay_options *options, FILE *out, const char *name,
                        const char *otherwise)
{
    const struct option_origin *origin = relay_options_origin(options, name);

    print_row(options, out, name, "%s", origin->text != NULL ? origin->text : otherwise);
}

static void print_secret(const struct relay_options *options, FILE *out)
{
    if (options->auth_secret_text != NULL)
        print_row(options, out, "auth-secret", "(given, not shown)");
    else if (options->auth_secret_file != NULL)
        print_given(options, out, "auth-secret-file", "");
    else
        print_row(options, out, "auth-secret-file", "%s/%s, %s", options->state_dir,
                  AUTH_SECRET_FILE,
                  options->auth_secret.len > 0 ? "kept" : "to be drawn at the first start");
}

static void print_coordination(const struct relay_options *options, FILE *out)
{
    char text[COORDINATION_TEXT_MAX];

    print_row(options, out, "coordination", "%s",
              coordination_url_describe(options->coordination, text));
    print_row(options, out, "instance", "%s", options->instance);
}

static void print_portal(const struct relay_options *options, FILE *out)
{
    static const char *const given[] = {"portal-url", "portal-name", "portal-ca-file",
                                        "portal-give-up"};

    if (options->portal_url == NULL) {
        print_row(options, out, "portal-url", "none");
        return;
    }
    for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++)
        print_given(options, out, given[i], "none");
    if (options->portal_token_file != NULL)
        print_given(options, out, "portal-token-file", "");
    else
        print_row(options, out, "portal-token", "(given, not shown)");
}

static void print_schemes(const struct relay_options *options, FILE *out)
{
    print_row(options, out, "auth", "%s%s%s",
              (options->schemes & TURN_SCHEME_STAMP) != 0 ? "stamp " : "",
              (options->schemes & TURN_SCHEME_REST) != 0 ? "rest " : "",
              (options->schemes & TURN_SCHEME_STATIC) != 0 ? "static" : "");
}

static void print_ranges(const struct relay_options *options, FILE *out, const char *name,
                         bool allow)
{
    const struct turn_peer_policy *policy = &options->peer_policy;

    for (size_t i = 0; i < policy->range_count; i++) {
        const struct ip_prefix *prefix = &policy->ranges[i].prefix;
        struct transport_addr addr = {.family = prefix->family};
        char text[TRANSPORT_ADDR_TEXT_MAX];

        if (policy->ranges[i].allow != allow)
            continue;
        memcpy(addr.ip, prefix->ip, sizeof(addr.ip));
        print_row(options, out, name, "%s/%u", transport_addr_format(&addr, text), prefix->len);
    }
}

static void print_slices(const struct relay_options *options, FILE *out)
{
    fputs("\nRelay ports:\n", out);
    for (uint32_t k = 0; k < options->shards; k++) {
        struct port_slice slice =
            port_slice_of(options->lowest_port, options->highest_port, options->shards, k);
        fprintf(out, "  shard %-4u %u to %u\n", k, slice.lowest, slice.highest);
    }
}

void check_config_print(const struct relay_options *options, FILE *out)
{
    static const char *const given[] = {
        "realm",           "http-addr",    "user-quota", "channels-per-allocation",
        "max-allocations", "max-lifetime", "port-rest",  "unauthenticated-rate",
        "log-level",       "log-format",
    };

    fprintf(out, "relay %s: the configuration is fine.\n\n", relay_version());
    print_given(options, out, "public-ip4-addr", "none");
    print_given(options, out, "public-ip6-addr", "none");
    print_row(options, out, "shards", "%u", options->shards);
    print_row(options, out, "lowest-port", "%u", options->lowest_port);
    print_row(options, out, "highest-port", "%u", options->highest_port);
    print_row(options, out, "state-dir", "%s", options->state_dir);
    print_coordination(options, out);
    print_portal(options, out);
    print_schemes(options, out);
    print_secret(options, out);
    if (options->users != NULL)
        print_row(options, out, "users-file", "%s, %zu users", options->users_file,
                  turn_users_count(options->users));
    for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++)
        print_given(options, out, given[i], "");
    print_row(options, out, "rfc5766-channels", "%s", options->rfc5766_channels ? "on" : "off");
    print_ranges(options, out, "allow-peer", true);
    print_ranges(options, out, "deny-peer", false);
    print_slices(options, out);
}
