/* control.c — the shard's side of its control socket: drain, undrain, delete, records. */
#include "control.h"

#include "control_message.h"
#include "control_socket.h"
#include "log.h"
#include "round.h"

#include <errno.h>
#include <event2/event_struct.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    REST_MSEC = 1000, /* when there were enough, or no descriptor for one more */
    ANSWERS_LEN = CONTROL_RECORDS_AT_ONCE * CONTROL_ANSWER_MAX,
};
_Static_assert((int)CONTROL_DELETES_AT_ONCE < (int)CONTROL_RECORDS_AT_ONCE, "the answers fit");

struct connection {
    struct control *control;
    int fd; /* -1: free */
    struct event event;
    struct mono_time end; /* at the latest */
    char line[CONTROL_REQUEST_MAX];
    size_t line_len;
    struct control_request request;
    struct turn_listing listing;
    uint64_t count;
    bool is_last;  /* the last answer is among |answers| */
    char *answers; /* of ANSWERS_LEN */
    size_t answers_len;
    size_t sent;
};

struct control {
    struct control_config config;
    int fd;
    struct event acceptable;
    struct event rested;
    unsigned accepted; /* in this second */
    struct mono_time counted_from;
    struct turn_record records[CONTROL_RECORDS_AT_ONCE];
    struct connection connections[CONTROL_CONNECTIONS_MAX];
    char *answers;
};

static struct timeval time_of(int64_t usec)
{
    return (struct timeval){.tv_sec = usec / USEC_PER_SEC, .tv_usec = usec % USEC_PER_SEC};
}

static void hang_up(struct connection *connection)
{
    if (event_initialized(&connection->event))
        (void)event_del(&connection->event);
    close(connection->fd);
    connection->fd = -1;
}

static void on_connection(evutil_socket_t fd, short what, void *arg);

/* Waits for |what| to be possible, but not for long. */
static void wait_for(struct connection *connection, short what)
{
    const struct control_config *config = &connection->control->config;
    int64_t left = mono_time_until(connection->end, clocks_read().mono);
    int64_t idle = (int64_t)config->idle_msec * 1000;
    const struct timeval most = time_of(left < idle ? left : idle);

    if (left > 0 &&
        event_assign(&connection->event, config->base, connection->fd, what, on_connection,
                     connection) == 0 &&
        event_add(&connection->event, &most) == 0)
        return;
    hang_up(connection);
}

/*
 * Answers.
 */

static void add_answer(struct connection *connection, const struct control_answer *answer)
{
    connection->answers_len +=
        control_answer_write(answer, connection->answers + connection->answers_len);
}

static void add_done(struct connection *connection, uint64_t count)
{
    add_answer(connection, &(struct control_answer){.kind = CONTROL_ANSWER_DONE, .count = count});
    connection->is_last = true;
}

static void add_error(struct connection *connection, enum control_error code,
                      const struct problem *problem)
{
    add_answer(connection, &(struct control_answer){.kind = CONTROL_ANSWER_ERROR,
                                                    .error = {.code = code, .problem = *problem}});
    connection->is_last = true;
}

static void set_draining(struct connection *connection, bool is_draining)
{
    const struct control_config *config = &connection->control->config;
    struct problem problem;

    (void)config->begin(config->context);
    if (config->set_draining(config->context, is_draining, &problem) == ERR_OK)
        add_done(connection, turn_server_allocation_count(config->server));
    else
        add_error(connection, CONTROL_ERROR_FAILED, &problem);
}

static void delete_some(struct connection *connection)
{
    const struct control_config *config = &connection->control->config;
    struct turn_now now = config->begin(config->context);

    for (int i = 0; i < CONTROL_DELETES_AT_ONCE; i++) {
        struct control_answer answer = {.kind = CONTROL_ANSWER_DELETED};

        if (!turn_server_delete(config->server, now, &connection->request.client,
                                &answer.deleted.five_tuple, &answer.deleted.relay_port)) {
            add_done(connection, connection->count);
            return;
        }
        config->on_commands(config->context, now);
        add_answer(connection, &answer);
        connection->count++;
    }
}

static void list_some(struct connection *connection)
{
    struct control *control = connection->control;
    size_t count;
    bool goes_on = turn_server_list(control->config.server, &connection->listing, control->records,
                                    CONTROL_RECORDS_AT_ONCE - 1, &count);

    for (size_t i = 0; i < count; i++)
        add_answer(connection, &(struct control_answer){.kind = CONTROL_ANSWER_RECORD,
                                                        .record = control->records[i]});
    connection->count += count;
    if (!goes_on)
        add_done(connection, connection->count);
}

/* Makes the next few answers. */
static void make_answers(struct connection *connection)
{
    connection->answers_len = connection->sent = 0;
    switch (connection->request.verb) {
    case CONTROL_DRAIN:
        set_draining(connection, true);
        break;
    case CONTROL_UNDRAIN:
        set_draining(connection, false);
        break;
    case CONTROL_DELETE:
        delete_some(connection);
        break;
    case CONTROL_RECORDS:
        list_some(connection);
        break;
    }
}

static void send_answers(struct connection *connection)
{
    if (connection->sent == connection->answers_len && !connection->is_last)
        make_answers(connection);
    ssize_t len = send(connection->fd, connection->answers + connection->sent,
                       connection->answers_len - connection->sent, MSG_DONTWAIT | MSG_NOSIGNAL);

    if (len < 0 && errno != EAGAIN && errno != EINTR) {
        hang_up(connection);
        return;
    }
    connection->sent += len > 0 ? (size_t)len : 0;
    if (connection->is_last && connection->sent == connection->answers_len)
        hang_up(connection);
    else
        wait_for(connection, EV_WRITE);
}

/*
 * Requests.
 */

static void refuse(struct connection *connection, enum control_error code, const char *why)
{
    struct problem problem;

    problem_set(&problem, "%s", why);
    add_error(connection, code, &problem);
    send_answers(connection);
}

/* Its client does not wait for the answer any more: to it the shard hangs. Half a connection, of
 * one who has just nothing more to say, is as good as a whole one. */
static bool is_taken_back(const struct connection *connection)
{
    struct pollfd watched = {.fd = connection->fd};

    return poll(&watched, 1, 0) > 0 && (watched.revents & POLLHUP) != 0;
}

static void take_request(struct connection *connection, size_t len)
{
    if (is_taken_back(connection)) {
        hang_up(connection);
        return;
    }
    struct bytes line = {.data = (const uint8_t *)connection->line, .len = len};

    switch ((int)control_request_read(line, &connection->request)) {
    case ERR_OK:
        send_answers(connection);
        break;
    case ERR_RANGE:
        refuse(connection, CONTROL_ERROR_VERSION,
               "the request is of another version of the control protocol");
        break;
    default:
        refuse(connection, CONTROL_ERROR_MALFORMED, "that is no request");
        break;
    }
}

static void read_request(struct connection *connection)
{
    ssize_t len = recv(connection->fd, connection->line + connection->line_len,
                       sizeof(connection->line) - connection->line_len, MSG_DONTWAIT);

    if (len < 0 && (errno == EAGAIN || errno == EINTR)) {
        wait_for(connection, EV_READ);
        return;
    }
    if (len <= 0) {
        hang_up(connection);
        return;
    }
    connection->line_len += (size_t)len;
    const char *newline = memchr(connection->line, '\n', connection->line_len);

    if (newline != NULL)
        take_request(connection, (size_t)(newline - connection->line));
    else if (connection->line_len == sizeof(connection->line))
        refuse(connection, CONTROL_ERROR_MALFORMED, "the request is too long");
    else
        wait_for(connection, EV_READ);
}

static void on_connection(evutil_socket_t fd, short what, void *arg)
{
    struct connection *connection = arg;

    (void)fd;
    if ((what & EV_TIMEOUT) != 0)
        hang_up(connection);
    else if ((what & EV_WRITE) != 0)
        send_answers(connection);
    else
        read_request(connection);
}

/*
 * Connections.
 */

static struct connection *free_connection(struct control *control)
{
    for (size_t i = 0; i < CONTROL_CONNECTIONS_MAX; i++)
        if (control->connections[i].fd < 0)
            return &control->connections[i];
    return NULL;
}

/* A word to somebody whom there is no place for; it fits into the buffer of a new socket. */
static void turn_away(int fd, enum control_error code, const char *why)
{
    struct control_answer answer = {.kind = CONTROL_ANSWER_ERROR, .error.code = code};
    char text[CONTROL_ANSWER_MAX];

    problem_set(&answer.error.problem, "%s", why);
    size_t len = control_answer_write(&answer, text);

    (void)!send(fd, text, len, MSG_DONTWAIT | MSG_NOSIGNAL);
    close(fd);
}

static void receive(struct control *control, int fd)
{
    struct connection *connection = free_connection(control);

    if (!control_socket_may_ask(fd)) {
        turn_away(fd, CONTROL_ERROR_DENIED, "only root and the relay's own user may ask");
        return;
    }
    if (connection == NULL) {
        turn_away(fd, CONTROL_ERROR_BUSY, "too many ask at this time");
        return;
    }
    *connection = (struct connection){
        .control = control,
        .fd = fd,
        .end = mono_time_add_usec(clocks_read().mono, (int64_t)control->config.whole_msec * 1000),
        .answers = connection->answers};
    wait_for(connection, EV_READ);
}

/* Accepts nobody for a moment: whoever waits stays there, and the socket readable. */
static void rest(struct control *control)
{
    const struct timeval time = time_of((int64_t)REST_MSEC * 1000);

    if (event_add(&control->rested, &time) == 0)
        (void)event_del(&control->acceptable);
}

static bool has_budget(struct control *control)
{
    struct mono_time now = clocks_read().mono;

    if (mono_time_due(mono_time_add_sec(control->counted_from, 1), now)) {
        control->counted_from = now;
        control->accepted = 0;
    }
    return control->accepted++ < CONTROL_ACCEPTS_PER_SEC;
}

static void on_acceptable(evutil_socket_t fd, short what, void *arg)
{
    struct control *control = arg;

    (void)what;
    if (!has_budget(control)) {
        rest(control);
        return;
    }
    int accepted = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (accepted >= 0)
        receive(control, accepted);
    else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
        rest(control); /* no descriptor, say */
}

static void on_rested(evutil_socket_t fd, short what, void *arg)
{
    struct control *control = arg;

    (void)fd;
    (void)what;
    (void)event_add(&control->acceptable, NULL);
}

static enum err no_memory(struct problem *problem)
{
    problem_set(problem, "%s", err_name(ERR_NO_MEMORY));
    return ERR_NO_MEMORY;
}

static enum err begin(struct control *control, struct problem *problem)
{
    const struct control_config *config = &control->config;
    enum err err = control_socket_listen(config->dir, config->shard, &control->fd, problem);

    if (err != ERR_OK)
        return err;
    control->answers = calloc(CONTROL_CONNECTIONS_MAX, ANSWERS_LEN);
    if (control->answers == NULL ||
        event_assign(&control->rested, config->base, -1, 0, on_rested, control) != 0 ||
        event_assign(&control->acceptable, config->base, control->fd, EV_READ | EV_PERSIST,
                     on_acceptable, control) != 0 ||
        event_add(&control->acceptable, NULL) != 0)
        return no_memory(problem);
    for (size_t i = 0; i < CONTROL_CONNECTIONS_MAX; i++)
        control->connections[i].answers = control->answers + i * ANSWERS_LEN;
    return ERR_OK;
}

enum err control_new(const struct control_config *config, struct control **ret,
                     struct problem *problem)
{
    struct control *control = calloc(1, sizeof(*control));

    if (control == NULL)
        return no_memory(problem);
    control->config = *config;
    if (config->idle_msec == 0)
        control->config.idle_msec = CONTROL_IDLE_MSEC;
    if (config->whole_msec == 0)
        control->config.whole_msec = CONTROL_WHOLE_MSEC;
    control->fd = -1;
    for (size_t i = 0; i < CONTROL_CONNECTIONS_MAX; i++)
        control->connections[i].fd = -1;
    enum err err = begin(control, problem);

    if (err != ERR_OK)
        control_free(control);
    else
        *ret = control;
    return err;
}

void control_free(struct control *control)
{
    if (control == NULL)
        return;
    for (size_t i = 0; i < CONTROL_CONNECTIONS_MAX; i++)
        if (control->connections[i].fd >= 0)
            hang_up(&control->connections[i]);
    if (event_initialized(&control->acceptable))
        (void)event_del(&control->acceptable);
    if (event_initialized(&control->rested))
        (void)event_del(&control->rested);
    if (control->fd >= 0)
        close(control->fd);
    free(control->answers);
    free(control);
}
