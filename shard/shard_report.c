/* shard_report.c — keeps the service manager of a shard told: ready, stopping, alive, and how. */
#include "shard_report.h"

#include "log.h"
#include "mono_time.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    STATUS_USEC = 3000000, /* between two status lines */
    RETRY_USEC = 50000,    /* when the service manager could not take that we are ready */
    CANNOT_START_USEC = 2000000,
    MORE_TIME_USEC = 4 * STATUS_USEC, /* asked for every time as long as it is not ready */
};

static int64_t period_usec(const struct notify *notify)
{
    int64_t half = notify->watchdog_usec / 2;

    return half > 0 && half < STATUS_USEC ? half : STATUS_USEC;
}

const char *shard_report_line(const struct counter_page *page, char text[static NOTIFY_TEXT_MAX])
{
    uint64_t allocations = page->values[TURN_COUNT_ALLOCATIONS];
    int len =
        page->state == SHARD_STATE_STARTING
            ? snprintf(text, NOTIFY_TEXT_MAX, "restoring: %" PRIu64 " allocations so far",
                       allocations)
            : snprintf(text, NOTIFY_TEXT_MAX, "%s: %" PRIu64 " allocations, %" PRIu64 " channels",
                       shard_state_name(page->state), allocations,
                       page->values[TURN_COUNT_CHANNELS]);

    /* The longest of these fits. */
    if (page->values[SHARD_COUNT_ADMITTED] == 0)
        len +=
            snprintf(text + len, (size_t)(NOTIFY_TEXT_MAX - len), "; waits for the control plane");
    if (page->values[SHARD_COUNT_REGISTRY_AVAILABLE] == 0)
        (void)snprintf(text + len, (size_t)(NOTIFY_TEXT_MAX - len),
                       "; the ownership registry does not answer");
    return text;
}

/* Sends |before| and the status line. False when it could not be sent. */
static bool tell_status(struct shard_report *report, const char *before)
{
    char line[NOTIFY_TEXT_MAX];

    (void)shard_report_line(report->page, line);
    if (!notify_send(&report->notify, "%sSTATUS=%s", before, line))
        return false;
    memcpy(report->said, line, sizeof(line));
    return true;
}

static void tell_change(struct shard_report *report)
{
    char line[NOTIFY_TEXT_MAX];

    if (strcmp(shard_report_line(report->page, line), report->said) != 0)
        (void)tell_status(report, "");
}

static void tell_alive(struct shard_report *report)
{
    if (report->notify.watchdog_usec > 0)
        (void)notify_send(&report->notify, "WATCHDOG=1");
    if (!report->is_ready)
        (void)notify_send(&report->notify, "EXTEND_TIMEOUT_USEC=%d", MORE_TIME_USEC);
    else if (!report->is_ready_said)
        report->is_ready_said = tell_status(report, "READY=1\n");
}

static bool wait_for_tick(struct shard_report *report)
{
    int64_t usec =
        report->is_ready && !report->is_ready_said ? RETRY_USEC : period_usec(&report->notify);
    struct timeval wait = {.tv_sec = usec / USEC_PER_SEC, .tv_usec = usec % USEC_PER_SEC};

    return event_add(&report->tick, &wait) == 0;
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    struct shard_report *report = arg;

    (void)fd;
    (void)what;
    tell_alive(report);
    tell_change(report);
    (void)wait_for_tick(report);
}

void shard_report_begin(struct shard_report *report)
{
    struct problem problem;

    if (notify_take(&report->notify, &problem) != ERR_OK)
        log_event(LOG_LEVEL_WARNING, "service manager not told", "error", problem.text, NULL);
}

bool shard_report_run(struct shard_report *report, struct event_base *base,
                      const struct counter_page *page)
{
    if (report->notify.fd < 0)
        return true;
    report->page = page;
    if (event_assign(&report->tick, base, -1, 0, on_tick, report) != 0)
        return false;
    tell_alive(report);
    return wait_for_tick(report);
}

void shard_report_ready(struct shard_report *report)
{
    report->is_ready = true;
    if (report->notify.fd < 0)
        return;
    tell_alive(report);
    tell_change(report);
    (void)wait_for_tick(report);
}

void shard_report_stopping(struct shard_report *report)
{
    (void)notify_send(&report->notify, "STOPPING=1\nSTATUS=stopping");
}

void shard_report_cannot_start(const struct shard_report *report)
{
    if (report->notify.fd < 0)
        return;
    (void)notify_send(&report->notify, "STATUS=cannot start, as its log says");
    (void)usleep(CANNOT_START_USEC);
}

void shard_report_end(struct shard_report *report)
{
    if (event_initialized(&report->tick))
        (void)event_del(&report->tick);
    notify_close(&report->notify);
}
