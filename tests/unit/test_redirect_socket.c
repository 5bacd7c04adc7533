/* test_redirect_socket.c — tests of redirect_socket.h. */
#include "redirect_socket.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "temp_dir.h"

static struct state_dir open_dir(const char *path)
{
    struct state_dir dir = STATE_DIR_CLOSED;
    struct problem problem;

    assert_int_equal(state_dir_open(path, STATE_DIR_SERVE, &dir, &problem), ERR_OK);
    return dir;
}

static int bind_shard(const struct state_dir *dir, uint32_t shard)
{
    struct problem problem;
    int fd = -1;

    assert_int_equal(redirect_socket_bind(dir, shard, &fd, &problem), ERR_OK);
    return fd;
}

static void expect_text(int fd, const char *text)
{
    char buffer[64];
    ssize_t len = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT);

    assert_int_equal(len, strlen(text));
    assert_memory_equal(buffer, text, strlen(text));
}

static void a_shard_reaches_another(void **state)
{
    struct state_dir dir = open_dir(((struct temp_dir *)*state)->path);
    int first = bind_shard(&dir, 0), second = bind_shard(&dir, 1);
    int sender = redirect_socket_connect(&dir, 1);

    assert_true(sender >= 0);
    assert_int_equal(send(sender, "hi", 2, 0), 2);
    expect_text(second, "hi");
    assert_int_equal(recv(first, (char[1]){0}, 1, MSG_DONTWAIT), -1);
    close(sender);
    close(second);
    close(first);
    state_dir_close(&dir);
}

static void nobody_else_can_connect(void **state)
{
    const struct temp_dir *temp = *state;
    struct state_dir dir = open_dir(temp->path);
    char path[TEMP_PATH_MAX];
    struct stat status;
    mode_t former = umask(0);
    int fd = bind_shard(&dir, 5);

    (void)umask(former);
    assert_int_equal(lstat(temp_dir_path(temp, "shard-5.sock", path), &status), 0);
    assert_true(S_ISSOCK(status.st_mode));
    assert_int_equal(status.st_mode & 07777, 0600);
    close(fd);
    state_dir_close(&dir);
}

static void the_directory_may_be_deep(void **state)
{
    const struct temp_dir *temp = *state;
    char path[TEMP_PATH_MAX];
    char name[100];

    memset(name, 'd', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    struct state_dir dir = open_dir(temp_dir_path(temp, name, path));

    assert_true(strlen(path) > sizeof(((struct sockaddr_un *)NULL)->sun_path));
    int fd = bind_shard(&dir, 0), sender = redirect_socket_connect(&dir, 0);

    assert_int_equal(send(sender, "hi", 2, 0), 2);
    expect_text(fd, "hi");
    close(sender);
    close(fd);
    state_dir_close(&dir);
}

static void nobody_there_is_told(void **state)
{
    struct state_dir dir = open_dir(((struct temp_dir *)*state)->path);

    assert_int_equal(redirect_socket_connect(&dir, 3), -1);
    assert_int_equal(errno, ENOENT);
    close(bind_shard(&dir, 3));
    assert_int_equal(redirect_socket_connect(&dir, 3), -1);
    assert_int_equal(errno, ECONNREFUSED);
    state_dir_close(&dir);
}

static void only_what_is_stale_is_replaced(void **state)
{
    const struct temp_dir *temp = *state;
    struct state_dir dir = open_dir(temp->path);
    char path[TEMP_PATH_MAX];
    struct problem problem;
    int fd = bind_shard(&dir, 0), other = -1;

    assert_int_equal(redirect_socket_bind(&dir, 0, &other, &problem), ERR_EXISTS);
    assert_non_null(strstr(problem.text, "shard-0.sock is held by another process"));
    assert_int_equal(other, -1);
    int sender = redirect_socket_connect(&dir, 0);

    assert_int_equal(send(sender, "hi", 2, 0), 2);
    expect_text(fd, "hi");
    close(sender);
    close(fd);
    fd = bind_shard(&dir, 0);
    close(fd);

    (void)temp_dir_write(temp, "shard-1.sock", "x", 1, 0600, path);
    close(bind_shard(&dir, 1));
    assert_int_equal(mkdir(temp_dir_path(temp, "shard-2.sock", path), 0700), 0);
    assert_int_equal(redirect_socket_bind(&dir, 2, &other, &problem), ERR_IO);
    assert_non_null(strstr(problem.text, "shard-2.sock cannot be made"));
    state_dir_close(&dir);
}

static void a_passed_one_is_recognised(void **state)
{
    struct state_dir dir = open_dir(((struct temp_dir *)*state)->path);
    int fd = bind_shard(&dir, 0);
    int udp = socket(AF_INET, SOCK_DGRAM, 0), stream = socket(AF_UNIX, SOCK_STREAM, 0);

    assert_true(redirect_socket_is_one(fd));
    assert_false(redirect_socket_is_one(udp));
    assert_false(redirect_socket_is_one(stream));
    assert_false(redirect_socket_is_one(dir.fd));
    assert_false(redirect_socket_is_one(-1));
    close(stream);
    close(udp);
    close(fd);
    state_dir_close(&dir);
}

static void expect_refusal(int fd, const struct state_dir *dir, uint32_t shard, enum err err,
                           const char *why)
{
    struct problem problem = {.text = ""};

    assert_int_equal(redirect_socket_adopt(fd, dir, shard, &problem), err);
    assert_non_null(strstr(problem.text, why));
}

static void a_passed_one_is_checked(void **state)
{
    const struct temp_dir *temp = *state;
    struct state_dir dir = open_dir(temp->path);
    char path[TEMP_PATH_MAX];
    struct problem problem;
    int fd = bind_shard(&dir, 12), unbound = socket(AF_UNIX, SOCK_DGRAM, 0);

    assert_int_equal(fcntl(fd, F_SETFL, 0), 0);
    assert_int_equal(redirect_socket_adopt(fd, &dir, 12, &problem), ERR_OK);
    assert_true((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);

    expect_refusal(fd, &dir, 1, ERR_MALFORMED, "bound to 'shard-12.sock' and not to shard-1.sock");
    expect_refusal(unbound, &dir, 1, ERR_MALFORMED, "bound to '' and not to shard-1.sock");
    assert_int_equal(chmod(temp_dir_path(temp, "shard-12.sock", path), 0620), 0);
    expect_refusal(fd, &dir, 12, ERR_AUTH, "mode 620");
    assert_int_equal(unlink(path), 0);
    expect_refusal(fd, &dir, 12, ERR_MALFORMED, "No such file");
    close(unbound);
    close(fd);
    state_dir_close(&dir);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_dir_setup, temp_dir_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_shard_reaches_another),        TEST(nobody_else_can_connect),
        TEST(the_directory_may_be_deep),      TEST(nobody_there_is_told),
        TEST(only_what_is_stale_is_replaced), TEST(a_passed_one_is_recognised),
        TEST(a_passed_one_is_checked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
