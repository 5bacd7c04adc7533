/* ownership_redis_command.c — a command for Redis, made of arguments of any bytes. */
#include "ownership_redis_command.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include <hiredis/hiredis.h>

void redis_command_begin(struct redis_command *command, const char *name)
{
    command->count = 0;
    command->number_count = 0;
    redis_command_add_text(command, name);
}

void redis_command_begin_script(struct redis_command *command, enum redis_script_id script,
                                unsigned key_count)
{
    redis_command_begin(command, "EVALSHA");
    redis_command_add_text(command, redis_scripts[script].sha1);
    redis_command_add_number(command, key_count);
}

void redis_command_begin_auth(struct redis_command *command, const char *user, const char *password)
{
    redis_command_begin(command, "AUTH");
    if (user[0] != '\0')
        redis_command_add_text(command, user);
    redis_command_add_text(command, password);
}

void redis_command_add(struct redis_command *command, struct bytes arg)
{
    assert(command->count < REDIS_COMMAND_ARGS_MAX);
    command->args[command->count] = (const char *)arg.data;
    command->lens[command->count++] = arg.len;
}

void redis_command_add_text(struct redis_command *command, const char *arg)
{
    redis_command_add(command, bytes_of_text(arg));
}

void redis_command_add_number(struct redis_command *command, uint64_t arg)
{
    assert(command->number_count < REDIS_COMMAND_NUMBERS_MAX);
    char *text = command->numbers[command->number_count++];

    (void)snprintf(text, sizeof(command->numbers[0]), "%" PRIu64, arg);
    redis_command_add_text(command, text);
}

enum err redis_command_format(struct redis_command *command, char **ret_text, size_t *ret_len)
{
    int len = redisFormatCommandArgv(ret_text, command->count, command->args, command->lens);

    if (len < 0)
        return ERR_NO_MEMORY;
    *ret_len = (size_t)len;
    return ERR_OK;
}
