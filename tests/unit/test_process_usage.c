/* test_process_usage.c — processor time and memory of a process with its descendants. */
#include "unit.h"

#include "process_usage.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void own_process(void **state)
{
    (void)state;
    struct process_usage usage;
    assert_int_equal(process_usage_read(getpid(), &usage), ERR_OK);
    assert_int_equal(usage.processes, 1);
    assert_true(usage.resident_bytes > 0);
}

/* A pipe whose writing end closes when whoever has it ends. */
static pid_t fork_waiting(int ready, int end)
{
    pid_t child = fork();
    if (child != 0)
        return child;
    char byte = 'r';
    /* A grandchild, waiting like its parent. */
    if (fork() == 0 || write(ready, &byte, 1) == 1)
        (void)!read(end, &byte, 1);
    _exit(0);
}

static void children_and_theirs_count(void **state)
{
    (void)state;
    int ready[2], end[2];
    char byte;
    struct process_usage usage;
    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(end), 0);
    pid_t child = fork_waiting(ready[1], end[0]);
    assert_true(child > 0);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(process_usage_read(child, &usage), ERR_OK);
    assert_int_equal(usage.processes, 2);
    assert_int_equal(process_usage_read(getpid(), &usage), ERR_OK);
    assert_int_equal(usage.processes, 3);
    assert_int_equal(write(end[1], "ee", 2), 2);
    assert_int_equal(waitpid(child, NULL, 0), child);
    close(ready[0]);
    close(ready[1]);
    close(end[0]);
    close(end[1]);
}

static void work_takes_time(void **state)
{
    (void)state;
    struct process_usage before, after;
    volatile uint64_t spun = 0;
    assert_int_equal(process_usage_read(getpid(), &before), ERR_OK);
    do {
        for (uint64_t i = 0; i < 1000000; i++)
            spun = i;
        assert_int_equal(process_usage_read(getpid(), &after), ERR_OK);
    } while (after.cpu_nsec == before.cpu_nsec);
    assert_true(after.cpu_nsec > before.cpu_nsec);
    assert_true(spun > 0);
}

static void no_such_process(void **state)
{
    (void)state;
    struct process_usage usage;
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(process_usage_read(child, &usage), ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(own_process),
        cmocka_unit_test(children_and_theirs_count),
        cmocka_unit_test(work_takes_time),
        cmocka_unit_test(no_such_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
