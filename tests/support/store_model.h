/* store_model.h — what the ownership registry keeps, in memory, as coord/scripts/ keep it in Redis.
 *
 * No network and no clock: each operation is carried out at once, at the store's own time
 * |now|. Times come as in the scripts: how long until something ends. ownership_model.h puts
 * clients and a network in front of it.
 */
#ifndef RELAY_TESTS_STORE_MODEL_H
#define RELAY_TESTS_STORE_MODEL_H

#include "ownership.h"

struct store_lease {
    struct shard_lease lease; /* the last one, with its epoch */
    struct mono_time until;   /* live until then */
};

/* An allocation, or what is recorded beneath one. */
struct store_record {
    struct turn_record record;
    struct owner owner;
    uint64_t epoch;         /* allocation: of the claim */
    struct mono_time until; /* allocation: it is in the quota of its username until then, and
                               recorded STORE_LINGER_SEC longer, with all beneath */
};

enum { STORE_LINGER_SEC = 60 };

/* An index entry: relay port of a host. */
struct store_port {
    char host[HOST_NAME_MAX_LEN + 1];
    uint16_t port;
    struct five_tuple five_tuple;
};

struct store_model {
    struct store_lease *leases;
    size_t lease_count;
    struct store_record *records; /* an allocation stands before what is beneath it */
    size_t record_count;
    struct store_port *ports;
    size_t port_count;
};

void store_model_deinit(struct store_model *store);

/* store_model_flush: FLUSHALL. */
void store_model_flush(struct store_model *store);

/* store_model_expire removes what is over at |now|; every operation does so first. */
void store_model_expire(struct store_model *store, struct mono_time now);

/* What the scripts of the same names do. |usec| is the time to the end of what is written. */
enum ownership_outcome store_take_lease(struct store_model *store, struct turn_now now,
                                        const struct shard_lease *lease, int64_t usec,
                                        struct ownership_answer *ret, struct shard_lease *former);
/* Renews a lease, or ends it when |usec| is 0. |ret_is_known|: the store remembers the shard. */
enum ownership_outcome store_write_lease(struct store_model *store, struct turn_now now,
                                         const struct shard_lease *lease, int64_t usec,
                                         bool *ret_is_known);

/* A write of a record. */
struct store_write {
    struct ownership_writer writer;
    struct turn_record record;
    int64_t usec;
    uint32_t quota;
    bool keep;
};
enum ownership_outcome store_claim(struct store_model *store, struct turn_now now,
                                   const struct store_write *write, struct owner *ret_holder,
                                   bool *ret_is_known);
enum ownership_outcome store_record(struct store_model *store, struct turn_now now,
                                    const struct store_write *write, struct owner *ret_holder,
                                    bool *ret_is_known);
enum ownership_outcome store_forget(struct store_model *store, struct turn_now now,
                                    const struct store_write *write, struct owner *ret_holder,
                                    bool *ret_is_known);

/* store_find: the allocation of |five_tuple|, NULL when there is none. */
const struct store_record *store_find(struct store_model *store, struct mono_time now,
                                      const struct five_tuple *five_tuple);
/* store_find_port: that of a relay port of |host|. */
const struct store_record *store_find_port(struct store_model *store, struct mono_time now,
                                           const char *host, uint16_t port);
bool store_is_live(const struct store_model *store, struct mono_time now,
                   const struct owner *owner);

#endif
