/* secret_source.h — the auth secret of this host's relay, found as the relay itself finds it. */
#ifndef RELAY_SECRET_SOURCE_H
#define RELAY_SECRET_SOURCE_H

#include "auth_secret.h"
#include "option_table.h"

/* As given by options or environment; NULL when not. */
struct secret_options {
    const char *state_dir;
    const char *auth_secret_file;
    const char *auth_secret;
    const char *realm;
};

/* The options for a table whose fields are |type| with a struct secret_options |member|. The
 * variables are those of relay, so that both read the same environment file. */
#define SECRET_OPTIONS(type, member)                                                               \
    {                                                                                              \
        .name = "state-dir",                                                                       \
        .kind = OPTION_TEXT,                                                                       \
        .argument = "DIR",                                                                         \
        .env = {"STATE_DIR"},                                                                      \
        .default_shown = "that of a relay started by this user",                                   \
        .help = "State directory of the relay, where it keeps its secret",                         \
        OPTION_FIELD(type, member.state_dir),                                                      \
    },                                                                                             \
        {                                                                                          \
            .name = "auth-secret-file",                                                            \
            .kind = OPTION_TEXT,                                                                   \
            .argument = "FILE",                                                                    \
            .env = {"AUTH_SECRET_FILE"},                                                           \
            .default_shown = "what the relay was started with, or keeps",                          \
            .help = "File that holds the relay's secret",                                          \
            OPTION_FIELD(type, member.auth_secret_file),                                           \
        },                                                                                         \
        {                                                                                          \
            .name = "auth-secret",                                                                 \
            .kind = OPTION_TEXT,                                                                   \
            .argument = "TEXT",                                                                    \
            .env = {"AUTH_SECRET"},                                                                \
            .help = "The secret itself; others on this host can see it, so rather use a file",     \
            .is_secret = true,                                                                     \
            OPTION_FIELD(type, member.auth_secret),                                                \
        },                                                                                         \
    {                                                                                              \
        .name = "realm", .kind = OPTION_TEXT, .argument = "TEXT", .env = {"REALM"},                \
        .default_text = "firezone", .help = "Realm of the relay",                                  \
        OPTION_FIELD(type, member.realm),                                                          \
    }

/*
 * secret_source_load finds the secret: --auth-secret, else --auth-secret-file,
 * else the file that the relay was started with, else the one kept in the state directory.
 * Giving both of the first is an error.
 *
 * ERR_OK (wipe |ret| with auth_secret_wipe), or another error with |problem|
 * saying what to do about it.
 */
enum err secret_source_load(const struct secret_options *options, struct auth_secret *ret,
                            struct problem *problem) MUST_CHECK;

#endif
