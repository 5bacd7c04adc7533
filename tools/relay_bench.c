/* relay_bench.c — relay-bench: sets up, sends, tears down and reports. */
#include "bench_clients.h"
#include "bench_options.h"
#include "bench_report.h"
#include "bench_traffic.h"
#include "command_line.h"
#include "process_usage.h"
#include "rate_search.h"
#include "stop_signal.h"
#include "stun_error.h"
#include "stun_message.h"
#include "system_clock.h"
#include "system_random.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define PROGRAM "relay-bench"

enum {
    DESCRIPTORS_BESIDE = 32, /* standard streams, epoll, and room */
    RATE_FIRST = 20000,
    RATE_LEAST = 100,
    RATE_MOST = 10000000,
};

#define RATE_PRECISION 0.03
/* A trial in which less than this part of the packets could be sent was not at its rate. */
#define RATE_REACHED   0.98

static struct bench_report report;
static struct bench_result result;

/* Room for a descriptor of each allocation and channel number, or a message and false. */
static bool raise_descriptors(const struct bench_plan *plan)
{
    struct rlimit limit;
    rlim_t wanted = (rlim_t)plan->allocations + plan->channels + DESCRIPTORS_BESIDE;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return false;
    if (limit.rlim_cur >= wanted)
        return true;
    struct rlimit higher = {.rlim_cur = wanted,
                            .rlim_max = limit.rlim_max > wanted ? limit.rlim_max : wanted};
    if (setrlimit(RLIMIT_NOFILE, &higher) == 0)
        return true;
    fprintf(stderr,
            PROGRAM ": --allocations: \"%u\": %llu open files are needed, the limit is %llu\n",
            plan->allocations, (unsigned long long)wanted, (unsigned long long)limit.rlim_max);
    return false;
}

static bool measure(const struct bench_plan *plan, struct process_usage *ret)
{
    if (plan->server_pid == 0 || process_usage_read(plan->server_pid, ret) == ERR_OK)
        return true;
    fprintf(stderr, PROGRAM ": --server-pid: \"%d\": there is no such process\n",
            (int)plan->server_pid);
    return false;
}

static void run_once(const struct bench_plan *plan, struct bench_traffic *traffic,
                     struct bench_clients *clients, double rate)
{
    (void)measure(plan, &report.before_traffic);
    bench_traffic_run(traffic, clients, rate, (uint64_t)plan->duration_sec * 1000000000, &result);
    (void)measure(plan, &report.after_traffic);
    report.result = &result;
    report.rate = rate;
}

static enum rate_outcome judge(const struct bench_plan *plan, double rate)
{
    if (bench_result_loss(&result) > plan->max_loss)
        return RATE_FAILED;
    double possible = rate * (double)result.nsec / 1e9;
    return (double)(result.missed + result.not_sent) > (1 - RATE_REACHED) * possible
               ? RATE_NOT_REACHED
               : RATE_PASSED;
}

/* Tries rates, and leaves the best one in the report. */
static void search_rate(const struct bench_plan *plan, struct bench_traffic *traffic,
                        struct bench_clients *clients)
{
    static struct bench_report best;
    static struct bench_result best_result;
    struct rate_search search;
    double rate;
    unsigned trials = 0;
    rate_search_start(&search, RATE_LEAST, RATE_FIRST, RATE_MOST, RATE_PRECISION);
    while (!stop_signal_came() && rate_search_next(&search, &rate)) {
        run_once(plan, traffic, clients, rate);
        enum rate_outcome outcome = judge(plan, rate);
        trials++;
        if (outcome == RATE_PASSED || trials == 1) {
            best = report;
            best_result = result;
        }
        rate_search_report(&search, outcome);
    }
    if (trials == 0)
        return;
    result = best_result;
    report = best;
    report.result = &result;
    report.trials = trials;
}

static void hold(const struct bench_plan *plan, struct bench_clients *clients)
{
    uint64_t end = system_nsec() + (uint64_t)plan->hold_sec * 1000000000;
    while (system_nsec() < end && !stop_signal_came())
        bench_clients_serve(clients);
}

static const char *method_name(uint16_t method)
{
    return method == TURN_ALLOCATE       ? "Allocate"
           : method == TURN_CHANNEL_BIND ? "ChannelBind"
                                         : "Refresh";
}

static void explain(const struct bench_plan *plan, const struct bench_clients *clients)
{
    char why[TURN_RESULT_TEXT_MAX], server[TRANSPORT_ADDR_TEXT_MAX];
    if (clients->failed == 0)
        return;
    fprintf(stderr, PROGRAM ": %u of %u clients got no allocation of %s: %s: %s%s\n",
            clients->failed, plan->allocations, transport_addr_format(&plan->server, server),
            method_name(clients->first_failure_method),
            turn_result_text(&clients->first_failure, why),
            clients->first_failure.code == STUN_FORBIDDEN
                ? ": it has to allow peers on this host, --allow-peer"
                : "");
}

/* Every datagram that came was whole, once there, and at the right place. */
static bool all_sound(void)
{
    for (int way = 0; way < BENCH_WAYS; way++)
        if (result.ways[way].corrupt || result.ways[way].misdelivered)
            return false;
    return true;
}

/* From set-up to the end of the allocations. True when it went as it should. */
static bool bench(const struct bench_plan *plan, struct bench_traffic *traffic,
                  struct bench_clients *clients)
{
    report.plan = plan;
    report.clients = clients;
    if (!measure(plan, &report.before_setup))
        return false;
    bool ok = bench_clients_set_up(clients);
    (void)measure(plan, &report.after_setup);
    if (ok && !plan->setup_only) {
        if (plan->load == BENCH_MAX_LOSS)
            search_rate(plan, traffic, clients);
        else
            run_once(plan, traffic, clients, plan->load == BENCH_FLOOD ? 0 : plan->rate);
    }
    if (ok)
        hold(plan, clients);
    explain(plan, clients);
    (void)measure(plan, &report.before_delete);
    bench_clients_tear_down(clients);
    (void)measure(plan, &report.after_delete);
    report.is_interrupted = stop_signal_came();
    return (ok || report.is_interrupted) && all_sound();
}

static bool run(const struct bench_plan *plan, bool json, bool per_flow)
{
    struct bench_traffic *traffic = NULL;
    static struct bench_clients clients = {.epoll = -1};
    struct turn_client_config config = {
        .username = plan->username, .password = plan->password, .random = system_random};
    struct transport_addr *peers = calloc(plan->channels, sizeof *peers);
    bool ok = false;
    enum err err = peers ? crypto_new(&config.crypto) : ERR_NO_MEMORY;
    if (err == ERR_OK)
        err = bench_traffic_new(plan, peers, &traffic);
    if (err == ERR_OK)
        err = bench_clients_open(&clients, plan, &config, peers);
    if (err == ERR_OK) {
        ok = bench(plan, traffic, &clients);
        report.traffic = per_flow ? traffic : NULL;
        if (clients.made > 0) {
            if (json)
                bench_report_json(&report, stdout);
            else
                bench_report_text(&report, stdout);
        }
    } else {
        fprintf(stderr, PROGRAM ": sockets cannot be opened: %s\n",
                err == ERR_IO ? strerror(errno) : err_name(err));
    }
    bench_clients_close(&clients);
    bench_traffic_free(traffic);
    crypto_free(config.crypto);
    free(peers);
    return ok;
}

int main(int argc, char **argv)
{
    static struct bench_options options;
    static struct bench_plan plan;
    static struct credential credential;
    int code;
    if (!bench_options_read(argc, argv, &options, &plan, &credential, &code))
        return command_line_end(PROGRAM, code);
    stop_signal_catch();
    bool ok = raise_descriptors(&plan) && run(&plan, options.json, options.per_flow);
    crypto_wipe(&credential, sizeof credential);
    return command_line_end(PROGRAM, ok ? EXIT_SUCCESS : EXIT_FAILURE);
}
