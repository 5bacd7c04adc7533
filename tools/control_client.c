/* control_client.c — asks a shard over its control socket, and waits for the answers. */
#include "control_client.h"

#include "control_socket.h"
#include "counter_page.h"
#include "system_clock.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A conversation under way. */
struct conversation {
    const struct state_dir *dir;
    uint32_t shard;
    int fd;
    size_t len; /* of what was received and is no whole line yet */
    char text[2 * CONTROL_ANSWER_MAX];
    struct problem *problem;
};

static enum err system_problem(const struct conversation *talk, const char *verb)
{
    problem_set(talk->problem, "shard %" PRIu32 " cannot be %s: %s", talk->shard, verb,
                strerror(errno));
    return errno == EACCES || errno == EPERM ? ERR_AUTH : ERR_IO;
}

static enum err not_understood(const struct conversation *talk)
{
    problem_set(talk->problem,
                "shard %" PRIu32 " says something that is not version %d of the control protocol",
                talk->shard, CONTROL_VERSION);
    return ERR_MALFORMED;
}

/* Its counter page says that it hangs. */
static bool is_hanging(const struct conversation *talk, struct counter_snapshot *ret)
{
    struct problem ignored;

    return counter_page_read(talk->dir, talk->shard, ret, &ignored) == ERR_OK &&
           counter_snapshot_hangs(ret, system_mono_time());
}

static enum err hangs(const struct conversation *talk)
{
    struct counter_snapshot snapshot;

    if (is_hanging(talk, &snapshot))
        problem_set(talk->problem,
                    "shard %" PRIu32 " hangs: process %" PRId64 " has not moved for %.1f s",
                    talk->shard, snapshot.page.pid,
                    (double)counter_page_age(&snapshot.page, system_mono_time()) / USEC_PER_SEC);
    else
        problem_set(talk->problem, "shard %" PRIu32 " has not answered for %.1f s", talk->shard,
                    CONTROL_CLIENT_WAIT_MSEC / 1000.0);
    return ERR_TIMEOUT;
}

/* So many wait to be accepted already: says why. */
static enum err is_busy(const struct conversation *talk)
{
    struct counter_snapshot snapshot;

    if (is_hanging(talk, &snapshot))
        return hangs(talk);
    problem_set(talk->problem, "shard %" PRIu32 " is asked by too many others at this time",
                talk->shard);
    return ERR_UNAVAILABLE;
}

/* Nobody listens: says why. */
static enum err is_absent(const struct conversation *talk)
{
    struct counter_snapshot snapshot;
    struct problem why;
    enum err err = counter_page_read(talk->dir, talk->shard, &snapshot, &why);

    if (err == ERR_NOT_FOUND)
        problem_set(talk->problem, "there is no shard %" PRIu32 ": none has run with %s",
                    talk->shard, talk->dir->path);
    else if (err == ERR_OK && !snapshot.is_live)
        problem_set(talk->problem, "shard %" PRIu32 " is not running", talk->shard);
    else if (err == ERR_OK && snapshot.page.state == SHARD_STATE_STARTING)
        problem_set(talk->problem, "shard %" PRIu32 " is only starting: try again in a moment",
                    talk->shard);
    else if (err == ERR_OK)
        problem_set(talk->problem,
                    "shard %" PRIu32 " runs without a control socket: its log says why",
                    talk->shard);
    else
        *talk->problem = why;
    return ERR_NOT_FOUND;
}

/* Waits until |events| are there. */
static enum err wait_for(const struct conversation *talk, short events)
{
    const struct mono_time end =
        mono_time_add_usec(system_mono_time(), (int64_t)CONTROL_CLIENT_WAIT_MSEC * 1000);
    struct pollfd watched = {.fd = talk->fd, .events = events};
    struct counter_snapshot snapshot;

    do {
        int count = poll(&watched, 1, CONTROL_CLIENT_HUNG_MSEC);

        if (count > 0)
            return ERR_OK;
        if (count < 0 && errno != EINTR)
            return system_problem(talk, "waited for");
    } while (!mono_time_due(end, system_mono_time()) && !is_hanging(talk, &snapshot));
    return hangs(talk);
}

static enum err send_request(const struct conversation *talk, const struct control_request *request)
{
    char line[CONTROL_REQUEST_MAX];
    size_t len = control_request_write(request, line);
    enum err err = wait_for(talk, POLLOUT);

    /* A line fits into the buffer of a new socket as a whole. That the shard has hung up is told
     * by its answer, which is there nevertheless. */
    if (err == ERR_OK && send(talk->fd, line, len, MSG_NOSIGNAL) != (ssize_t)len && errno != EPIPE)
        err = system_problem(talk, "asked");
    return err;
}

/* Receives more of the answers. */
static enum err receive(struct conversation *talk)
{
    enum err err = wait_for(talk, POLLIN);

    if (err != ERR_OK)
        return err;
    ssize_t len = recv(talk->fd, talk->text + talk->len, sizeof(talk->text) - talk->len, 0);

    if (len < 0 && errno != EAGAIN && errno != EINTR)
        return system_problem(talk, "heard");
    if (len == 0) {
        problem_set(talk->problem, "shard %" PRIu32 " hung up before it had answered", talk->shard);
        return ERR_MALFORMED;
    }
    talk->len += len > 0 ? (size_t)len : 0;
    return ERR_OK;
}

/* Takes the next answer, which may have to be received. */
static enum err next_answer(struct conversation *talk, struct control_answer *ret)
{
    char *newline;

    while ((newline = memchr(talk->text, '\n', talk->len)) == NULL) {
        if (talk->len == sizeof(talk->text))
            return not_understood(talk);
        enum err err = receive(talk);

        if (err != ERR_OK)
            return err;
    }
    size_t len = (size_t)(newline - talk->text);
    enum err err =
        control_answer_read((struct bytes){.data = (uint8_t *)talk->text, .len = len}, ret);

    talk->len -= len + 1;
    memmove(talk->text, newline + 1, talk->len);
    return err == ERR_OK ? ERR_OK : not_understood(talk);
}

static enum err read_answers(struct conversation *talk, control_client_each *each, void *context,
                             uint64_t *ret_count)
{
    struct control_answer answer;
    enum err err;

    while ((err = next_answer(talk, &answer)) == ERR_OK) {
        switch (answer.kind) {
        case CONTROL_ANSWER_RECORD:
        case CONTROL_ANSWER_DELETED:
            if (each != NULL)
                each(context, &answer);
            break;
        case CONTROL_ANSWER_DONE:
            *ret_count = answer.count;
            return ERR_OK;
        case CONTROL_ANSWER_ERROR:
            problem_set(talk->problem, "shard %" PRIu32 " refuses: %s", talk->shard,
                        answer.error.problem.text);
            return answer.error.code == CONTROL_ERROR_DENIED ? ERR_AUTH : ERR_UNAVAILABLE;
        }
    }
    return err;
}

enum err control_client_ask(const struct state_dir *dir, uint32_t shard,
                            const struct control_request *request, control_client_each *each,
                            void *context, uint64_t *ret_count, struct problem *problem)
{
    struct conversation talk = {
        .dir = dir, .shard = shard, .fd = control_socket_connect(dir, shard), .problem = problem};

    if (talk.fd < 0) {
        if (errno == ENOENT || errno == ECONNREFUSED)
            return is_absent(&talk);
        return errno == EAGAIN ? is_busy(&talk) : system_problem(&talk, "asked");
    }
    enum err err = send_request(&talk, request);

    if (err == ERR_OK)
        err = read_answers(&talk, each, context, ret_count);
    close(talk.fd);
    return err;
}
