/* run_report.c — keeps the service manager of `relay run` told how many of its shards serve. */
#include "run_report.h"

#include "log.h"

#include <inttypes.h>

enum {
    LOOK_USEC = 50000, /* between two looks while not all serve */
    MORE_TIME_EVERY_USEC = 3000000,
    MORE_TIME_USEC = 4 * MORE_TIME_EVERY_USEC,
};

void run_report_begin(struct run_report *report)
{
    struct problem problem;

    if (notify_take(&report->notify, &problem) != ERR_OK)
        log_event(LOG_LEVEL_WARNING, "service manager not told", "error", problem.text, NULL);
}

bool run_report_wanted(const struct run_report *report)
{
    return report->notify.fd >= 0;
}

/* WATCHDOG=1 when it is due. When it is due next. */
static struct mono_time tell_alive(struct run_report *report, struct mono_time now)
{
    if (report->notify.watchdog_usec == 0)
        return MONO_TIME_NEVER;
    if (mono_time_due(report->alive_at, now)) {
        (void)notify_send(&report->notify, "WATCHDOG=1");
        report->alive_at = mono_time_add_usec(now, report->notify.watchdog_usec / 2);
    }
    return report->alive_at;
}

static bool tell_status(struct run_report *report, const char *before, uint32_t serving,
                        uint32_t shards)
{
    report->said_serving = serving;
    report->is_status_said =
        notify_send(&report->notify, "%sSTATUS=%" PRIu32 " of %" PRIu32 " shards serve", before,
                    serving, shards);
    return report->is_status_said;
}

static void ask_for_more_time(struct run_report *report, struct mono_time now)
{
    if (!mono_time_due(report->more_time_at, now))
        return;
    (void)notify_send(&report->notify, "EXTEND_TIMEOUT_USEC=%d", MORE_TIME_USEC);
    report->more_time_at = mono_time_add_usec(now, MORE_TIME_EVERY_USEC);
}

struct mono_time run_report_tell(struct run_report *report, uint32_t serving, uint32_t shards,
                                 struct mono_time now)
{
    if (!run_report_wanted(report))
        return MONO_TIME_NEVER;
    if (!report->is_ready_said && serving == shards)
        report->is_ready_said = tell_status(report, "READY=1\n", serving, shards);
    else if (!report->is_ready_said)
        ask_for_more_time(report, now);
    if (!report->is_status_said || report->said_serving != serving)
        (void)tell_status(report, "", serving, shards);
    struct mono_time next = tell_alive(report, now);
    struct mono_time look = mono_time_add_usec(now, LOOK_USEC);
    bool is_settled = serving == shards && report->is_ready_said && report->is_status_said;

    return !is_settled && mono_time_before(look, next) ? look : next;
}

void run_report_stopping(const struct run_report *report)
{
    (void)notify_send(&report->notify, "STOPPING=1\nSTATUS=stopping");
}

void run_report_end(struct run_report *report)
{
    notify_close(&report->notify);
}
