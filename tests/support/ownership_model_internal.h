/* ownership_model_internal.h — what the files of the simulated ownership registry share. */
#ifndef RELAY_TESTS_OWNERSHIP_MODEL_INTERNAL_H
#define RELAY_TESTS_OWNERSHIP_MODEL_INTERNAL_H

#include "ownership_backend.h"
#include "ownership_model.h"

#include <stdlib.h>

enum operation_kind {
    TAKE,
    WRITE_LEASE,
    CLAIM,
    RECORD,
    FORGET,
    FIND,
    FIND_RECORDS,
    FIND_PORT,
    LIST,
    LEASES
};

struct listed_lease {
    struct shard_lease lease;
    bool is_live;
};

struct model_operation {
    struct model_operation *next_travelling;
    struct model_operation *next_pending;
    struct model_client *client; /* NULL: nobody waits for the answer any more */
    enum operation_kind kind;
    struct shard_lease lease;
    struct store_write write; /* its |usec| also for leases */
    struct owner owner;       /* LIST */
    char host[HOST_NAME_MAX_LEN + 1];
    bool has_host;
    uint16_t port;
    ownership_each_record *each_record;
    ownership_each_lease *each_lease;
    ownership_done *done;
    void *context;

    struct mono_time arrives_at;  /* at the store */
    struct mono_time answered_at; /* at the client; NEVER until it is known, or when it is lost */
    struct mono_time due;         /* the time-out */
    bool is_carried_out;

    struct ownership_answer answer;
    bool is_store_new; /* STALE, and the store does not know the shard */
    struct shard_lease former;
    struct store_record *records;
    struct listed_lease *leases;
    size_t listed;
};

struct model_client {
    struct ownership ownership; /* first: the one is the other */
    struct ownership_model_config config;
    struct model_operation *pending; /* in the order in which they were asked for */
    bool is_up;
    bool is_available; /* as the client was told */
    bool is_away;      /* and the client was told so */
    bool has_lease;
    bool has_lost_link; /* and was not told */
    bool is_closing;
    bool gave_up;    /* a silent store: it is tried again by itself */
    bool is_waiting; /* something was asked and nothing heard since |heard_at| */
    struct mono_time heard_at;
    struct mono_time retry_at;
    struct mono_time last_arrival; /* at the store, of what was sent */
    struct mono_time last_answer;
};

/* ownership_model_network.c: the store carries |operation| out at |now|, and knows the answer. */
void model_carry_out(struct ownership_network *network, struct model_operation *operation,
                     struct mono_time now);
/* ownership_model_network.c: puts |operation| on its way to the store. */
void model_travel(struct ownership_network *network, struct model_operation *operation);
void model_free_operation(struct model_operation *operation);

/* ownership_model.c: queues a copy of |asked|. */
enum err model_submit(struct ownership *ownership, struct turn_now now,
                      const struct model_operation *asked, ownership_done *done, void *context);
void model_flush(struct ownership *ownership);
bool model_is_available(const struct ownership *ownership);
void model_close(struct ownership *ownership);

/* ownership_model_operations.c */
extern const struct ownership_backend ownership_model_backend;

static inline struct mono_time model_later(struct mono_time a, struct mono_time b)
{
    return mono_time_before(a, b) ? b : a;
}

static inline struct mono_time model_earlier(struct mono_time a, struct mono_time b)
{
    return mono_time_before(a, b) ? a : b;
}

/* model_array: zeroed, one more than |count|; aborts when there is no memory. */
static inline void *model_array(size_t count, size_t size)
{
    void *ret = calloc(count + 1, size);
    if (!ret)
        abort();
    return ret;
}

#endif
