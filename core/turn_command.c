/* turn_command.c — the queue of commands between one input and its drain. */
#include "turn_command.h"

#include "turn_internal.h"

#include <assert.h>

void turn_command_begin_input(const struct turn_server *server)
{
    assert(server->queue.count == 0);
}

struct turn_command *turn_command_push(struct turn_server *server, enum turn_command_kind kind,
                                       const struct five_tuple *five_tuple)
{
    struct turn_command_queue *queue = &server->queue;
    assert(queue->count < TURN_COMMANDS_MAX);
    struct turn_command *command = &queue->commands[queue->count++];
    *command = (struct turn_command){.kind = kind, .five_tuple = *five_tuple};
    return command;
}

struct turn_record *turn_command_push_record(struct turn_server *server,
                                             enum turn_command_kind kind,
                                             enum turn_record_kind record_kind,
                                             const struct five_tuple *five_tuple)
{
    struct turn_command *command = turn_command_push(server, kind, five_tuple);
    struct turn_record *record = &server->queue.records[server->queue.count - 1];
    *record = (struct turn_record){.kind = record_kind, .five_tuple = *five_tuple};
    command->record = record;
    return record;
}

bool turn_server_next_command(struct turn_server *server, struct turn_command *ret)
{
    struct turn_command_queue *queue = &server->queue;
    if (queue->taken == queue->count) {
        queue->taken = queue->count = 0;
        return false;
    }
    *ret = queue->commands[queue->taken++];
    return true;
}
