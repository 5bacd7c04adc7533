/* ownership_client.c — a client of an ownership registry that waits for each answer, for tests. */
#include "ownership_client.h"

#include "ownership_local.h"
#include "unit.h"

#include <event2/event.h>
#include <time.h>

enum {
    PATIENT_MSEC = 10000,
    /* A test that waits longer has failed: nothing here takes so long on any machine. */
    WAIT_SEC_MAX = 60,
};

static struct mono_time clock_now(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (struct mono_time){.usec = now.tv_sec * USEC_PER_SEC + now.tv_nsec / 1000};
}

static void note_change(void *context, bool is_available, const char *why)
{
    struct ownership_client *client = context;

    if (is_available) {
        client->back++;
        return;
    }
    client->gone++;
    (void)snprintf(client->why, sizeof(client->why), "%s", why);
}

void client_ignore_event(int fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
}

void client_set_now(struct ownership_client *client)
{
    client->now.mono = clock_now();
    client->now.wall.sec = (uint64_t)time(NULL);
}

/* Makes a client that is not open yet. */
static void prepare(struct ownership_client *client, uint32_t shard)
{
    *client = (struct ownership_client){.base = event_base_new(), .dir = STATE_DIR_CLOSED};
    assert_non_null(client->base);
    client_set_now(client);
    client->writer.owner = (struct owner){.host = "host", .shard = shard};
    client->lease = (struct shard_lease){
        .owner = client->writer.owner,
        .pid = 4711,
        .shards = 4,
        .lowest_port = 49152,
        .highest_port = 53247,
        .started_wall_sec = client->now.wall.sec,
        .version = "0.1.0",
        .boot = "6e3a4c5e-8b0f-4f3c-9a34-0f5d1f0c7a11",
        .wall_offset_usec = (int64_t)client->now.wall.sec * USEC_PER_SEC - client->now.mono.usec,
        .until = mono_time_add_sec(client->now.mono, CLIENT_LEASE_SEC),
    };
}

static struct ownership_config config_of(struct ownership_client *client, const char *url,
                                         uint32_t timeout_msec)
{
    return (struct ownership_config){
        .url = url,
        .dir = &client->dir,
        .base = client->base,
        .timeout_msec = timeout_msec != 0 ? timeout_msec : PATIENT_MSEC,
        .on_change = note_change,
        .context = client,
    };
}

void client_open(struct ownership_client *client, const char *url, uint32_t shard,
                 uint32_t timeout_msec)
{
    struct ownership_config config;
    struct problem problem;

    prepare(client, shard);
    config = config_of(client, url, timeout_msec);
    if (ownership_open(&config, &client->ownership, &problem) != ERR_OK)
        fail_msg("%s", problem.text);
}

void client_open_local(struct ownership_client *client, const char *path, uint32_t shard,
                       uint32_t timeout_msec, size_t map_size)
{
    struct ownership_config config;
    struct problem problem;

    prepare(client, shard);
    if (state_dir_open(path, STATE_DIR_SERVE, &client->dir, &problem) != ERR_OK)
        fail_msg("%s", problem.text);
    config = config_of(client, "local", timeout_msec);
    enum err err = map_size != 0
                       ? ownership_local_open(&config, map_size, &client->ownership, &problem)
                       : ownership_open(&config, &client->ownership, &problem);

    if (err != ERR_OK)
        fail_msg("%s", problem.text);
}

void client_look_local(struct ownership_client *client, const char *path)
{
    struct ownership_config config;
    struct problem problem;

    prepare(client, 0);
    if (state_dir_open(path, STATE_DIR_INSPECT, &client->dir, &problem) != ERR_OK)
        fail_msg("%s", problem.text);
    config = config_of(client, "local", 0);
    config.only_looks = true;
    if (ownership_open(&config, &client->ownership, &problem) != ERR_OK)
        fail_msg("%s", problem.text);
}

void client_close(struct ownership_client *client)
{
    ownership_close(client->ownership);
    /* What the loop was to do later still belongs to somebody. */
    (void)event_base_loop(client->base, EVLOOP_NONBLOCK);
    event_base_free(client->base);
    state_dir_close(&client->dir);
}

void client_turn(struct ownership_client *client)
{
    const struct timeval late = {.tv_sec = WAIT_SEC_MAX};
    struct event *timer = evtimer_new(client->base, client_ignore_event, NULL);

    assert_non_null(timer);
    assert_int_equal(event_add(timer, &late), 0);
    assert_int_equal(event_base_loop(client->base, EVLOOP_ONCE), 0);
    if (!event_pending(timer, EV_TIMEOUT, NULL))
        fail_msg("nothing happened in %d s", WAIT_SEC_MAX);
    event_free(timer);
}

void client_wait_for_change(struct ownership_client *client, unsigned gone, unsigned back)
{
    struct mono_time end = mono_time_add_sec(clock_now(), WAIT_SEC_MAX);

    while (client->gone < gone || client->back < back) {
        client_turn(client);
        if (mono_time_due(end, clock_now()))
            fail_msg("gone %u times and back %u times in %d s", client->gone, client->back,
                     WAIT_SEC_MAX);
    }
    assert_int_equal(client->gone, gone);
    assert_int_equal(client->back, back);
}

void client_note(void *context, const struct ownership_answer *answer)
{
    struct ownership_client *client = context;

    client->answers++;
    client->answer = *answer;
    client->has_former = answer->former != NULL;
    if (answer->former != NULL)
        client->former = *answer->former;
    client->answer.former = NULL;
}

void client_wait(struct ownership_client *client, unsigned answers)
{
    ownership_flush(client->ownership);
    while (client->answers < answers)
        client_turn(client);
    assert_int_equal(client->answers, answers);
}

static enum ownership_outcome outcome(struct ownership_client *client, enum err err)
{
    assert_int_equal(err, ERR_OK);
    client_wait(client, client->answers + 1);
    return client->answer.outcome;
}

enum ownership_outcome client_take_lease(struct ownership_client *client)
{
    enum ownership_outcome ret =
        outcome(client, ownership_take_lease(client->ownership, client->now, &client->lease,
                                             client_note, client));

    if (ret == OWNERSHIP_DONE)
        client->lease.epoch = client->writer.epoch = client->answer.epoch;
    return ret;
}

enum ownership_outcome client_renew_lease(struct ownership_client *client)
{
    return outcome(client, ownership_renew_lease(client->ownership, client->now, &client->lease,
                                                 client_note, client));
}

enum ownership_outcome client_end_lease(struct ownership_client *client)
{
    return outcome(client, ownership_end_lease(client->ownership, client->now, &client->lease,
                                               client_note, client));
}

enum ownership_outcome client_claim(struct ownership_client *client,
                                    const struct turn_record *record, uint32_t quota, bool keep)
{
    return outcome(client, ownership_claim(client->ownership, client->now, &client->writer, record,
                                           quota, keep, client_note, client));
}

enum ownership_outcome client_record(struct ownership_client *client,
                                     const struct turn_record *record)
{
    return outcome(client, ownership_record(client->ownership, client->now, &client->writer, record,
                                            client_note, client));
}

enum ownership_outcome client_forget(struct ownership_client *client,
                                     const struct turn_record *record)
{
    return outcome(client, ownership_forget(client->ownership, client->now, &client->writer, record,
                                            client_note, client));
}

enum ownership_outcome client_find(struct ownership_client *client,
                                   const struct turn_record *record)
{
    return outcome(client, ownership_find(client->ownership, client->now, &record->five_tuple,
                                          client_note, client));
}

static void note_record(void *context, const struct owner *owner, const struct turn_record *record)
{
    struct ownership_client *client = context;

    assert_string_equal(owner->host, "host");
    if (record == NULL)
        client->unreadable++;
    else if (client->record_count++ < CLIENT_RECORDS_MAX)
        client->records[client->record_count - 1] = *record;
}

enum ownership_outcome client_find_records(struct ownership_client *client,
                                           const struct turn_record *record)
{
    client->record_count = client->unreadable = 0;
    return outcome(client,
                   ownership_find_records(client->ownership, client->now, &record->five_tuple,
                                          note_record, client_note, client));
}

enum ownership_outcome client_find_port(struct ownership_client *client, uint16_t port)
{
    client->record_count = client->unreadable = 0;
    return outcome(client, ownership_find_port(client->ownership, client->now, "host", port,
                                               note_record, client_note, client));
}

enum ownership_outcome client_list(struct ownership_client *client)
{
    client->record_count = client->unreadable = 0;
    return outcome(client, ownership_list(client->ownership, client->now, &client->writer.owner,
                                          note_record, client_note, client));
}

static void note_lease(void *context, const struct shard_lease *lease, bool is_live)
{
    struct ownership_client *client = context;

    if (client->lease_count++ < CLIENT_RECORDS_MAX) {
        client->leases[client->lease_count - 1] = *lease;
        client->is_live[client->lease_count - 1] = is_live;
    }
}

enum ownership_outcome client_leases(struct ownership_client *client, const char *host)
{
    client->lease_count = 0;
    return outcome(client, ownership_leases(client->ownership, client->now, host, note_lease,
                                            client_note, client));
}

static struct five_tuple five_tuple(unsigned number)
{
    return (struct five_tuple){
        .client = transport_addr_v4((const uint8_t[]){198, 51, 100, 7}, (uint16_t)(10000 + number)),
        .server = transport_addr_v4((const uint8_t[]){203, 0, 113, 7}, 3478),
    };
}

struct turn_record client_allocation(const struct ownership_client *client, unsigned number)
{
    struct turn_record record = {
        .kind = TURN_RECORD_ALLOCATION,
        .five_tuple = five_tuple(number),
        .allocation = {.port = (uint16_t)(50000 + number),
                       .families = FAMILY_SET_V4,
                       .granted_lifetime_sec = 600,
                       .created = client->now.mono,
                       .expires = mono_time_add_sec(client->now.mono, 600),
                       .username_len = 5,
                       .username = "alice"},
    };

    return record;
}

struct turn_record client_channel(const struct ownership_client *client, unsigned number,
                                  uint16_t channel)
{
    return (struct turn_record){
        .kind = TURN_RECORD_CHANNEL,
        .five_tuple = five_tuple(number),
        .channel = {.number = channel,
                    .peer = transport_addr_v4((const uint8_t[]){192, 0, 2, 9}, 4000),
                    .bound_until = mono_time_add_sec(client->now.mono, 600)},
    };
}

struct turn_record client_permission(const struct ownership_client *client, unsigned number)
{
    return (struct turn_record){
        .kind = TURN_RECORD_PERMISSION,
        .five_tuple = five_tuple(number),
        .permission = {.peer = transport_addr_v4((const uint8_t[]){192, 0, 2, 9}, 0),
                       .expires = mono_time_add_sec(client->now.mono, 300)},
    };
}
