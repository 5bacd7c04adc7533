/* secret_source.c — the auth secret of this host's relay, found as the relay itself finds it. */
#include "secret_source.h"

#include "state_dir.h"

#include <stdio.h>

static enum err load_kept(const char *given, struct auth_secret *ret, struct problem *problem)
{
    char path[STATE_DIR_PATH_MAX];
    enum err err = state_dir_resolve(given, path, problem);
    if (err != ERR_OK)
        return err;
    struct state_dir dir = STATE_DIR_CLOSED;
    struct problem reason;
    err = state_dir_open(path, STATE_DIR_INSPECT, &dir, &reason);
    if (err == ERR_OK)
        err = auth_secret_read_kept(&dir, ret, &reason);
    state_dir_close(&dir);
    if (err == ERR_NOT_FOUND)
        problem_set(problem,
                    "there is no secret in %.*s yet: start the relay once, or give "
                    "--auth-secret-file or --state-dir",
                    STATE_DIR_PATH_MAX / 2, path);
    else if (err != ERR_OK)
        problem_set(problem, "%.*s: run this as the relay's user, or give --auth-secret-file",
                    PROBLEM_TEXT_MAX - 100, reason.text);
    return err;
}

enum err secret_source_load(const struct secret_options *options, struct auth_secret *ret,
                            struct problem *problem)
{
    if (options->auth_secret && options->auth_secret_file) {
        problem_set(problem, "--auth-secret and --auth-secret-file are both given; give one");
        return ERR_EXISTS;
    }
    if (options->auth_secret)
        return auth_secret_from_text(options->auth_secret, ret, problem);
    if (options->auth_secret_file)
        return auth_secret_read_file(options->auth_secret_file, ret, problem);
    return load_kept(options->state_dir, ret, problem);
}
