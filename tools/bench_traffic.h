/* bench_traffic.h — checked datagrams through every channel, both ways, at a rate or a flood.
 *
 *     up     client socket ─ ChannelData ─► server ─► peer socket
 *     down   peer socket ─► relayed address of the server ─ ChannelData ─► client socket
 *
 * Each payload names its run, flow and order number and has a checksum (payload.h), so
 * only what came whole, once, and to whom it was sent counts as received.
 */
#ifndef RELAY_BENCH_TRAFFIC_H
#define RELAY_BENCH_TRAFFIC_H

#include "bench_clients.h"
#include "histogram.h"

#include <stdbool.h>

enum bench_way { BENCH_WAY_UP, BENCH_WAY_DOWN, BENCH_WAYS };

struct bench_way_result {
    uint64_t sent;
    uint64_t received;
    uint64_t duplicates;
    uint64_t reordered;    /* received, but after a later one of their flow */
    uint64_t corrupt;      /* the checksum is wrong */
    uint64_t misdelivered; /* whole, but somebody else's */
    struct histogram latency_nsec;
};

struct bench_result {
    struct bench_way_result ways[BENCH_WAYS];
    uint64_t nsec;     /* that was sent for */
    uint64_t not_sent; /* the kernel did not take them */
    uint64_t missed;   /* due at the given rate, but this process was too slow */
};

/* What came of one channel of an allocation, one way, in the last run. */
struct bench_flow {
    uint32_t allocation;
    uint32_t channel;
    uint64_t sent;
    uint64_t received;
    uint64_t longest_gap_nsec; /* between two that came one after the other */
};

struct bench_traffic;

/*
 * bench_traffic_new opens the peers' sockets, one for each channel number, and fills |peers|,
 * plan->channels of them, with their addresses. |plan| must outlive it.
 *   ERR_OK, ERR_NO_MEMORY, ERR_IO with errno set.
 */
enum err bench_traffic_new(const struct bench_plan *plan, struct transport_addr *peers,
                           struct bench_traffic **ret) MUST_CHECK;
void bench_traffic_free(struct bench_traffic *traffic);

/*
 * bench_traffic_run sends for |nsec|, at |rate| datagrams a second (0: flood), waits for the
 * last ones, and says in |ret| what came of it. Ends early on a stop signal. |clients|
 * must have been set up.
 */
void bench_traffic_run(struct bench_traffic *traffic, struct bench_clients *clients, double rate,
                       uint64_t nsec, struct bench_result *ret);

/* bench_traffic_flow tells about flow |index|: false when there are not so many. */
bool bench_traffic_flow(const struct bench_traffic *traffic, enum bench_way way, uint32_t index,
                        struct bench_flow *ret);

/* bench_result_lost counts what was sent and not received, both ways; bench_result_loss is its
 * fraction of what was sent, 0 when nothing was. */
uint64_t bench_result_lost(const struct bench_result *result);
double bench_result_loss(const struct bench_result *result);
/* bench_result_received counts both ways; bench_result_rate is that per second. */
uint64_t bench_result_received(const struct bench_result *result);
double bench_result_rate(const struct bench_result *result);

#endif
