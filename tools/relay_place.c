/* relay_place.c — the relay that a tool is to look at. */
#include "relay_place.h"

#include "record.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

const char *relay_place_read_url(const struct option_spec *spec, const char *value, void *field)
{
    static struct problem problem; /* outlives the call: what is returned is printed */

    (void)spec;
    if (ownership_check_url(value, &problem) != ERR_OK)
        return problem.text;
    memcpy(field, &value, sizeof(value));
    return NULL;
}

const char *relay_place_read_instance(const struct option_spec *spec, const char *value,
                                      void *field)
{
    if (!host_name_valid(value))
        return spec->rule;
    memcpy(field, &value, sizeof(value));
    return NULL;
}

/* What a relay without such options has. */
static enum err take_defaults(struct deployment *deployment, struct problem *problem)
{
    if (deployment->coordination[0] == '\0')
        strcpy(deployment->coordination, "local");
    if (deployment->instance[0] != '\0')
        return ERR_OK;
    if (gethostname(deployment->instance, sizeof(deployment->instance)) == 0 &&
        memchr(deployment->instance, '\0', sizeof(deployment->instance)) != NULL &&
        host_name_valid(deployment->instance))
        return ERR_OK;
    problem_set(problem, "the name of this host cannot be an instance; give --instance");
    return ERR_RANGE;
}

/* What is given goes before what the relay was started with. */
static enum err find(const struct relay_place_options *options, struct relay_place *place,
                     struct problem *problem)
{
    struct deployment *deployment = &place->deployment;
    enum err err = deployment_file_read(&place->dir, deployment, problem);

    place->is_recorded = err == ERR_OK;
    place->is_here = !place->is_recorded || options->instance == NULL ||
                     strcmp(options->instance, deployment->instance) == 0;
    if (err != ERR_OK && err != ERR_NOT_FOUND &&
        (options->coordination == NULL || options->instance == NULL))
        return err;
    if (options->coordination != NULL)
        (void)snprintf(deployment->coordination, sizeof(deployment->coordination), "%s",
                       options->coordination);
    if (options->instance != NULL)
        (void)snprintf(deployment->instance, sizeof(deployment->instance), "%s", options->instance);
    return take_defaults(deployment, problem);
}

enum err relay_place_open(const struct relay_place_options *options, struct relay_place *ret,
                          struct problem *problem)
{
    char path[STATE_DIR_PATH_MAX];
    enum err err = state_dir_resolve(options->state_dir, path, problem);

    *ret = (struct relay_place){.dir = STATE_DIR_CLOSED};
    if (err == ERR_OK)
        err = state_dir_open(path, STATE_DIR_INSPECT, &ret->dir, problem);
    if (err == ERR_OK)
        err = find(options, ret, problem);
    if (err != ERR_OK)
        relay_place_close(ret);
    return err;
}

void relay_place_close(struct relay_place *place)
{
    deployment_wipe(&place->deployment);
    state_dir_close(&place->dir);
}
