/* notify.c — tells a service manager how we are, by the sd_notify(3) protocol. */
#include "notify.h"

#include "text_parse.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum err take_address(const char *text, struct notify *notify, struct problem *problem)
{
    size_t len = strlen(text);

    if (text[0] != '/' && text[0] != '@') {
        problem_set(problem, "NOTIFY_SOCKET: \"%s\" is neither a path nor an abstract name", text);
        return ERR_MALFORMED;
    }
    if (len < 2 || len >= sizeof(notify->to.path.sun_path)) {
        problem_set(problem, "NOTIFY_SOCKET has 2 to %zu characters",
                    sizeof(notify->to.path.sun_path) - 1);
        return ERR_RANGE;
    }
    notify->to.path = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(notify->to.path.sun_path, text, len);
    /* An abstract name begins with a zero, and its length says where it ends. */
    if (text[0] == '@')
        notify->to.path.sun_path[0] = '\0';
    else
        len++;
    notify->to_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
    return ERR_OK;
}

static enum err take_watchdog(const char *usec, const char *pid, struct notify *notify,
                              struct problem *problem)
{
    uint64_t number;
    uint64_t meant;

    if (usec == NULL)
        return ERR_OK;
    if (text_parse_u64(usec, strlen(usec), 1, INT64_MAX, &number) != ERR_OK ||
        (pid != NULL && text_parse_u64(pid, strlen(pid), 1, INT32_MAX, &meant) != ERR_OK)) {
        problem_set(problem, "WATCHDOG_USEC and WATCHDOG_PID are not a time and a process");
        return ERR_MALFORMED;
    }
    if (pid == NULL || meant == (uint64_t)getpid())
        notify->watchdog_usec = (int64_t)number;
    return ERR_OK;
}

static enum err take(struct notify *notify, struct problem *problem)
{
    const char *address = getenv("NOTIFY_SOCKET");
    enum err err;

    if (address == NULL || address[0] == '\0')
        return ERR_OK;
    err = take_address(address, notify, problem);
    if (err == ERR_OK)
        err = take_watchdog(getenv("WATCHDOG_USEC"), getenv("WATCHDOG_PID"), notify, problem);
    if (err != ERR_OK)
        return err;
    notify->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (notify->fd < 0) {
        problem_set(problem, "NOTIFY_SOCKET: no socket: %s", strerror(errno));
        return ERR_IO;
    }
    return ERR_OK;
}

enum err notify_take(struct notify *ret, struct problem *problem)
{
    enum err err;

    *ret = NOTIFY_NOBODY;
    err = take(ret, problem);
    if (err != ERR_OK)
        *ret = NOTIFY_NOBODY;
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
    return err;
}

void notify_close(struct notify *notify)
{
    if (notify->fd >= 0)
        close(notify->fd);
    *notify = NOTIFY_NOBODY;
}

bool notify_send(const struct notify *notify, const char *lines, ...)
{
    char text[NOTIFY_TEXT_MAX];
    int error = errno;
    va_list args;

    if (notify->fd < 0)
        return true;
    va_start(args, lines);
    int len = vsnprintf(text, sizeof(text), lines, args);
    va_end(args);
    if (len < 0)
        len = 0;
    if ((size_t)len >= sizeof(text))
        len = sizeof(text) - 1;
    bool is_sent =
        sendto(notify->fd, text, (size_t)len, MSG_NOSIGNAL, &notify->to.any, notify->to_len) == len;

    errno = error;
    return is_sent;
}
