/* ownership_redis_command.h — a command for Redis, made of arguments of any bytes.
 *
 * Each argument goes with its length and nothing is ever formatted into one, so what a client
 * chose stays one argument. Arguments are views, which must live until the command is formatted;
 * numbers are kept inside.
 */
#ifndef RELAY_OWNERSHIP_REDIS_COMMAND_H
#define RELAY_OWNERSHIP_REDIS_COMMAND_H

#include "bytes.h"
#include "err.h"
#include "ownership_redis_scripts.h"

enum {
    REDIS_COMMAND_ARGS_MAX = 72,
    REDIS_COMMAND_NUMBERS_MAX = 6,
};

struct redis_command {
    int count;
    unsigned number_count;
    const char *args[REDIS_COMMAND_ARGS_MAX];
    size_t lens[REDIS_COMMAND_ARGS_MAX];
    char numbers[REDIS_COMMAND_NUMBERS_MAX][24];
};

/* redis_command_begin begins a command called |name|. */
void redis_command_begin(struct redis_command *command, const char *name);

/* redis_command_begin_script begins a call of |script|; its |key_count| keys are to be added
 * next, its other arguments after them. */
void redis_command_begin_script(struct redis_command *command, enum redis_script_id script,
                                unsigned key_count);

/* redis_command_begin_auth is the whole of an AUTH; |user| may be empty. */
void redis_command_begin_auth(struct redis_command *command, const char *user,
                              const char *password);

void redis_command_add(struct redis_command *command, struct bytes arg);
void redis_command_add_text(struct redis_command *command, const char *arg);
void redis_command_add_number(struct redis_command *command, uint64_t arg);

/* redis_command_format writes the command as it is sent, into memory for the caller to free.
 * ERR_OK or ERR_NO_MEMORY. */
enum err redis_command_format(struct redis_command *command, char **ret_text,
                              size_t *ret_len) MUST_CHECK;

#endif
