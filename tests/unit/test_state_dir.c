/* test_state_dir.c — tests of state_dir.h. */
#include "state_dir.h"

#include "temp_dir.h"

#define NOBODY 65534

static void resolves_to(const char *given, const char *expected)
{
    char path[STATE_DIR_PATH_MAX];
    struct problem problem;

    assert_int_equal(state_dir_resolve(given, path, &problem), ERR_OK);
    assert_string_equal(path, expected);
}

static int without_environment(void **state)
{
    (void)state;
    unsetenv("RUNTIME_DIRECTORY");
    unsetenv("XDG_RUNTIME_DIR");
    return 0;
}

static void a_given_path_wins(void **state)
{
    (void)state;
    setenv("RUNTIME_DIRECTORY", "/run/other", 1);
    resolves_to("/var/lib/relay", "/var/lib/relay");
    resolves_to("/var/lib/relay///", "/var/lib/relay");
    resolves_to("/", "/");
}

static void systemd_comes_next_with_its_first_path(void **state)
{
    (void)state;
    setenv("RUNTIME_DIRECTORY", "/run/relay-a:/run/relay-b", 1);
    resolves_to(NULL, "/run/relay-a");
    setenv("RUNTIME_DIRECTORY", "/run/relay-a/", 1);
    resolves_to(NULL, "/run/relay-a");
}

/* Says in a child, which may change its user, what is resolved. */
static void resolves_as(uid_t uid, const char *expected)
{
    char path[STATE_DIR_PATH_MAX];
    struct problem problem;
    uid_t before = geteuid();

    if (uid != before)
        assert_int_equal(seteuid(uid), 0);
    assert_int_equal(state_dir_resolve(NULL, path, &problem), ERR_OK);
    if (uid != before)
        assert_int_equal(seteuid(before), 0);
    assert_string_equal(path, expected);
}

static void the_default_depends_on_the_user(void **state)
{
    char expected[64];
    uid_t uid = geteuid() == 0 ? NOBODY : geteuid();

    (void)state;
    setenv("RUNTIME_DIRECTORY", "", 1);
    if (geteuid() == 0)
        resolves_as(0, "/run/relay");
    setenv("XDG_RUNTIME_DIR", "/run/user/7", 1);
    resolves_as(uid, "/run/user/7/relay");
    snprintf(expected, sizeof(expected), "/tmp/relay-%lu", (unsigned long)uid);
    setenv("XDG_RUNTIME_DIR", "relative", 1);
    resolves_as(uid, expected);
    unsetenv("XDG_RUNTIME_DIR");
    resolves_as(uid, expected);
}

static void a_path_has_a_length(void **state)
{
    char path[STATE_DIR_PATH_MAX] = "untouched";
    char given[STATE_DIR_PATH_MAX + 1];
    struct problem problem;

    (void)state;
    memset(given, 'x', sizeof(given));
    given[STATE_DIR_PATH_MAX] = '\0';
    assert_int_equal(state_dir_resolve(given, path, &problem), ERR_RANGE);
    assert_non_null(strstr(problem.text, "1 to 511"));
    assert_int_equal(state_dir_resolve("", path, &problem), ERR_RANGE);
    assert_string_equal(path, "untouched");
    given[STATE_DIR_PATH_MAX - 1] = '\0';
    assert_int_equal(state_dir_resolve(given, path, &problem), ERR_OK);
}

static void opens(const char *path, enum state_dir_use use, mode_t mode)
{
    struct state_dir dir = STATE_DIR_CLOSED;
    struct problem problem;
    struct stat status;

    assert_int_equal(state_dir_open(path, use, &dir, &problem), ERR_OK);
    assert_int_equal(fstat(dir.fd, &status), 0);
    assert_int_equal(status.st_mode & 07777, mode);
    assert_int_equal(dir.owner, status.st_uid);
    assert_string_equal(dir.path, path);
    assert_true((fcntl(dir.fd, F_GETFD) & FD_CLOEXEC) != 0);
    state_dir_close(&dir);
    assert_int_equal(dir.fd, -1);
    state_dir_close(&dir);
}

static void does_not_open(const char *path, enum state_dir_use use, enum err expected,
                          const char *reason)
{
    struct state_dir dir = STATE_DIR_CLOSED;
    struct problem problem = {.text = ""};

    assert_int_equal(state_dir_open(path, use, &dir, &problem), expected);
    assert_int_equal(dir.fd, -1);
    assert_non_null(strstr(problem.text, path));
    if (strstr(problem.text, reason) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", problem.text, reason);
}

static void serving_creates_it_for_us_alone(void **state)
{
    char path[TEMP_PATH_MAX];
    mode_t mask = umask(0);

    temp_dir_path(*state, "state", path);
    does_not_open(path, STATE_DIR_INSPECT, ERR_NOT_FOUND, "does not exist");
    does_not_open(path, STATE_DIR_CHECK, ERR_NOT_FOUND, "does not exist");
    opens(path, STATE_DIR_SERVE, 0700);
    umask(mask);
    opens(path, STATE_DIR_SERVE, 0700);
    opens(path, STATE_DIR_CHECK, 0700);
    opens(path, STATE_DIR_INSPECT, 0700);
}

static void no_parent_is_created(void **state)
{
    char path[TEMP_PATH_MAX];

    does_not_open(temp_dir_path(*state, "missing/state", path), STATE_DIR_SERVE, ERR_IO,
                  "the directory above it does not exist");
    does_not_open(path, STATE_DIR_CHECK, ERR_IO, "the directory above it does not exist");
    does_not_open(path, STATE_DIR_INSPECT, ERR_NOT_FOUND, "does not exist");
}

static void others_may_read_but_not_write(void **state)
{
    char path[TEMP_PATH_MAX];

    assert_int_equal(mkdir(temp_dir_path(*state, "state", path), 0700), 0);
    assert_int_equal(chmod(path, 0755), 0);
    opens(path, STATE_DIR_SERVE, 0755);
    assert_int_equal(chmod(path, 0770), 0);
    does_not_open(path, STATE_DIR_SERVE, ERR_AUTH, "mode 770");
    does_not_open(path, STATE_DIR_CHECK, ERR_AUTH, "mode 770");
    does_not_open(path, STATE_DIR_INSPECT, ERR_AUTH, "mode 770");
    assert_int_equal(chmod(path, 01707), 0);
    does_not_open(path, STATE_DIR_SERVE, ERR_AUTH, "mode 1707");
}

static void a_link_or_a_file_is_refused(void **state)
{
    char path[TEMP_PATH_MAX], target[TEMP_PATH_MAX];

    assert_int_equal(mkdir(temp_dir_path(*state, "target", target), 0700), 0);
    assert_int_equal(symlink(target, temp_dir_path(*state, "link", path)), 0);
    does_not_open(path, STATE_DIR_SERVE, ERR_AUTH, "is not a directory");
    temp_dir_write(*state, "file", "", 0, 0600, path);
    does_not_open(path, STATE_DIR_SERVE, ERR_AUTH, "is not a directory");
}

static void somebody_elses_is_for_root_to_inspect_only(void **state)
{
    char path[TEMP_PATH_MAX];

    assert_int_equal(mkdir(temp_dir_path(*state, "state", path), 0700), 0);
    if (geteuid() != 0) {
        /* We cannot give a directory away; what belongs to root is fine for anybody. */
        opens("/usr", STATE_DIR_CHECK, 0755);
        return;
    }
    assert_int_equal(chown(path, NOBODY, NOBODY), 0);
    does_not_open(path, STATE_DIR_SERVE, ERR_AUTH, "belongs to user 65534, not to us (0) or root");
    does_not_open(path, STATE_DIR_CHECK, ERR_AUTH, "belongs to user 65534");
    opens(path, STATE_DIR_INSPECT, 0700);
}

int main(void)
{
#define TEST_IN_DIR(test) cmocka_unit_test_setup_teardown(test, temp_dir_setup, temp_dir_teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_given_path_wins, without_environment),
        cmocka_unit_test_setup(systemd_comes_next_with_its_first_path, without_environment),
        cmocka_unit_test_setup(the_default_depends_on_the_user, without_environment),
        cmocka_unit_test_setup(a_path_has_a_length, without_environment),
        TEST_IN_DIR(serving_creates_it_for_us_alone),
        TEST_IN_DIR(no_parent_is_created),
        TEST_IN_DIR(others_may_read_but_not_write),
        TEST_IN_DIR(a_link_or_a_file_is_refused),
        TEST_IN_DIR(somebody_elses_is_for_root_to_inspect_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
