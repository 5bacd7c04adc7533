/* bench_plan.h — what a run of relay-bench is to do. */
#ifndef RELAY_BENCH_PLAN_H
#define RELAY_BENCH_PLAN_H

#include "bytes.h"
#include "transport_addr.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum bench_direction {
    BENCH_UP = 1,   /* client to peer */
    BENCH_DOWN = 2, /* peer to client */
    BENCH_BOTH = BENCH_UP | BENCH_DOWN,
};

enum bench_load {
    BENCH_RATE,     /* |rate| */
    BENCH_FLOOD,    /* as fast as this process can */
    BENCH_MAX_LOSS, /* as fast as loss stays under |max_loss| */
};

enum { BENCH_PAYLOAD_MAX = 1472 - 4, BENCH_TRAIN_MAX = 64 };

struct bench_plan {
    struct transport_addr server;
    struct transport_addr peer; /* where the peers are, port 0 */
    struct bytes username;
    struct bytes password;
    uint32_t allocations;
    uint32_t channels; /* of each allocation */
    enum bench_direction direction;
    enum bench_load load;
    double rate;      /* datagrams per second, of both directions together */
    double max_loss;  /* a fraction */
    uint32_t payload; /* bytes, PAYLOAD_HEADER_LEN..BENCH_PAYLOAD_MAX */
    uint32_t train;   /* datagrams of one flow in a row */
    bool offload;     /* sent and received as one message: UDP_SEGMENT, UDP_GRO */
    bool is_mixed;    /* after each train as many single datagrams, each of the flow after */
    uint32_t duration_sec;
    uint32_t hold_sec; /* after the traffic, before the allocations are deleted */
    bool setup_only;
    pid_t server_pid; /* 0: not given */
};

#endif
