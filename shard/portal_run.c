/* portal_run.c — relay-portal at work: the channel's commands carried out, its status kept. */
#include "portal_run.h"

#include "log.h"
#include "notify.h"
#include "portal/portal_channel.h"
#include "portal/portal_connection.h"
#include "portal/portal_status.h"
#include "portal/portal_url.h"
#include "portal/portal_user_agent.h"
#include "portal_program.h"
#include "version.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

struct portal_run {
    const struct relay_options *options;
    const struct portal_token *token;
    struct state_dir dir;
    struct portal_status_writer writer;
    bool is_unwritten; /* the last write failed, which has been logged */
    bool has_init;     /* one has come in this process */
    bool is_init_kept;
    struct notify notify;
    bool is_ready_said;
    char said[NOTIFY_TEXT_MAX]; /* the status line that the service manager has */
    struct portal_url url;
    char target[PORTAL_TARGET_MAX];
    char user_agent[PORTAL_USER_AGENT_MAX];
    struct portal_channel *channel;
    struct portal_connection *connection;
    bool has_ended;
};

static volatile sig_atomic_t stop_signal;
static struct portal_connection *to_wake; /* by the signal handler */

static void on_signal(int number)
{
    stop_signal = number;
    if (to_wake != NULL)
        portal_connection_wake(to_wake);
}

static struct turn_now read_clocks(void)
{
    struct timespec mono, wall;

    clock_gettime(CLOCK_MONOTONIC, &mono);
    clock_gettime(CLOCK_REALTIME, &wall);
    return (struct turn_now){
        .mono = {.usec = mono.tv_sec * USEC_PER_SEC + mono.tv_nsec / 1000},
        .wall = {.sec = (uint64_t)wall.tv_sec},
    };
}

static void draw(void *context, uint8_t *out, size_t len)
{
    (void)context;
    /* A few bytes come whole; without any, waits are merely not spread. */
    if (getrandom(out, len, 0) != (ssize_t)len)
        memset(out, 0, len);
}

/* --- What the channel wants --- */

static void keep_init(struct portal_run *run)
{
    struct problem problem;

    if (!run->has_init || run->is_init_kept)
        return;
    run->is_init_kept = portal_init_keep(&run->dir, run->options->relay_id, &problem) == ERR_OK;
    if (!run->is_init_kept)
        log_event(LOG_LEVEL_ERROR, "init of the control plane not kept: new shards will wait",
                  "error", problem.text, NULL);
}

static void carry_out(struct portal_run *run, const struct portal_command *command)
{
    const struct portal_status *status = portal_channel_status(run->channel);

    switch (command->kind) {
    case PORTAL_COMMAND_CONNECT:
        log_event(LOG_LEVEL_DEBUG, "connecting to the control plane", "host", run->url.host, "port",
                  LOG_U64(run->url.port), "attempt", LOG_U64(status->attempts), NULL);
        portal_connection_open(run->connection);
        break;
    case PORTAL_COMMAND_SEND:
        portal_connection_send(run->connection, command->text);
        break;
    case PORTAL_COMMAND_CLOSE:
        portal_connection_close(run->connection);
        break;
    case PORTAL_COMMAND_ADMITTED:
        log_event(LOG_LEVEL_INFO, "connected to the control plane", "host", run->url.host, NULL);
        break;
    case PORTAL_COMMAND_INIT:
        log_event(run->has_init ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO, "init from the control plane",
                  NULL);
        run->has_init = true;
        break;
    case PORTAL_COMMAND_RETRY:
        log_event(LOG_LEVEL_WARNING, "not connected to the control plane", "error", command->reason,
                  "retry_in_msec", LOG_U64((uint64_t)command->wait_usec / 1000), "attempts",
                  LOG_U64(status->attempts), NULL);
        break;
    case PORTAL_COMMAND_IGNORED:
        log_event(LOG_LEVEL_WARNING, "message of the control plane", "what", command->reason, NULL);
        break;
    case PORTAL_COMMAND_END:
        run->has_ended = true;
        if (status->state != PORTAL_STATE_STOPPED)
            log_event(LOG_LEVEL_ERROR, "the connection to the control plane ends for good", "error",
                      command->reason, NULL);
        break;
    }
}

static void drain(struct portal_run *run)
{
    struct portal_command command;

    while (portal_channel_next_command(run->channel, &command))
        carry_out(run, &command);
}

/* Tells the service manager: ready is who tries. */
static void tell_manager(struct portal_run *run)
{
    const struct portal_status *status = portal_channel_status(run->channel);
    bool is_well = status->state == PORTAL_STATE_ADMITTED || status->error[0] == '\0';
    char line[NOTIFY_TEXT_MAX];

    (void)snprintf(line, sizeof(line), "%s%s%.200s", portal_state_name(status->state),
                   is_well ? "" : ": ", is_well ? "" : status->error);
    if (strcmp(line, run->said) == 0 ||
        !notify_send(&run->notify, "%sSTATUS=%s", run->is_ready_said ? "" : "READY=1\n", line))
        return;
    run->is_ready_said = true;
    memcpy(run->said, line, sizeof(line));
}

/* Tells the other processes. */
static void tell(struct portal_run *run)
{
    struct problem problem;
    enum err err = portal_status_write(&run->writer, portal_channel_status(run->channel), &problem);

    if (err != ERR_OK && !run->is_unwritten)
        log_event(LOG_LEVEL_ERROR, "portal status not written", "error", problem.text, NULL);
    run->is_unwritten = err != ERR_OK;
    keep_init(run);
    tell_manager(run);
}

/* --- What the connection tells --- */

static enum err fetch_token(void *context, struct portal_token *ret, struct problem *problem)
{
    const struct portal_run *run = context;
    struct problem file_problem;
    enum err err;

    if (run->token->len > 0) {
        *ret = *run->token;
        return ERR_OK;
    }
    err = portal_token_read_file(run->options->portal_token_file, ret, &file_problem);
    if (err != ERR_OK)
        problem_set(problem, "the token's file: %s", file_problem.text);
    return err;
}

static void on_opened(void *context)
{
    struct portal_run *run = context;

    portal_channel_opened(run->channel, read_clocks());
    drain(run);
}

static void on_refused(void *context, unsigned status, struct bytes retry_after)
{
    struct portal_run *run = context;

    portal_channel_refused(run->channel, read_clocks(), status, retry_after);
    drain(run);
}

static void on_failed(void *context, const char *reason)
{
    struct portal_run *run = context;

    portal_channel_failed(run->channel, read_clocks(), reason);
    drain(run);
}

static void on_text(void *context, struct bytes message)
{
    struct portal_run *run = context;

    portal_channel_text(run->channel, read_clocks(), message);
    drain(run);
}

static void on_binary(void *context)
{
    struct portal_run *run = context;

    portal_channel_binary(run->channel, read_clocks());
    drain(run);
}

static void on_closed(void *context, const char *reason)
{
    struct portal_run *run = context;

    portal_channel_closed(run->channel, read_clocks(), reason);
    drain(run);
}

/* --- From start to end --- */

static void catch_signals(void)
{
    const struct sigaction stop = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    const struct sigaction ignore = {.sa_handler = SIG_IGN};

    (void)sigaction(SIGTERM, &stop, NULL);
    (void)sigaction(SIGINT, &stop, NULL);
    (void)sigaction(SIGPIPE, &ignore, NULL);
}

static bool make_channel(struct portal_run *run)
{
    const struct relay_options *options = run->options;
    const struct portal_channel_config config = {
        .secret = auth_secret_bytes(&options->auth_secret),
        .give_up_sec = options->portal_give_up_sec,
        .random = draw,
    };
    enum err err = portal_channel_new(&config, &run->channel);

    if (err != ERR_OK)
        log_event(LOG_LEVEL_ERROR, "portal connection not started", "error", err_name(err), NULL);
    return err == ERR_OK;
}

static bool make_target(struct portal_run *run)
{
    const struct relay_options *options = run->options;
    const struct portal_identity identity = {
        .name = options->portal_name,
        .public_v4 = options->public_v4,
        .public_v6 = options->public_v6,
        .port = RELAY_LISTENING_PORT,
    };
    struct problem problem;

    if (portal_url_parse(options->portal_url, &run->url, &problem) != ERR_OK) {
        relay_options_error(options, "portal-url", stderr, "%s", problem.text);
        return false;
    }
    if (portal_url_target(&run->url, &identity, run->target) != ERR_OK) {
        relay_options_error(options, "portal-url", stderr, "it is too long");
        return false;
    }
    return true;
}

static bool make_connection(struct portal_run *run)
{
    const struct portal_connection_config config = {
        .url = &run->url,
        .target = run->target,
        .user_agent = run->user_agent,
        .ca_file = run->options->portal_ca_file,
        .token = fetch_token,
        .opened = on_opened,
        .refused = on_refused,
        .failed = on_failed,
        .text = on_text,
        .binary = on_binary,
        .closed = on_closed,
        .context = run,
    };
    struct problem problem;

    portal_user_agent(run->user_agent);
    if (portal_connection_new(&config, &run->connection, &problem) == ERR_OK)
        return true;
    relay_options_error(run->options,
                        run->options->portal_ca_file != NULL ? "portal-ca-file" : "portal-url",
                        stderr, "%s", problem.text);
    return false;
}

static void take_manager(struct portal_run *run)
{
    struct problem problem;

    if (notify_take(&run->notify, &problem) != ERR_OK)
        log_event(LOG_LEVEL_WARNING, "service manager not told", "error", problem.text, NULL);
}

static bool open_state(struct portal_run *run)
{
    struct problem problem;

    if (state_dir_open(run->options->state_dir, STATE_DIR_SERVE, &run->dir, &problem) == ERR_OK &&
        portal_status_open(&run->dir, &run->writer, &problem) == ERR_OK)
        return true;
    log_event(LOG_LEVEL_ERROR, "portal connection not started", "error", problem.text, NULL);
    return false;
}

static int exit_code(const struct portal_run *run)
{
    enum portal_state state = portal_channel_status(run->channel)->state;

    return state == PORTAL_STATE_REFUSED   ? PORTAL_EXIT_REFUSED
           : state == PORTAL_STATE_GAVE_UP ? PORTAL_EXIT_GAVE_UP
                                           : PORTAL_EXIT_STOPPED;
}

static void serve(struct portal_run *run)
{
    portal_channel_start(run->channel, read_clocks());
    drain(run);
    while (!run->has_ended) {
        tell(run);
        if (stop_signal == 0)
            portal_connection_serve(run->connection, portal_channel_next_deadline(run->channel));
        if (run->has_ended)
            break;
        if (stop_signal != 0)
            portal_channel_stop(run->channel, read_clocks());
        else
            portal_channel_timeout(run->channel, read_clocks(),
                                   portal_connection_stage(run->connection));
        drain(run);
    }
    tell(run);
}

int portal_run(const struct relay_options *options, const struct portal_token *token)
{
    struct portal_run run = {
        .options = options,
        .token = token,
        .dir = STATE_DIR_CLOSED,
        .writer = PORTAL_STATUS_WRITER_CLOSED,
    };
    int code = PORTAL_EXIT_OPTIONS;

    take_manager(&run);
    if (make_target(&run) && make_channel(&run) && make_connection(&run)) {
        code = PORTAL_EXIT_FAILED;
        if (open_state(&run)) {
            to_wake = run.connection;
            catch_signals();
            log_event(LOG_LEVEL_INFO, "portal connection starting", "version", relay_version(),
                      "host", run.url.host, "port", LOG_U64(run.url.port), "tls",
                      run.url.is_tls ? "yes" : "no", NULL);
            serve(&run);
            (void)notify_send(&run.notify, "STOPPING=1");
            code = exit_code(&run);
            log_event(LOG_LEVEL_INFO, "portal connection stopped", NULL);
        }
    }
    to_wake = NULL;
    portal_connection_free(run.connection);
    portal_channel_free(run.channel);
    notify_close(&run.notify);
    portal_status_close(&run.writer);
    state_dir_close(&run.dir);
    return code;
}
