/* test_notify.c — tests of notify.h. */
#include "notify.h"

#include <stdio.h>

#include "unit.h"

#include "notify_socket.h"
#include "temp_dir.h"

static struct notify_socket manager;
static struct notify notify;
static struct problem problem;

static int setup(void **state)
{
    (void)state;
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
    notify_socket_open(&manager);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    notify_close(&notify);
    notify_socket_close(&manager);
    return 0;
}

static void assert_unset(void)
{
    assert_null(getenv("NOTIFY_SOCKET"));
    assert_null(getenv("WATCHDOG_USEC"));
    assert_null(getenv("WATCHDOG_PID"));
}

static void nobody_is_told_without_a_socket(void **state)
{
    (void)state;
    unsetenv("NOTIFY_SOCKET");
    setenv("WATCHDOG_USEC", "1000000", 1);
    assert_int_equal(notify_take(&notify, &problem), ERR_OK);
    assert_int_equal(notify.fd, -1);
    assert_int_equal(notify.watchdog_usec, 0);
    assert_true(notify_send(&notify, "READY=1"));
    assert_string_equal(notify_socket_said(&manager), "");
    assert_unset();
    setenv("NOTIFY_SOCKET", "", 1);
    assert_int_equal(notify_take(&notify, &problem), ERR_OK);
    assert_int_equal(notify.fd, -1);
}

static void an_abstract_name_is_reached(void **state)
{
    (void)state;
    assert_int_equal(notify_take(&notify, &problem), ERR_OK);
    assert_int_equal(notify.watchdog_usec, 0);
    assert_true(notify_send(&notify, "READY=%d\nSTATUS=%s", 1, "fine"));
    assert_string_equal(notify_socket_said(&manager), "READY=1\nSTATUS=fine\n");
    assert_unset();
}

static void a_path_is_reached(void **state)
{
    void *dir;
    char path[TEMP_PATH_MAX];
    char said[16] = "";
    union {
        struct sockaddr any;
        struct sockaddr_un path;
    } addr = {.path = {.sun_family = AF_UNIX}};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    (void)state;
    temp_dir_setup(&dir);
    assert_true(strlen(temp_dir_path(dir, "notify", path)) < sizeof(addr.path.sun_path));
    strcpy(addr.path.sun_path, path);
    assert_int_equal(bind(fd, &addr.any, sizeof(addr.path)), 0);
    setenv("NOTIFY_SOCKET", path, 1);
    assert_int_equal(notify_take(&notify, &problem), ERR_OK);
    assert_true(notify_send(&notify, "READY=1"));
    assert_int_equal(recv(fd, said, sizeof(said), 0), 7);
    assert_string_equal(said, "READY=1");
    close(fd);
    /* Whoever listened there has gone. */
    assert_false(notify_send(&notify, "READY=1"));
    temp_dir_teardown(&dir);
}

static void a_text_is_cut(void **state)
{
    char text[2 * NOTIFY_TEXT_MAX];

    (void)state;
    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    assert_int_equal(notify_take(&notify, &problem), ERR_OK);
    assert_true(notify_send(&notify, "STATUS=%s", text));
    assert_int_equal(strlen(notify_socket_said(&manager)), NOTIFY_TEXT_MAX - 1 + 1);
}

static void sending_does_not_wait(void **state)
{
    unsigned sent = 0;

    (void)state;
    assert_int_equal(notify_take(&notify, &problem), ERR_OK);
    /* The kernel lets so many wait unread: net.unix.max_dgram_qlen, or what the buffer holds. */
    while (sent < 1000000 && notify_send(&notify, "WATCHDOG=1"))
        sent++;
    assert_in_range(sent, 1, 999999);
    while (notify_socket_said(&manager)[0] != '\0') {
    }
    assert_true(notify_send(&notify, "WATCHDOG=1"));
}

static void the_watchdog_is_for_the_process_that_is_named(void **state)
{
    char self[16];

    (void)state;
    setenv("WATCHDOG_USEC", "2000000", 1);
    assert_int_equal(notify_take(&notify, &problem), ERR_OK);
    assert_int_equal(notify.watchdog_usec, 2000000);
    assert_unset();
    notify_close(&notify);

    snprintf(self, sizeof(self), "%ld", (long)getpid());
    setenv("NOTIFY_SOCKET", manager.name, 1);
    setenv("WATCHDOG_USEC", "3000000", 1);
    setenv("WATCHDOG_PID", self, 1);
    assert_int_equal(notify_take(&notify, &problem), ERR_OK);
    assert_int_equal(notify.watchdog_usec, 3000000);
    notify_close(&notify);

    setenv("NOTIFY_SOCKET", manager.name, 1);
    setenv("WATCHDOG_USEC", "3000000", 1);
    setenv("WATCHDOG_PID", "1", 1);
    assert_int_equal(notify_take(&notify, &problem), ERR_OK);
    assert_int_equal(notify.watchdog_usec, 0);
    assert_true(notify.fd >= 0);
}

static void what_makes_no_sense_is_refused(void **state)
{
    static const struct {
        const char *socket, *usec, *pid;
        enum err err;
    } cases[] = {
        {"relative/path", NULL, NULL, ERR_MALFORMED},
        {"vsock:2:1234", NULL, NULL, ERR_MALFORMED},
        {"/", NULL, NULL, ERR_RANGE},
        {"@", NULL, NULL, ERR_RANGE},
        {"/run/systemd/notify", "soon", NULL, ERR_MALFORMED},
        {"/run/systemd/notify", "0", NULL, ERR_MALFORMED},
        {"/run/systemd/notify", "1000000", "me", ERR_MALFORMED},
    };
    char long_path[200];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        setenv("NOTIFY_SOCKET", cases[i].socket, 1);
        if (cases[i].usec != NULL)
            setenv("WATCHDOG_USEC", cases[i].usec, 1);
        if (cases[i].pid != NULL)
            setenv("WATCHDOG_PID", cases[i].pid, 1);
        assert_int_equal(notify_take(&notify, &problem), cases[i].err);
        assert_int_equal(notify.fd, -1);
        assert_true(notify_send(&notify, "READY=1"));
        assert_unset();
    }
    memset(long_path, 'a', sizeof(long_path) - 1);
    long_path[0] = '/';
    long_path[sizeof(long_path) - 1] = '\0';
    setenv("NOTIFY_SOCKET", long_path, 1);
    assert_int_equal(notify_take(&notify, &problem), ERR_RANGE);
    assert_unset();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nobody_is_told_without_a_socket, setup, teardown),
        cmocka_unit_test_setup_teardown(an_abstract_name_is_reached, setup, teardown),
        cmocka_unit_test_setup_teardown(a_path_is_reached, setup, teardown),
        cmocka_unit_test_setup_teardown(a_text_is_cut, setup, teardown),
        cmocka_unit_test_setup_teardown(sending_does_not_wait, setup, teardown),
        cmocka_unit_test_setup_teardown(the_watchdog_is_for_the_process_that_is_named, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_makes_no_sense_is_refused, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
