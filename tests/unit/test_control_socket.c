/* test_control_socket.c — tests of control_socket.h. */
#include "control_socket.h"

#include <errno.h>
#include <sys/socket.h>

#include "temp_dir.h"

#define NOBODY 65534

static struct state_dir open_dir(const char *path)
{
    struct state_dir dir = STATE_DIR_CLOSED;
    struct problem problem;

    assert_int_equal(state_dir_open(path, STATE_DIR_SERVE, &dir, &problem), ERR_OK);
    return dir;
}

static int listen_shard(const struct state_dir *dir, uint32_t shard)
{
    struct problem problem;
    int fd = -1;

    assert_int_equal(control_socket_listen(dir, shard, &fd, &problem), ERR_OK);
    return fd;
}

static void who_connects_is_known(void **state)
{
    struct state_dir dir = open_dir(((struct temp_dir *)*state)->path);
    int listener = listen_shard(&dir, 4), client = control_socket_connect(&dir, 4);

    assert_true(client >= 0);
    int server = accept(listener, NULL, NULL);

    assert_true(server >= 0);
    assert_true(control_socket_may_ask(server));
    assert_false(control_socket_may_ask(dir.fd));
    close(server);
    close(client);
    close(listener);
    state_dir_close(&dir);
}

/* Also where the file lets more people in than it does when we have made it. */
static void who_is_neither_root_nor_us_may_not_ask(void **state)
{
    int theirs[2], ours[2];

    (void)state;
    if (geteuid() != 0)
        skip();
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ours), 0);
    assert_int_equal(seteuid(NOBODY), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, theirs), 0);
    assert_true(control_socket_may_ask(theirs[0]));
    assert_true(control_socket_may_ask(ours[0]));
    assert_int_equal(seteuid(0), 0);
    assert_false(control_socket_may_ask(theirs[0]));
    for (int i = 0; i < 2; i++) {
        close(theirs[i]);
        close(ours[i]);
    }
}

static void nobody_else_can_connect(void **state)
{
    const struct temp_dir *temp = *state;
    struct state_dir dir = open_dir(temp->path);
    char path[TEMP_PATH_MAX];
    struct stat status;
    mode_t former = umask(0);
    int fd = listen_shard(&dir, 5);

    (void)umask(former);
    assert_int_equal(lstat(temp_dir_path(temp, "shard-5.control", path), &status), 0);
    assert_true(S_ISSOCK(status.st_mode));
    assert_int_equal(status.st_mode & 07777, 0600);
    close(fd);
    state_dir_close(&dir);
}

static void nothing_waits(void **state)
{
    struct state_dir dir = open_dir(((struct temp_dir *)*state)->path);
    struct problem problem;
    int clients[64], other;
    size_t count = 0;

    assert_int_equal(control_socket_connect(&dir, 0), -1);
    assert_int_equal(errno, ENOENT);
    close(listen_shard(&dir, 0));
    assert_int_equal(control_socket_connect(&dir, 0), -1);
    assert_int_equal(errno, ECONNREFUSED);
    /* One that accepts nobody. */
    int listener = listen_shard(&dir, 0);

    while (count < sizeof(clients) / sizeof(clients[0]) &&
           (clients[count] = control_socket_connect(&dir, 0)) >= 0)
        count++;
    assert_true(count < sizeof(clients) / sizeof(clients[0]));
    assert_int_equal(errno, EAGAIN);
    /* It is no less alive for that. */
    assert_int_equal(control_socket_listen(&dir, 0, &other, &problem), ERR_EXISTS);
    while (count > 0)
        close(clients[--count]);
    close(listener);
    state_dir_close(&dir);
}

static void only_what_is_stale_is_replaced(void **state)
{
    struct state_dir dir = open_dir(((struct temp_dir *)*state)->path);
    struct problem problem;
    int listener = listen_shard(&dir, 0), other = -1;

    assert_int_equal(control_socket_listen(&dir, 0, &other, &problem), ERR_EXISTS);
    assert_non_null(strstr(problem.text, "shard-0.control is held by another process"));
    assert_int_equal(other, -1);
    close(listener);
    close(listen_shard(&dir, 0));
    state_dir_close(&dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(who_connects_is_known, temp_dir_setup, temp_dir_teardown),
        cmocka_unit_test(who_is_neither_root_nor_us_may_not_ask),
        cmocka_unit_test_setup_teardown(nobody_else_can_connect, temp_dir_setup, temp_dir_teardown),
        cmocka_unit_test_setup_teardown(nothing_waits, temp_dir_setup, temp_dir_teardown),
        cmocka_unit_test_setup_teardown(only_what_is_stale_is_replaced, temp_dir_setup,
                                        temp_dir_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
