/* portal_scenario.h — a channel to the control plane, a clock to turn, and what came out as text.
 *
 * Each command is a line: CONNECT, CLOSE, ADMITTED, INIT, "SEND text", "RETRY 500 ms: reason",
 * "IGNORED: reason", "END: reason". After each input exactly these are expected.
 */
#ifndef RELAY_TESTS_PORTAL_SCENARIO_H
#define RELAY_TESTS_PORTAL_SCENARIO_H

#include "portal/portal_channel.h"
#include "unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECRET "4c98bf59c99b3e467ecd7cf9d6b3e527"
#define JOIN(ref)                                                                                  \
    "SEND {\"topic\":\"relay\",\"event\":\"phx_join\",\"payload\":{\"stamp_secret\":\"" SECRET     \
    "\"},\"ref\":" #ref "}\n"
#define HEARTBEAT(ref)                                                                             \
    "SEND {\"topic\":\"phoenix\",\"event\":\"heartbeat\",\"payload\":{},\"ref\":" #ref "}\n"
#define OK_REPLY(topic, ref)                                                                       \
    "{\"topic\":\"" topic "\",\"event\":\"phx_reply\",\"payload\":{\"status\":\"ok\","             \
    "\"response\":{}},\"ref\":" #ref "}"
#define ERROR_REPLY(topic, ref, reason)                                                            \
    "{\"topic\":\"" topic "\",\"event\":\"phx_reply\",\"payload\":{\"status\":\"error\","          \
    "\"response\":{\"reason\":\"" reason "\"}},\"ref\":" #ref "}"
#define PUSH(topic, event, payload)                                                                \
    "{\"topic\":\"" topic "\",\"event\":\"" event "\",\"payload\":" payload ",\"ref\":null}"

struct portal_scenario {
    struct portal_channel *channel;
    struct turn_now now;
    uint32_t random; /* 0: half of each wait; UINT32_MAX is nearly all of it */
    char out[4096];
};

static void fixed_random(void *context, uint8_t *out, size_t len)
{
    const struct portal_scenario *s = context;

    for (size_t i = 0; i < len; i++)
        out[i] = ((const uint8_t *)&s->random)[i % sizeof(s->random)];
}

static inline void scenario_new(struct portal_scenario *s, uint32_t give_up_sec)
{
    const struct portal_channel_config config = {
        .secret = bytes_of_text(SECRET),
        .give_up_sec = give_up_sec,
        .random = fixed_random,
        .random_context = s,
    };

    memset(s, 0, sizeof(*s));
    s->now = (struct turn_now){.mono = {.usec = 5 * USEC_PER_SEC}, .wall = {.sec = 1800000000}};
    assert_int_equal(portal_channel_new(&config, &s->channel), ERR_OK);
}

static inline int scenario_setup(void **state)
{
    struct portal_scenario *s = malloc(sizeof(*s));

    scenario_new(s, 0);
    *state = s;
    return 0;
}

static inline int scenario_teardown(void **state)
{
    struct portal_scenario *s = *state;

    portal_channel_free(s->channel);
    free(s);
    return 0;
}

static inline void scenario_drain(struct portal_scenario *s)
{
    struct portal_command command;
    size_t len = 0;

    s->out[0] = '\0';
    while (portal_channel_next_command(s->channel, &command)) {
        char *end = s->out + len;
        size_t room = sizeof(s->out) - len;

        switch (command.kind) {
        case PORTAL_COMMAND_CONNECT:
            len += (size_t)snprintf(end, room, "CONNECT\n");
            break;
        case PORTAL_COMMAND_SEND:
            len += (size_t)snprintf(end, room, "SEND %.*s\n", (int)command.text.len,
                                    (const char *)command.text.data);
            break;
        case PORTAL_COMMAND_CLOSE:
            len += (size_t)snprintf(end, room, "CLOSE\n");
            break;
        case PORTAL_COMMAND_ADMITTED:
            len += (size_t)snprintf(end, room, "ADMITTED\n");
            break;
        case PORTAL_COMMAND_INIT:
            len += (size_t)snprintf(end, room, "INIT\n");
            break;
        case PORTAL_COMMAND_RETRY:
            len += (size_t)snprintf(end, room, "RETRY %" PRId64 " ms: %s\n",
                                    command.wait_usec / 1000, command.reason);
            break;
        case PORTAL_COMMAND_IGNORED:
            len += (size_t)snprintf(end, room, "IGNORED: %s\n", command.reason);
            break;
        case PORTAL_COMMAND_END:
            len += (size_t)snprintf(end, room, "END: %s\n", command.reason);
            break;
        }
        assert_true(len < sizeof(s->out));
    }
}

/* Inputs. Each is followed by what came of it, all of it. */

#define EXPECT(s, expected)                                                                        \
    do {                                                                                           \
        scenario_drain(s);                                                                         \
        assert_string_equal((s)->out, (expected));                                                 \
    } while (0)

static inline void pass_usec(struct portal_scenario *s, int64_t usec)
{
    int64_t before = s->now.mono.usec / USEC_PER_SEC;

    s->now.mono.usec += usec;
    s->now.wall.sec += (uint64_t)(s->now.mono.usec / USEC_PER_SEC - before);
}

/* Turns the clock to the next deadline, which is |msec| away, and times out. */
static inline void time_out_in(struct portal_scenario *s, int64_t msec)
{
    struct mono_time next = portal_channel_next_deadline(s->channel);

    assert_false(mono_time_is_never(next));
    assert_int_equal((next.usec - s->now.mono.usec) / 1000, msec);
    pass_usec(s, next.usec - s->now.mono.usec);
    portal_channel_timeout(s->channel, s->now, "TCP");
}

static inline void text(struct portal_scenario *s, const char *message)
{
    portal_channel_text(s->channel, s->now, bytes_of_text(message));
}

static inline void closed(struct portal_scenario *s)
{
    portal_channel_closed(s->channel, s->now, "closed by the control plane");
}

static inline void refused(struct portal_scenario *s, unsigned status, const char *retry_after)
{
    portal_channel_refused(s->channel, s->now, status, bytes_of_text(retry_after));
}

/* From the start to an admission. */
static inline void admit(struct portal_scenario *s)
{
    portal_channel_start(s->channel, s->now);
    EXPECT(s, "CONNECT\n");
    portal_channel_opened(s->channel, s->now);
    EXPECT(s, JOIN(0));
    text(s, OK_REPLY("relay", 0));
    EXPECT(s, "ADMITTED\n");
}

static inline enum portal_state state_of(const struct portal_scenario *s)
{
    return portal_channel_status(s->channel)->state;
}

#endif
