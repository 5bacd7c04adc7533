/* portal_status.c — what the portal connection tells the other processes of this host. */
#include "portal/portal_status.h"

#include "private_file.h"
#include "relay_id.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define VERSION_LINE "portal-status 1\n"

/* The numbers of the file, each declared once: its key and where it stands. */
static const struct {
    const char *key;
    size_t offset;
} numbers[] = {
    {"since", offsetof(struct portal_status, since_sec)},
    {"admitted", offsetof(struct portal_status, admitted_sec)},
    {"lost", offsetof(struct portal_status, lost_sec)},
    {"init", offsetof(struct portal_status, init_sec)},
    {"heartbeat-sent", offsetof(struct portal_status, heartbeat_sent_sec)},
    {"heartbeat-answered", offsetof(struct portal_status, heartbeat_answered_sec)},
    {"retry", offsetof(struct portal_status, retry_sec)},
    {"attempts", offsetof(struct portal_status, attempts)},
    {"admissions", offsetof(struct portal_status, admissions)},
    {"error-time", offsetof(struct portal_status, error_sec)},
};

enum { NUMBER_COUNT = sizeof(numbers) / sizeof(numbers[0]) };

const char *portal_state_name(enum portal_state state)
{
    static const char *const names[PORTAL_STATE_COUNT] = {
        [PORTAL_STATE_CONNECTING] = "connecting", [PORTAL_STATE_JOINING] = "joining",
        [PORTAL_STATE_ADMITTED] = "admitted",     [PORTAL_STATE_WAITING] = "waiting",
        [PORTAL_STATE_REFUSED] = "refused",       [PORTAL_STATE_GAVE_UP] = "gave up",
        [PORTAL_STATE_STOPPED] = "stopped",
    };

    return state < PORTAL_STATE_COUNT ? names[state] : "unknown";
}

static enum err io_problem(const struct state_dir *dir, const char *name, const char *verb,
                           struct problem *problem)
{
    problem_set(problem, "%s/%s cannot be %s: %s", dir->path, name, verb, strerror(errno));
    return ERR_IO;
}

/* A lock of the open file description: it ends with the process, and can be asked after. */
static int lock_command(int fd, int command, struct flock *lock)
{
    *lock = (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET};
    return fcntl(fd, command, lock);
}

enum err portal_status_open(const struct state_dir *dir, struct portal_status_writer *ret,
                            struct problem *problem)
{
    char pid[24];
    struct flock lock;
    int fd = openat(dir->fd, PORTAL_LOCK_FILE, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC,
                    S_IRUSR | S_IWUSR);

    if (fd < 0)
        return io_problem(dir, PORTAL_LOCK_FILE, "opened", problem);
    if (lock_command(fd, F_OFD_SETLK, &lock) != 0) {
        enum err err = ERR_EXISTS;

        if (errno != EAGAIN && errno != EACCES) {
            err = io_problem(dir, PORTAL_LOCK_FILE, "locked", problem);
        } else {
            ssize_t len = pread(fd, pid, sizeof(pid) - 1, 0);

            pid[len > 0 ? len : 0] = '\0';
            pid[strspn(pid, "0123456789")] = '\0';
            problem_set(problem,
                        "the portal connection of %s is running already, as process %s: one relay "
                        "has one",
                        dir->path, pid[0] != '\0' ? pid : "unknown");
        }
        close(fd);
        return err;
    }
    (void)snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());
    /* For people only, so a full disk is no reason not to run. */
    if (ftruncate(fd, 0) == 0)
        (void)!write(fd, pid, strlen(pid));
    *ret = (struct portal_status_writer){.dir = dir, .lock_fd = fd};
    return ERR_OK;
}

void portal_status_close(struct portal_status_writer *writer)
{
    if (writer->lock_fd >= 0)
        close(writer->lock_fd);
    *writer = PORTAL_STATUS_WRITER_CLOSED;
}

static uint64_t number_in(const struct portal_status *status, size_t i)
{
    uint64_t value;

    memcpy(&value, (const char *)status + numbers[i].offset, sizeof(value));
    return value;
}

static size_t format(const struct portal_status *status, char text[static PORTAL_STATUS_FILE_MAX])
{
    int len = snprintf(text, PORTAL_STATUS_FILE_MAX, VERSION_LINE "pid=%ld\nstate=%s\n",
                       (long)getpid(), portal_state_name(status->state));

    for (size_t i = 0; i < NUMBER_COUNT; i++)
        len += snprintf(text + len, PORTAL_STATUS_FILE_MAX - (size_t)len, "%s=%" PRIu64 "\n",
                        numbers[i].key, number_in(status, i));
    char *error = text + len;

    len += snprintf(error, PORTAL_STATUS_FILE_MAX - (size_t)len, "error=%s\n", status->error);
    /* Whatever the error says, it is one line. */
    for (char *p = strchr(error, '\n'); p != text + len - 1; p = strchr(p, '\n'))
        *p = ' ';
    return (size_t)len;
}

enum err portal_status_write(struct portal_status_writer *writer,
                             const struct portal_status *status, struct problem *problem)
{
    char text[PORTAL_STATUS_FILE_MAX];
    struct bytes content = {.data = (const uint8_t *)text, .len = format(status, text)};
    enum err err;

    if (content.len == writer->written_len && memcmp(text, writer->written, content.len) == 0)
        return ERR_OK;
    err = private_file_put(writer->dir, PORTAL_STATUS_FILE, content, PRIVATE_FILE_REPLACE, problem);
    if (err == ERR_OK) {
        writer->written_len = content.len;
        memcpy(writer->written, text, content.len);
    }
    return err;
}

/* Takes "|key|=…\n" off |text|; the value, ended with a zero, or NULL. */
static char *take_line(char **text, const char *key)
{
    size_t len = strlen(key);
    char *value, *end;

    if (strncmp(*text, key, len) != 0 || (*text)[len] != '=')
        return NULL;
    value = *text + len + 1;
    end = strchr(value, '\n');
    if (end == NULL)
        return NULL;
    *end = '\0';
    *text = end + 1;
    return value;
}

static bool take_number(char **text, const char *key, uint64_t *ret)
{
    const char *value = take_line(text, key);
    char *end;

    if (value == NULL || value[0] < '0' || value[0] > '9')
        return false;
    *ret = strtoull(value, &end, 10);
    return *end == '\0';
}

static bool parse(char *text, struct portal_snapshot *ret)
{
    struct portal_status *status = &ret->status;
    const char *value;
    uint64_t pid;

    if (strncmp(text, VERSION_LINE, strlen(VERSION_LINE)) != 0)
        return false;
    text += strlen(VERSION_LINE);
    if (!take_number(&text, "pid", &pid) || pid > INT32_MAX)
        return false;
    ret->pid = (int64_t)pid;
    value = take_line(&text, "state");
    for (status->state = 0; status->state < PORTAL_STATE_COUNT; status->state++) {
        if (value != NULL && strcmp(value, portal_state_name(status->state)) == 0)
            break;
    }
    if (status->state == PORTAL_STATE_COUNT)
        return false;
    for (size_t i = 0; i < NUMBER_COUNT; i++) {
        uint64_t number;

        if (!take_number(&text, numbers[i].key, &number))
            return false;
        memcpy((char *)status + numbers[i].offset, &number, sizeof(number));
    }
    value = take_line(&text, "error");
    if (value == NULL || strlen(value) >= sizeof(status->error))
        return false;
    (void)snprintf(status->error, sizeof(status->error), "%s", value);
    return true;
}

/* Does a process hold the lock? */
static bool is_locked(const struct state_dir *dir)
{
    int fd = openat(dir->fd, PORTAL_LOCK_FILE, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct flock lock;
    bool is_held;

    if (fd < 0)
        return false;
    is_held = lock_command(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
    close(fd);
    return is_held;
}

enum err portal_status_read(const struct state_dir *dir, struct portal_snapshot *ret,
                            struct problem *problem)
{
    uint8_t text[PORTAL_STATUS_FILE_MAX];
    size_t len = 0;
    int fd;
    enum err err = private_file_open(dir, PORTAL_STATUS_FILE, &fd, problem);

    if (err == ERR_NOT_FOUND)
        problem_set(problem, "%s/%s does not exist: no portal connection has run here", dir->path,
                    PORTAL_STATUS_FILE);
    if (err != ERR_OK)
        return err;
    err = private_file_read(fd, text, sizeof(text) - 1, &len);
    if (err != ERR_OK)
        (void)io_problem(dir, PORTAL_STATUS_FILE, "read", problem);
    close(fd);
    if (err != ERR_OK)
        return err;
    text[len] = '\0';
    memset(ret, 0, sizeof(*ret));
    if (!parse((char *)text, ret)) {
        problem_set(problem, "%s/%s is no status of this version of the relay", dir->path,
                    PORTAL_STATUS_FILE);
        return ERR_MALFORMED;
    }
    ret->is_live = is_locked(dir);
    return ERR_OK;
}

enum err portal_init_keep(const struct state_dir *dir, const char *relay_id,
                          struct problem *problem)
{
    char text[RELAY_ID_TEXT_LEN + 1];

    if (portal_init_has_come(dir, relay_id))
        return ERR_OK;
    (void)snprintf(text, sizeof(text), "%s\n", relay_id);
    return private_file_put(dir, PORTAL_INIT_FILE,
                            (struct bytes){.data = (const uint8_t *)text, .len = strlen(text)},
                            PRIVATE_FILE_REPLACE, problem);
}

bool portal_init_has_come(const struct state_dir *dir, const char *relay_id)
{
    uint8_t text[RELAY_ID_TEXT_LEN + 1];
    size_t id_len = strlen(relay_id), len = 0;
    struct problem problem;
    bool is_ours;
    int fd;

    if (private_file_open(dir, PORTAL_INIT_FILE, &fd, &problem) != ERR_OK)
        return false;
    is_ours = private_file_read(fd, text, sizeof(text), &len) == ERR_OK && id_len > 0 &&
              len == id_len + 1 && memcmp(text, relay_id, id_len) == 0 && text[id_len] == '\n';
    close(fd);
    return is_ours;
}
