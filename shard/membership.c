/* membership.c — a shard's part in its deployment: the registry, and all that hangs on it. */
#include "membership.h"

#include "boot_id.h"
#include "counter_page.h"
#include "handover.h"
#include "log.h"
#include "ownership.h"
#include "port_slice.h"
#include "random_pool.h"
#include "registrar.h"
#include "restore.h"
#include "round.h"
#include "version.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

struct membership {
    struct membership_config config;
    struct ownership *ownership;
    struct registrar *registrar;
    struct restore *restore;
    struct handover *handover;
    bool was_away; /* and the log says so */
    bool is_restored;
    bool is_adopted; /* all relay ports that this shard has to open are open */
    bool is_draining;
    bool is_closing;
};

static struct turn_now begin(void *context)
{
    struct membership *membership = context;

    return membership->config.begin(membership->config.context);
}

static void on_commands(void *context, struct turn_now now)
{
    struct membership *membership = context;

    membership->config.on_commands(membership->config.context, now);
}

static enum shard_process_state process_of(void *context, uint32_t shard)
{
    const struct membership *membership = context;
    struct counter_snapshot snapshot;
    struct problem problem;

    if (counter_page_read(membership->config.dir, shard, &snapshot, &problem) != ERR_OK ||
        !snapshot.is_live)
        return SHARD_PROCESS_NONE;
    if (snapshot.page.state == SHARD_STATE_STARTING)
        return SHARD_PROCESS_STARTING;
    if (snapshot.page.state == SHARD_STATE_DRAINING)
        return SHARD_PROCESS_DRAINING;
    return counter_snapshot_hangs(&snapshot, clocks_read().mono) ? SHARD_PROCESS_HANGING
                                                                 : SHARD_PROCESS_SERVING;
}

static bool is_restored(void *context)
{
    const struct membership *membership = context;

    return membership->is_restored;
}

/*
 * The registry.
 */

static void on_change(void *context, bool is_available, const char *why)
{
    struct membership *membership = context;

    if (membership->registrar == NULL)
        return; /* being opened: asked for afterwards */
    if (!is_available)
        log_event(LOG_LEVEL_WARNING,
                  "ownership registry is away; relaying goes on, new allocations are claimed later",
                  "why", why, NULL);
    else if (membership->was_away)
        log_event(LOG_LEVEL_INFO, "ownership registry is back; publishing what is owned here",
                  NULL);
    membership->was_away = !is_available;
    registrar_change(membership->registrar, is_available);
}

static void on_leased(void *context, struct turn_now now, const struct shard_lease *former)
{
    struct membership *membership = context;

    restore_begin(membership->restore, now, former);
}

static void on_held(void *context, struct turn_now now, const struct five_tuple *five_tuple,
                    const struct owner *owner, struct bytes datagram, uint8_t hops)
{
    struct membership *membership = context;

    handover_allocate(membership->handover, now, five_tuple, owner, datagram, hops);
}

/*
 * The start.
 */

static struct ownership_writer writer(void *context)
{
    const struct membership *membership = context;

    return registrar_writer(membership->registrar);
}

static void on_restored(void *context, struct turn_now now, bool rewrite)
{
    struct membership *membership = context;

    (void)now;
    membership->is_restored = true;
    membership->config.values[SHARD_COUNT_RESTORED] = 1;
    registrar_restored(membership->registrar, rewrite);
}

/* Others wait for this before they give out relay ports. */
static void tell_state(struct membership *membership)
{
    if (membership->is_adopted)
        registrar_set_state(membership->registrar,
                            membership->is_draining ? SHARD_STATE_DRAINING : SHARD_STATE_SERVING);
}

static void on_adopted(void *context, struct turn_now now, uint64_t adopted)
{
    struct membership *membership = context;

    (void)now;
    if (adopted > 0)
        registrar_claim_unclaimed(membership->registrar);
    membership->is_adopted = true;
    tell_state(membership);
}

static void on_ready(void *context, struct turn_now now)
{
    struct membership *membership = context;

    if (!membership->is_closing)
        membership->config.on_ready(membership->config.context, now);
}

/*
 * Misrouted datagrams.
 */

static void on_settled(void *context, struct turn_now now, const struct five_tuple *five_tuple,
                       struct bytes datagram)
{
    struct membership *membership = context;

    membership->config.on_settled(membership->config.context, now, five_tuple, datagram);
}

/*
 * Making it.
 */

static struct shard_lease lease_of(const struct relay_options *options, struct turn_now now)
{
    struct port_slice slice =
        port_slice_of(options->lowest_port, options->highest_port, options->shards, options->shard);
    struct shard_lease lease = {.owner.shard = options->shard,
                                .pid = getpid(),
                                .shards = options->shards,
                                .lowest_port = slice.lowest,
                                .highest_port = slice.highest,
                                .state = SHARD_STATE_STARTING,
                                .started_wall_sec = now.wall.sec};

    (void)snprintf(lease.owner.host, sizeof(lease.owner.host), "%s", options->instance);
    (void)snprintf(lease.version, sizeof(lease.version), "%s", relay_version());
    boot_id_read(lease.boot);
    return lease;
}

static enum err make_registrar(struct membership *membership, const struct shard_lease *lease,
                               struct turn_now now)
{
    const struct membership_config *config = &membership->config;
    const struct registrar_config registrar = {.ownership = membership->ownership,
                                               .server = config->server,
                                               .lease = *lease,
                                               .quota = config->options->user_quota,
                                               .capacity = config->capacity,
                                               .values = config->values,
                                               .begin = begin,
                                               .on_commands = on_commands,
                                               .on_leased = on_leased,
                                               .on_held = on_held,
                                               .context = membership};

    return registrar_new(&registrar, now, &membership->registrar);
}

static enum err make_restore(struct membership *membership, const struct shard_lease *lease,
                             struct turn_now now)
{
    const struct membership_config *config = &membership->config;
    const struct restore_config restore = {.ownership = membership->ownership,
                                           .server = config->server,
                                           .lease = *lease,
                                           .values = config->values,
                                           .begin = begin,
                                           .on_commands = on_commands,
                                           .writer = writer,
                                           .process = process_of,
                                           .on_restored = on_restored,
                                           .on_adopted = on_adopted,
                                           .on_ready = on_ready,
                                           .context = membership};

    return restore_new(&restore, now, &membership->restore);
}

static enum err make_handover(struct membership *membership, const struct shard_lease *lease)
{
    const struct membership_config *config = &membership->config;
    struct handover_config handover = {.ownership = membership->ownership,
                                       .redirect = config->redirect,
                                       .self = lease->owner,
                                       .shards = lease->shards,
                                       .values = config->values,
                                       .begin = begin,
                                       .process = process_of,
                                       .is_restored = is_restored,
                                       .on_settled = on_settled,
                                       .context = membership};

    if (getrandom(&handover.key, sizeof(handover.key), 0) != (ssize_t)sizeof(handover.key))
        return ERR_IO;
    enum err err = handover_new(&handover, &membership->handover);

    explicit_bzero(&handover.key, sizeof(handover.key));
    return err;
}

enum err membership_new(const struct membership_config *config, struct turn_now now,
                        struct membership **ret, struct problem *problem)
{
    struct membership *membership = calloc(1, sizeof(*membership));
    const struct shard_lease lease = lease_of(config->options, now);
    const struct ownership_config ownership = {.url = config->options->coordination,
                                               .dir = config->dir,
                                               .base = config->base,
                                               .on_change = on_change,
                                               .context = membership};

    if (membership == NULL) {
        problem_set(problem, "%s", err_name(ERR_NO_MEMORY));
        return ERR_NO_MEMORY;
    }
    membership->config = *config;
    enum err err = ownership_open(&ownership, &membership->ownership, problem);

    if (err != ERR_OK) {
        free(membership);
        return err;
    }
    err = make_registrar(membership, &lease, now);
    if (err == ERR_OK)
        err = make_restore(membership, &lease, now);
    if (err == ERR_OK)
        err = make_handover(membership, &lease);
    if (err != ERR_OK) {
        problem_set(problem, "%s", err_name(err));
        membership_free(membership);
        return err;
    }
    *ret = membership; /* which the round uses that this begins: */
    registrar_change(membership->registrar, ownership_is_available(membership->ownership));
    return ERR_OK;
}

void membership_free(struct membership *membership)
{
    if (membership == NULL)
        return;
    membership->is_closing = true;
    ownership_close(membership->ownership);
    handover_free(membership->handover);
    restore_free(membership->restore);
    registrar_free(membership->registrar);
    free(membership);
}

struct ownership *membership_registry(const struct membership *membership)
{
    return membership->ownership;
}

bool membership_seen(struct membership *membership, struct turn_now now)
{
    return registrar_seen(membership->registrar, now);
}

void membership_command(struct membership *membership, struct turn_now now,
                        const struct turn_command *command, struct bytes datagram, uint8_t hops)
{
    if (command->kind != TURN_COMMAND_CLAIM) {
        registrar_write(membership->registrar, now, command);
        return;
    }
    handover_claimed(membership->handover, &command->five_tuple);
    registrar_claim(membership->registrar, now, command, datagram, hops);
}

void membership_not_mine(struct membership *membership, struct turn_now now,
                         const struct five_tuple *five_tuple, struct bytes datagram, uint32_t shard)
{
    handover_datagram(membership->handover, now, five_tuple, datagram, shard);
}

void membership_set_draining(struct membership *membership, bool is_draining)
{
    membership->is_draining = is_draining;
    turn_server_set_draining(membership->config.server, is_draining);
    handover_set_draining(membership->handover, is_draining);
    tell_state(membership);
}

void membership_flush(struct membership *membership)
{
    registrar_flush(membership->registrar);
}

struct mono_time membership_run(struct membership *membership, struct turn_now now, bool may_send)
{
    if (may_send)
        handover_run(membership->handover, now);

    struct mono_time registrar = registrar_run(membership->registrar, now);
    struct mono_time restore = restore_run(membership->restore, now);

    /* What the two have asked besides leaves now rather than with the next wake-up. */
    ownership_flush(membership->ownership);
    return mono_time_before(registrar, restore) ? registrar : restore;
}
