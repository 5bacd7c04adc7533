/* fuzz_portal.c — whatever a control plane sends, and whenever, into the channel. */
#include "fuzz.h"

#include "portal/portal_channel.h"

#include <string.h>

enum { COMMANDS_MAX = 8 };

/* The input read as steps: a byte says what happens, a length what comes with it. */
struct input {
    const uint8_t *data;
    size_t len;
};

static uint8_t take_byte(struct input *input)
{
    if (input->len == 0)
        return 0;
    input->len--;
    return *input->data++;
}

static struct bytes take_bytes(struct input *input)
{
    size_t len = take_byte(input);
    struct bytes taken;

    len |= (size_t)take_byte(input) << 8;
    if (len > input->len)
        len = input->len;
    taken = (struct bytes){.data = input->data, .len = len};
    input->data += len;
    input->len -= len;
    return taken;
}

static void take_random(void *context, uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i++)
        out[i] = take_byte(context);
}

/* Passes a copy that is exactly as large, so that a sanitizer sees each step beyond it. */
static void pass(struct portal_channel *channel, struct turn_now now, struct bytes bytes,
                 void (*give)(struct portal_channel *, struct turn_now, struct bytes))
{
    uint8_t *copy = malloc(bytes.len > 0 ? bytes.len : 1);

    FUZZ_CHECK(copy != NULL);
    if (bytes.len > 0)
        memcpy(copy, bytes.data, bytes.len);
    give(channel, now, (struct bytes){.data = copy, .len = bytes.len});
    free(copy);
}

static void give_refusal(struct portal_channel *channel, struct turn_now now, struct bytes field)
{
    portal_channel_refused(channel, now, 503, field);
}

/* Every text that leaves is one printable line. */
static void check_line(const char *text)
{
    FUZZ_CHECK(strlen(text) < PORTAL_ERROR_MAX);
    for (; *text != '\0'; text++)
        FUZZ_CHECK(*text >= ' ' && *text <= '~');
}

static void drain(struct portal_channel *channel)
{
    struct portal_command command;
    unsigned count = 0;

    while (portal_channel_next_command(channel, &command)) {
        FUZZ_CHECK(++count <= COMMANDS_MAX);
        check_line(command.reason);
        if (command.kind == PORTAL_COMMAND_SEND)
            FUZZ_CHECK(command.text.len > 0 && command.text.data[command.text.len - 1] == '}');
        if (command.kind == PORTAL_COMMAND_RETRY)
            FUZZ_CHECK(command.wait_usec >= 0 && command.wait_usec <= 3600 * USEC_PER_SEC);
        if (command.kind == PORTAL_COMMAND_END)
            FUZZ_CHECK(portal_channel_status(channel)->state >= PORTAL_STATE_REFUSED);
    }
    check_line(portal_channel_status(channel)->error);
    /* It never falls asleep for good. */
    FUZZ_CHECK(portal_channel_status(channel)->state >= PORTAL_STATE_REFUSED ||
               !mono_time_is_never(portal_channel_next_deadline(channel)));
}

static void step(struct portal_channel *channel, struct turn_now *now, struct input *input)
{
    struct mono_time next = portal_channel_next_deadline(channel);

    switch (take_byte(input) % 10) {
    case 0:
        now->mono = mono_time_is_never(next) ? now->mono : next;
        portal_channel_timeout(channel, *now, "TCP");
        break;
    case 1:
        portal_channel_opened(channel, *now);
        break;
    case 2:
        portal_channel_failed(channel, *now, "failed");
        break;
    case 3:
        portal_channel_closed(channel, *now, "closed");
        break;
    case 4:
        portal_channel_binary(channel, *now);
        break;
    case 5:
        pass(channel, *now, take_bytes(input), give_refusal);
        break;
    case 6:
        now->mono.usec += (int64_t)take_byte(input) * USEC_PER_SEC / 4;
        portal_channel_timeout(channel, *now, "TCP");
        break;
    case 7:
        now->wall.sec = take_byte(input) * UINT64_C(0x01020304);
        portal_channel_timeout(channel, *now, "TCP");
        break;
    default:
        pass(channel, *now, take_bytes(input), portal_channel_text);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {.data = data, .len = size};
    const struct portal_channel_config config = {
        .secret = {.data = (const uint8_t *)"s\"e\\cret", .len = 8},
        .give_up_sec = take_byte(&input) == 0 ? 3600 : 0,
        .random = take_random,
        .random_context = &input,
    };
    struct turn_now now = {.wall = {.sec = 784111777}};
    struct portal_channel *channel;

    FUZZ_CHECK(portal_channel_new(&config, &channel) == ERR_OK);
    portal_channel_start(channel, now);
    drain(channel);
    while (input.len > 0) {
        step(channel, &now, &input);
        drain(channel);
    }
    portal_channel_free(channel);
    return 0;
}
