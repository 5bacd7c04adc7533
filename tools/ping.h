/* ping.h — two allocations on a relay that talk to each other, for relayctl ping.
 *
 *     a ──► relay: a's relayed address ──► b's relayed address ──► b, which sends it back
 *
 * and the same from b. So each round trip crosses the relay four times.
 */
#ifndef RELAY_PING_H
#define RELAY_PING_H

#include "histogram.h"
#include "turn_client.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum {
    PING_SIZE_MIN = 32, /* the header of payload.h */
    PING_SIZE_MAX = 9000,
    PING_PROBLEM_MAX = 512,
};

struct ping_plan {
    struct transport_addr server;
    struct bytes username;
    struct bytes password;
    bool own_secret; /* the credentials were made from this host's secret */
    uint32_t count;  /* round trips in each direction, at least 1 */
    uint32_t interval_msec;
    uint32_t size; /* bytes of payload */
};

struct ping_direction {
    uint64_t sent;
    uint64_t returned;
    uint64_t corrupt;
    struct histogram round_trip_nsec;
};

/* About 40 KiB: not for the stack. */
struct ping_report {
    struct transport_addr relayed[2];    /* of a and b; family NONE when not allocated */
    struct ping_direction directions[2]; /* begun by a, begun by b */
    char problem[PING_PROBLEM_MAX];      /* one sentence; "" when nothing is wrong */
};

/* ping_run carries out |plan|. True when every datagram came back. SIGINT ends it early. */
bool ping_run(const struct ping_plan *plan, struct ping_report *ret);

/* What ping was doing when a request failed. */
enum ping_stage { PING_ALLOCATE, PING_CHANNEL_BIND };

/* What is known of the failure beside the answer. */
struct ping_failure {
    enum ping_stage stage;
    const struct turn_result *result;
    bool refused;               /* ICMP port unreachable came */
    int send_errno;             /* sending failed, 0 = it did not */
    struct transport_addr peer; /* with PING_CHANNEL_BIND */
    struct transport_addr server;
    bool own_secret;
};

/* ping_explain writes one sentence on what is wrong and what to do. Returns |text|. Pure. */
char *ping_explain(const struct ping_failure *failure, char text[static PING_PROBLEM_MAX]);

/* ping_print_text and _json print |report|. The problem goes to the end of it. */
void ping_print_text(const struct ping_plan *plan, const struct ping_report *report, FILE *out);
void ping_print_json(const struct ping_plan *plan, const struct ping_report *report, FILE *out);

#endif
