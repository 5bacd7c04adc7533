/* read_records.c — prints what an ownership registry has recorded of one host, for the tests.
 *
 *     read_records URL STATE_DIR HOST
 *
 *     lease SHARD EPOCH live|over
 *     allocation SHARD CLIENT>SERVER PORT claimed|unclaimed
 *     channel SHARD CLIENT>SERVER NUMBER PEER
 *     unreadable SHARD
 *
 * The records of each shard that has a lease, live or not. Exit 1 when the registry is away.
 */
#include "ownership.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <event2/event.h>

enum { LEASES_MAX = 64, PATIENCE_SEC = 5 };

struct reading {
    struct ownership *ownership;
    struct event_base *base;
    struct shard_lease leases[LEASES_MAX];
    unsigned lease_count;
    uint32_t shard; /* whose records are listed */
    bool is_done;
    bool is_away;
};

static void on_done(void *context, const struct ownership_answer *answer)
{
    struct reading *reading = context;

    reading->is_done = true;
    reading->is_away = answer->outcome != OWNERSHIP_DONE;
}

static void on_lease(void *context, const struct shard_lease *lease, bool is_live)
{
    struct reading *reading = context;

    printf("lease %" PRIu32 " %" PRIu64 " %s\n", lease->owner.shard, lease->epoch,
           is_live ? "live" : "over");
    if (reading->lease_count < LEASES_MAX)
        reading->leases[reading->lease_count++] = *lease;
}

static void on_record(void *context, const struct owner *owner, const struct turn_record *record)
{
    const struct reading *reading = context;
    char key[RECORD_KEY_MAX], peer[TRANSPORT_ADDR_TEXT_MAX];

    (void)owner;
    if (record == NULL) {
        printf("unreadable %" PRIu32 "\n", reading->shard);
        return;
    }
    (void)record_key_write(&record->five_tuple, key);
    switch (record->kind) {
    case TURN_RECORD_ALLOCATION:
        printf("allocation %" PRIu32 " %s %u %s\n", reading->shard, key, record->allocation.port,
               record->allocation.unclaimed ? "unclaimed" : "claimed");
        break;
    case TURN_RECORD_CHANNEL:
        printf("channel %" PRIu32 " %s %u %s\n", reading->shard, key, record->channel.number,
               transport_addr_format(&record->channel.peer, peer));
        break;
    case TURN_RECORD_PERMISSION:
        break;
    }
}

static struct turn_now clock_now(void)
{
    struct timespec mono;

    (void)clock_gettime(CLOCK_MONOTONIC, &mono);
    return (struct turn_now){
        .mono = {.usec = mono.tv_sec * USEC_PER_SEC + mono.tv_nsec / 1000},
        .wall = {.sec = (uint64_t)time(NULL)},
    };
}

/* The answer to what was just asked. */
static bool is_answered(struct reading *reading)
{
    ownership_flush(reading->ownership);
    while (!reading->is_done)
        (void)event_base_loop(reading->base, EVLOOP_ONCE);
    reading->is_done = false;
    return !reading->is_away;
}

static bool is_reached(struct reading *reading)
{
    struct mono_time end = mono_time_add_sec(clock_now().mono, PATIENCE_SEC);
    struct timeval tick = {.tv_usec = 10000};

    while (!ownership_is_available(reading->ownership)) {
        if (mono_time_due(end, clock_now().mono))
            return false;
        (void)event_base_loopexit(reading->base, &tick);
        (void)event_base_dispatch(reading->base);
    }
    return true;
}

static bool read_all(struct reading *reading, const char *host)
{
    if (!is_reached(reading) ||
        ownership_leases(reading->ownership, clock_now(), host, on_lease, on_done, reading) !=
            ERR_OK ||
        !is_answered(reading))
        return false;
    for (unsigned i = 0; i < reading->lease_count; i++) {
        reading->shard = reading->leases[i].owner.shard;
        if (ownership_list(reading->ownership, clock_now(), &reading->leases[i].owner, on_record,
                           on_done, reading) != ERR_OK ||
            !is_answered(reading))
            return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    static struct reading reading;
    struct ownership_config config;
    struct state_dir dir;
    struct problem problem;
    int code = EXIT_FAILURE;

    if (argc != 4)
        return EXIT_FAILURE;
    if (state_dir_open(argv[2], STATE_DIR_INSPECT, &dir, &problem) != ERR_OK) {
        fprintf(stderr, "%s\n", problem.text);
        return EXIT_FAILURE;
    }
    reading.base = event_base_new();
    if (reading.base == NULL)
        goto close_dir;
    config = (struct ownership_config){.url = argv[1], .dir = &dir, .base = reading.base};
    if (ownership_open(&config, &reading.ownership, &problem) != ERR_OK) {
        fprintf(stderr, "%s\n", problem.text);
        goto free_base;
    }
    code = read_all(&reading, argv[3]) ? EXIT_SUCCESS : EXIT_FAILURE;
    if (code != EXIT_SUCCESS)
        fputs("the registry is away\n", stderr);
    ownership_close(reading.ownership);

free_base:
    event_base_free(reading.base);
close_dir:
    state_dir_close(&dir);
    return code;
}
