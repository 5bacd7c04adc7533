/* sim_ownership.c — lives through many random deployments; each can be lived through again by its
 * seed.
 */
#include "deployment.h"
#include "log.h"
#include "replay.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* Coverage is judged from so many worlds on: in fewer the rarest event may well not happen. */
enum { RUNS_TO_JUDGE = 1000, HEAP_KEPT = 1 << 30 };

static const char *const count_names[] = {
#define X(name) #name,
    DEPLOYMENT_COUNTS(X)
#undef X
};

/* What has to happen for the simulation to show anything. */
static const size_t must_happen[] = {
    TURN_COUNT_ALLOCATIONS_RESTORED,
    TURN_COUNT_ALLOCATIONS_LOST,
    TURN_COUNT_CLAIMS_HELD,
    TURN_COUNT_CLAIMS_PORT_HELD,
    TURN_COUNT_ERROR_437,
    TURN_COUNT_ERROR_486,
    TURN_COUNT_RELAYED_TO_PEER,
    TURN_COUNT_RELAYED_TO_CLIENT,
    SHARD_COUNT_RELAY_OPEN_PORT_TAKEN,
    SHARD_COUNT_REGISTRY_WRITES,
    SHARD_COUNT_REGISTRY_UNANSWERED,
    SHARD_COUNT_REGISTRY_PUBLISHED,
    SHARD_COUNT_LEASES_LOST,
    SHARD_COUNT_PAUSES,
    SHARD_COUNT_RESTORE_DROPPED,
    SHARD_COUNT_ADOPTED,
    SHARD_COUNT_MISROUTED_TO_SHARD,
    SHARD_COUNT_MISROUTED_NOBODY,
    SHARD_COUNT_MISROUTED_KEPT,
    SHARD_COUNT_MISROUTED_LOOK_UPS,
    SHARD_COUNT_MISROUTED_CHECKS,
    SHARD_COUNT_MISROUTED_UNANSWERED,
    SHARD_COUNT_MISROUTED_OWNER_UNKNOWN,
    SHARD_COUNT_REDIRECT_SENT,
    SHARD_COUNT_REDIRECT_RECEIVED,
    SHARD_COUNT_REDIRECT_HOP_LIMIT,
    SHARD_COUNT_DRAIN_HANDED_ON,
    SHARD_COUNT_DRAIN_REFUSED,
};

static int judge(const char *name, uint64_t count)
{
    printf("%12llu  %s\n", (unsigned long long)count, name);
    if (count > 0)
        return 0;
    fprintf(stderr, "sim_ownership: '%s' never happened\n", name);
    return 1;
}

static int judge_coverage(const uint64_t *counts, const uint64_t *values)
{
    int missing = 0;
    for (size_t i = 0; i < DEPLOYMENT_COUNT_COUNT; i++)
        missing |= judge(count_names[i], counts[i]);
    for (size_t i = 0; i < sizeof(must_happen) / sizeof(*must_happen); i++)
        missing |= judge(counter_info_of(must_happen[i])->name, values[must_happen[i]]);
    return missing;
}

int main(int argc, char **argv)
{
    struct replay_options o = {
        .program = "sim_ownership", .seed = 0, .runs = 1, .seconds = 3600, .acts = 600};
    struct deployment *d = malloc(sizeof(*d));
    uint64_t counts[DEPLOYMENT_COUNT_COUNT] = {0}, values[COUNTER_PAGE_VALUES] = {0}, runs = 0;
    replay_read_options(argc, argv, &o);
    /* Processes come and go in thousands: what one gives back is for the next one. */
    (void)mallopt(M_MMAP_THRESHOLD, HEAP_KEPT);
    (void)mallopt(M_TRIM_THRESHOLD, HEAP_KEPT);
    /* What the shards would log is no news here. */
    log_init(o.is_verbose ? LOG_LEVEL_DEBUG : LOG_LEVEL_ERROR, LOG_FORMAT_HUMAN, 2, LOG_SUPERVISOR);
    time_t end = time(NULL) + (time_t)o.seconds;
    for (; d && runs < o.runs && time(NULL) <= end; runs++) {
        replay_begin(o.seed + runs);
        deployment_init(d, choices_of_seed(o.seed + runs), o.acts, replay_fail);
        d->is_verbose = o.is_verbose;
        deployment_run(d);
        deployment_deinit(d);
        for (size_t i = 0; i < DEPLOYMENT_COUNT_COUNT; i++)
            counts[i] += d->counts[i];
        for (size_t i = 0; i < COUNTER_PAGE_VALUES; i++)
            values[i] += d->values[i];
    }
    free(d);
    printf("sim_ownership: %llu deployments without a broken invariant\n",
           (unsigned long long)runs);
    return runs >= RUNS_TO_JUDGE ? judge_coverage(counts, values) : 0;
}
