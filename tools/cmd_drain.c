/* cmd_drain.c — relayctl drain: has a shard take no new allocations, and waits until it is empty.
 */
#include "relayctl.h"

#include "drain_wait.h"
#include "duration_text.h"
#include "json_writer.h"
#include "shard_command.h"
#include "stop_signal.h"
#include "system_clock.h"
#include "terminal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PROGRAM "relayctl drain"

struct drain_options {
    struct shard_command_options common;
    bool wait;
};

static const struct option_spec specs[] = {
    {
        .name = "wait",
        .kind = OPTION_FLAG,
        .help = "Show how many allocations are left, and end when there is none",
        OPTION_FIELD(struct drain_options, wait),
    },
    SHARD_COMMAND_OPTIONS(struct drain_options, common),
};

static const struct option_table table = {
    .program = PROGRAM,
    .intro =
        "Usage: " PROGRAM " SHARD [OPTION]…\n\n"
        "Has a shard take no new allocations: it hands them to the other shards of this host.\n"
        "What it has goes on until its clients end it. That holds over restarts of the shard,\n"
        "until relayctl undrain.\n",
    .specs = specs,
    .count = sizeof specs / sizeof specs[0],
};

/* What has been shown. */
struct shown {
    bool json;
    bool is_terminal; /* a line is redrawn; else there is one more whenever something has changed */
    struct mono_time begun_at;
    uint64_t left;
    bool is_restored;
    bool has_line; /* one that is being redrawn */
};

static void show_json(uint32_t shard, uint64_t left)
{
    struct json_writer json = json_writer_to(stdout);

    json_begin_object(&json, NULL);
    json_u64(&json, "shard", shard);
    json_bool(&json, "draining", true);
    json_u64(&json, "allocations_left", left);
    json_end_object(&json);
    (void)fflush(stdout);
}

static void show_begun(const struct shown *shown, uint32_t shard, uint64_t left)
{
    if (shown->json)
        show_json(shard, left);
    else
        printf("shard %" PRIu32 " takes no new allocations; it has %" PRIu64 "\n", shard, left);
    (void)fflush(stdout);
}

static void show_left(struct shown *shown, const struct drain_wait *wait)
{
    char time[DURATION_TEXT_MAX];
    bool has_changed = shown->left != wait->left;

    shown->left = wait->left;
    if (shown->json) {
        if (has_changed)
            show_json(wait->shard, wait->left);
        return;
    }
    has_changed |= shown->is_restored != wait->is_restored;
    shown->is_restored = wait->is_restored;
    if (!shown->is_terminal && !has_changed)
        return;
    int64_t waited = mono_time_until(system_mono_time(), shown->begun_at) / USEC_PER_SEC;

    printf("%sshard %" PRIu32 ": %" PRIu64 " left after %s%s%s", shown->is_terminal ? "\r" : "",
           wait->shard, wait->left, duration_text(waited, time),
           wait->is_restored ? "" : ", without what is still to be restored",
           shown->is_terminal ? "\x1b[K" : "\n");
    shown->has_line = shown->is_terminal;
    (void)fflush(stdout);
}

static void end_line(struct shown *shown)
{
    if (shown->has_line)
        putchar('\n');
    shown->has_line = false;
    (void)fflush(stdout);
}

static void pause_a_moment(void)
{
    (void)usleep(DRAIN_LOOK_MSEC * 1000); /* a signal ends it early */
}

/* Says how the waiting has ended; the exit code. */
static int tell_end(const struct drain_wait *wait, enum drain_progress progress,
                    const struct counter_snapshot *snapshot)
{
    switch (progress) {
    case DRAIN_EMPTY:
        return EXIT_SUCCESS;
    case DRAIN_ENDED:
        fprintf(stderr,
                PROGRAM ": shard %" PRIu32 " takes new allocations again: somebody has ended the "
                        "draining\n",
                wait->shard);
        break;
    case DRAIN_HANGS:
        fprintf(stderr,
                PROGRAM ": shard %" PRIu32 " hangs: process %" PRId64
                        " has not moved for %.1f s; it goes on draining when it does\n",
                wait->shard, snapshot->page.pid,
                (double)counter_page_age(&snapshot->page, system_mono_time()) / USEC_PER_SEC);
        break;
    case DRAIN_GONE:
        fprintf(stderr,
                PROGRAM ": shard %" PRIu32 " is not running any more, with %" PRIu64
                        " left; it goes on draining when it is started again\n",
                wait->shard, wait->left);
        break;
    case DRAIN_GOES_ON:
    case DRAIN_RESTARTED:
        fprintf(stderr,
                PROGRAM ": interrupted, with %" PRIu64 " left; shard %" PRIu32
                        " goes on draining, until relayctl undrain %" PRIu32 "\n",
                wait->left, wait->shard, wait->shard);
        break;
    }
    return EXIT_FAILURE;
}

static int wait_until_empty(const struct relay_place *place, struct shown *shown,
                            struct drain_wait *wait)
{
    enum drain_progress progress = DRAIN_GOES_ON;
    struct counter_snapshot snapshot;

    while (!stop_signal_came()) {
        struct problem problem;
        bool is_read = counter_page_read(&place->dir, wait->shard, &snapshot, &problem) == ERR_OK;

        progress = drain_wait_look(wait, is_read ? &snapshot : NULL, system_mono_time());
        if (progress == DRAIN_RESTARTED) {
            end_line(shown);
            fprintf(stderr,
                    PROGRAM ": shard %" PRIu32 " was started again, as process %" PRId64
                            ", and goes on draining\n",
                    wait->shard, wait->pid);
        } else if (progress != DRAIN_GOES_ON && progress != DRAIN_EMPTY) {
            break;
        }
        show_left(shown, wait);
        if (progress == DRAIN_EMPTY)
            break;
        pause_a_moment();
    }
    end_line(shown);
    return tell_end(wait, progress, &snapshot);
}

static int run(int argc, char **argv)
{
    struct drain_options options = {0};
    struct drain_wait wait = {0};
    struct relay_place place;
    uint64_t left;
    int code;

    if (!shard_command_begin(&table, argc, argv, &options, &wait.shard, &place, &code))
        return code;
    struct shown shown = {.json = options.common.json,
                          .is_terminal =
                              !options.common.json && terminal_size_of(stdout).columns > 0,
                          .begun_at = system_mono_time()};

    if (options.wait)
        stop_signal_catch();
    code = EXIT_FAILURE;
    if (shard_command_ask(PROGRAM, &place, wait.shard, CONTROL_DRAIN, &left)) {
        code = EXIT_SUCCESS;
        shown.left = wait.left = left;
        shown.is_restored = wait.is_restored = true;
        show_begun(&shown, wait.shard, left);
        if (options.wait)
            code = wait_until_empty(&place, &shown, &wait);
    }
    relay_place_close(&place);
    return code;
}

const struct relayctl_command relayctl_drain = {
    .name = "drain",
    .summary = "have a shard take no new allocations",
    .run = run,
};
