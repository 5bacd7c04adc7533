/* test_passed_sockets.c — tests of passed_sockets.h. */
#include "passed_sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

static unsigned parsed(const char *pid, const char *fds)
{
    unsigned count = 99;

    assert_int_equal(passed_sockets_parse(pid, fds, 1234, &count), ERR_OK);
    return count;
}

static void parse_tells_what_is_meant_for_us(void **state)
{
    (void)state;
    assert_int_equal(parsed("1234", "2"), 2);
    assert_int_equal(parsed("1234", "0"), 0);
    assert_int_equal(parsed("1235", "2"), 0);
    assert_int_equal(parsed(NULL, "2"), 0);
    assert_int_equal(parsed("1234", NULL), 0);
    /* Whatever was meant for another process may be as broken as it likes. */
    assert_int_equal(parsed("1", "many"), 0);
}

static void parse_refuses_what_is_no_number(void **state)
{
    (void)state;
    unsigned count = 99;

    assert_int_equal(passed_sockets_parse("1234", "two", 1234, &count), ERR_MALFORMED);
    assert_int_equal(passed_sockets_parse("1234", "", 1234, &count), ERR_MALFORMED);
    assert_int_equal(passed_sockets_parse("me", "2", 1234, &count), ERR_MALFORMED);
    assert_int_equal(passed_sockets_parse("1234", "17", 1234, &count), ERR_RANGE);
    assert_int_equal(count, 99);
}

/* In a child of its own, since the descriptors from 3 on are replaced. */
static int place_and_take(void)
{
    struct problem problem;
    unsigned count = 0;
    int ends[2];

    if (pipe(ends) < 0)
        return 1;
    /* Reading end 3 and writing end 4, whatever those numbers were before: each is the
     * source of one and the target of the other. */
    int reading = fcntl(ends[0], F_DUPFD, 40), writing = fcntl(ends[1], F_DUPFD, 40);

    if (dup2(reading, 3) < 0 || dup2(writing, 4) < 0)
        return 1;
    if (!passed_sockets_place((int[]){4, 3}, 2))
        return 2;
    char byte = 0;

    /* 3 is the writing end now and 4 the reading one. */
    if (write(3, "x", 1) != 1 || read(4, &byte, 1) != 1 || byte != 'x')
        return 3;
    if ((fcntl(3, F_GETFD) & FD_CLOEXEC) != 0 || (fcntl(4, F_GETFD) & FD_CLOEXEC) != 0)
        return 4;
    setenv("LISTEN_FDNAMES", "a:b", 1);
    if (passed_sockets_take(&count, &problem) != ERR_OK || count != 2)
        return 5;
    if ((fcntl(3, F_GETFD) & FD_CLOEXEC) == 0 || (fcntl(4, F_GETFD) & FD_CLOEXEC) == 0)
        return 6;
    if (getenv("LISTEN_FDS") != NULL || getenv("LISTEN_PID") != NULL ||
        getenv("LISTEN_FDNAMES") != NULL)
        return 7;
    if (passed_sockets_take(&count, &problem) != ERR_OK || count != 0)
        return 8;
    return 0;
}

/* One more descriptor is announced than is open. */
static int take_what_is_not_there(void)
{
    struct problem problem;
    unsigned count = 0;
    char pid[24];

    close(PASSED_SOCKETS_FIRST);
    (void)snprintf(pid, sizeof(pid), "%ld", (long)getpid());
    setenv("LISTEN_PID", pid, 1);
    setenv("LISTEN_FDS", "1", 1);
    if (passed_sockets_take(&count, &problem) != ERR_IO || count != 0)
        return 1;
    return strstr(problem.text, "descriptor 3") != NULL ? 0 : 2;
}

static int status_in_child(int (*body)(void))
{
    pid_t pid = fork();
    int status = -1;

    assert_true(pid >= 0);
    if (pid == 0)
        _exit(body());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void placed_sockets_are_taken(void **state)
{
    (void)state;
    assert_int_equal(status_in_child(place_and_take), 0);
}

static void a_closed_descriptor_is_an_error(void **state)
{
    (void)state;
    assert_int_equal(status_in_child(take_what_is_not_there), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse_tells_what_is_meant_for_us),
        cmocka_unit_test(parse_refuses_what_is_no_number),
        cmocka_unit_test(placed_sockets_are_taken),
        cmocka_unit_test(a_closed_descriptor_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
