/* log_output.c — where log lines go, without waiting for who reads them. */
#include "log_output.h"

#include "log.h"
#include "passed_sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert((int)LOG_LINE_MAX <= (int)PIPE_BUF, "a pipe takes a line whole or not at all");

static struct {
    int fd;
    int own; /* what reopen() opened, or -1 */
    bool is_socket;
} output = {.fd = STDERR_FILENO, .own = -1};

/* Opens the pipe or terminal behind |fd| once more: not to wait is then a property of ours, and not
 * of everybody who shares |fd|. -1 when it cannot be, such as a pipe that another user made. The
 * descriptor lies above those that may be passed to us: one that is missing there must not be taken
 * to be this one. */
static int reopen(int fd)
{
    char path[32];

    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    int low = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

    if (low < 0)
        return -1;
    int high = fcntl(low, F_DUPFD_CLOEXEC, PASSED_SOCKETS_FIRST + PASSED_SOCKETS_MAX);

    close(low);
    return high;
}

void log_output_set(int fd)
{
    struct stat status = {.st_mode = 0};

    if (output.own >= 0)
        close(output.own);
    output.own = -1;
    if (fstat(fd, &status) == 0 && (S_ISFIFO(status.st_mode) || S_ISCHR(status.st_mode)))
        output.own = reopen(fd);
    output.fd = output.own >= 0 ? output.own : fd;
    output.is_socket = S_ISSOCK(status.st_mode);
}

static ssize_t write_once(const char *text, size_t len)
{
    struct pollfd room = {.fd = output.fd, .events = POLLOUT};

    if (output.is_socket)
        return send(output.fd, text, len, MSG_DONTWAIT | MSG_NOSIGNAL);
    /* Where reopening failed this is next best: another process can still take the room between
     * the question and the write. */
    if (output.own < 0 && poll(&room, 1, 0) != 1)
        return -1;
    return write(output.fd, text, len);
}

bool log_output_write(const char *text, size_t len)
{
    ssize_t written = write_once(text, len);

    if (written < 0 && errno == EINTR)
        written = write_once(text, len);
    return written >= 0;
}
