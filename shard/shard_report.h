/* shard_report.h — keeps the service manager of a shard told: ready, stopping, alive, and how.
 *
 * Alive comes from the event loop itself, at half of the time that the watchdog allows: a loop
 * that hangs says nothing. How it is, is one line, sent when it has changed and at most every few
 * seconds. As long as the shard is not ready it asks for more time: restoring thousands of
 * allocations takes what it takes.
 */
#ifndef RELAY_SHARD_REPORT_H
#define RELAY_SHARD_REPORT_H

#include "counter_page.h"
#include "notify.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdbool.h>

struct shard_report {
    struct notify notify;
    const struct counter_page *page;
    struct event tick;
    bool is_ready;
    bool is_ready_said;
    char said[NOTIFY_TEXT_MAX]; /* the last line */
};

#define SHARD_REPORT_NONE ((struct shard_report){.notify = NOTIFY_NOBODY})

/* shard_report_begin takes over what the environment says. What is wrong with it goes to the log,
 * and is no reason not to serve. */
void shard_report_begin(struct shard_report *report);

/* shard_report_run reports from |base| what |page| says. Both must outlive shard_report_end. False
 * when the loop takes no events. */
bool shard_report_run(struct shard_report *report, struct event_base *base,
                      const struct counter_page *page);

/* shard_report_ready: the shard serves. */
void shard_report_ready(struct shard_report *report);

/* shard_report_stopping: the shard ends by its own will. */
void shard_report_stopping(struct shard_report *report);

/* shard_report_cannot_start: the shard is about to end before it was ready. A service manager that
 * starts it again at once would soon give it up: this waits for two seconds, or a signal, so that a
 * fault which passes, such as a full disk, does not use up the starts. Without one it returns at
 * once: our own supervisor waits by itself. */
void shard_report_cannot_start(const struct shard_report *report);

/* shard_report_end takes its event out of the loop and forgets the service manager. */
void shard_report_end(struct shard_report *report);

/* shard_report_line writes what the status line is for |page| into |text|, and returns it. Pure. */
const char *shard_report_line(const struct counter_page *page, char text[static NOTIFY_TEXT_MAX]);

#endif
