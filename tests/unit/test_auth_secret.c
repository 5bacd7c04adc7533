/* test_auth_secret.c — tests of auth_secret.h. */
#include "auth_secret.h"

#include <sys/wait.h>

#include "temp_dir.h"

#define NOBODY 65534

enum { RACERS = 8, RACES = 12 };

static struct state_dir open_dir(const struct temp_dir *temp)
{
    struct state_dir dir = STATE_DIR_CLOSED;
    struct problem problem;

    assert_int_equal(state_dir_open(temp->path, STATE_DIR_SERVE, &dir, &problem), ERR_OK);
    return dir;
}

static void a_text_has_1_to_1024_bytes(void **state)
{
    struct auth_secret secret = {.len = 0};
    struct problem problem;
    char text[AUTH_SECRET_MAX + 2];

    (void)state;
    memset(text, 'x', sizeof(text));
    text[AUTH_SECRET_MAX + 1] = '\0';
    assert_int_equal(auth_secret_from_text(text, &secret, &problem), ERR_RANGE);
    assert_string_equal(problem.text, "an auth secret has 1 to 1024 bytes");
    assert_int_equal(auth_secret_from_text("", &secret, &problem), ERR_RANGE);
    assert_int_equal(secret.len, 0);
    text[AUTH_SECRET_MAX] = '\0';
    assert_int_equal(auth_secret_from_text(text, &secret, &problem), ERR_OK);
    assert_text(auth_secret_bytes(&secret), text);
}

/* Reads a file of |len| bytes at |data|. */
static enum err read_file(void **state, const void *data, size_t len, struct auth_secret *ret,
                          struct problem *problem)
{
    char path[TEMP_PATH_MAX];

    temp_dir_write(*state, "secret", data, len, 0644, path);
    return auth_secret_read_file(path, ret, problem);
}

static void one_newline_at_the_end_is_no_secret(void **state)
{
    struct auth_secret secret;
    struct problem problem;

    assert_int_equal(read_file(state, "s3cret", 6, &secret, &problem), ERR_OK);
    assert_text(auth_secret_bytes(&secret), "s3cret");
    assert_int_equal(read_file(state, "s3cret\n", 7, &secret, &problem), ERR_OK);
    assert_text(auth_secret_bytes(&secret), "s3cret");
    assert_int_equal(read_file(state, "s3\ncret\n\n", 9, &secret, &problem), ERR_OK);
    assert_text(auth_secret_bytes(&secret), "s3\ncret\n");
}

static void a_file_that_is_empty_or_too_long_is_refused(void **state)
{
    struct auth_secret secret = {.len = 0};
    struct problem problem;
    char text[AUTH_SECRET_MAX + 3];

    memset(text, 'x', sizeof(text));
    assert_int_equal(read_file(state, "", 0, &secret, &problem), ERR_RANGE);
    assert_non_null(strstr(problem.text, "is empty"));
    assert_int_equal(read_file(state, "\n", 1, &secret, &problem), ERR_RANGE);
    assert_int_equal(read_file(state, text, AUTH_SECRET_MAX + 1, &secret, &problem), ERR_RANGE);
    assert_non_null(strstr(problem.text, "is too long"));
    text[AUTH_SECRET_MAX + 1] = '\n';
    assert_int_equal(read_file(state, text, AUTH_SECRET_MAX + 2, &secret, &problem), ERR_RANGE);
    assert_int_equal(read_file(state, text, AUTH_SECRET_MAX + 3, &secret, &problem), ERR_RANGE);
    assert_int_equal(secret.len, 0);
    text[AUTH_SECRET_MAX] = '\n';
    assert_int_equal(read_file(state, text, AUTH_SECRET_MAX + 1, &secret, &problem), ERR_OK);
    assert_int_equal(secret.len, AUTH_SECRET_MAX);
}

static void a_file_that_cannot_be_read_says_why(void **state)
{
    const struct temp_dir *temp = *state;
    struct auth_secret secret = {.len = 0};
    struct problem problem;
    char path[TEMP_PATH_MAX];

    temp_dir_path(temp, "missing", path);
    assert_int_equal(auth_secret_read_file(path, &secret, &problem), ERR_IO);
    assert_non_null(strstr(problem.text, "it cannot be read: No such file or directory"));
    assert_int_equal(auth_secret_read_file(temp->path, &secret, &problem), ERR_IO);
    assert_non_null(strstr(problem.text, "cannot be read: Is a directory"));
    assert_int_equal(secret.len, 0);
}

/* Root looks into it, sees a file that is fine, and has to know that it is not for root. */
static void who_may_not_read_a_file_is_told(void **state)
{
    uid_t before = geteuid();
    char path[TEMP_PATH_MAX];
    char expected[80];
    struct auth_secret secret;
    struct problem problem;

    temp_dir_write(*state, "secret", "s3cret", 6, 0000, path);
    if (before == 0)
        assert_int_equal(seteuid(NOBODY), 0);
    (void)snprintf(expected, sizeof(expected), "it cannot be read by user %lu: Permission denied",
                   (unsigned long)geteuid());
    enum err err = auth_secret_read_file(path, &secret, &problem);

    if (before == 0)
        assert_int_equal(seteuid(before), 0);
    assert_int_equal(err, ERR_IO);
    assert_string_equal(problem.text, expected);
}

static void assert_is_drawn(const struct auth_secret *secret)
{
    assert_int_equal(secret->len, AUTH_SECRET_DRAWN);
    for (size_t i = 0; i < secret->len; i++)
        assert_non_null(memchr("0123456789abcdef", secret->text[i], 16));
}

static void it_is_drawn_once_and_kept(void **state)
{
    const struct temp_dir *temp = *state;
    struct state_dir dir = open_dir(temp);
    struct auth_secret first, second, third;
    struct problem problem;
    struct stat status;

    assert_int_equal(auth_secret_read_kept(&dir, &first, &problem), ERR_NOT_FOUND);
    assert_int_equal(auth_secret_keep(&dir, &first, &problem), ERR_OK);
    assert_is_drawn(&first);
    assert_int_equal(auth_secret_keep(&dir, &second, &problem), ERR_OK);
    assert_bytes(auth_secret_bytes(&second), first.text, first.len);
    assert_int_equal(auth_secret_read_kept(&dir, &third, &problem), ERR_OK);
    assert_bytes(auth_secret_bytes(&third), first.text, first.len);
    assert_int_equal(fstatat(dir.fd, AUTH_SECRET_FILE, &status, 0), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_int_equal(temp_dir_count(temp->path), 1);
    state_dir_close(&dir);
}

static void two_directories_draw_two_secrets(void **state)
{
    const struct temp_dir *temp = *state;
    struct auth_secret secrets[2];
    struct problem problem;

    for (size_t i = 0; i < 2; i++) {
        char path[TEMP_PATH_MAX];
        struct state_dir dir;
        assert_int_equal(state_dir_open(temp_dir_path(temp, i == 0 ? "a" : "b", path),
                                        STATE_DIR_SERVE, &dir, &problem),
                         ERR_OK);
        assert_int_equal(auth_secret_keep(&dir, &secrets[i], &problem), ERR_OK);
        state_dir_close(&dir);
    }
    assert_memory_not_equal(secrets[0].text, secrets[1].text, AUTH_SECRET_DRAWN);
}

static void the_umask_takes_nothing_from_the_owner(void **state)
{
    struct state_dir dir = open_dir(*state);
    struct auth_secret secret;
    struct problem problem;
    struct stat status;
    mode_t mask = umask(0777);
    enum err err = auth_secret_keep(&dir, &secret, &problem);

    umask(mask);
    assert_int_equal(err, ERR_OK);
    assert_int_equal(fstatat(dir.fd, AUTH_SECRET_FILE, &status, 0), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    state_dir_close(&dir);
}

static void is_refused(const struct state_dir *dir, enum err expected, const char *reason)
{
    struct auth_secret secret = {.len = 0};
    struct problem problem = {.text = ""};

    assert_int_equal(auth_secret_read_kept(dir, &secret, &problem), expected);
    if (strstr(problem.text, reason) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", problem.text, reason);
    /* Nor is it drawn anew: every credential given out would end. */
    assert_int_equal(auth_secret_keep(dir, &secret, &problem), expected);
    assert_int_equal(secret.len, 0);
}

static void others_must_not_have_access(void **state)
{
    static const struct {
        mode_t mode;
        const char *reason;
    } unsafe[] = {{0640, "mode 640"}, {0604, "mode 604"}, {0620, "mode 620"}, {0602, "mode 602"}};
    struct state_dir dir = open_dir(*state);
    char path[TEMP_PATH_MAX];

    for (size_t i = 0; i < sizeof(unsafe) / sizeof(unsafe[0]); i++) {
        temp_dir_write(*state, AUTH_SECRET_FILE, "x", 1, unsafe[i].mode, path);
        is_refused(&dir, ERR_AUTH, unsafe[i].reason);
    }
    state_dir_close(&dir);
}

static void only_a_regular_file_is_read(void **state)
{
    struct state_dir dir = open_dir(*state);
    char path[TEMP_PATH_MAX], target[TEMP_PATH_MAX];

    temp_dir_write(*state, "target", "x", 1, 0600, target);
    assert_int_equal(symlink(target, temp_dir_path(*state, AUTH_SECRET_FILE, path)), 0);
    is_refused(&dir, ERR_IO, "cannot be read");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    is_refused(&dir, ERR_AUTH, "is not a regular file");
    assert_int_equal(unlink(path), 0);
    temp_dir_write(*state, AUTH_SECRET_FILE, "", 0, 0600, path);
    is_refused(&dir, ERR_RANGE, "is empty");
    state_dir_close(&dir);
}

static void it_belongs_to_us_root_or_the_owner_of_the_directory(void **state)
{
    const struct temp_dir *temp = *state;
    struct state_dir dir = open_dir(temp);
    struct auth_secret secret;
    struct problem problem;
    char path[TEMP_PATH_MAX];

    temp_dir_write(temp, AUTH_SECRET_FILE, "x", 1, 0600, path);
    if (geteuid() == 0) {
        assert_int_equal(chown(path, NOBODY, NOBODY), 0);
        is_refused(&dir, ERR_AUTH, "belongs to user 65534, not to us (0) or root");
        state_dir_close(&dir);
        assert_int_equal(chown(temp->path, NOBODY, NOBODY), 0);
        assert_int_equal(state_dir_open(temp->path, STATE_DIR_INSPECT, &dir, &problem), ERR_OK);
    }
    assert_int_equal(auth_secret_read_kept(&dir, &secret, &problem), ERR_OK);
    assert_text(auth_secret_bytes(&secret), "x");
    state_dir_close(&dir);
}

/* A shard that starts when |start| is closed and tells the secret it found. */
static void race(const struct state_dir *dir, int start, int out)
{
    struct auth_secret secret;
    struct problem problem;
    char byte;

    (void)!read(start, &byte, 1);
    if (auth_secret_keep(dir, &secret, &problem) != ERR_OK || secret.len != AUTH_SECRET_DRAWN)
        _exit(1);
    _exit(write(out, secret.text, AUTH_SECRET_DRAWN) == AUTH_SECRET_DRAWN ? 0 : 1);
}

static void shards_that_start_together_agree(void **state)
{
    const struct temp_dir *temp = *state;
    struct state_dir dir = open_dir(temp);

    for (int i = 0; i < RACES; i++) {
        char first[AUTH_SECRET_DRAWN], other[AUTH_SECRET_DRAWN];
        int start[2], out[2], status;

        assert_int_equal(pipe(start), 0);
        assert_int_equal(pipe(out), 0);
        for (int k = 0; k < RACERS; k++) {
            pid_t child = fork();
            assert_true(child >= 0);
            if (child == 0) {
                close(start[1]);
                race(&dir, start[0], out[1]);
            }
        }
        close(start[0]);
        close(start[1]);
        close(out[1]);
        for (int k = 0; k < RACERS; k++) {
            assert_true(wait(&status) > 0);
            assert_int_equal(status, 0);
        }
        assert_int_equal(read(out[0], first, sizeof(first)), sizeof(first));
        for (int k = 1; k < RACERS; k++) {
            assert_int_equal(read(out[0], other, sizeof(other)), sizeof(other));
            assert_memory_equal(first, other, sizeof(first));
        }
        close(out[0]);
        assert_int_equal(temp_dir_count(temp->path), 1);
        assert_int_equal(unlinkat(dir.fd, AUTH_SECRET_FILE, 0), 0);
    }
    state_dir_close(&dir);
}

static void wiping_leaves_nothing(void **state)
{
    static const struct auth_secret nothing;
    struct auth_secret secret;
    struct problem problem;

    (void)state;
    memset(&secret, 0, sizeof(secret));
    assert_int_equal(auth_secret_from_text("s3cret", &secret, &problem), ERR_OK);
    auth_secret_wipe(&secret);
    assert_memory_equal(&secret, &nothing, sizeof(secret));
    auth_secret_wipe(NULL);
}

int main(void)
{
#define TEST_IN_DIR(test) cmocka_unit_test_setup_teardown(test, temp_dir_setup, temp_dir_teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_has_1_to_1024_bytes),
        TEST_IN_DIR(one_newline_at_the_end_is_no_secret),
        TEST_IN_DIR(a_file_that_is_empty_or_too_long_is_refused),
        TEST_IN_DIR(a_file_that_cannot_be_read_says_why),
        TEST_IN_DIR(who_may_not_read_a_file_is_told),
        TEST_IN_DIR(it_is_drawn_once_and_kept),
        TEST_IN_DIR(two_directories_draw_two_secrets),
        TEST_IN_DIR(the_umask_takes_nothing_from_the_owner),
        TEST_IN_DIR(others_must_not_have_access),
        TEST_IN_DIR(only_a_regular_file_is_read),
        TEST_IN_DIR(it_belongs_to_us_root_or_the_owner_of_the_directory),
        TEST_IN_DIR(shards_that_start_together_agree),
        cmocka_unit_test(wiping_leaves_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
