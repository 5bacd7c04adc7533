/* registrar_records.c — records under way, and five-tuples that turn out to be somebody else's. */
#include "registrar_internal.h"

#include <stdlib.h>

/* A five-tuple that turned out to be somebody else's. */
struct loss {
    struct loss *next;
    struct five_tuple five_tuple;
};

/* A RECORD or FORGET under way: whose answer may be that the five-tuple is lost. */
struct write {
    struct registrar *registrar;
    struct five_tuple five_tuple;
    uint64_t epoch; /* under which it is written */
};

enum err registrar_records_init(struct registrar *registrar)
{
    return pool_init(&registrar->writes, sizeof(struct write), WRITES);
}

void registrar_records_deinit(struct registrar *registrar)
{
    while (registrar->losses != NULL) {
        struct loss *loss = registrar->losses;

        registrar->losses = loss->next;
        free(loss);
    }
    pool_deinit(&registrar->writes);
}

static void on_written(void *context, const struct ownership_answer *answer)
{
    struct write *write = context;
    struct registrar *registrar = write->registrar;

    registrar_answered(registrar, write->epoch, answer->outcome);
    /* NONE: the store has lost it, in part or whole. */
    registrar->wants_all |= answer->outcome == OWNERSHIP_NONE;
    if (answer->outcome == OWNERSHIP_HELD) {
        struct loss *loss = malloc(sizeof(*loss));

        (void)registrar_begin(registrar);
        registrar->wants_unclaimed = true; /* it may be one of those */
        if (loss != NULL) {
            *loss = (struct loss){.next = registrar->losses, .five_tuple = write->five_tuple};
            registrar->losses = loss;
        } else {
            registrar->wants_all = true;
        }
    }
    if (registrar->publishing == PUBLISHING_CLAIMS)
        (void)registrar_begin(registrar); /* to go on: there may be room again */
    pool_give(&registrar->writes, write);
}

void registrar_write_record(struct registrar *registrar, struct turn_now now, bool is_record,
                            const struct turn_record *record)
{
    struct ownership_writer writer = registrar_writer(registrar);
    struct write *write = registrar_can_write(registrar) ? pool_take(&registrar->writes) : NULL;

    if (write == NULL) {
        registrar->wants_all = true;
        return;
    }
    *write = (struct write){
        .registrar = registrar, .five_tuple = record->five_tuple, .epoch = writer.epoch};
    if ((is_record ? ownership_record : ownership_forget)(registrar->config.ownership, now, &writer,
                                                          record, on_written, write) != ERR_OK) {
        pool_give(&registrar->writes, write);
        registrar->wants_all = true;
        return;
    }
    registrar_submitted(registrar);
    registrar_count(registrar, SHARD_COUNT_REGISTRY_WRITES);
}

void registrar_write(struct registrar *registrar, struct turn_now now,
                     const struct turn_command *command)
{
    registrar_write_record(registrar, now, command->kind == TURN_COMMAND_RECORD, command->record);
}

void registrar_deliver_losses(struct registrar *registrar, struct turn_now now)
{
    const struct registrar_config *config = &registrar->config;

    while (registrar->losses != NULL) {
        struct loss *loss = registrar->losses;

        registrar->losses = loss->next;
        turn_server_lost(config->server, now, &loss->five_tuple);
        config->on_commands(config->context, now);
        free(loss);
    }
}
