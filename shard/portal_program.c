/* portal_program.c — finds and becomes relay-portal. */
#include "portal_program.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROGRAM "relay-portal"

/* The folder of this very program, with a slash at its end; "" when the system does not say. */
static void own_folder(char ret[static PORTAL_PROGRAM_PATH_MAX])
{
    ssize_t len = readlink("/proc/self/exe", ret, PORTAL_PROGRAM_PATH_MAX - 1);

    ret[len > 0 ? len : 0] = '\0';
    char *slash = strrchr(ret, '/');

    ret[slash != NULL ? slash - ret + 1 : 0] = '\0';
}

static bool is_there(const char *folder, const char *place,
                     char ret_path[static PORTAL_PROGRAM_PATH_MAX])
{
    int len = snprintf(ret_path, PORTAL_PROGRAM_PATH_MAX, "%s%s", folder, place);

    return len > 0 && len < PORTAL_PROGRAM_PATH_MAX && access(ret_path, X_OK) == 0;
}

enum err portal_program_find(char ret_path[static PORTAL_PROGRAM_PATH_MAX], struct problem *problem)
{
    char folder[PORTAL_PROGRAM_PATH_MAX];

    own_folder(folder);
    if (is_there(folder, PROGRAM, ret_path) || is_there(folder, "../libexec/" PROGRAM, ret_path))
        return ERR_OK;
    problem_set(problem, "%s is neither in %s nor in %s../libexec", PROGRAM, folder, folder);
    return ERR_NOT_FOUND;
}

char **portal_program_argv(const struct relay_options *options, char **argv)
{
    static char program[] = PROGRAM;
    const struct option_reading *reading = &options->reading;
    const char *command = reading->positional_count > 0 ? reading->positionals[0] : NULL;
    size_t count = 0;

    while (argv[count] != NULL)
        count++;
    char **result = calloc(count + 1, sizeof(*result));
    size_t at = 0;

    if (result == NULL)
        return NULL;
    result[at++] = program;
    for (size_t i = 1; i < count; i++) {
        if (argv[i] != command)
            result[at++] = argv[i];
    }
    return result;
}

enum err portal_program_run(const struct relay_options *options, char **argv,
                            struct problem *problem)
{
    char path[PORTAL_PROGRAM_PATH_MAX];
    enum err err = portal_program_find(path, problem);

    if (err != ERR_OK)
        return err;
    char **arguments = portal_program_argv(options, argv);

    if (arguments == NULL) {
        problem_set(problem, "%s", err_name(ERR_NO_MEMORY));
        return ERR_NO_MEMORY;
    }
    (void)execv(path, arguments);
    problem_set(problem, "%s: %s", path, strerror(errno));
    free(arguments);
    return ERR_IO;
}
