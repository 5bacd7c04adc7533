/* turn_link.c — one TURN client on its own socket, for requests one after another. */
#include "turn_link.h"

#include "client_socket.h"
#include "stop_signal.h"
#include "system_clock.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

enum { DATAGRAM_MAX = 2048 };

enum err turn_link_open(struct turn_link *link, const struct turn_client_config *config,
                        const struct transport_addr *server)
{
    *link = (struct turn_link){.fd = -1};
    turn_client_init(&link->client, config);
    enum err err = client_socket_open(NULL, server, &link->fd);
    if (err != ERR_OK)
        link->send_errno = errno;
    return err;
}

void turn_link_close(struct turn_link *link)
{
    if (link->fd >= 0)
        close(link->fd);
    link->fd = -1;
    turn_client_wipe(&link->client);
}

static void transmit(struct turn_link *link, const uint8_t *datagram, size_t len)
{
    if (send(link->fd, datagram, len, 0) >= 0)
        return;
    /* ICMP port unreachable surfaces once, at whichever call comes next. */
    if (errno == ECONNREFUSED)
        link->refused = true;
    else if (errno != EAGAIN && errno != EINTR)
        link->send_errno = errno;
}

/* Feeds what has come until the request ends, is sent again, or nothing is left. */
static enum turn_step receive(struct turn_link *link, uint8_t *request, size_t *ret_len)
{
    uint8_t datagram[DATAGRAM_MAX];
    for (;;) {
        ssize_t len = recv(link->fd, datagram, sizeof datagram, 0);
        if (len < 0 && errno == ECONNREFUSED) {
            link->refused = true;
            continue;
        }
        if (len < 0)
            return TURN_STEP_WAIT;
        enum turn_step step =
            turn_client_input(&link->client, system_mono_time(),
                              (struct bytes){datagram, (size_t)len}, request, ret_len);
        if (step != TURN_STEP_WAIT)
            return step;
    }
}

static void give_up(struct turn_link *link)
{
    link->client.deadline = MONO_TIME_NEVER;
    link->client.result.failure = TURN_FAILURE_NO_ANSWER;
}

bool turn_link_request(struct turn_link *link, const struct turn_request *request,
                       int64_t limit_usec)
{
    uint8_t datagram[TURN_REQUEST_MAX];
    size_t len = 0;
    struct mono_time now = system_mono_time();
    struct mono_time limit = mono_time_add_usec(now, limit_usec);
    enum turn_step step = turn_client_start(&link->client, now, request, datagram, &len);
    while (step != TURN_STEP_DONE && step != TURN_STEP_FAILED) {
        if (step == TURN_STEP_SEND)
            transmit(link, datagram, len);
        now = system_mono_time();
        /* A host that refuses, or a route that is not there, will not change its mind. */
        if (link->refused || link->send_errno || stop_signal_came() || mono_time_due(limit, now)) {
            give_up(link);
            return false;
        }
        struct mono_time until =
            mono_time_before(limit, link->client.deadline) ? limit : link->client.deadline;
        struct pollfd ready = {.fd = link->fd, .events = POLLIN};
        (void)poll(&ready, 1, (int)(mono_time_until(until, now) / 1000) + 1);
        step = receive(link, datagram, &len);
        if (step == TURN_STEP_WAIT)
            step = turn_client_timeout(&link->client, system_mono_time(), datagram, &len);
    }
    return step == TURN_STEP_DONE;
}
