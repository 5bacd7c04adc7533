/* shard_command.c — what the commands that are about one shard have in common: its number, and the
 * relay it belongs to. */
#include "shard_command.h"

#include "control_client.h"
#include "text_parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool read_shard(const struct option_table *table, const struct option_reading *reading,
                       uint32_t *ret)
{
    uint64_t number;

    if (reading->positional_count != 1) {
        fprintf(stderr, "%s: give the number of one shard; see %s --help\n", table->program,
                table->program);
        return false;
    }
    const char *text = reading->positionals[0];

    if (text_parse_u64(text, strlen(text), 0, DEPLOYMENT_SHARDS_MAX - 1, &number) != ERR_OK) {
        fprintf(stderr, "%s: \"%s\" is no shard: a number from 0 to %d\n", table->program, text,
                DEPLOYMENT_SHARDS_MAX - 1);
        return false;
    }
    *ret = (uint32_t)number;
    return true;
}

bool shard_command_begin(const struct option_table *table, int argc, char **argv, void *fields,
                         uint32_t *ret_shard, struct relay_place *ret_place, int *ret_exit)
{
    const struct shard_command_options *options = fields;
    struct option_reading reading;
    struct problem problem;

    if (!command_line_read_arguments(table, argc, argv, fields, &reading, ret_exit))
        return false;
    if (!read_shard(table, &reading, ret_shard)) {
        *ret_exit = EXIT_USAGE;
        return false;
    }
    if (relay_place_open(&options->place, ret_place, &problem) != ERR_OK) {
        fprintf(stderr, "%s: %s\n", table->program, problem.text);
        *ret_exit = EXIT_FAILURE;
        return false;
    }
    return true;
}

bool shard_command_ask(const char *program, const struct relay_place *place, uint32_t shard,
                       enum control_verb verb, uint64_t *ret_count)
{
    const struct control_request request = {.verb = verb};
    struct problem problem;

    if (control_client_ask(&place->dir, shard, &request, NULL, NULL, ret_count, &problem) == ERR_OK)
        return true;
    fprintf(stderr, "%s: %s\n", program, problem.text);
    return false;
}
