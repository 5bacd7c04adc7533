/* options_fixture.h — relay's options read from one line, in an environment of the test's. */
#ifndef RELAY_TESTS_OPTIONS_FIXTURE_H
#define RELAY_TESTS_OPTIONS_FIXTURE_H

#include "options.h"

#include "captured.h"

/* Every variable that `relay` reads. */
static const char *const relay_variables[] = {
    "PUBLIC_IP4_ADDR",
    "PUBLIC_IP6_ADDR",
    "SHARDS",
    "SHARD",
    "LOWEST_PORT",
    "HIGHEST_PORT",
    "AUTH",
    "AUTH_SECRET_FILE",
    "AUTH_SECRET",
    "USERS_FILE",
    "REALM",
    "STATE_DIR",
    "HTTP_ADDR",
    "HEALTH_CHECK_ADDR",
    "ALLOW_PEER",
    "DENY_PEER",
    "USER_QUOTA",
    "MAX_ALLOCATIONS",
    "MAX_LIFETIME",
    "CHANNELS_PER_ALLOCATION",
    "PORT_REST",
    "LOG_LEVEL",
    "UNAUTHENTICATED_RATE",
    "LOG_FORMAT",
    "PORTAL_URL",
    "FIREZONE_API_URL",
    "PORTAL_TOKEN_FILE",
    "PORTAL_TOKEN",
    "FIREZONE_TOKEN",
    "PORTAL_NAME",
    "FIREZONE_NAME",
    "PORTAL_CA_FILE",
    "PORTAL_GIVE_UP",
    "XDG_RUNTIME_DIR",
    "RUNTIME_DIRECTORY",
    "RFC5766_CHANNELS",
};
enum { RELAY_VARIABLE_COUNT = sizeof(relay_variables) / sizeof(relay_variables[0]) };

enum { OPTION_ARGS_MAX = 24, OPTION_LINE_MAX = 4096 };

/* A command line and what became of it. */
struct options_fixture {
    struct relay_options options;
    struct captured errors;
    char line[OPTION_LINE_MAX]; /* the options' texts point into it */
};

static inline void clear_relay_variables(void)
{
    for (size_t i = 0; i < RELAY_VARIABLE_COUNT; i++)
        unsetenv(relay_variables[i]);
}

/* parse_line reads words parted by one blank; "_" inside a word stands for a blank. */
static inline enum option_outcome parse_line(struct options_fixture *fixture, const char *line)
{
    char *argv[OPTION_ARGS_MAX + 1] = {(char[]){"relay"}};
    int argc = 1;

    assert_true(strlen(line) < sizeof(fixture->line));
    strcpy(fixture->line, line);
    for (char *word = strtok(fixture->line, " "); word != NULL; word = strtok(NULL, " ")) {
        assert_true(argc < OPTION_ARGS_MAX);
        for (char *blank = word; (blank = strchr(blank, '_')) != NULL;)
            *blank = ' ';
        argv[argc++] = word;
    }
    captured_restart(&fixture->errors);
    return relay_options_parse(argc, argv, &fixture->options, fixture->errors.file);
}

#endif
