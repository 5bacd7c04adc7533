/* shard_resources.c — what a shard opens before it has an event loop. */
#include "shard_resources.h"

#include "deployment_file.h"
#include "log.h"
#include "own_addresses.h"
#include "passed_sockets.h"
#include "redirect_socket.h"
#include "resource_limit.h"
#include "round.h"
#include "turn_setup.h"
#include "version.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool fail(const char *what, const char *why)
{
    log_event(LOG_LEVEL_ERROR, what, "error", why, NULL);
    return false;
}

static bool open_counters(struct shard_resources *resources)
{
    struct problem problem;
    int64_t holder;

    if (state_dir_open(resources->options->state_dir, STATE_DIR_SERVE, &resources->state_dir,
                       &problem) != ERR_OK ||
        counter_page_create(&resources->state_dir, resources->options->shard,
                            resources->options->shards, clocks_read(), &resources->counters,
                            &holder, &problem) != ERR_OK ||
        port_map_create(&resources->state_dir, resources->options->shard, &resources->ports,
                        &problem) != ERR_OK)
        return fail("shard cannot start", problem.text);
    return true;
}

/* Where the file is for who starts elsewhere. Nothing when that cannot be told, or is too long. */
static void find_secret_file(const char *given, char ret[static DEPLOYMENT_PATH_MAX])
{
    char *path = given != NULL ? realpath(given, NULL) : NULL;

    if (path != NULL && strlen(path) < DEPLOYMENT_PATH_MAX)
        (void)snprintf(ret, DEPLOYMENT_PATH_MAX, "%s", path);
    free(path);
}

/* For the tools: without it they have to be told the registry, so the shard goes on. */
static void tell_deployment(const struct shard_resources *resources)
{
    const struct relay_options *options = resources->options;
    struct deployment deployment = {.shards = options->shards,
                                    .lowest_port = options->lowest_port,
                                    .highest_port = options->highest_port};
    struct problem problem;

    (void)snprintf(deployment.version, sizeof(deployment.version), "%s", relay_version());
    (void)snprintf(deployment.instance, sizeof(deployment.instance), "%s", options->instance);
    (void)snprintf(deployment.coordination, sizeof(deployment.coordination), "%s",
                   options->coordination);
    if (options->http_addr.family != IP_FAMILY_NONE) {
        char text[TRANSPORT_ADDR_TEXT_MAX];

        (void)snprintf(deployment.http_addr, sizeof(deployment.http_addr), "%s",
                       transport_addr_format(&options->http_addr, text));
    }
    find_secret_file(options->auth_secret_file, deployment.auth_secret_file);
    memcpy(deployment.relay_id, options->relay_id, sizeof(deployment.relay_id));
    if (deployment_file_write(&resources->state_dir, &deployment, &problem) != ERR_OK)
        log_event(LOG_LEVEL_WARNING, "relayctl will not find the ownership registry by itself",
                  "error", problem.text, NULL);
    deployment_wipe(&deployment);
}

static bool open_listeners(struct shard_resources *resources, const int *passed, unsigned count)
{
    struct problem problem;
    enum err err = count > 0 ? listeners_adopt(passed, count, resources->families,
                                               &resources->listeners, &problem)
                             : listeners_bind(resources->families, &resources->listeners, &problem);

    return err == ERR_OK || fail("shard cannot listen", problem.text);
}

static bool open_redirect(struct shard_resources *resources)
{
    uint32_t number = resources->options->shard;
    struct problem problem;
    enum err err =
        resources->redirect_fd >= 0
            ? redirect_socket_adopt(resources->redirect_fd, &resources->state_dir, number, &problem)
            : redirect_socket_bind(&resources->state_dir, number, &resources->redirect_fd,
                                   &problem);

    return err == ERR_OK || fail("shard cannot listen to the others", problem.text);
}

/* Before anything else is opened: a descriptor that is said to be passed and is not would have its
 * number by then. */
static bool take_passed(unsigned *ret_count)
{
    struct problem problem;

    return passed_sockets_take(ret_count, &problem) == ERR_OK ||
           fail("shard cannot listen", problem.text);
}

/* Puts the |passed| sockets to their places, and opens what was not passed. */
static bool open_sockets(struct shard_resources *resources, unsigned passed)
{
    int listeners[PASSED_SOCKETS_MAX];
    unsigned count = 0;

    for (unsigned i = 0; i < passed; i++) {
        int fd = PASSED_SOCKETS_FIRST + (int)i;

        if (resources->redirect_fd < 0 && redirect_socket_is_one(fd))
            resources->redirect_fd = fd;
        else
            listeners[count++] = fd;
    }
    return open_listeners(resources, listeners, count) && open_redirect(resources);
}

static bool choose_bindings(struct shard_resources *resources)
{
    const struct relay_options *options = resources->options;
    struct relay_binding *binding = &resources->binding;
    struct problem problem;

    if (options->public_v4.family != IP_FAMILY_NONE &&
        relay_binding_choose(&options->public_v4, binding, &problem) != ERR_OK)
        return fail("shard cannot relay", problem.text);
    if (options->public_v6.family != IP_FAMILY_NONE &&
        relay_binding_choose(&options->public_v6, binding, &problem) != ERR_OK)
        return fail("shard cannot relay", problem.text);
    return true;
}

static bool learn_own_addresses(struct shard_resources *resources)
{
    resources->policy = resources->options->peer_policy;
    enum err err = own_addresses_add(&resources->policy);

    if (err == ERR_LIMIT)
        log_event(LOG_LEVEL_WARNING, "more addresses on this host than the peer policy holds",
                  "held", LOG_U64(TURN_POLICY_OWN_ADDRS_MAX), NULL);
    else if (err != ERR_OK)
        return fail("shard cannot learn the addresses of this host", strerror(errno));
    return true;
}

static bool fit_allocations(struct shard_resources *resources)
{
    const struct relay_options *options = resources->options;
    unsigned families = resources->families == (FAMILY_SET_V4 | FAMILY_SET_V6) ? 2 : 1;
    uint32_t wanted = slice_allocations(options);
    uint32_t host = host_allocations(options);
    uint64_t descriptors =
        raise_descriptor_limit(descriptors_wanted(host, families, options->shards));

    resources->max_allocations =
        allocations_that_fit(descriptors, wanted, families, options->shards);
    resources->capacity = allocations_that_fit(descriptors, host, families, options->shards);
    resources->counters.page->values[SHARD_COUNT_CAPACITY] = resources->max_allocations;
    if (resources->max_allocations == 0)
        return fail("shard cannot start", "the limit of open files leaves room for no allocation");
    if (resources->max_allocations < wanted)
        log_event(LOG_LEVEL_WARNING, "the limit of open files restricts allocations", "limit",
                  LOG_U64(descriptors), "needed",
                  LOG_U64(descriptors_wanted(wanted, families, options->shards)), "allocations",
                  LOG_U64(resources->max_allocations), "relay_ports", LOG_U64(wanted), NULL);
    return true;
}

bool shard_resources_open(const struct relay_options *options, struct shard_resources *ret)
{
    unsigned passed;

    *ret = SHARD_RESOURCES_NONE;
    ret->options = options;
    ret->families = relay_families(options);
    if (!take_passed(&passed) || !open_counters(ret))
        return false;
    tell_deployment(ret);
    return fit_allocations(ret) && open_sockets(ret, passed) && choose_bindings(ret) &&
           learn_own_addresses(ret);
}

void shard_resources_close(struct shard_resources *resources)
{
    listeners_close(&resources->listeners);
    if (resources->redirect_fd >= 0)
        close(resources->redirect_fd);
    port_map_close(&resources->ports);
    counter_page_close(&resources->counters);
    state_dir_close(&resources->state_dir);
}
