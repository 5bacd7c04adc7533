/* run_report.h — keeps the service manager of `relay run` told how many of its shards serve.
 *
 * Ready is when all of them do. Until then it is asked for more time, since those that serve are
 * better left alone; the line that it shows changes with the number.
 */
#ifndef RELAY_RUN_REPORT_H
#define RELAY_RUN_REPORT_H

#include "mono_time.h"
#include "notify.h"

#include <stdbool.h>
#include <stdint.h>

struct run_report {
    struct notify notify;
    bool is_ready_said;
    bool is_status_said;
    uint32_t said_serving; /* in the last line */
    struct mono_time alive_at;
    struct mono_time more_time_at;
};

#define RUN_REPORT_NONE ((struct run_report){.notify = NOTIFY_NOBODY})

/* run_report_begin takes over what the environment says. What is wrong with it goes to the log. */
void run_report_begin(struct run_report *report);

/* run_report_wanted: somebody wants to know. */
bool run_report_wanted(const struct run_report *report);

/* run_report_tell says what is due while |serving| of |shards| serve, and returns when it is to be
 * called again; NEVER when nobody wants to know. */
struct mono_time run_report_tell(struct run_report *report, uint32_t serving, uint32_t shards,
                                 struct mono_time now);

/* run_report_stopping: `relay run` ends by its own will. */
void run_report_stopping(const struct run_report *report);

/* run_report_end forgets the service manager. */
void run_report_end(struct run_report *report);

#endif
