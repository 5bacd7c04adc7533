/* ping.c — two allocations on a relay that talk to each other, for relayctl ping. */
#include "ping.h"

#include "channel_data.h"
#include "payload.h"
#include "sequence_window.h"
#include "stop_signal.h"
#include "system_clock.h"
#include "system_random.h"
#include "turn_link.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

enum {
    CHANNEL = CHANNEL_NUMBER_MIN,
    RETURNING = 2, /* added to the direction, it marks the way back in a payload's flow */
    PACKET_MAX = CHANNEL_DATA_HEADER_LEN + PING_SIZE_MAX,
};

#define REQUEST_LIMIT_USEC (10 * USEC_PER_SEC)
#define DELETE_LIMIT_USEC  USEC_PER_SEC
/* How long to wait for the last datagrams. */
#define STRAGGLER_NSEC     UINT64_C(1000000000)

struct ping {
    const struct ping_plan *plan;
    struct ping_report *report;
    struct turn_link links[2]; /* a and b */
    struct sequence_window windows[2];
    uint32_t run;
    uint64_t sum; /* of the filler in |packet| */
    uint8_t packet[PACKET_MAX];
    uint8_t received[PACKET_MAX + 4];
};

/* Sends the payload of |stamp| through the channel of link |from|. What the kernel does not
 * take is lost, and shows as such. */
static void send_stamp(struct ping *ping, int from, const struct payload_stamp *stamp)
{
    channel_data_write_header(ping->packet, CHANNEL, (uint16_t)ping->plan->size);
    payload_write_header(ping->packet + CHANNEL_DATA_HEADER_LEN, stamp, ping->sum);
    (void)send(ping->links[from].fd, ping->packet, CHANNEL_DATA_HEADER_LEN + ping->plan->size, 0);
}

/* A payload came out of link |at|: send it back, or take the time that it took. */
static void handle_payload(struct ping *ping, int at, struct bytes payload)
{
    struct payload_stamp stamp;
    enum payload_verdict verdict = payload_read(payload, ping->run, &stamp);
    struct ping_direction *directions = ping->report->directions;
    if (verdict == PAYLOAD_CORRUPT || (verdict == PAYLOAD_GOOD && payload.len != ping->plan->size))
        directions[at].corrupt++;
    if (verdict != PAYLOAD_GOOD || payload.len != ping->plan->size)
        return;
    int other = 1 - at;
    if (stamp.flow == (uint32_t)other) {
        stamp.flow += RETURNING;
        send_stamp(ping, at, &stamp);
    } else if (stamp.flow == (uint32_t)at + RETURNING) {
        uint64_t skipped;
        if (sequence_window_add(&ping->windows[at], stamp.sequence, &skipped) == SEQUENCE_DUPLICATE)
            return;
        directions[at].returned++;
        histogram_add(&directions[at].round_trip_nsec, system_nsec() - stamp.sent_nsec);
    }
}

static void receive_all(struct ping *ping, int at)
{
    for (;;) {
        ssize_t len = recv(ping->links[at].fd, ping->received, sizeof ping->received, 0);
        if (len < 0 && errno == ECONNREFUSED)
            continue;
        if (len < 0)
            return;
        uint16_t number;
        struct bytes payload;
        if (channel_data_parse((struct bytes){ping->received, (size_t)len}, &number, &payload) &&
            number == CHANNEL)
            handle_payload(ping, at, payload);
    }
}

static bool all_returned(const struct ping *ping)
{
    const struct ping_direction *directions = ping->report->directions;
    return directions[0].returned == directions[0].sent &&
           directions[1].returned == directions[1].sent;
}

static void send_round(struct ping *ping, uint32_t round)
{
    for (int from = 0; from < 2; from++) {
        struct payload_stamp stamp = {.run = ping->run,
                                      .flow = (uint32_t)from,
                                      .sequence = round,
                                      .sent_nsec = system_nsec()};
        send_stamp(ping, from, &stamp);
        ping->report->directions[from].sent++;
    }
}

static void exchange(struct ping *ping)
{
    const struct ping_plan *plan = ping->plan;
    uint64_t interval_nsec = (uint64_t)plan->interval_msec * 1000000;
    uint64_t next_nsec = system_nsec();
    uint32_t round = 0;
    while (!stop_signal_came() && (round < plan->count || !all_returned(ping))) {
        uint64_t now = system_nsec();
        if (now >= next_nsec) {
            if (round == plan->count)
                return;
            send_round(ping, round++);
            next_nsec += round < plan->count ? interval_nsec : STRAGGLER_NSEC;
        }
        struct pollfd ready[2] = {{.fd = ping->links[0].fd, .events = POLLIN},
                                  {.fd = ping->links[1].fd, .events = POLLIN}};
        uint64_t wait_nsec = next_nsec > now ? next_nsec - now : 0;
        struct timespec timeout = {.tv_sec = (time_t)(wait_nsec / 1000000000),
                                   .tv_nsec = (long)(wait_nsec % 1000000000)};
        if (ppoll(ready, 2, &timeout, NULL) <= 0)
            continue;
        for (int at = 0; at < 2; at++) {
            if (ready[at].revents)
                receive_all(ping, at);
        }
    }
}

static bool request(struct ping *ping, int at, const struct turn_request *asked,
                    enum ping_stage stage)
{
    struct turn_link *link = &ping->links[at];
    if (turn_link_request(link, asked, REQUEST_LIMIT_USEC))
        return true;
    struct ping_failure failure = {
        .stage = stage,
        .result = &link->client.result,
        .refused = link->refused,
        .send_errno = link->send_errno,
        .peer = asked->peer,
        .server = ping->plan->server,
        .own_secret = ping->plan->own_secret,
    };
    ping_explain(&failure, ping->report->problem);
    return false;
}

static bool set_up(struct ping *ping, const struct turn_client_config *config)
{
    const struct ping_plan *plan = ping->plan;
    /* RFC 8656 §7.1: IPv4 is what an Allocate without a family asks for. */
    struct turn_request allocate = {
        .method = TURN_ALLOCATE,
        .family = plan->server.family == IP_FAMILY_V6 ? IP_FAMILY_V6 : IP_FAMILY_NONE,
    };
    for (int at = 0; at < 2; at++) {
        struct turn_link *link = &ping->links[at];
        if (turn_link_open(link, config, &plan->server) != ERR_OK) {
            struct ping_failure failure = {.result = &link->client.result,
                                           .send_errno = link->send_errno,
                                           .server = plan->server};
            ping_explain(&failure, ping->report->problem);
            return false;
        }
        if (!request(ping, at, &allocate, PING_ALLOCATE))
            return false;
        ping->report->relayed[at] = link->client.result.relayed;
    }
    for (int at = 0; at < 2; at++) {
        struct turn_request bind = {
            .method = TURN_CHANNEL_BIND, .channel = CHANNEL, .peer = ping->report->relayed[1 - at]};
        if (!request(ping, at, &bind, PING_CHANNEL_BIND))
            return false;
    }
    return true;
}

static void tear_down(struct ping *ping)
{
    struct turn_request release = {.method = TURN_REFRESH, .lifetime_sec = 0};
    for (int at = 0; at < 2; at++) {
        if (ping->report->relayed[at].family != IP_FAMILY_NONE)
            (void)turn_link_request(&ping->links[at], &release, DELETE_LIMIT_USEC);
        turn_link_close(&ping->links[at]);
    }
}

static void judge_losses(struct ping *ping)
{
    const struct ping_direction *directions = ping->report->directions;
    if (directions[0].returned + directions[1].returned > 0 || directions[0].sent == 0)
        return;
    char a[TRANSPORT_ADDR_TEXT_MAX], b[TRANSPORT_ADDR_TEXT_MAX];
    snprintf(ping->report->problem, sizeof ping->report->problem,
             "the relay answers but nothing came through: can it reach its own relayed addresses "
             "%s and %s, and does its firewall let UDP to the relay ports pass?",
             transport_addr_format(&ping->report->relayed[0], a),
             transport_addr_format(&ping->report->relayed[1], b));
}

bool ping_run(const struct ping_plan *plan, struct ping_report *ret)
{
    /* Too large for the stack, and there is one run in a process. */
    static struct ping ping;
    ping = (struct ping){.plan = plan, .report = ret, .links = {{.fd = -1}, {.fd = -1}}};
    *ret = (struct ping_report){0};

    struct crypto *crypto = NULL;
    if (crypto_new(&crypto) != ERR_OK) {
        snprintf(ret->problem, sizeof ret->problem, "libcrypto lacks MD5, SHA-1 or SHA-256");
        return false;
    }
    system_random(NULL, (uint8_t *)&ping.run, sizeof ping.run);
    size_t filler_len = plan->size - PAYLOAD_HEADER_LEN;
    uint8_t *filler = ping.packet + CHANNEL_DATA_HEADER_LEN + PAYLOAD_HEADER_LEN;
    payload_fill(filler, filler_len, ping.run);
    ping.sum = payload_sum((struct bytes){filler, filler_len});
    struct turn_client_config config = {.crypto = crypto,
                                        .username = plan->username,
                                        .password = plan->password,
                                        .random = system_random};
    bool is_up = set_up(&ping, &config);
    if (is_up) {
        exchange(&ping);
        judge_losses(&ping);
    }
    tear_down(&ping);
    crypto_free(crypto);
    return is_up && all_returned(&ping) && ret->directions[0].sent > 0;
}
