/* host_fixture.h — a few simulated shards of one host, step by step, for unit tests.
 *
 * The processes are those of the simulation (process.h), and so is the registry
 * (ownership_model.h): its messages take |delay_usec| each way, or are lost.
 */
#ifndef RELAY_TESTS_HOST_FIXTURE_H
#define RELAY_TESTS_HOST_FIXTURE_H

#include "process.h"
#include "server_setup.h"
#include "test_client.h"

enum { HOST_SHARDS_MAX = 4, HOST_CLIENTS = 4, HOST_NO_ANSWER = -1 };

struct host_shard {
    struct process *process;
    bool is_paused;
    struct datagram_queue listener;
    struct datagram_queue redirected;
};

struct host {
    struct choices choices;
    struct crypto *crypto;
    struct server_setup setup;
    struct ownership_network network;
    struct mono_time now;
    int64_t delay_usec; /* or OWNERSHIP_MODEL_LOST */
    bool is_direct;
    uint32_t quota;
    uint32_t shards; /* that processes are told of when they start */
    uint64_t serials;
    uint16_t taken_port; /* somebody else on the host has it; 0 = none */
    struct host_shard slots[HOST_SHARDS_MAX];
    struct test_client clients[HOST_CLIENTS];
    int error; /* of the last answer, 0 = success */
    unsigned answers;
    unsigned relayed;     /* datagrams to peers */
    unsigned handed_over; /* between shards */
    uint32_t handed_to;
};

/* host_init makes a host with relay ports 50000 to 50023 for |shards| shards, none of them started
 * yet. */
void host_init(struct host *host, uint32_t shards);
void host_deinit(struct host *host);

/* host_start starts the process of |shard|, and host_kill is SIGKILL. host_link takes its way to
 * the registry or gives it. */
void host_start(struct host *host, uint32_t shard);
void host_kill(struct host *host, uint32_t shard);
void host_link(struct host *host, uint32_t shard, bool is_up);

/* host_run lets |msec| pass. */
void host_run(struct host *host, int64_t msec);
/* host_pause lets them pass while |shard| stands still. */
void host_pause(struct host *host, uint32_t shard, int64_t msec);

/* host_ask sends a request of |client| to |shard| and gives the answer's error, 0 for success, or
 * HOST_NO_ANSWER after half a second. host_allocate gets a nonce before, if it needs one. */
int host_ask(struct host *host, unsigned client, uint32_t shard, uint16_t method,
             const struct attr *attrs);
int host_allocate(struct host *host, unsigned client, uint32_t shard);
/* host_bind binds channel 0x4000, and host_send sends data through it. */
int host_bind(struct host *host, unsigned client, uint32_t shard);
void host_send(struct host *host, unsigned client, uint32_t shard);

/* host_has: |shard| has an allocation of |client|. */
bool host_has(const struct host *host, uint32_t shard, unsigned client);
/* host_owner: whom the registry has for |client|; -1 when nobody. */
int host_owner(struct host *host, unsigned client);
uint64_t host_count(const struct host *host, uint32_t shard, size_t counter);

#endif
