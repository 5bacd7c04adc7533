/* test_log.c — tests of log.h: form, escaping, limits, and whole lines. */
#include "log.h"
#include "passed_sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "captured.h"

enum { TIME_LEN = sizeof("2026-11-24T08:30:00.125Z") - 1, WRITERS = 4, LINES = 50 };

static int pipe_fds[2];

static int set_up(void **state)
{
    (void)state;
    return pipe(pipe_fds);
}

static int tear_down(void **state)
{
    (void)state;
    close(pipe_fds[0]);
    close(pipe_fds[1]);
    return 0;
}

/* The lines written so far, which are all in the pipe. Valid until the next call. */
static const char *written(void)
{
    static char text[65536];
    ssize_t len;

    assert_int_equal(write(pipe_fds[1], "", 1), 1);
    len = read(pipe_fds[0], text, sizeof(text));
    assert_true(len > 0 && text[len - 1] == '\0');
    return text;
}

/* What was written, one line, without its time and newline. */
static const char *written_line(void)
{
    static char line[LOG_LINE_MAX];
    const char *text = written();
    size_t len = strlen(text);

    assert_true(len > TIME_LEN + 1 && text[len - 1] == '\n');
    assert_true(strcspn(text, "\n") == len - 1);
    snprintf(line, sizeof(line), "%.*s", (int)(len - 1 - TIME_LEN - 1), text + TIME_LEN + 1);
    return line;
}

static void log_to_pipe(enum log_level level, enum log_format format, int shard)
{
    log_init(level, format, pipe_fds[1], shard);
}

static void a_line_for_people(void **state)
{
    (void)state;
    log_to_pipe(LOG_LEVEL_INFO, LOG_FORMAT_HUMAN, 3);
    log_event(LOG_LEVEL_INFO, "relay port taken", "port", "50012", "tries", LOG_U64(2), NULL);
    assert_string_equal(written_line(), "info    shard 3: relay port taken port=50012 tries=2");
    log_event(LOG_LEVEL_WARNING, "odd", "value", NULL, NULL);
    assert_string_equal(written_line(), "warning shard 3: odd value=-");
    log_to_pipe(LOG_LEVEL_INFO, LOG_FORMAT_HUMAN, LOG_SUPERVISOR);
    log_event(LOG_LEVEL_ERROR, "it ends", NULL);
    assert_string_equal(written_line(), "error   supervisor: it ends");
}

static void a_line_of_json(void **state)
{
    const char *line;

    (void)state;
    log_to_pipe(LOG_LEVEL_INFO, LOG_FORMAT_JSON, 3);
    log_event(LOG_LEVEL_INFO, "relay port taken", "port", "50012", "tries", LOG_U64(2), NULL);
    line = written();
    assert_memory_equal(line, "{\"time\":\"20", 11);
    assert_string_equal(line + 9 + TIME_LEN,
                        "\",\"level\":\"info\",\"shard\":3,\"message\":\"relay port taken\","
                        "\"port\":\"50012\",\"tries\":\"2\"}\n");
    log_to_pipe(LOG_LEVEL_INFO, LOG_FORMAT_JSON, LOG_SUPERVISOR);
    log_event(LOG_LEVEL_ERROR, "it ends", NULL);
    assert_says(written(),
                "\"level\":\"error\",\"shard\":\"supervisor\",\"message\":\"it ends\"}\n");
    log_to_pipe(LOG_LEVEL_INFO, LOG_FORMAT_JSON, LOG_PORTAL);
    log_event(LOG_LEVEL_ERROR, "it ends", NULL);
    assert_says(written(), "\"level\":\"error\",\"shard\":\"portal\",\"message\":\"it ends\"}\n");
}

static void the_time_is_utc_to_the_millisecond(void **state)
{
    const char *line;

    (void)state;
    setenv("TZ", "Asia/Tokyo", 1);
    log_to_pipe(LOG_LEVEL_INFO, LOG_FORMAT_HUMAN, 0);
    log_event(LOG_LEVEL_INFO, "now", NULL);
    line = written();
    for (size_t i = 0; i < TIME_LEN; i++) {
        char form = "dddd-dd-ddTdd:dd:dd.dddZ"[i];
        assert_true(form == 'd' ? line[i] >= '0' && line[i] <= '9' : line[i] == form);
    }
    assert_true(line[TIME_LEN] == ' ');
}

static void events_below_the_level_are_not_written(void **state)
{
    (void)state;
    log_to_pipe(LOG_LEVEL_WARNING, LOG_FORMAT_HUMAN, 0);
    assert_true(log_enabled(LOG_LEVEL_ERROR));
    assert_true(log_enabled(LOG_LEVEL_WARNING));
    assert_false(log_enabled(LOG_LEVEL_INFO));
    assert_false(log_enabled(LOG_LEVEL_DEBUG));
    log_event(LOG_LEVEL_INFO, "quiet", NULL);
    log_event(LOG_LEVEL_DEBUG, "quieter", NULL);
    assert_string_equal(written(), "");
    log_to_pipe(LOG_LEVEL_DEBUG, LOG_FORMAT_HUMAN, 0);
    log_event(LOG_LEVEL_DEBUG, "loud", NULL);
    assert_string_equal(written_line(), "debug   shard 0: loud");
}

/* What a value becomes behind "v=" or "v": of a line. */
static void becomes(const char *value, const char *human, const char *json)
{
    char expected[2048];

    log_to_pipe(LOG_LEVEL_INFO, LOG_FORMAT_HUMAN, 0);
    log_event(LOG_LEVEL_INFO, "m", "v", value, NULL);
    snprintf(expected, sizeof(expected), "info    shard 0: m v=%s", human);
    assert_string_equal(written_line(), expected);
    log_to_pipe(LOG_LEVEL_INFO, LOG_FORMAT_JSON, 0);
    log_event(LOG_LEVEL_INFO, "m", "v", value, NULL);
    snprintf(expected, sizeof(expected), "\"message\":\"m\",\"v\":%s}\n", json);
    assert_says(written(), expected);
}

static void values_cannot_forge_a_line(void **state)
{
    (void)state;
    becomes("plain-1.2:3", "plain-1.2:3", "\"plain-1.2:3\"");
    becomes("", "\"\"", "\"\"");
    becomes("two words", "\"two words\"", "\"two words\"");
    becomes("a=b", "\"a=b\"", "\"a=b\"");
    becomes("a\"b\\c", "\"a\\\"b\\\\c\"", "\"a\\\"b\\\\c\"");
    becomes("x\nerror shard 0: y", "\"x\\x0aerror shard 0: y\"", "\"x\\u000aerror shard 0: y\"");
    becomes("\x1b[2J\x7f\t", "\"\\x1b[2J\\x7f\\x09\"", "\"\\u001b[2J\\u007f\\u0009\"");
    becomes("\xc2\x9b[2J", "\"\\xc2\\x9b[2J\"", "\"\\u009b[2J\"");
    /* Separators of lines, and what turns the direction of writing. */
    becomes("\xe2\x80\xa8y", "\"\\xe2\\x80\\xa8y\"", "\"\\u2028y\"");
    becomes("\xe2\x80\xaegnp", "\"\\xe2\\x80\\xaegnp\"", "\"\\u202egnp\"");
    becomes("\xe2\x81\xa9y", "\"\\xe2\\x81\\xa9y\"", "\"\\u2069y\"");
    becomes("\xd8\x9cy", "\"\\xd8\\x9cy\"", "\"\\u061cy\"");
}

static void utf8_passes_and_what_is_none_does_not(void **state)
{
    (void)state;
    becomes("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"",
            "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"");
    becomes("\xff", "\"\\xff\"", "\"\\ufffd\"");
    becomes("\xc3", "\"\\xc3\"", "\"\\ufffd\"");
    becomes("\xc3x", "\"\\xc3x\"", "\"\\ufffdx\"");
    becomes("\xc0\xaf", "\"\\xc0\\xaf\"", "\"\\ufffd\\ufffd\"");
    becomes("\xe0\x80\xaf", "\"\\xe0\\x80\\xaf\"", "\"\\ufffd\\ufffd\\ufffd\"");
    becomes("\xed\xa0\x80", "\"\\xed\\xa0\\x80\"", "\"\\ufffd\\ufffd\\ufffd\"");
    becomes("\xf0\x80\x80\xaf", "\"\\xf0\\x80\\x80\\xaf\"", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"");
    becomes("\xf4\x90\x80\x80", "\"\\xf4\\x90\\x80\\x80\"", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"");
}

static void long_values_are_cut(void **state)
{
    char value[LOG_VALUE_MAX + 2], cut[LOG_VALUE_MAX + 16], quoted[LOG_VALUE_MAX + 32];

    (void)state;
    memset(value, 'x', sizeof(value));
    value[LOG_VALUE_MAX] = '\0';
    snprintf(quoted, sizeof(quoted), "\"%s\"", value);
    becomes(value, value, quoted);
    value[LOG_VALUE_MAX] = 'x';
    value[LOG_VALUE_MAX + 1] = '\0';
    snprintf(cut, sizeof(cut), "%.*s\xe2\x80\xa6", LOG_VALUE_MAX, value);
    snprintf(quoted, sizeof(quoted), "\"%s\"", cut);
    becomes(value, cut, quoted);
    /* Not in the middle of a character. */
    memcpy(value + LOG_VALUE_MAX - 1, "\xc3\xa4", 2);
    snprintf(quoted, sizeof(quoted), "\"%.*s\xe2\x80\xa6\"", LOG_VALUE_MAX - 1, value);
    becomes(value, quoted, quoted);
}

static void fields_that_do_not_fit_are_left_out(void **state)
{
    char value[LOG_VALUE_MAX + 1];
    const char *line;
    size_t len;

    (void)state;
    memset(value, '\1', LOG_VALUE_MAX);
    value[LOG_VALUE_MAX] = '\0';
    log_to_pipe(LOG_LEVEL_INFO, LOG_FORMAT_JSON, 0);
    log_event(LOG_LEVEL_INFO, "m", "a", value, "b", value, "c", value, "d", "last", NULL);
    line = written();
    len = strlen(line);
    assert_true(len <= LOG_LINE_MAX);
    assert_says(line, "\"a\":\"\\u0001");
    assert_says(line, "\"b\":\"\\u0001");
    assert_null(strstr(line, "\"c\":"));
    assert_string_equal(line + len - strlen(",\"d\":\"last\"}\n"), ",\"d\":\"last\"}\n");
}

static void a_message_is_escaped_and_cut(void **state)
{
    char message[2000];

    (void)state;
    log_to_pipe(LOG_LEVEL_INFO, LOG_FORMAT_HUMAN, 0);
    log_event(LOG_LEVEL_INFO, "a\nb", NULL);
    assert_string_equal(written_line(), "info    shard 0: a\\x0ab");
    memset(message, '\1', sizeof(message));
    message[sizeof(message) - 1] = '\0';
    log_to_pipe(LOG_LEVEL_INFO, LOG_FORMAT_JSON, 0);
    log_event(LOG_LEVEL_INFO, message, "k", "v", NULL);
    assert_says(written(), "\\u0001\xe2\x80\xa6\",\"k\":\"v\"}\n");
}

static void helpers_make_text(void **state)
{
    const struct transport_addr addr = transport_addr_v4((uint8_t[]){192, 0, 2, 1}, 3478);
    char user[300];

    (void)state;
    assert_string_equal(LOG_U64(0), "0");
    assert_string_equal(LOG_U64(UINT64_MAX), "18446744073709551615");
    assert_string_equal(LOG_ADDR(&addr), "192.0.2.1:3478");
    assert_string_equal(LOG_BYTES("alice!", 5), "alice");
    assert_string_equal(LOG_BYTES("a\0b", 3), "a?b");
    assert_string_equal(LOG_BYTES(NULL, 0), "");
    memset(user, 'x', sizeof(user));
    assert_int_equal(strlen(LOG_BYTES(user, sizeof(user))), LOG_VALUE_MAX + 1);
}

/* Fills what |fd| is, which nobody reads from. Its own flags are as before afterwards. */
static void fill(int fd)
{
    static const char block[4096];
    int flags = fcntl(fd, F_GETFL);

    assert_int_equal(fcntl(fd, F_SETFL, flags | O_NONBLOCK), 0);
    for (size_t len = sizeof(block); len > 0; len /= 2)
        while (write(fd, block, len) > 0)
            continue;
    assert_int_equal(errno, EAGAIN);
    assert_int_equal(fcntl(fd, F_SETFL, flags), 0);
}

static void drain(int fd)
{
    char block[4096];

    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    while (read(fd, block, sizeof(block)) > 0)
        continue;
    assert_int_equal(errno, EAGAIN);
}

static void no_low_descriptor_is_taken(void **state)
{
    struct stat pipe_status, status;
    int found = 0;

    (void)state;
    log_to_pipe(LOG_LEVEL_INFO, LOG_FORMAT_HUMAN, 0);
    assert_int_equal(fstat(pipe_fds[1], &pipe_status), 0);
    for (int fd = PASSED_SOCKETS_FIRST; fd < PASSED_SOCKETS_FIRST + PASSED_SOCKETS_MAX; fd++)
        found += fstat(fd, &status) == 0 && status.st_ino == pipe_status.st_ino;
    assert_int_equal(found, 2); /* our two ends, and not the log's */
}

/* Lines into pipe_fds[1], whose reader stops for a while. A wait would end the test by SIGALRM. */
static void lose_two_lines(void)
{
    alarm(30);
    fill(pipe_fds[1]);
    errno = ERANGE;
    log_event(LOG_LEVEL_INFO, "lost", NULL);
    assert_int_equal(errno, ERANGE);
    log_event(LOG_LEVEL_INFO, "lost too", NULL);
    drain(pipe_fds[0]);
    log_event(LOG_LEVEL_INFO, "back", NULL);
    assert_string_equal(written_line(), "info    shard 0: back lines_lost=2");
    log_event(LOG_LEVEL_INFO, "on", NULL);
    assert_string_equal(written_line(), "info    shard 0: on");
    assert_int_equal(fcntl(pipe_fds[1], F_GETFL) & O_NONBLOCK, 0);
    alarm(0);
}

static void nobody_waits_for_a_full_pipe(void **state)
{
    (void)state;
    log_to_pipe(LOG_LEVEL_INFO, LOG_FORMAT_HUMAN, 0);
    lose_two_lines();
}

static void nobody_waits_for_a_full_pipe_that_cannot_be_reopened(void **state)
{
    struct rlimit limit;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(
        setrlimit(RLIMIT_NOFILE, &(struct rlimit){.rlim_cur = 0, .rlim_max = limit.rlim_max}), 0);
    log_to_pipe(LOG_LEVEL_INFO, LOG_FORMAT_HUMAN, 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    lose_two_lines();
}

static void nobody_waits_for_a_full_socket(void **state)
{
    (void)state;
    close(pipe_fds[0]);
    close(pipe_fds[1]);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pipe_fds), 0);
    log_to_pipe(LOG_LEVEL_INFO, LOG_FORMAT_HUMAN, 0);
    lose_two_lines();
}

static void lines_of_several_processes_do_not_mix(void **state)
{
    static char text[WRITERS * LINES * 256];
    unsigned seen[WRITERS] = {0};
    size_t len = 0;

    (void)state;
    for (int k = 0; k < WRITERS; k++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            log_to_pipe(LOG_LEVEL_INFO, LOG_FORMAT_HUMAN, k);
            for (uint64_t i = 0; i < LINES; i++)
                log_event(LOG_LEVEL_INFO, "an event", "number", LOG_U64(i), "filling",
                          "01234567890123456789012345678901234567890123456789", NULL);
            _exit(0);
        }
    }
    close(pipe_fds[1]);
    for (ssize_t count; (count = read(pipe_fds[0], text + len, sizeof(text) - 1 - len)) > 0;)
        len += (size_t)count;
    pipe_fds[1] = -1;
    for (int k = 0; k < WRITERS; k++)
        assert_true(wait(NULL) > 0);
    text[len] = '\0';
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        unsigned shard, number;
        int end = 0;
        assert_int_equal(sscanf(line + TIME_LEN,
                                " info    shard %u: an event number=%u filling="
                                "01234567890123456789012345678901234567890123456789%n",
                                &shard, &number, &end),
                         2);
        assert_int_equal(line[TIME_LEN + end], '\0');
        assert_true(shard < WRITERS);
        assert_int_equal(number, seen[shard]++);
    }
    for (int k = 0; k < WRITERS; k++)
        assert_int_equal(seen[k], LINES);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_line_for_people),
        TEST(a_line_of_json),
        TEST(the_time_is_utc_to_the_millisecond),
        TEST(events_below_the_level_are_not_written),
        TEST(values_cannot_forge_a_line),
        TEST(utf8_passes_and_what_is_none_does_not),
        TEST(long_values_are_cut),
        TEST(fields_that_do_not_fit_are_left_out),
        TEST(a_message_is_escaped_and_cut),
        TEST(helpers_make_text),
        TEST(no_low_descriptor_is_taken),
        TEST(nobody_waits_for_a_full_pipe),
        TEST(nobody_waits_for_a_full_pipe_that_cannot_be_reopened),
        TEST(nobody_waits_for_a_full_socket),
        TEST(lines_of_several_processes_do_not_mix),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
