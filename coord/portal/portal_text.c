/* portal_text.c — how the connection to the control plane is, in one sentence for people. Pure. */
#include "portal/portal_text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

enum { SPAN_MAX = 32 };

struct sentence {
    char *text;
    size_t len;
};

__attribute__((format(printf, 2, 3))) static void add(struct sentence *sentence, const char *format,
                                                      ...)
{
    va_list args;

    va_start(args, format);
    int len =
        vsnprintf(sentence->text + sentence->len, PORTAL_TEXT_MAX - sentence->len, format, args);
    va_end(args);
    if (len > 0)
        sentence->len += (size_t)len;
    if (sentence->len >= PORTAL_TEXT_MAX)
        sentence->len = PORTAL_TEXT_MAX - 1;
}

/* From one instant to another, in one unit: "4 s", "3 min". The wall clock may go back. */
static const char *span(uint64_t from_sec, uint64_t to_sec, char text[static SPAN_MAX])
{
    static const struct {
        uint64_t sec;
        const char *name;
    } units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
    uint64_t sec = to_sec > from_sec ? to_sec - from_sec : 0;
    size_t i = 0;

    while (units[i].sec > 1 && sec < 2 * units[i].sec)
        i++;
    (void)snprintf(text, SPAN_MAX, "%" PRIu64 " %s", sec / units[i].sec, units[i].name);
    return text;
}

static void add_connected(struct sentence *sentence, const struct portal_status *status,
                          uint64_t now_sec)
{
    char text[SPAN_MAX];

    add(sentence, "connected for %s", span(status->admitted_sec, now_sec, text));
    if (status->heartbeat_answered_sec > 0 &&
        status->heartbeat_answered_sec >= status->admitted_sec)
        add(sentence, ", heartbeat answered %s ago",
            span(status->heartbeat_answered_sec, now_sec, text));
    else
        add(sentence, ", no heartbeat answered yet");
}

static void add_not_connected(struct sentence *sentence, const struct portal_status *status,
                              uint64_t now_sec)
{
    char text[SPAN_MAX];

    add(sentence, "not connected");
    if (status->lost_sec > 0)
        add(sentence, " for %s", span(status->lost_sec, now_sec, text));
    add(sentence, ", attempt %" PRIu64, status->attempts);
    if (status->state == PORTAL_STATE_WAITING)
        add(sentence, ", the next one in %s", span(now_sec, status->retry_sec, text));
    else
        add(sentence, " is under way");
}

const char *portal_text_write(const struct portal_snapshot *snapshot, uint64_t now_sec,
                              char text[static PORTAL_TEXT_MAX])
{
    struct sentence sentence = {.text = text};
    char ago[SPAN_MAX];

    if (snapshot == NULL) {
        add(&sentence, "no portal process has run yet");
        return text;
    }
    const struct portal_status *status = &snapshot->status;

    if (!snapshot->is_live) {
        add(&sentence, "the portal process has ended");
        if (status->state >= PORTAL_STATE_REFUSED)
            add(&sentence, ", %s ago", span(status->since_sec, now_sec, ago));
    } else if (status->state == PORTAL_STATE_ADMITTED) {
        add_connected(&sentence, status, now_sec);
        return text; /* the last error is over */
    } else {
        add_not_connected(&sentence, status, now_sec);
    }
    if (status->error[0] != '\0')
        add(&sentence, ": %s", status->error);
    return text;
}
