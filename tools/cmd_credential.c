/* cmd_credential.c — relayctl credential: a username and password for this host's secret. */
#include "relayctl.h"

#include "command_line.h"
#include "credential.h"
#include "json_writer.h"
#include "secret_source.h"
#include "system_clock.h"
#include "system_random.h"

#include <stdlib.h>
#include <time.h>

#define PROGRAM "relayctl credential"

/* A credential that outlives the deployment is rather a slip than a wish. */
enum { TTL_MAX_SEC = 10 * 366 * 86400 };

static const char *const scheme_names[] = {"stamp", "rest", NULL};
static const enum turn_scheme schemes[] = {TURN_SCHEME_STAMP, TURN_SCHEME_REST};

struct credential_options {
    struct secret_options secret;
    unsigned scheme; /* index in |schemes| */
    uint64_t ttl_sec;
    const char *name;
    bool json;
};

static const struct option_spec specs[] = {
    {
        .name = "scheme",
        .kind = OPTION_CHOICE,
        .argument = "NAME",
        .default_text = "stamp",
        .help = "How the relay checks it: stamp (expiry:salt) or rest (the TURN REST convention)",
        .choices = scheme_names,
        OPTION_FIELD(struct credential_options, scheme),
    },
    {
        .name = "ttl",
        .kind = OPTION_DURATION,
        .argument = "DURATION",
        .default_text = "1h",
        .help = "How long it is valid: 90s, 15m, 1h, 2d",
        .min = 1,
        .max = TTL_MAX_SEC,
        OPTION_FIELD(struct credential_options, ttl_sec),
    },
    {
        .name = "name",
        .kind = OPTION_TEXT,
        .argument = "NAME",
        .help = "User's name in the username, with --scheme rest",
        OPTION_FIELD(struct credential_options, name),
    },
    {
        .name = "json",
        .kind = OPTION_FLAG,
        .help = "Print JSON",
        OPTION_FIELD(struct credential_options, json),
    },
    SECRET_OPTIONS(struct credential_options, secret),
    COMMAND_LINE_COMMON_OPTIONS,
};

static const struct option_table table = {
    .program = PROGRAM,
    .intro = "Usage: " PROGRAM " [OPTION]…\n\n"
             "Prints a username and password that this host's relay accepts.\n",
    .specs = specs,
    .count = sizeof specs / sizeof specs[0],
};

static void print_text(const struct credential *credential, const char *realm)
{
    char expires[32] = "";
    time_t expiry = (time_t)credential->expiry;
    struct tm utc;
    if (!gmtime_r(&expiry, &utc) ||
        strftime(expires, sizeof expires, "%Y-%m-%dT%H:%M:%SZ", &utc) == 0)
        expires[0] = '\0';
    printf("username  %s\npassword  %s\nrealm     %s\nexpires   %s\n", credential->username,
           credential->password, realm, expires);
}

static void print_json(const struct credential *credential, const char *scheme, const char *realm)
{
    struct json_writer json = json_writer_to(stdout);
    json_begin_object(&json, NULL);
    json_text(&json, "scheme", scheme);
    json_text(&json, "username", credential->username);
    json_text(&json, "password", credential->password);
    json_text(&json, "realm", realm);
    json_u64(&json, "expires", credential->expiry);
    json_end_object(&json);
}

static enum err make(const struct credential_options *options, const struct auth_secret *secret,
                     struct credential *ret)
{
    struct crypto *crypto = NULL;
    enum err err = crypto_new(&crypto);
    if (err != ERR_OK)
        return err;
    char salt[CREDENTIAL_SALT_LEN + 1];
    credential_draw_salt(system_random, NULL, salt);
    enum turn_scheme scheme = schemes[options->scheme];
    const char *name = scheme == TURN_SCHEME_STAMP ? salt : options->name ? options->name : "";
    err = credential_make(crypto, scheme, auth_secret_bytes(secret),
                          system_wall_time().sec + options->ttl_sec, name, ret);
    crypto_free(crypto);
    return err;
}

static int run(int argc, char **argv)
{
    struct credential_options options = {0};
    struct option_reading reading;
    int code;
    if (!command_line_read(&table, argc, argv, &options, &reading, &code))
        return code;
    if (options.name && schemes[options.scheme] != TURN_SCHEME_REST) {
        option_table_error(&table, &reading, "name", stderr, "needs --scheme rest");
        return EXIT_USAGE;
    }
    struct auth_secret secret = {0};
    struct problem problem;
    if (secret_source_load(&options.secret, &secret, &problem) != ERR_OK) {
        fprintf(stderr, PROGRAM ": %s\n", problem.text);
        return EXIT_FAILURE;
    }
    struct credential credential;
    enum err err = make(&options, &secret, &credential);
    auth_secret_wipe(&secret);
    if (err == ERR_MALFORMED) {
        option_table_error(&table, &reading, "name", stderr, "is longer than %d bytes",
                           CREDENTIAL_NAME_MAX);
        return EXIT_USAGE;
    }
    if (err != ERR_OK) {
        fprintf(stderr, PROGRAM ": the credential cannot be made: %s\n", err_name(err));
        return EXIT_FAILURE;
    }
    if (options.json)
        print_json(&credential, scheme_names[options.scheme], options.secret.realm);
    else
        print_text(&credential, options.secret.realm);
    crypto_wipe(&credential, sizeof credential);
    return EXIT_SUCCESS;
}

const struct relayctl_command relayctl_credential = {
    .name = "credential",
    .summary = "print a username and password for this host's secret",
    .run = run,
};
