/* supervisor.c — `relay run`: holds the sockets of all shards and keeps the shards alive. */
#include "supervisor.h"

#include "counter_page.h"
#include "listener.h"
#include "log.h"
#include "options.h"
#include "portal_process.h"
#include "portal_program.h"
#include "redirect_socket.h"
#include "resource_limit.h"
#include "restart_backoff.h"
#include "rolling_restart.h"
#include "round.h"
#include "run_report.h"
#include "shard_process.h"
#include "state_lock.h"
#include "turn_setup.h"
#include "version.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    EXIT_OK = 0,
    EXIT_FAILED = 1,
    EXIT_BAD_CONFIGURATION = 2, /* of a shard, and of the program */
    SIGNAL_NAME_MAX = 16,
};

/* One shard as the supervisor sees it. */
struct child {
    struct shard_process process;
    pid_t pid; /* 0 while it is not running */
    struct mono_time started_at;
    struct mono_time start_at; /* while it is not running: when to start it */
    struct restart_backoff backoff;
    uint64_t restarts;
};

struct supervisor {
    const struct relay_options *options;
    struct state_lock lock;
    struct child *children; /* |options->shards| of them */
    struct portal_process portal;
    char **argv;
    sigset_t signals; /* blocked, and waited for */
    struct rolling_restart rolling;
    struct run_report report;
    bool is_stopping;
    int exit_code;
};

static struct mono_time now(void)
{
    return clocks_read().mono;
}

static void signal_children(const struct supervisor *supervisor, int number)
{
    for (uint32_t i = 0; i < supervisor->options->shards; i++) {
        if (supervisor->children[i].pid > 0)
            (void)kill(supervisor->children[i].pid, number);
    }
    portal_process_signal(&supervisor->portal, number);
}

static bool any_running(const struct supervisor *supervisor)
{
    for (uint32_t i = 0; i < supervisor->options->shards; i++) {
        if (supervisor->children[i].pid > 0)
            return true;
    }
    return supervisor->portal.pid > 0;
}

static void stop(struct supervisor *supervisor, int exit_code)
{
    run_report_stopping(&supervisor->report);
    supervisor->is_stopping = true;
    supervisor->exit_code = exit_code;
    signal_children(supervisor, SIGTERM);
}

static void start_child(struct child *child)
{
    child->started_at = now();
    child->pid = shard_process_start(&child->process);
    if (child->pid > 0)
        return;
    log_event(LOG_LEVEL_ERROR, "shard not started", "shard", LOG_U64(child->process.shard), "error",
              strerror(errno), NULL);
    child->pid = 0;
    child->start_at = restart_backoff_died(&child->backoff, child->started_at, now());
}

static void start_due(struct supervisor *supervisor)
{
    for (uint32_t i = 0; i < supervisor->options->shards; i++) {
        struct child *child = &supervisor->children[i];

        if (child->pid == 0 && mono_time_due(child->start_at, now()))
            start_child(child);
    }
    portal_process_start_due(&supervisor->portal, now());
}

/* When the next child is to be started; NEVER when all are running. */
static struct mono_time next_start(const struct supervisor *supervisor)
{
    struct mono_time next = portal_process_next_start(&supervisor->portal);

    for (uint32_t i = 0; i < supervisor->options->shards; i++) {
        const struct child *child = &supervisor->children[i];

        if (child->pid == 0 && mono_time_before(child->start_at, next))
            next = child->start_at;
    }
    return next;
}

/* The name of a signal as shards log it too: SIGTERM. */
static const char *signal_name(int number, char text[static SIGNAL_NAME_MAX])
{
    const char *name = sigabbrev_np(number);

    if (name != NULL)
        (void)snprintf(text, SIGNAL_NAME_MAX, "SIG%s", name);
    else
        (void)snprintf(text, SIGNAL_NAME_MAX, "%d", number);
    return text;
}

static void log_death(const struct child *child, pid_t pid, int status, int64_t wait_usec)
{
    bool is_signal = WIFSIGNALED(status);
    int number = is_signal ? WTERMSIG(status) : WEXITSTATUS(status);
    char name[SIGNAL_NAME_MAX];

    log_event(LOG_LEVEL_WARNING, "shard died", "shard", LOG_U64(child->process.shard), "pid",
              LOG_U64((uint64_t)pid), is_signal ? "signal" : "exit_code",
              is_signal ? signal_name(number, name) : LOG_U64((uint64_t)number), "restarts",
              LOG_U64(child->restarts), "restart_in_msec", LOG_U64((uint64_t)wait_usec / 1000),
              NULL);
}

/* What process |pid| of the shard says of itself; STARTING as long as it says nothing. */
static enum shard_state state_of(const struct supervisor *supervisor, const struct child *child,
                                 pid_t pid)
{
    struct state_dir dir = STATE_DIR_CLOSED;
    struct counter_snapshot snapshot;
    struct problem problem;
    enum err err = state_dir_open(supervisor->options->state_dir, STATE_DIR_SERVE, &dir, &problem);

    if (err == ERR_OK)
        err = counter_page_read(&dir, child->process.shard, &snapshot, &problem);
    state_dir_close(&dir);
    return err == ERR_OK && snapshot.page.pid == pid ? (enum shard_state)snapshot.page.state
                                                     : SHARD_STATE_STARTING;
}

/* It has all that it had, and its datagrams are dealt with, whether it takes new allocations or
 * not. */
static bool serves(const struct supervisor *supervisor, const struct child *child)
{
    enum shard_state state =
        child->pid > 0 ? state_of(supervisor, child, child->pid) : SHARD_STATE_STARTING;

    return state == SHARD_STATE_SERVING || state == SHARD_STATE_DRAINING;
}

static void bury(struct supervisor *supervisor, struct child *child, int status)
{
    pid_t pid = child->pid;

    child->pid = 0;
    if (supervisor->is_stopping)
        return;
    if (WIFEXITED(status) && WEXITSTATUS(status) != EXIT_OK && child->restarts == 0 &&
        state_of(supervisor, child, pid) == SHARD_STATE_STARTING) {
        /* What it was started with does not do, as it has said, and rather the operator is told
         * at once. Later, when a file has gone bad since the start, it is no reason to stop the
         * shards that serve. */
        bool is_refused = WEXITSTATUS(status) == EXIT_BAD_CONFIGURATION;

        log_event(LOG_LEVEL_ERROR,
                  is_refused ? "shard refused its configuration; stopping"
                             : "shard cannot start; stopping",
                  "shard", LOG_U64(child->process.shard), NULL);
        stop(supervisor, is_refused ? EXIT_BAD_CONFIGURATION : EXIT_FAILED);
        return;
    }
    struct mono_time at = now();

    if (rolling_restart_ended(&supervisor->rolling, child->process.shard, at)) {
        child->start_at = at;
        child->restarts++;
        return;
    }
    child->start_at = restart_backoff_died(&child->backoff, child->started_at, at);
    log_death(child, pid, status, mono_time_until(child->start_at, at));
    child->restarts++;
}

static void reap(struct supervisor *supervisor)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (portal_process_ended(&supervisor->portal, pid, status, now(), supervisor->is_stopping))
            continue;
        for (uint32_t i = 0; i < supervisor->options->shards; i++) {
            if (supervisor->children[i].pid == pid)
                bury(supervisor, &supervisor->children[i], status);
        }
    }
}

/* Waits for a signal until |deadline|. Returns its number, or 0. */
static int wait_signal(const struct supervisor *supervisor, struct mono_time deadline)
{
    if (mono_time_is_never(deadline)) {
        int number = sigwaitinfo(&supervisor->signals, NULL);

        return number > 0 ? number : 0;
    }
    int64_t wait_usec = mono_time_until(deadline, now());
    struct timespec wait = {.tv_sec = wait_usec / USEC_PER_SEC,
                            .tv_nsec = wait_usec % USEC_PER_SEC * 1000};
    int number = sigtimedwait(&supervisor->signals, NULL, &wait);

    return number > 0 ? number : 0;
}

static void on_stop_signal(struct supervisor *supervisor, int number)
{
    char name[SIGNAL_NAME_MAX];

    if (supervisor->is_stopping) {
        log_event(LOG_LEVEL_WARNING, "stopping at once", "signal", signal_name(number, name), NULL);
        signal_children(supervisor, SIGKILL);
        return;
    }
    log_event(LOG_LEVEL_INFO, "relay stopping", "signal", signal_name(number, name), NULL);
    stop(supervisor, EXIT_OK);
}

/* Would a shard that starts now take its configuration? What is wrong goes to the log. */
static bool is_configuration_fine(const struct supervisor *supervisor)
{
    static struct relay_options options; /* too large for the stack */
    char *text = NULL;
    size_t len = 0;
    int argc = 0;
    FILE *errors = open_memstream(&text, &len);

    if (errors == NULL)
        return false;
    while (supervisor->argv[argc] != NULL)
        argc++;
    bool is_fine = relay_options_parse(argc, supervisor->argv, &options, errors) == OPTIONS_READ;

    if (is_fine) {
        is_fine = relay_options_load(&options, false, errors) == ERR_OK;
        relay_options_free(&options);
    }
    (void)fclose(errors);
    if (!is_fine && len > 0)
        text[len - 1] = '\0'; /* the end of the line */
    if (!is_fine)
        log_event(LOG_LEVEL_ERROR, "shards not restarted: they would refuse the configuration",
                  "error", len > 0 ? text : NULL, NULL);
    free(text);
    return is_fine;
}

static void on_hangup(struct supervisor *supervisor)
{
    if (supervisor->is_stopping || !is_configuration_fine(supervisor))
        return;
    log_event(LOG_LEVEL_INFO, "restarting the shards one by one", "signal", "HUP", NULL);
    rolling_restart_begin(&supervisor->rolling);
    portal_process_restart(&supervisor->portal, now());
}

/* Does the next step of a rolling restart. When to look again; NEVER when none is under way. */
static struct mono_time roll(struct supervisor *supervisor)
{
    struct rolling_restart *rolling = &supervisor->rolling;

    if (!rolling->is_under_way)
        return MONO_TIME_NEVER;
    const struct child *child = &supervisor->children[rolling->shard];

    switch (rolling_restart_next(rolling, supervisor->options->shards, child->pid > 0,
                                 serves(supervisor, child), now())) {
    case ROLLING_NOTHING:
        log_event(LOG_LEVEL_INFO, "all shards were restarted", NULL);
        return MONO_TIME_NEVER;
    case ROLLING_STOP:
        (void)kill(child->pid, SIGTERM);
        break;
    case ROLLING_KILL:
        log_event(LOG_LEVEL_WARNING, "shard does not stop; killing it", "shard",
                  LOG_U64(child->process.shard), NULL);
        (void)kill(child->pid, SIGKILL);
        break;
    case ROLLING_WAIT:
        break;
    }
    return mono_time_add_usec(now(), (int64_t)ROLLING_LOOK_MSEC * 1000);
}

static uint32_t count_serving(const struct supervisor *supervisor)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < supervisor->options->shards; i++) {
        const struct child *child = &supervisor->children[i];

        if (serves(supervisor, child))
            count++;
    }
    return count;
}

/* Tells the service manager, if there is one, how we are. When to do so again. */
static struct mono_time report(struct supervisor *supervisor)
{
    if (!run_report_wanted(&supervisor->report))
        return MONO_TIME_NEVER;
    return run_report_tell(&supervisor->report, count_serving(supervisor),
                           supervisor->options->shards, now());
}

static struct mono_time earlier(struct mono_time a, struct mono_time b)
{
    return mono_time_before(a, b) ? a : b;
}

static void watch_over_children(struct supervisor *supervisor)
{
    while (!supervisor->is_stopping || any_running(supervisor)) {
        struct mono_time deadline = MONO_TIME_NEVER;

        if (!supervisor->is_stopping) {
            start_due(supervisor);
            deadline =
                earlier(earlier(roll(supervisor), next_start(supervisor)), report(supervisor));
        }
        int number = wait_signal(supervisor, deadline);

        if (number == SIGTERM || number == SIGINT)
            on_stop_signal(supervisor, number);
        if (number == SIGHUP)
            on_hangup(supervisor);
        /* Whatever came: one pending SIGCHLD may stand for several deaths. */
        reap(supervisor);
    }
}

static bool fail(const char *why)
{
    log_event(LOG_LEVEL_ERROR, "relay cannot start", "error", why, NULL);
    return false;
}

static bool bind_listeners(struct supervisor *supervisor)
{
    uint8_t families = relay_families(supervisor->options);
    struct problem problem;

    if (listeners_probe(families, &problem) != ERR_OK)
        return fail(problem.text);
    /* In the order of shards, so that a shard's number is its place in the reuseport group. */
    for (uint32_t i = 0; i < supervisor->options->shards; i++) {
        if (listeners_bind(families, &supervisor->children[i].process.listeners, &problem) !=
            ERR_OK)
            return fail(problem.text);
    }
    return true;
}

/* The sockets by which shards hand datagrams over to each other. */
static bool bind_redirects(struct supervisor *supervisor)
{
    const struct relay_options *options = supervisor->options;
    struct state_dir dir = STATE_DIR_CLOSED;
    struct problem problem;
    enum err err = state_dir_open(options->state_dir, STATE_DIR_SERVE, &dir, &problem);

    for (uint32_t i = 0; err == ERR_OK && i < options->shards; i++)
        err = redirect_socket_bind(&dir, i, &supervisor->children[i].process.redirect_fd, &problem);
    state_dir_close(&dir);
    return err == ERR_OK || fail(problem.text);
}

static void close_sockets(struct shard_process *process)
{
    listeners_close(&process->listeners);
    if (process->redirect_fd >= 0)
        close(process->redirect_fd);
    process->redirect_fd = -1;
}

static bool block_signals(struct supervisor *supervisor)
{
    (void)sigemptyset(&supervisor->signals);
    (void)sigaddset(&supervisor->signals, SIGCHLD);
    (void)sigaddset(&supervisor->signals, SIGTERM);
    (void)sigaddset(&supervisor->signals, SIGINT);
    (void)sigaddset(&supervisor->signals, SIGHUP);
    (void)signal(SIGPIPE, SIG_IGN);
    /* Whoever started us may have ignored SIGCHLD, and then children vanish unseen; or SIGTERM, and
     * then a shard that does not handle it yet, since it is just starting, outlives it. */
    (void)signal(SIGCHLD, SIG_DFL);
    (void)signal(SIGTERM, SIG_DFL);
    return sigprocmask(SIG_BLOCK, &supervisor->signals, NULL) == 0 || fail(strerror(errno));
}

static bool prepare(struct supervisor *supervisor, char **argv)
{
    const struct relay_options *options = supervisor->options;
    bool both = relay_families(options) == (FAMILY_SET_V4 | FAMILY_SET_V6);
    char portal[PORTAL_PROGRAM_PATH_MAX];
    struct problem problem;

    portal_process_init(&supervisor->portal, options, argv, now());
    supervisor->children = calloc(options->shards, sizeof(*supervisor->children));
    if (supervisor->children == NULL)
        return fail(err_name(ERR_NO_MEMORY));
    for (uint32_t i = 0; i < options->shards; i++) {
        supervisor->children[i].process = (struct shard_process){.shard = i,
                                                                 .listeners = LISTENERS_NONE,
                                                                 .redirect_fd = -1,
                                                                 .options = options,
                                                                 .argv = argv};
        supervisor->children[i].start_at = now();
    }
    if (state_lock_take(options->state_dir, &supervisor->lock, &problem) != ERR_OK)
        return fail(problem.text);
    if (options->portal_url != NULL && portal_program_find(portal, &problem) != ERR_OK)
        return fail(problem.text);
    /* Inherited by the shards, who need far more than we do. */
    (void)raise_descriptor_limit(
        descriptors_wanted(host_allocations(options), both ? 2 : 1, options->shards));
    return block_signals(supervisor) && bind_listeners(supervisor) && bind_redirects(supervisor);
}

static void log_start(const struct relay_options *options)
{
    log_event(LOG_LEVEL_INFO, "relay starting", "version", relay_version(), "shards",
              LOG_U64(options->shards), "state_dir", options->state_dir, NULL);
    if (options->portal_url != NULL)
        log_event(LOG_LEVEL_INFO, "the control plane will know this relay by its id", "relay_id",
                  options->relay_id, NULL);
}

int supervisor_run(const struct relay_options *options, char **argv)
{
    struct supervisor supervisor = {.options = options,
                                    .argv = argv,
                                    .lock = STATE_LOCK_OPEN,
                                    .report = RUN_REPORT_NONE,
                                    .exit_code = EXIT_FAILED};

    run_report_begin(&supervisor.report);
    if (prepare(&supervisor, argv)) {
        log_start(options);
        watch_over_children(&supervisor);
        log_event(LOG_LEVEL_INFO, "relay stopped", NULL);
    }
    if (supervisor.children != NULL) {
        for (uint32_t i = 0; i < options->shards; i++)
            close_sockets(&supervisor.children[i].process);
    }
    free(supervisor.children);
    run_report_end(&supervisor.report);
    state_lock_release(&supervisor.lock);
    return supervisor.exit_code;
}
