/* ownership_client.h — a client of an ownership registry that waits for each answer, for tests. */
#ifndef RELAY_TESTS_OWNERSHIP_CLIENT_H
#define RELAY_TESTS_OWNERSHIP_CLIENT_H

#include "ownership.h"

#include <stdio.h>

struct event_base;

enum {
    CLIENT_RECORDS_MAX = 64,
    CLIENT_LEASE_SEC = 60,
};

/* A shard as the registry sees it, with the event loop that it runs on. */
struct ownership_client {
    struct event_base *base;
    struct ownership *ownership;
    struct state_dir dir; /* of an embedded one */
    struct turn_now now;
    struct ownership_writer writer;
    struct shard_lease lease;

    unsigned gone; /* times that on_change said so */
    unsigned back;
    char why[PROBLEM_TEXT_MAX];

    /* The last answer. */
    unsigned answers;
    struct ownership_answer answer;
    struct shard_lease former;
    bool has_former;

    /* What the last find_records, find_port, list or leases gave, in the order given. */
    unsigned record_count;
    struct turn_record records[CLIENT_RECORDS_MAX];
    unsigned unreadable;
    unsigned lease_count;
    struct shard_lease leases[CLIENT_RECORDS_MAX];
    bool is_live[CLIENT_RECORDS_MAX];
};

/* client_open opens the registry |url| for shard |shard| of "host". With |timeout_msec| 0 it is so
 * patient that no answer is lost on a busy machine. */
void client_open(struct ownership_client *client, const char *url, uint32_t shard,
                 uint32_t timeout_msec);
/* client_open_local opens the embedded one in the directory |path|; a new store has |map_size|
 * bytes, or with 0 what it has by default. */
void client_open_local(struct ownership_client *client, const char *path, uint32_t shard,
                       uint32_t timeout_msec, size_t map_size);

/* client_look_local opens it as a tool does, which only looks. */
void client_look_local(struct ownership_client *client, const char *path);

/* client_close closes it in any case. */
void client_close(struct ownership_client *client);

/* client_set_now reads the clocks again. */
void client_set_now(struct ownership_client *client);

/* client_wait_for_change runs the loop until on_change has been called |gone| and |back| times. */
void client_wait_for_change(struct ownership_client *client, unsigned gone, unsigned back);

/* client_turn runs the loop until something happened, once. */
void client_turn(struct ownership_client *client);

/* client_ignore_event is an event's callback: that it happened is seen by the loop turning. */
void client_ignore_event(int fd, short what, void *arg);

/* client_note is an ownership_done, and client_wait runs the loop until it was called |answers|
 * times since the beginning. */
void client_note(void *context, const struct ownership_answer *answer);
void client_wait(struct ownership_client *client, unsigned answers);

/* Each carries an operation out and waits for its answer; the rest of it is in |client|. */
enum ownership_outcome client_take_lease(struct ownership_client *client);
enum ownership_outcome client_renew_lease(struct ownership_client *client);
enum ownership_outcome client_end_lease(struct ownership_client *client);
enum ownership_outcome client_claim(struct ownership_client *client,
                                    const struct turn_record *record, uint32_t quota, bool keep);
enum ownership_outcome client_record(struct ownership_client *client,
                                     const struct turn_record *record);
enum ownership_outcome client_forget(struct ownership_client *client,
                                     const struct turn_record *record);
enum ownership_outcome client_find(struct ownership_client *client,
                                   const struct turn_record *record);
enum ownership_outcome client_find_records(struct ownership_client *client,
                                           const struct turn_record *record);
enum ownership_outcome client_find_port(struct ownership_client *client, uint16_t port);
enum ownership_outcome client_list(struct ownership_client *client);
enum ownership_outcome client_leases(struct ownership_client *client, const char *host);

/* An allocation of "alice" from client port 10000 + |number|, with relay port 50000 + |number|, for
 * ten minutes; and what can be beneath it. */
struct turn_record client_allocation(const struct ownership_client *client, unsigned number);
struct turn_record client_channel(const struct ownership_client *client, unsigned number,
                                  uint16_t channel);
struct turn_record client_permission(const struct ownership_client *client, unsigned number);

#endif
