/* registry_reader.c — the ownership registry as a tool reads it: one question, one answer, with an
 * end to the waiting. */
#include "registry_reader.h"

#include "system_clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

enum {
    /* For the first contact. */
    CONTACT_SEC = 3,
    STEP_USEC = 10000,
    /* Longer than a shard waits: a person would rather have the answer. */
    TIMEOUT_MSEC = 2000,
};

struct registry_reader {
    const char *host;
    struct event_base *base;
    struct ownership *ownership;
    char why[PROBLEM_TEXT_MAX]; /* the registry is away */
    bool is_answered;
    enum ownership_outcome outcome;
    ownership_each_lease *each_lease;
    ownership_each_record *each_record;
    void *context;
};

static struct turn_now now(void)
{
    return (struct turn_now){.mono = system_mono_time(), .wall = system_wall_time()};
}

static void on_change(void *context, bool is_available, const char *why)
{
    struct registry_reader *reader = context;

    if (!is_available)
        (void)snprintf(reader->why, sizeof(reader->why), "%s", why);
}

static void turn(struct registry_reader *reader)
{
    const struct timeval step = {.tv_usec = STEP_USEC};

    (void)event_base_loopexit(reader->base, &step);
    (void)event_base_dispatch(reader->base);
}

static enum err await_contact(struct registry_reader *reader, bool is_said_away,
                              struct problem *problem)
{
    struct mono_time end = mono_time_add_sec(system_mono_time(), CONTACT_SEC);

    while (!ownership_is_available(reader->ownership)) {
        if (mono_time_due(end, system_mono_time()) || (is_said_away && reader->why[0] != '\0')) {
            problem_set(problem, "the ownership registry does not answer%s%s",
                        reader->why[0] != '\0' ? ": " : "", reader->why);
            return ERR_UNAVAILABLE;
        }
        turn(reader);
    }
    return ERR_OK;
}

static enum err open_registry(const struct relay_place *place, bool is_said_away,
                              struct registry_reader *reader, struct problem *problem)
{
    const struct ownership_config config = {.url = place->deployment.coordination,
                                            .dir = &place->dir,
                                            .base = reader->base,
                                            .timeout_msec = TIMEOUT_MSEC,
                                            .only_looks = true,
                                            .on_change = on_change,
                                            .context = reader};
    enum err err = ownership_open(&config, &reader->ownership, problem);

    return err == ERR_OK ? await_contact(reader, is_said_away, problem) : err;
}

enum err registry_reader_open(const struct relay_place *place, bool is_said_away,
                              struct registry_reader **ret, struct problem *problem)
{
    struct registry_reader *reader = calloc(1, sizeof(*reader));

    if (reader == NULL) {
        problem_set(problem, "%s", err_name(ERR_NO_MEMORY));
        return ERR_NO_MEMORY;
    }
    reader->host = place->deployment.instance;
    reader->base = event_base_new();
    if (reader->base == NULL)
        problem_set(problem, "no event loop: %s", strerror(errno));
    enum err err =
        reader->base != NULL ? open_registry(place, is_said_away, reader, problem) : ERR_IO;

    if (err != ERR_OK) {
        registry_reader_close(reader);
        return err;
    }
    *ret = reader;
    return ERR_OK;
}

void registry_reader_close(struct registry_reader *reader)
{
    if (reader == NULL)
        return;
    ownership_close(reader->ownership);
    if (reader->base != NULL)
        event_base_free(reader->base);
    free(reader);
}

static void on_done(void *context, const struct ownership_answer *answer)
{
    struct registry_reader *reader = context;

    reader->is_answered = true;
    reader->outcome = answer->outcome;
}

static void on_lease(void *context, const struct shard_lease *lease, bool is_live)
{
    const struct registry_reader *reader = context;

    reader->each_lease(reader->context, lease, is_live);
}

static void on_record(void *context, const struct owner *owner, const struct turn_record *record)
{
    const struct registry_reader *reader = context;

    reader->each_record(reader->context, owner, record);
}

/* Every operation is answered, within its time-out at the latest. */
static bool await_answer(struct registry_reader *reader, enum err err)
{
    if (err != ERR_OK)
        return false;
    reader->is_answered = false;
    ownership_flush(reader->ownership);
    while (!reader->is_answered)
        (void)event_base_loop(reader->base, EVLOOP_ONCE);
    return reader->outcome != OWNERSHIP_AWAY;
}

bool registry_reader_leases(struct registry_reader *reader, ownership_each_lease *each,
                            void *context)
{
    reader->each_lease = each;
    reader->context = context;
    return await_answer(reader, ownership_leases(reader->ownership, now(), reader->host, on_lease,
                                                 on_done, reader));
}

bool registry_reader_list(struct registry_reader *reader, const struct owner *owner,
                          ownership_each_record *each, void *context)
{
    reader->each_record = each;
    reader->context = context;
    return await_answer(
        reader, ownership_list(reader->ownership, now(), owner, on_record, on_done, reader));
}

bool registry_reader_find_port(struct registry_reader *reader, uint16_t port,
                               ownership_each_record *each, void *context)
{
    reader->each_record = each;
    reader->context = context;
    return await_answer(reader, ownership_find_port(reader->ownership, now(), reader->host, port,
                                                    on_record, on_done, reader));
}
