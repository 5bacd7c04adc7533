/* bench_report.h — what relay-bench prints: for people, or as JSON. */
#ifndef RELAY_BENCH_REPORT_H
#define RELAY_BENCH_REPORT_H

#include "bench_clients.h"
#include "bench_traffic.h"
#include "process_usage.h"

#include <stdio.h>

struct bench_report {
    const struct bench_plan *plan;
    const struct bench_clients *clients;
    const struct bench_result *result;   /* NULL: no traffic was sent */
    const struct bench_traffic *traffic; /* NULL: nothing is said of each flow */
    double rate;                         /* that |result| was asked for; 0: flood */
    unsigned trials;                     /* of the search for the highest rate */
    bool is_interrupted;
    /* With plan->server_pid: before the first request, after set-up, and around the traffic and the
     * deletions. */
    struct process_usage before_setup;
    struct process_usage after_setup;
    struct process_usage before_traffic;
    struct process_usage after_traffic;
    struct process_usage before_delete;
    struct process_usage after_delete;
};

/* bench_report_setups_per_sec counts the whole set-up: 401, Allocate and every ChannelBind. */
double bench_report_setups_per_sec(const struct bench_report *report);
double bench_report_deletes_per_sec(const struct bench_report *report);
/* Of the server, for one allocation with its channels: CPU microseconds to make it and to delete
 * it, resident bytes; and CPU microseconds for one relayed datagram. 0 when they are not known. */
double bench_report_setup_cpu_usec(const struct bench_report *report);
double bench_report_delete_cpu_usec(const struct bench_report *report);
double bench_report_allocation_bytes(const struct bench_report *report);
double bench_report_packet_cpu_usec(const struct bench_report *report);

void bench_report_text(const struct bench_report *report, FILE *out);
void bench_report_json(const struct bench_report *report, FILE *out);

#endif
