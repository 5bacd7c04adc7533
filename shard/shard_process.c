/* shard_process.c — starts the process of one shard with its sockets. */
#include "shard_process.h"

#include "child_process.h"
#include "log.h"
#include "passed_sockets.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    ARGUMENT_LEN = 24, /* "--shards=65535" and room */
    ADDED_ARGUMENTS = 3,
};

char **shard_process_argv(const struct relay_options *options, char **argv, uint32_t shard)
{
    static char command[] = "shard";
    const struct option_reading *reading = &options->reading;
    const char *run = reading->positional_count > 0 ? reading->positionals[0] : NULL;
    size_t count = 0;

    while (argv[count] != NULL)
        count++;
    /* The texts of the added arguments follow the array. */
    size_t pointers = count + ADDED_ARGUMENTS + 1;
    char **result = calloc(1, pointers * sizeof(*result) + (size_t)2 * ARGUMENT_LEN);

    if (result == NULL)
        return NULL;
    char *shard_text = (char *)(result + pointers);
    char *shards_text = shard_text + ARGUMENT_LEN;
    size_t at = 0;

    (void)snprintf(shard_text, ARGUMENT_LEN, "--shard=%u", (unsigned)shard);
    /* The default count is that of the CPUs, which may change before a shard is restarted. */
    (void)snprintf(shards_text, ARGUMENT_LEN, "--shards=%u", options->shards);
    result[at++] = argv[0];
    result[at++] = command;
    result[at++] = shard_text;
    result[at++] = shards_text;
    for (size_t i = 1; i < count; i++) {
        if (argv[i] != run)
            result[at++] = argv[i];
    }
    return result;
}

/* The child's part, up to the program. Does not return. */
static _Noreturn void become_shard(const struct shard_process *process, pid_t supervisor)
{
    int fds[3];
    unsigned count = 0;
    char **argv = shard_process_argv(process->options, process->argv, process->shard);

    /* Without the supervisor nobody holds the group of sockets together. */
    if (!child_process_settle(supervisor))
        _exit(1);
    relay_options_unset("portal-token"); /* not for those that face the network */
    if (process->listeners.v4 >= 0)
        fds[count++] = process->listeners.v4;
    if (process->listeners.v6 >= 0)
        fds[count++] = process->listeners.v6;
    if (process->redirect_fd >= 0)
        fds[count++] = process->redirect_fd;
    if (argv != NULL && passed_sockets_place(fds, count))
        (void)execv("/proc/self/exe", argv);
    log_event(LOG_LEVEL_ERROR, "shard not started", "shard", LOG_U64(process->shard), "error",
              strerror(errno), NULL);
    _exit(1);
}

pid_t shard_process_start(const struct shard_process *process)
{
    pid_t supervisor = getpid();
    pid_t pid = fork();

    if (pid == 0)
        become_shard(process, supervisor);
    return pid;
}
