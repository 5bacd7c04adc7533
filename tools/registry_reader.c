/* registry_reader.c — the ownership registry as a tool reads it: one question, one answer, with an
 * end to the waiting. */
#include "registry_reader.h"

#include "record.h"
#include "state_dir.h"
#include "system_clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

enum {
    /* For the first contact. */
    CONTACT_SEC = 3,
    STEP_USEC = 10000,
    /* Longer than a shard waits: a person would rather have the answer. */
    TIMEOUT_MSEC = 2000,
};

struct registry_reader {
    struct state_dir dir;
    struct event_base *base;
    struct ownership *ownership;
    char host[HOST_NAME_MAX_LEN + 1];
    char why[PROBLEM_TEXT_MAX]; /* the registry is away */
    bool is_answered;
    enum ownership_outcome outcome;
    ownership_each_lease *each_lease;
    ownership_each_record *each_record;
    void *context;
};

const char *registry_read_url(const struct option_spec *spec, const char *value, void *field)
{
    static struct problem problem; /* outlives the call: what is returned is printed */

    (void)spec;
    if (ownership_check_url(value, &problem) != ERR_OK)
        return problem.text;
    memcpy(field, &value, sizeof(value));
    return NULL;
}

const char *registry_read_instance(const struct option_spec *spec, const char *value, void *field)
{
    if (!host_name_valid(value))
        return spec->rule;
    memcpy(field, &value, sizeof(value));
    return NULL;
}

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

static enum err find_host(const struct registry_options *options, struct registry_reader *reader,
                          struct problem *problem)
{
    if (options->instance != NULL) {
        (void)snprintf(reader->host, sizeof(reader->host), "%s", options->instance);
        return ERR_OK;
    }
    if (gethostname(reader->host, sizeof(reader->host)) == 0 &&
        memchr(reader->host, '\0', sizeof(reader->host)) != NULL && host_name_valid(reader->host))
        return ERR_OK;
    problem_set(problem, "the name of this host cannot be an instance; give --instance");
    return ERR_RANGE;
}

static enum err open_dir(const struct registry_options *options, struct registry_reader *reader,
                         struct problem *problem)
{
    char path[STATE_DIR_PATH_MAX];
    enum err err = state_dir_resolve(options->state_dir, path, problem);

    return err == ERR_OK ? state_dir_open(path, STATE_DIR_INSPECT, &reader->dir, problem) : err;
}

static void turn(struct registry_reader *reader)
{
    const struct timeval step = {.tv_usec = STEP_USEC};

    (void)event_base_loopexit(reader->base, &step);
    (void)event_base_dispatch(reader->base);
}

static enum err await_contact(struct registry_reader *reader, struct problem *problem)
{
    struct mono_time end = mono_time_add_sec(system_mono_time(), CONTACT_SEC);

    while (!ownership_is_available(reader->ownership)) {
        if (mono_time_due(end, system_mono_time())) {
            problem_set(problem, "the ownership registry does not answer%s%s",
                        reader->why[0] != '\0' ? ": " : "", reader->why);
            return ERR_UNAVAILABLE;
        }
        turn(reader);
    }
    return ERR_OK;
}

static enum err open_registry(const struct registry_options *options,
                              struct registry_reader *reader, struct problem *problem)
{
    const struct ownership_config config = {.url = options->coordination,
                                            .dir = &reader->dir,
                                            .base = reader->base,
                                            .timeout_msec = TIMEOUT_MSEC,
                                            .on_change = on_change,
                                            .context = reader};
    enum err err = ownership_open(&config, &reader->ownership, problem);

    return err == ERR_OK ? await_contact(reader, problem) : err;
}

enum err registry_reader_open(const struct registry_options *options, struct registry_reader **ret,
                              struct problem *problem)
{
    struct registry_reader *reader = calloc(1, sizeof(*reader));

    if (reader == NULL) {
        problem_set(problem, "%s", err_name(ERR_NO_MEMORY));
        return ERR_NO_MEMORY;
    }
    reader->dir = STATE_DIR_CLOSED;
    reader->base = event_base_new();
    if (reader->base == NULL)
        problem_set(problem, "no event loop: %s", strerror(errno));
    enum err err = reader->base != NULL ? find_host(options, reader, problem) : ERR_IO;

    if (err == ERR_OK)
        err = open_dir(options, reader, problem);
    if (err == ERR_OK)
        err = open_registry(options, reader, problem);
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
    state_dir_close(&reader->dir);
    free(reader);
}

const char *registry_reader_host(const struct registry_reader *reader)
{
    return reader->host;
}

const struct state_dir *registry_reader_dir(const struct registry_reader *reader)
{
    return &reader->dir;
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
                               ownership_each_record *each, void *context, bool *ret_found)
{
    reader->each_record = each;
    reader->context = context;
    bool is_answered =
        await_answer(reader, ownership_find_port(reader->ownership, now(), reader->host, port,
                                                 on_record, on_done, reader));

    *ret_found = is_answered && reader->outcome == OWNERSHIP_DONE;
    return is_answered;
}
