/* restore.c — rebuilds a starting shard from its records, and adopts those of shards that are no
 * more.
 */
#include "restore.h"

#include "counter_page.h"
#include "log.h"

#include <stdlib.h>
#include <string.h>

enum {
    /* Records that are dropped come in thousands when the secret has changed. */
    DROPS_LOGGED_MAX = 8,
    /* How often a relay port that is taken is tried once more. Another shard may have it for the
     * moment that it takes the registry to tell that the port is not its. */
    PORT_TRIES = 4,
};

enum step {
    STEP_NO_LEASE,
    STEP_OWN,      /* own records are being listed */
    STEP_LEASES,   /* the leases of this host are being listed */
    STEP_TAKING,   /* the lease of an orphan is being taken, */
    STEP_ADOPTING, /* its records listed, */
    STEP_ENDING,   /* and it is being ended */
    STEP_WAITING,  /* until |ask_at| */
};

struct restore {
    struct restore_config config;
    enum step step;
    bool is_restored; /* own records were all seen */
    bool is_ready;
    bool has_adopted;        /* on_adopted was called */
    bool is_layout_new;      /* slices are not what they were at some shard's start */
    struct mono_time ask_at; /* WAITING: when to go on; NEVER: not at all */
    struct mono_time ready_by;
    struct mono_time began_at;

    struct shard_lease orphan; /* TAKING to ENDING */
    bool has_orphan;           /* one was found among the leases */
    int64_t passed;            /* orphans up to this one were seen to in this pass; -1 */
    uint64_t left;             /* allocations listed that are recorded as the orphan's still */
    bool is_passed_over;       /* the allocation listed last was */
    bool is_claiming;          /* what was adopted in this pass */
    bool has_unopened;         /* the ports of some allocations listed are taken */
    unsigned port_tries;       /* that such a port was waited for */
    bool has_live_orphan;
    bool has_others;   /* that have not yet opened their ports */
    int64_t move_usec; /* what the times of the records being listed are off */

    uint64_t allocations; /* restored, of the records listed last */
    uint64_t channels;
    uint64_t dropped;
    uint64_t adopted;
};

enum err restore_new(const struct restore_config *config, struct turn_now now, struct restore **ret)
{
    struct restore *restore = calloc(1, sizeof(*restore));

    if (restore == NULL)
        return ERR_NO_MEMORY;
    restore->config = *config;
    restore->ask_at = MONO_TIME_NEVER;
    restore->passed = -1;
    restore->ready_by = mono_time_add_usec(now.mono, (int64_t)RESTORE_LEASE_MSEC * 1000);
    *ret = restore;
    return ERR_OK;
}

void restore_free(struct restore *restore)
{
    free(restore);
}

static struct turn_now begin(struct restore *restore)
{
    return restore->config.begin(restore->config.context);
}

static void wait_for(struct restore *restore, struct turn_now now, int64_t msec)
{
    restore->step = STEP_WAITING;
    restore->ask_at = mono_time_add_usec(now.mono, msec * 1000);
}

static void be_ready(struct restore *restore, struct turn_now now)
{
    restore->ready_by = MONO_TIME_NEVER;
    if (restore->is_ready)
        return;
    restore->is_ready = true;
    restore->config.on_ready(restore->config.context, now);
}

/* The registry is away, and nothing waits for it. Later it is asked again. */
static void try_later(struct restore *restore, struct turn_now now)
{
    wait_for(restore, now, RESTORE_RETRY_MSEC);
    be_ready(restore, now);
}

/*
 * One record.
 */

static bool is_adopting(const struct restore *restore)
{
    return restore->step == STEP_ADOPTING;
}

static void on_forgotten(void *context, const struct ownership_answer *answer)
{
    (void)context;
    (void)answer; /* at worst it is dropped once more at the next start, or expires */
}

static void drop(struct restore *restore, struct turn_now now, const struct turn_record *record,
                 const char *why)
{
    const struct restore_config *config = &restore->config;
    struct ownership_writer writer = config->writer(config->context);

    config->values[SHARD_COUNT_RESTORE_DROPPED]++;
    if (restore->dropped++ < DROPS_LOGGED_MAX)
        log_event(LOG_LEVEL_WARNING,
                  record->kind == TURN_RECORD_ALLOCATION ? "allocation not restored"
                                                         : "channel not restored",
                  "client", LOG_ADDR(&record->five_tuple.client), "relay_port",
                  record->kind == TURN_RECORD_ALLOCATION ? LOG_U64(record->allocation.port) : NULL,
                  "reason", why, NULL);
    if (is_adopting(restore))
        writer = (struct ownership_writer){.owner = restore->orphan.owner,
                                           .epoch = restore->orphan.epoch};
    (void)!ownership_forget(config->ownership, now, &writer, record, on_forgotten, NULL);
}

static const char *why(enum err err)
{
    if (err == ERR_EXPIRED)
        return "its time is over";
    if (err == ERR_AUTH)
        return "its username stands for another key now, or its peer is not allowed any more";
    if (err == ERR_RANGE)
        return "an address family, relay port or channel number that is not served any more";
    if (err == ERR_EXISTS)
        return "its relay port, channel number or peer is in use";
    return err_name(err);
}

static void restore_allocation(struct restore *restore, struct turn_now now,
                               const struct turn_record *record)
{
    const struct restore_config *config = &restore->config;

    /* Of an earlier, interrupted pass; or made again meanwhile, without what was beneath. */
    restore->is_passed_over = turn_server_has(config->server, &record->five_tuple);
    if (restore->is_passed_over) {
        restore->left++;
        return;
    }
    enum err err = turn_server_restore(config->server, now, record);

    if (err != ERR_OK) {
        drop(restore, now, record, why(err));
        return;
    }
    config->on_commands(config->context, now);
    if (turn_server_has(config->server, &record->five_tuple)) {
        restore->allocations++;
        restore->left++;
        return;
    }
    if (restore->port_tries < PORT_TRIES) {
        restore->has_unopened = true;
        restore->left++;
        return;
    }
    drop(restore, now, record, "its relay socket could not be opened");
}

static void restore_beneath(struct restore *restore, struct turn_now now,
                            const struct turn_record *record)
{
    const struct restore_config *config = &restore->config;

    if (restore->is_passed_over)
        return;
    enum err err = turn_server_restore(config->server, now, record);

    config->on_commands(config->context, now);
    if (err == ERR_OK)
        restore->channels += record->kind == TURN_RECORD_CHANNEL;
    else if (err != ERR_NOT_FOUND && err != ERR_EXISTS)
        drop(restore, now, record, why(err));
}

static void on_record(void *context, const struct owner *owner, const struct turn_record *record)
{
    struct restore *restore = context;
    struct turn_now now = begin(restore);
    struct turn_record moved;

    (void)owner;
    if (record == NULL) {
        restore->config.values[SHARD_COUNT_RESTORE_DROPPED]++;
        restore->dropped++;
        return;
    }
    moved = *record;
    record_move_times(&moved, restore->move_usec);
    if (moved.kind != TURN_RECORD_ALLOCATION) {
        restore_beneath(restore, now, &moved);
        return;
    }
    moved.allocation.unclaimed |= is_adopting(restore);
    restore_allocation(restore, now, &moved);
}

/* Of another boot: its monotonic clock began at another time than ours. */
static int64_t move_between(const struct shard_lease *then, const struct shard_lease *lease,
                            struct turn_now now)
{
    if (then == NULL || strcmp(then->boot, lease->boot) == 0)
        return 0;
    return then->wall_offset_usec - ((int64_t)now.wall.sec * USEC_PER_SEC - now.mono.usec);
}

static void log_records(const struct restore *restore, struct turn_now now)
{
    if (restore->allocations == 0 && restore->dropped == 0)
        return;
    log_event(LOG_LEVEL_INFO, is_adopting(restore) ? "allocations adopted" : "allocations restored",
              "from_shard", is_adopting(restore) ? LOG_U64(restore->orphan.owner.shard) : NULL,
              "allocations", LOG_U64(restore->allocations), "channels", LOG_U64(restore->channels),
              "dropped", LOG_U64(restore->dropped), "msec",
              LOG_U64((uint64_t)mono_time_until(now.mono, restore->began_at) / 1000), NULL);
}

static void begin_listing(struct restore *restore, struct turn_now now)
{
    restore->began_at = now.mono;
    restore->allocations = restore->channels = restore->dropped = restore->left = 0;
}

/*
 * Other shards.
 */

static void ask_leases(struct restore *restore, struct turn_now now);

/* Of a shard that is no more, and this one's to adopt. */
static bool is_orphan(const struct restore *restore, const struct shard_lease *lease)
{
    const struct shard_lease *own = &restore->config.lease;

    return lease->owner.shard >= own->shards &&
           lease->owner.shard % own->shards == own->owner.shard;
}

/* It had opened all its relay ports when it last said what it does. */
static bool had_its_ports(const struct shard_lease *lease)
{
    return lease->state == SHARD_STATE_SERVING || lease->state == SHARD_STATE_DRAINING;
}

static void on_lease(void *context, const struct shard_lease *lease, bool is_live)
{
    struct restore *restore = context;
    const struct restore_config *config = &restore->config;
    bool is_adopted = !is_live && lease->state == SHARD_STATE_STOPPED;
    bool is_gone = lease->owner.shard >= config->lease.shards;
    bool is_old = lease->shards != config->lease.shards;

    if (owner_equal(&lease->owner, &config->lease.owner) || (is_gone && is_adopted))
        return;
    enum shard_process_state process = config->process(config->context, lease->owner.shard);

    if (is_orphan(restore, lease)) {
        restore->has_live_orphan |= process != SHARD_PROCESS_NONE;
        if (process == SHARD_PROCESS_NONE && lease->owner.shard > restore->passed &&
            (!restore->has_orphan || lease->owner.shard < restore->orphan.owner.shard)) {
            restore->has_orphan = true;
            restore->orphan = *lease;
        }
    }
    restore->is_layout_new |= is_gone || is_old;
    restore->has_others |= (process == SHARD_PROCESS_NONE || process == SHARD_PROCESS_STARTING) &&
                           (is_gone || is_old || !had_its_ports(lease));
}

static void on_orphan_ended(void *context, const struct ownership_answer *answer)
{
    struct restore *restore = context;
    struct turn_now now = begin(restore);

    (void)answer; /* if it was not, it is found again */
    restore->passed = restore->orphan.owner.shard;
    ask_leases(restore, now);
}

static void on_orphan_listed(void *context, const struct ownership_answer *answer)
{
    struct restore *restore = context;
    struct turn_now now = begin(restore);

    log_records(restore, now);
    restore->adopted += restore->allocations;
    restore->config.values[SHARD_COUNT_ADOPTED] += restore->allocations;
    if (answer->outcome != OWNERSHIP_DONE) {
        try_later(restore, now);
        return;
    }
    restore->step = STEP_ENDING;
    /* While something is recorded as its own it has to be found again, should this process die
     * before it has claimed that. */
    if (restore->left > 0)
        restore->is_claiming = true;
    else
        restore->orphan.state = SHARD_STATE_STOPPED;
    if (ownership_end_lease(restore->config.ownership, now, &restore->orphan, on_orphan_ended,
                            restore) != ERR_OK)
        try_later(restore, now);
}

static void on_orphan_taken(void *context, const struct ownership_answer *answer)
{
    struct restore *restore = context;
    struct turn_now now = begin(restore);

    if (answer->outcome != OWNERSHIP_DONE) {
        try_later(restore, now);
        return;
    }
    restore->move_usec = move_between(answer->former, &restore->config.lease, now);
    restore->orphan.epoch = answer->epoch;
    restore->step = STEP_ADOPTING;
    begin_listing(restore, now);
    if (ownership_list(restore->config.ownership, now, &restore->orphan.owner, on_record,
                       on_orphan_listed, restore) != ERR_OK)
        try_later(restore, now);
}

static void adopt(struct restore *restore, struct turn_now now)
{
    struct shard_lease *orphan = &restore->orphan;

    /* In our name, so that whatever its process still wanted to write is refused. */
    restore->step = STEP_TAKING;
    orphan->pid = restore->config.lease.pid;
    (void)memcpy(orphan->boot, restore->config.lease.boot, sizeof(orphan->boot));
    orphan->until = mono_time_add_usec(now.mono, (int64_t)RESTORE_OTHERS_MSEC * 1000);
    orphan->wall_offset_usec = (int64_t)now.wall.sec * USEC_PER_SEC - now.mono.usec;
    if (ownership_take_lease(restore->config.ownership, now, orphan, on_orphan_taken, restore) !=
        ERR_OK)
        try_later(restore, now);
}

/* Of what was adopted in this pass all is claimed. Where ports were taken they are tried again. */
static void ask_again(struct restore *restore, struct turn_now now)
{
    if (!restore->has_unopened) {
        ask_leases(restore, now);
        return;
    }
    restore->has_unopened = false;
    restore->port_tries++;
    try_later(restore, now);
}

static void on_leases_listed(void *context, const struct ownership_answer *answer)
{
    struct restore *restore = context;
    const struct restore_config *config = &restore->config;
    struct turn_now now = begin(restore);

    if (answer->outcome != OWNERSHIP_DONE) {
        try_later(restore, now);
        return;
    }
    if (restore->has_orphan) {
        adopt(restore, now);
        return;
    }
    if (!restore->has_adopted || restore->adopted > 0) {
        restore->has_adopted = true;
        config->on_adopted(config->context, now, restore->adopted);
        restore->adopted = 0;
    }
    /* What is written of an allocation that is not claimed yet would be refused. */
    bool has_unclaimed = config->values[TURN_COUNT_ALLOCATIONS_UNCLAIMED] > 0;

    if (has_unclaimed && (restore->is_claiming || !restore->is_ready)) {
        wait_for(restore, now, RESTORE_ASK_MSEC);
        return;
    }
    restore->passed = -1;
    if (restore->is_claiming) {
        restore->is_claiming = false;
        ask_again(restore, now);
        return;
    }
    restore->port_tries = 0;
    if (restore->is_layout_new && restore->has_others && !restore->is_ready) {
        wait_for(restore, now, RESTORE_ASK_MSEC);
        return;
    }
    be_ready(restore, now);
    restore->step = STEP_WAITING;
    restore->ask_at = MONO_TIME_NEVER;
    if (restore->has_live_orphan)
        wait_for(restore, now, RESTORE_ORPHANS_MSEC);
}

static void ask_leases(struct restore *restore, struct turn_now now)
{
    const struct restore_config *config = &restore->config;

    restore->step = STEP_LEASES;
    restore->has_orphan = restore->has_live_orphan = restore->has_others = false;
    if (ownership_leases(config->ownership, now, config->lease.owner.host, on_lease,
                         on_leases_listed, restore) != ERR_OK)
        try_later(restore, now);
}

/*
 * Own records.
 */

static void on_own_listed(void *context, const struct ownership_answer *answer)
{
    struct restore *restore = context;
    struct turn_now now = begin(restore);

    log_records(restore, now);
    if (answer->outcome != OWNERSHIP_DONE) {
        try_later(restore, now);
        return;
    }
    if (restore->has_unopened) {
        restore->has_unopened = false;
        restore->port_tries++;
        try_later(restore, now);
        return;
    }
    restore->port_tries = 0;
    restore->is_restored = true;
    /* Once it serves, what is listed can have ended, and been forgotten, meanwhile. */
    restore->config.on_restored(restore->config.context, now,
                                restore->move_usec != 0 || restore->is_ready);
    restore->ready_by = mono_time_add_usec(now.mono, (int64_t)RESTORE_OTHERS_MSEC * 1000);
    ask_leases(restore, now);
}

static void list_own(struct restore *restore, struct turn_now now)
{
    restore->step = STEP_OWN;
    begin_listing(restore, now);
    if (ownership_list(restore->config.ownership, now, &restore->config.lease.owner, on_record,
                       on_own_listed, restore) != ERR_OK)
        try_later(restore, now);
}

void restore_begin(struct restore *restore, struct turn_now now, const struct shard_lease *former)
{
    const struct shard_lease *own = &restore->config.lease;

    restore->ready_by = MONO_TIME_NEVER;
    restore->move_usec = move_between(former, own, now);
    restore->is_layout_new = former != NULL && (former->shards != own->shards ||
                                                former->lowest_port != own->lowest_port ||
                                                former->highest_port != own->highest_port);
    list_own(restore, now);
}

struct mono_time restore_run(struct restore *restore, struct turn_now now)
{
    if (mono_time_due(restore->ready_by, now.mono))
        be_ready(restore, now);
    if (restore->step == STEP_WAITING && mono_time_due(restore->ask_at, now.mono)) {
        restore->ask_at = MONO_TIME_NEVER;
        if (restore->is_restored)
            ask_leases(restore, now);
        else
            list_own(restore, now);
    }
    return mono_time_before(restore->ask_at, restore->ready_by) ? restore->ask_at
                                                                : restore->ready_by;
}
