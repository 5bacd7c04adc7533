/* secret_source.c — the auth secret of this host's relay, found as the relay itself finds it. */
#include "secret_source.h"

#include "deployment_file.h"
#include "state_dir.h"

#include <stdbool.h>
#include <stdio.h>

/* The file that the relay was started with, if any; else the one it keeps. */
static enum err read_own(const struct state_dir *dir, struct auth_secret *ret,
                         struct problem *problem)
{
    struct deployment deployment;
    struct problem reason;
    enum err err = deployment_file_read(dir, &deployment, &reason);
    bool has_file = err == ERR_OK && deployment.auth_secret_file[0] != '\0';

    if (has_file) {
        err = auth_secret_read_file(deployment.auth_secret_file, ret, &reason);
        if (err != ERR_OK)
            problem_set(problem, "%s: %s", deployment.auth_secret_file, reason.text);
    }
    deployment_wipe(&deployment);
    return has_file ? err : auth_secret_read_kept(dir, ret, problem);
}

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
        err = read_own(&dir, ret, &reason);
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
