/* cmd_undrain.c — relayctl undrain: has a shard take new allocations again. */
#include "relayctl.h"

#include "json_writer.h"
#include "shard_command.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define PROGRAM "relayctl undrain"

struct undrain_options {
    struct shard_command_options common;
};

static const struct option_spec specs[] = {
    SHARD_COMMAND_OPTIONS(struct undrain_options, common),
};

static const struct option_table table = {
    .program = PROGRAM,
    .intro = "Usage: " PROGRAM " SHARD [OPTION]…\n\n"
             "Has a shard that was drained take new allocations again.\n",
    .specs = specs,
    .count = sizeof specs / sizeof specs[0],
};

static void print(uint32_t shard, uint64_t count, bool as_json)
{
    if (!as_json) {
        printf("shard %" PRIu32 " takes new allocations; it has %" PRIu64 "\n", shard, count);
        return;
    }
    struct json_writer json = json_writer_to(stdout);

    json_begin_object(&json, NULL);
    json_u64(&json, "shard", shard);
    json_bool(&json, "draining", false);
    json_u64(&json, "allocations", count);
    json_end_object(&json);
}

static int run(int argc, char **argv)
{
    struct undrain_options options = {0};
    struct relay_place place;
    uint32_t shard;
    uint64_t count;
    int code;

    if (!shard_command_begin(&table, argc, argv, &options, &shard, &place, &code))
        return code;
    bool ok = shard_command_ask(PROGRAM, &place, shard, CONTROL_UNDRAIN, &count);

    if (ok)
        print(shard, count, options.common.json);
    relay_place_close(&place);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

const struct relayctl_command relayctl_undrain = {
    .name = "undrain",
    .summary = "have a drained shard take new allocations again",
    .run = run,
};
