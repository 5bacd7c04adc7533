/* ping_print.c — the report of relayctl ping as text and as JSON. */
#include "ping.h"

#include "json_writer.h"

#include <inttypes.h>

static double msec(uint64_t nsec)
{
    return (double)nsec / 1e6;
}

static double loss_percent(const struct ping_direction *direction)
{
    return direction->sent == 0
               ? 0
               : 100.0 * (double)(direction->sent - direction->returned) / (double)direction->sent;
}

static const char *const names[2] = {"a to b", "b to a"};

void ping_print_text(const struct ping_plan *plan, const struct ping_report *report, FILE *out)
{
    char server[TRANSPORT_ADDR_TEXT_MAX], a[TRANSPORT_ADDR_TEXT_MAX], b[TRANSPORT_ADDR_TEXT_MAX];
    if (report->relayed[1].family == IP_FAMILY_NONE)
        return;
    fprintf(out, "%s relays for a from %s and for b from %s\n",
            transport_addr_format(&plan->server, server),
            transport_addr_format(&report->relayed[0], a),
            transport_addr_format(&report->relayed[1], b));
    for (int i = 0; i < 2; i++) {
        const struct ping_direction *direction = &report->directions[i];
        const struct histogram *times = &direction->round_trip_nsec;
        fprintf(
            out,
            "%s and back: %" PRIu64 " sent, %" PRIu64 " returned, %.1f %% lost; %" PRIu32 " bytes",
            names[i], direction->sent, direction->returned, loss_percent(direction), plan->size);
        if (times->count > 0)
            fprintf(out, "; round trip min/avg/p99/max %.3f/%.3f/%.3f/%.3f ms", msec(times->min),
                    histogram_mean(times) / 1e6, msec(histogram_quantile(times, 0.99)),
                    msec(times->max));
        if (direction->corrupt > 0)
            fprintf(out, "; %" PRIu64 " corrupt", direction->corrupt);
        fputc('\n', out);
    }
}

void ping_print_json(const struct ping_plan *plan, const struct ping_report *report, FILE *out)
{
    char text[TRANSPORT_ADDR_TEXT_MAX];
    struct json_writer json = json_writer_to(out);
    json_begin_object(&json, NULL);
    json_text(&json, "server", transport_addr_format(&plan->server, text));
    if (report->relayed[1].family != IP_FAMILY_NONE) {
        json_u64(&json, "bytes", plan->size);
        json_begin_array(&json, "directions");
        for (int i = 0; i < 2; i++) {
            const struct ping_direction *direction = &report->directions[i];
            const struct histogram *times = &direction->round_trip_nsec;
            json_begin_object(&json, NULL);
            json_text(&json, "direction", names[i]);
            json_text(&json, "relayed", transport_addr_format(&report->relayed[i], text));
            json_u64(&json, "sent", direction->sent);
            json_u64(&json, "returned", direction->returned);
            json_u64(&json, "corrupt", direction->corrupt);
            json_number(&json, "loss_percent", loss_percent(direction), 3);
            if (times->count > 0) {
                json_begin_object(&json, "round_trip_ms");
                json_number(&json, "min", msec(times->min), 4);
                json_number(&json, "avg", histogram_mean(times) / 1e6, 4);
                json_number(&json, "p99", msec(histogram_quantile(times, 0.99)), 4);
                json_number(&json, "max", msec(times->max), 4);
                json_end_object(&json);
            }
            json_end_object(&json);
        }
        json_end_array(&json);
    }
    if (report->problem[0] != '\0')
        json_text(&json, "problem", report->problem);
    json_end_object(&json);
}
