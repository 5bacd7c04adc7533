/* test_portal_status.c — tests of portal_status.h: written whole, read back, nobody misled. */
#include "portal/portal_status.h"

#include "temp_dir.h"
#include "unit.h"

#include <signal.h>
#include <sys/wait.h>

static struct state_dir open_dir(const struct temp_dir *temp)
{
    struct state_dir dir = STATE_DIR_CLOSED;
    struct problem problem;

    assert_int_equal(state_dir_open(temp->path, STATE_DIR_SERVE, &dir, &problem), ERR_OK);
    return dir;
}

static const struct portal_status example = {
    .state = PORTAL_STATE_GAVE_UP,
    .since_sec = 1,
    .admitted_sec = 2,
    .lost_sec = 3,
    .init_sec = 4,
    .heartbeat_sent_sec = 5,
    .heartbeat_answered_sec = 6,
    .retry_sec = 7,
    .attempts = 8,
    .admissions = 9,
    .error_sec = UINT64_MAX,
    .error = "HTTP 503 = \"away\"",
};

static void what_is_written_is_read(void **state)
{
    struct state_dir dir = open_dir(*state);
    struct portal_status_writer writer = PORTAL_STATUS_WRITER_CLOSED;
    struct portal_snapshot snapshot;
    struct problem problem;
    char path[TEMP_PATH_MAX];
    struct stat status;

    assert_int_equal(portal_status_read(&dir, &snapshot, &problem), ERR_NOT_FOUND);
    assert_non_null(strstr(problem.text, PORTAL_STATUS_FILE));
    assert_int_equal(portal_status_open(&dir, &writer, &problem), ERR_OK);
    assert_int_equal(portal_status_write(&writer, &example, &problem), ERR_OK);
    assert_int_equal(portal_status_read(&dir, &snapshot, &problem), ERR_OK);
    assert_memory_equal(&snapshot.status, &example, sizeof(example));
    assert_int_equal(snapshot.pid, getpid());
    assert_true(snapshot.is_live);
    assert_false(portal_snapshot_is_connected(&snapshot));
    assert_int_equal(stat(temp_dir_path(*state, PORTAL_STATUS_FILE, path), &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    /* Nothing but the lock and the status is left. */
    assert_int_equal(temp_dir_count(dir.path), 2);
    portal_status_close(&writer);
    portal_status_close(&writer);
    assert_int_equal(portal_status_read(&dir, &snapshot, &problem), ERR_OK);
    assert_false(snapshot.is_live);
    state_dir_close(&dir);
}

static void every_state_has_a_name_and_comes_back(void **state)
{
    struct state_dir dir = open_dir(*state);
    struct portal_status_writer writer = PORTAL_STATUS_WRITER_CLOSED;
    struct portal_snapshot snapshot;
    struct problem problem;

    assert_int_equal(portal_status_open(&dir, &writer, &problem), ERR_OK);
    for (enum portal_state s = 0; s < PORTAL_STATE_COUNT; s++) {
        struct portal_status status = {.state = s};

        assert_int_equal(portal_status_write(&writer, &status, &problem), ERR_OK);
        assert_int_equal(portal_status_read(&dir, &snapshot, &problem), ERR_OK);
        assert_int_equal(snapshot.status.state, s);
        assert_int_equal(portal_snapshot_is_connected(&snapshot), s == PORTAL_STATE_ADMITTED);
    }
    assert_string_equal(portal_state_name(PORTAL_STATE_COUNT), "unknown");
    portal_status_close(&writer);
    state_dir_close(&dir);
}

static void an_error_with_a_newline_stays_one_line(void **state)
{
    struct state_dir dir = open_dir(*state);
    struct portal_status_writer writer = PORTAL_STATUS_WRITER_CLOSED;
    struct portal_status status = {.error = "a\nstate=admitted"};
    struct portal_snapshot snapshot;
    struct problem problem;

    assert_int_equal(portal_status_open(&dir, &writer, &problem), ERR_OK);
    assert_int_equal(portal_status_write(&writer, &status, &problem), ERR_OK);
    assert_int_equal(portal_status_read(&dir, &snapshot, &problem), ERR_OK);
    assert_int_equal(snapshot.status.state, PORTAL_STATE_CONNECTING);
    assert_string_equal(snapshot.status.error, "a state=admitted");
    memset(status.error, 'x', sizeof(status.error) - 1);
    status.since_sec = status.admitted_sec = status.lost_sec = status.init_sec = UINT64_MAX;
    status.heartbeat_sent_sec = status.heartbeat_answered_sec = status.retry_sec = UINT64_MAX;
    status.attempts = status.admissions = status.error_sec = UINT64_MAX;
    assert_int_equal(portal_status_write(&writer, &status, &problem), ERR_OK);
    assert_int_equal(portal_status_read(&dir, &snapshot, &problem), ERR_OK);
    assert_memory_equal(&snapshot.status, &status, sizeof(status));
    portal_status_close(&writer);
    state_dir_close(&dir);
}

static void a_second_process_is_refused_with_the_pid_of_the_first(void **state)
{
    struct state_dir dir = open_dir(*state);
    struct portal_status_writer writer = PORTAL_STATUS_WRITER_CLOSED;
    struct problem problem;
    int pipes[2], status;
    char byte;
    char pid_text[32];
    pid_t pid;

    assert_int_equal(pipe(pipes), 0);
    pid = fork();
    if (pid == 0) {
        _exit(portal_status_open(&dir, &writer, &problem) == ERR_OK &&
                      write(pipes[1], "x", 1) == 1 && pause() == -1
                  ? 0
                  : 1);
    }
    assert_int_equal(read(pipes[0], &byte, 1), 1);
    assert_int_equal(portal_status_open(&dir, &writer, &problem), ERR_EXISTS);
    (void)snprintf(pid_text, sizeof(pid_text), "process %ld", (long)pid);
    assert_non_null(strstr(problem.text, pid_text));
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(portal_status_open(&dir, &writer, &problem), ERR_OK);
    portal_status_close(&writer);
    close(pipes[0]);
    close(pipes[1]);
    state_dir_close(&dir);
}

static void what_is_no_status_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "x",
        "portal-status 2\n",
        "portal-status 1\npid=1\n",
        "portal-status 1\npid=1\nstate=flying\n",
        "portal-status 1\npid=-1\nstate=admitted\n",
        "portal-status 1\npid=1\nstate=admitted\nsince=x\n",
        "portal-status 1\npid=1\nstate=admitted\nsince=1",
    };
    struct state_dir dir = open_dir(*state);
    struct portal_snapshot snapshot;
    struct problem problem;
    char path[TEMP_PATH_MAX];

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        temp_dir_write(*state, PORTAL_STATUS_FILE, bad[i], strlen(bad[i]), 0600, path);
        assert_int_equal(portal_status_read(&dir, &snapshot, &problem), ERR_MALFORMED);
    }
    /* A FIFO does not hang the reader, a symbolic link is not followed. */
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(portal_status_read(&dir, &snapshot, &problem), ERR_AUTH);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    assert_int_equal(portal_status_read(&dir, &snapshot, &problem), ERR_IO);
    state_dir_close(&dir);
}

#define RELAY_ID "aa93cc3a-23e1-4e3b-93b9-0b7bb3c0a369"
#define OTHER_ID "aa93cc3a-23e1-4e3b-93b9-0b7bb3c0a36a"

static void an_init_is_kept_and_seen_by_others(void **state)
{
    struct state_dir dir = open_dir(*state);
    struct problem problem;
    char path[TEMP_PATH_MAX], target[TEMP_PATH_MAX];

    assert_false(portal_init_has_come(&dir, RELAY_ID));
    assert_int_equal(portal_init_keep(&dir, RELAY_ID, &problem), ERR_OK);
    assert_true(portal_init_has_come(&dir, RELAY_ID));
    assert_int_equal(portal_init_keep(&dir, RELAY_ID, &problem), ERR_OK);
    assert_int_equal(temp_dir_count(dir.path), 1);
    /* Neither what others could have written, nor what it points to, is believed. */
    assert_int_equal(chmod(temp_dir_path(*state, PORTAL_INIT_FILE, path), 0660), 0);
    assert_false(portal_init_has_come(&dir, RELAY_ID));
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(rename(path, temp_dir_path(*state, "elsewhere", target)), 0);
    assert_int_equal(symlink(target, path), 0);
    assert_false(portal_init_has_come(&dir, RELAY_ID));
    assert_int_equal(portal_init_keep(&dir, RELAY_ID, &problem), ERR_OK);
    assert_true(portal_init_has_come(&dir, RELAY_ID));
    state_dir_close(&dir);
}

/* With another secret it is another relay, which the control plane does not know yet. */
static void an_init_is_for_one_relay(void **state)
{
    static const char *const others[] = {
        "", "\n", RELAY_ID, RELAY_ID "x", RELAY_ID "\n\n", OTHER_ID "\n"};
    struct state_dir dir = open_dir(*state);
    struct problem problem;
    char path[TEMP_PATH_MAX];

    assert_int_equal(portal_init_keep(&dir, RELAY_ID, &problem), ERR_OK);
    assert_false(portal_init_has_come(&dir, OTHER_ID));
    assert_false(portal_init_has_come(&dir, ""));
    assert_int_equal(portal_init_keep(&dir, OTHER_ID, &problem), ERR_OK);
    assert_true(portal_init_has_come(&dir, OTHER_ID));
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        temp_dir_write(*state, PORTAL_INIT_FILE, others[i], strlen(others[i]), 0600, path);
        assert_false(portal_init_has_come(&dir, RELAY_ID));
    }
    state_dir_close(&dir);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_dir_setup, temp_dir_teardown)
    const struct CMUnitTest tests[] = {
        TEST(what_is_written_is_read),
        TEST(every_state_has_a_name_and_comes_back),
        TEST(an_error_with_a_newline_stays_one_line),
        TEST(a_second_process_is_refused_with_the_pid_of_the_first),
        TEST(what_is_no_status_is_refused),
        TEST(an_init_is_kept_and_seen_by_others),
        TEST(an_init_is_for_one_relay),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
