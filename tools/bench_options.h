/* bench_options.h — the command line of relay-bench, one table. */
#ifndef RELAY_BENCH_OPTIONS_H
#define RELAY_BENCH_OPTIONS_H

#include "bench_plan.h"
#include "credential.h"
#include "option_table.h"
#include "secret_source.h"

struct bench_options {
    struct secret_options secret;
    const char *username;
    const char *password;
    unsigned scheme;
    unsigned direction;
    struct transport_addr server;
    struct transport_addr peer;
    uint32_t allocations;
    uint32_t channels;
    uint32_t payload;
    uint32_t train;
    bool offload;
    bool mixed;
    uint32_t rate;
    bool flood;
    double max_loss; /* percent; negative: not given */
    uint32_t duration_sec;
    uint32_t hold_sec;
    uint32_t server_pid;
    bool setup_only;
    bool per_flow;
    bool json;
};

/*
 * bench_options_read reads the command line into |ret| and |ret_plan|, whose username and password
 * are views of |ret_credential| when they were made from this host's secret. True when the
 * program goes on; else |ret_exit| is its exit code, and why has been printed.
 */
bool bench_options_read(int argc, char **argv, struct bench_options *ret,
                        struct bench_plan *ret_plan, struct credential *ret_credential,
                        int *ret_exit);

#endif
