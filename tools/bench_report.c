/* bench_report.c — what relay-bench prints: for people, or as JSON. */
#include "bench_report.h"

#include "json_writer.h"

#include <inttypes.h>

static const char *const way_names[BENCH_WAYS] = {"up", "down"};

static const char *direction_name(enum bench_direction direction)
{
    return direction == BENCH_UP ? "up" : direction == BENCH_DOWN ? "down" : "both";
}

static uint32_t made(const struct bench_report *report)
{
    return report->clients->made;
}

double bench_report_setups_per_sec(const struct bench_report *report)
{
    uint64_t nsec = report->clients->setup_nsec;
    return nsec ? made(report) * 1e9 / (double)nsec : 0;
}

double bench_report_deletes_per_sec(const struct bench_report *report)
{
    uint64_t nsec = report->clients->delete_nsec;
    return nsec ? report->clients->deleted * 1e9 / (double)nsec : 0;
}

/* Microseconds of a processor for each of |count| between two readings. */
static double cpu_usec(const struct process_usage *before, const struct process_usage *after,
                       uint64_t count)
{
    return after->cpu_nsec > before->cpu_nsec && count
               ? (double)(after->cpu_nsec - before->cpu_nsec) / 1000 / (double)count
               : 0;
}

double bench_report_setup_cpu_usec(const struct bench_report *report)
{
    return cpu_usec(&report->before_setup, &report->after_setup, made(report));
}

double bench_report_delete_cpu_usec(const struct bench_report *report)
{
    return cpu_usec(&report->before_delete, &report->after_delete, report->clients->deleted);
}

double bench_report_allocation_bytes(const struct bench_report *report)
{
    uint64_t before = report->before_setup.resident_bytes;
    uint64_t after = report->after_setup.resident_bytes;
    return after > before && made(report) ? (double)(after - before) / made(report) : 0;
}

double bench_report_packet_cpu_usec(const struct bench_report *report)
{
    return cpu_usec(&report->before_traffic, &report->after_traffic,
                    report->result ? bench_result_received(report->result) : 0);
}

static double usec(const struct histogram *histogram, double quantile)
{
    return (double)histogram_quantile(histogram, quantile) / 1000;
}

static void way_text(const struct bench_result *result, enum bench_way way, FILE *out)
{
    const struct bench_way_result *w = &result->ways[way];
    const struct histogram *latency = &w->latency_nsec;
    double lost = w->sent > w->received ? (double)(w->sent - w->received) : 0;
    if (w->sent == 0)
        return;
    fprintf(out,
            "%-5s %" PRIu64 " sent, %" PRIu64 " received, %.3f %% lost; latency p50/p99/p99.9/max "
            "%.0f/%.0f/%.0f/%.0f us\n",
            way_names[way], w->sent, w->received, 100 * lost / (double)w->sent, usec(latency, 0.5),
            usec(latency, 0.99), usec(latency, 0.999), (double)latency->max / 1000);
    if (w->corrupt || w->misdelivered || w->duplicates || w->reordered)
        fprintf(out,
                "      %" PRIu64 " corrupt, %" PRIu64 " misdelivered, %" PRIu64 " twice, %" PRIu64
                " out of order\n",
                w->corrupt, w->misdelivered, w->duplicates, w->reordered);
}

static void traffic_text(const struct bench_report *report, FILE *out)
{
    const struct bench_result *result = report->result;
    fprintf(out, "relayed: %.0f packets/s, %.1f Mbit/s of payload, %.3f %% lost, in %.2f s",
            bench_result_rate(result), bench_result_rate(result) * report->plan->payload * 8 / 1e6,
            100 * bench_result_loss(result), (double)result->nsec / 1e9);
    if (report->rate > 0)
        fprintf(out, ", sent at %.0f packets/s", report->rate);
    if (report->trials > 0)
        fprintf(out, ", the highest of %u rates tried", report->trials);
    fputs("\n", out);
    for (int way = 0; way < BENCH_WAYS; way++)
        way_text(result, (enum bench_way)way, out);
    if (result->missed || result->not_sent)
        fprintf(out,
                "this process was too slow for %" PRIu64
                " packets, and the kernel refused to send %" PRIu64 "\n",
                result->missed, result->not_sent);
}

void bench_report_text(const struct bench_report *report, FILE *out)
{
    const struct bench_clients *clients = report->clients;
    const struct histogram *allocate = &clients->allocate_nsec;
    fprintf(out, "set-up: %" PRIu32 " allocations with %" PRIu32 " channels each, %.0f/s",
            made(report), report->plan->channels, bench_report_setups_per_sec(report));
    fprintf(out, "; Allocate p50/p99 %.0f/%.0f us; %" PRIu64 " requests sent again\n",
            usec(allocate, 0.5), usec(allocate, 0.99), clients->retransmissions);
    if (report->result)
        traffic_text(report, out);
    fprintf(out, "deletion: %" PRIu32 " allocations, %.0f/s\n", clients->deleted,
            bench_report_deletes_per_sec(report));
    if (report->plan->server_pid) {
        fprintf(out,
                "server: %.1f us CPU and %.0f bytes resident for an allocation, %.1f us CPU to "
                "delete it",
                bench_report_setup_cpu_usec(report), bench_report_allocation_bytes(report),
                bench_report_delete_cpu_usec(report));
        if (report->result)
            fprintf(out, "; %.2f us CPU for a relayed packet",
                    bench_report_packet_cpu_usec(report));
        fputs("\n", out);
    }
    if (report->is_interrupted)
        fputs("interrupted\n", out);
}

static void way_json(struct json_writer *json, const struct bench_way_result *w, const char *name)
{
    json_begin_object(json, name);
    json_u64(json, "sent", w->sent);
    json_u64(json, "received", w->received);
    json_u64(json, "duplicates", w->duplicates);
    json_u64(json, "reordered", w->reordered);
    json_u64(json, "corrupt", w->corrupt);
    json_u64(json, "misdelivered", w->misdelivered);
    json_number(json, "latency_p50_usec", usec(&w->latency_nsec, 0.5), 1);
    json_number(json, "latency_p99_usec", usec(&w->latency_nsec, 0.99), 1);
    json_number(json, "latency_p999_usec", usec(&w->latency_nsec, 0.999), 1);
    json_number(json, "latency_max_usec", (double)w->latency_nsec.max / 1000, 1);
    json_end_object(json);
}

static void traffic_json(struct json_writer *json, const struct bench_report *report)
{
    const struct bench_result *result = report->result;
    json_begin_object(json, "traffic");
    json_number(json, "seconds", (double)result->nsec / 1e9, 3);
    json_number(json, "asked_packets_per_sec", report->rate, 0);
    json_u64(json, "trials", report->trials);
    json_number(json, "packets_per_sec", bench_result_rate(result), 1);
    json_number(json, "loss", bench_result_loss(result), 6);
    json_u64(json, "missed", result->missed);
    json_u64(json, "not_sent", result->not_sent);
    for (int way = 0; way < BENCH_WAYS; way++)
        way_json(json, &result->ways[way], way_names[way]);
    json_end_object(json);
}

/* One object for each flow and way; the relay port tells which shard has its allocation. */
static void flows_json(struct json_writer *json, const struct bench_report *report)
{
    struct bench_flow flow;
    json_begin_array(json, "flows");
    for (int way = 0; way < BENCH_WAYS; way++)
        for (uint32_t i = 0; bench_traffic_flow(report->traffic, (enum bench_way)way, i, &flow);
             i++) {
            if (flow.sent == 0)
                continue;
            json_begin_object(json, NULL);
            json_text(json, "way", way_names[way]);
            json_u64(json, "relay_port", report->clients->clients[flow.allocation].relayed.port);
            json_u64(json, "channel", flow.channel);
            json_u64(json, "sent", flow.sent);
            json_u64(json, "received", flow.received);
            json_number(json, "longest_gap_msec", (double)flow.longest_gap_nsec / 1e6, 3);
            json_end_object(json);
        }
    json_end_array(json);
}

void bench_report_json(const struct bench_report *report, FILE *out)
{
    const struct bench_plan *plan = report->plan;
    const struct bench_clients *clients = report->clients;
    struct json_writer json = json_writer_to(out);
    json_begin_object(&json, NULL);
    json_u64(&json, "allocations", plan->allocations);
    json_u64(&json, "channels_per_allocation", plan->channels);
    json_u64(&json, "payload", plan->payload);
    json_u64(&json, "train", plan->train);
    json_bool(&json, "offload", plan->offload);
    json_bool(&json, "mixed", plan->is_mixed);
    json_text(&json, "direction", direction_name(plan->direction));
    json_bool(&json, "interrupted", report->is_interrupted);
    json_begin_object(&json, "setup");
    json_u64(&json, "made", made(report));
    json_u64(&json, "failed", clients->failed);
    json_u64(&json, "deleted", clients->deleted);
    json_u64(&json, "retransmissions", clients->retransmissions);
    json_number(&json, "seconds", (double)clients->setup_nsec / 1e9, 6);
    json_number(&json, "per_sec", bench_report_setups_per_sec(report), 1);
    json_number(&json, "deletes_per_sec", bench_report_deletes_per_sec(report), 1);
    json_number(&json, "allocate_p50_usec", usec(&clients->allocate_nsec, 0.5), 1);
    json_number(&json, "allocate_p99_usec", usec(&clients->allocate_nsec, 0.99), 1);
    json_end_object(&json);
    if (report->result)
        traffic_json(&json, report);
    if (report->result && report->traffic)
        flows_json(&json, report);
    if (plan->server_pid) {
        json_begin_object(&json, "server");
        json_number(&json, "setup_cpu_usec", bench_report_setup_cpu_usec(report), 2);
        json_number(&json, "delete_cpu_usec", bench_report_delete_cpu_usec(report), 2);
        json_number(&json, "allocation_bytes", bench_report_allocation_bytes(report), 0);
        json_number(&json, "packet_cpu_usec", bench_report_packet_cpu_usec(report), 3);
        json_end_object(&json);
    }
    json_end_object(&json);
}
