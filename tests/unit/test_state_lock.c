/* test_state_lock.c — tests of state_lock.h. */
#include "state_lock.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "temp_dir.h"

static void a_second_holder_is_told_of_the_first(void **state)
{
    const struct temp_dir *dir = *state;
    struct state_lock first = STATE_LOCK_OPEN, second = STATE_LOCK_OPEN;
    struct problem problem;
    char expected[64];

    assert_int_equal(state_lock_take(dir->path, &first, &problem), ERR_OK);
    assert_int_equal(state_lock_take(dir->path, &second, &problem), ERR_EXISTS);
    assert_int_equal(second.fd, -1);
    (void)snprintf(expected, sizeof(expected), "process %ld,", (long)getpid());
    assert_non_null(strstr(problem.text, expected));
    assert_non_null(strstr(problem.text, dir->path));

    state_lock_release(&first);
    assert_int_equal(state_lock_take(dir->path, &second, &problem), ERR_OK);
    state_lock_release(&second);
    state_lock_release(&second);
}

static void the_lock_goes_with_its_process(void **state)
{
    const struct temp_dir *dir = *state;
    struct state_lock lock = STATE_LOCK_OPEN;
    struct problem problem;
    int status;
    pid_t pid = fork();

    if (pid == 0)
        _exit(state_lock_take(dir->path, &lock, &problem) == ERR_OK ? 0 : 1);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_int_equal(state_lock_take(dir->path, &lock, &problem), ERR_OK);
    state_lock_release(&lock);
}

static void a_link_in_its_place_is_not_followed(void **state)
{
    const struct temp_dir *dir = *state;
    struct state_lock lock = STATE_LOCK_OPEN;
    struct problem problem;
    char path[TEMP_PATH_MAX], target[TEMP_PATH_MAX];

    assert_int_equal(
        symlink(temp_dir_path(dir, "elsewhere", target), temp_dir_path(dir, STATE_LOCK_FILE, path)),
        0);
    assert_int_equal(state_lock_take(dir->path, &lock, &problem), ERR_IO);
    assert_int_equal(lock.fd, -1);
    assert_int_equal(access(target, F_OK), -1);
}

#define LOCK_TEST(test) cmocka_unit_test_setup_teardown(test, temp_dir_setup, temp_dir_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOCK_TEST(a_second_holder_is_told_of_the_first),
        LOCK_TEST(the_lock_goes_with_its_process),
        LOCK_TEST(a_link_in_its_place_is_not_followed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
