/* screen.c — a terminal that is drawn over in place and left as it was, whatever ends the program.
 *
 * What signal handlers use is static, and every function in them is one that POSIX allows there.
 */
#include "screen.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* Alternate screen, no cursor; and back. */
static const char enter_text[] = "\x1b[?1049h\x1b[?25l\x1b[2J";
static const char leave_text[] = "\x1b[?25h\x1b[?1049l";
static const char home_text[] = "\x1b[H";
static const char line_end_text[] = "\x1b[K\r\n"; /* clears what the line before left there */
static const char rest_text[] = "\x1b[J";

static const int fatal[] = {SIGHUP,  SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGALRM,
                            SIGABRT, SIGBUS, SIGFPE,  SIGILL,  SIGSEGV};
static const int changing[] = {SIGTSTP, SIGCONT, SIGWINCH};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static volatile sig_atomic_t is_open, has_changed;
static bool has_keys;
static struct termios former; /* when |has_keys| */
static sigset_t waiting_mask; /* while it waits: |changing| come then only */

static bool write_all(const char *text, size_t len)
{
    while (len > 0) {
        ssize_t count = write(STDOUT_FILENO, text, len);

        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return false;
        text += count;
        len -= (size_t)count;
    }
    return true;
}

static void enter(void)
{
    if (has_keys) {
        struct termios raw = former;

        /* One key at a time, not echoed; Ctrl-C and Ctrl-Z still are signals. */
        raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
        raw.c_cc[VMIN] = 1;
        raw.c_cc[VTIME] = 0;
        (void)tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    }
    (void)write_all(enter_text, sizeof(enter_text) - 1);
}

static void leave(void)
{
    (void)write_all(leave_text, sizeof(leave_text) - 1);
    if (has_keys)
        (void)tcsetattr(STDIN_FILENO, TCSANOW, &former);
}

/* Has its default action take place, now. */
static void act_by_default(int number)
{
    sigset_t set;

    (void)signal(number, SIG_DFL);
    sigemptyset(&set);
    sigaddset(&set, number);
    (void)raise(number);
    (void)sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void on_fatal(int number)
{
    if (is_open)
        leave();
    is_open = 0;
    act_by_default(number);
}

static void handle(int number, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler};

    sigemptyset(&action.sa_mask);
    (void)sigaction(number, &action, NULL);
}

static void on_change(int number)
{
    int saved_errno = errno;

    has_changed = 1;
    if (number == SIGTSTP) {
        leave();
        act_by_default(number); /* returns when somebody continues us, after SIGCONT */
        handle(number, on_change);
    } else if (number == SIGCONT) {
        enter();
    }
    errno = saved_errno;
}

void screen_open(void)
{
    sigset_t changes;

    has_keys = tcgetattr(STDIN_FILENO, &former) == 0;
    is_open = 1;
    sigemptyset(&changes);
    for (size_t i = 0; i < COUNT_OF(changing); i++) {
        sigaddset(&changes, changing[i]);
        handle(changing[i], on_change);
    }
    (void)sigprocmask(SIG_BLOCK, &changes, &waiting_mask);
    for (size_t i = 0; i < COUNT_OF(fatal); i++)
        handle(fatal[i], on_fatal);
    enter();
}

void screen_close(void)
{
    if (!is_open)
        return;
    is_open = 0;
    leave();
    for (size_t i = 0; i < COUNT_OF(fatal); i++)
        (void)signal(fatal[i], SIG_DFL);
    for (size_t i = 0; i < COUNT_OF(changing); i++)
        (void)signal(changing[i], SIG_DFL);
    (void)sigprocmask(SIG_SETMASK, &waiting_mask, NULL);
}

bool screen_draw(const char *text, size_t len)
{
    const char *end = text + len;

    if (!write_all(home_text, sizeof(home_text) - 1))
        return false;
    while (text < end) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        size_t line = (size_t)((newline != NULL ? newline : end) - text);

        if (!write_all(text, line))
            return false;
        if (newline == NULL)
            break;
        if (!write_all(line_end_text, sizeof(line_end_text) - 1))
            return false;
        text = newline + 1;
    }
    return write_all(rest_text, sizeof(rest_text) - 1);
}

enum screen_event screen_wait(uint64_t msec, char *ret_key)
{
    struct pollfd input = {.fd = has_keys ? STDIN_FILENO : -1, .events = POLLIN};
    struct timespec time = {.tv_sec = (time_t)(msec / 1000),
                            .tv_nsec = (long)(msec % 1000) * 1000000};
    int count = ppoll(&input, 1, &time, &waiting_mask);

    if (has_changed) {
        has_changed = 0;
        return SCREEN_CHANGED;
    }
    if (count <= 0)
        return SCREEN_TIMEOUT;
    return read(STDIN_FILENO, ret_key, 1) == 1 ? SCREEN_KEY : SCREEN_GONE;
}
