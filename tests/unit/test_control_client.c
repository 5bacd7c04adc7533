/* test_control_client.c — tests of control_client.h against shards that answer well, badly, or not
 * at all. */
#include "control_client.h"

#include "control_socket.h"
#include "counter_page.h"
#include "system_clock.h"

#include <errno.h>
#include <pthread.h>
#include <sys/socket.h>

#include "temp_dir.h"

static struct state_dir open_dir(const struct temp_dir *temp)
{
    struct state_dir dir = STATE_DIR_CLOSED;
    struct problem problem;

    assert_int_equal(state_dir_open(temp->path, STATE_DIR_SERVE, &dir, &problem), ERR_OK);
    return dir;
}

/* A shard that says |text| to the first who asks, and hangs up. */
struct scripted_shard {
    int listener;
    const char *text;
    char heard[CONTROL_REQUEST_MAX];
    pthread_t thread;
};

static void *play(void *arg)
{
    struct scripted_shard *shard = arg;
    int fd;

    while ((fd = accept(shard->listener, NULL, NULL)) < 0 && (errno == EAGAIN || errno == EINTR))
        (void)usleep(1000);
    ssize_t len = recv(fd, shard->heard, sizeof(shard->heard) - 1, 0);

    if (len > 0 && send(fd, shard->text, strlen(shard->text), MSG_NOSIGNAL) < 0)
        shard->heard[0] = '\0';
    close(fd);
    return NULL;
}

static size_t deleted_count;

static void on_deleted(void *context, const struct control_answer *answer)
{
    (void)context;
    assert_int_equal(answer->kind, CONTROL_ANSWER_DELETED);
    deleted_count++;
}

static enum err ask(const struct temp_dir *temp, const char *text, uint64_t *ret_count,
                    struct problem *problem)
{
    struct state_dir dir = open_dir(temp);
    struct scripted_shard shard = {.text = text};
    const struct control_request request = {.verb = CONTROL_DRAIN};

    assert_int_equal(control_socket_listen(&dir, 2, &shard.listener, problem), ERR_OK);
    assert_int_equal(pthread_create(&shard.thread, NULL, play, &shard), 0);
    enum err err = control_client_ask(&dir, 2, &request, on_deleted, NULL, ret_count, problem);

    assert_int_equal(pthread_join(shard.thread, NULL), 0);
    assert_string_equal(shard.heard, "1 drain\n");
    close(shard.listener);
    state_dir_close(&dir);
    return err;
}

static void answers_come_in_order(void **state)
{
    struct problem problem;
    uint64_t count = 0;

    deleted_count = 0;
    assert_int_equal(ask(*state,
                         "deleted 192.0.2.9:4000>203.0.113.7:3478 50000\n"
                         "deleted 192.0.2.9:4000>203.0.113.8:3478 50001\n"
                         "done 2\n",
                         &count, &problem),
                     ERR_OK);
    assert_int_equal(count, 2);
    assert_int_equal(deleted_count, 2);
}

static void refusals_are_told(void **state)
{
    struct problem problem;
    uint64_t count;

    assert_int_equal(ask(*state, "error failed the disk is full\n", &count, &problem),
                     ERR_UNAVAILABLE);
    assert_string_equal(problem.text, "shard 2 refuses: the disk is full");
    assert_int_equal(ask(*state, "error denied only root may\n", &count, &problem), ERR_AUTH);
}

static void nonsense_is_not_believed(void **state)
{
    static const char *const texts[] = {"", "done", "done 1", "well\ndone 1\n",
                                        "deleted x 1\ndone 1\n"};
    static char endless[4 * CONTROL_ANSWER_MAX];
    struct problem problem;
    uint64_t count;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_int_equal(ask(*state, texts[i], &count, &problem), ERR_MALFORMED);
    memset(endless, 'x', sizeof(endless) - 1);
    endless[sizeof(endless) - 1] = '\0';
    assert_int_equal(ask(*state, endless, &count, &problem), ERR_MALFORMED);
}

static void who_is_not_there(void **state)
{
    struct state_dir dir = open_dir(*state);
    const struct control_request request = {.verb = CONTROL_RECORDS};
    const struct turn_now now = {.mono = system_mono_time(), .wall = {.sec = 1}};
    struct counter_writer page;
    struct problem problem;
    uint64_t count;
    int64_t holder;

    assert_int_equal(control_client_ask(&dir, 3, &request, NULL, NULL, &count, &problem),
                     ERR_NOT_FOUND);
    assert_non_null(strstr(problem.text, "there is no shard 3"));
    assert_int_equal(counter_page_create(&dir, 3, 4, now, &page, &holder, &problem), ERR_OK);
    assert_int_equal(control_client_ask(&dir, 3, &request, NULL, NULL, &count, &problem),
                     ERR_NOT_FOUND);
    assert_string_equal(problem.text, "shard 3 is only starting: try again in a moment");
    page.page->state = SHARD_STATE_SERVING;
    assert_int_equal(control_client_ask(&dir, 3, &request, NULL, NULL, &count, &problem),
                     ERR_NOT_FOUND);
    assert_string_equal(problem.text, "shard 3 runs without a control socket: its log says why");
    counter_page_close(&page);
    assert_int_equal(control_client_ask(&dir, 3, &request, NULL, NULL, &count, &problem),
                     ERR_NOT_FOUND);
    assert_string_equal(problem.text, "shard 3 is not running");
    state_dir_close(&dir);
}

static void who_hangs_is_given_up(void **state)
{
    struct state_dir dir = open_dir(*state);
    const struct control_request request = {.verb = CONTROL_RECORDS};
    const struct turn_now now = {.mono = system_mono_time(), .wall = {.sec = 1}};
    const struct mono_time begun = system_mono_time();
    struct counter_writer page;
    struct problem problem;
    uint64_t count;
    int64_t holder;
    int listener;

    assert_int_equal(counter_page_create(&dir, 3, 4, now, &page, &holder, &problem), ERR_OK);
    page.page->seen_mono_usec = now.mono.usec - 60 * USEC_PER_SEC;
    assert_int_equal(control_socket_listen(&dir, 3, &listener, &problem), ERR_OK);
    assert_int_equal(control_client_ask(&dir, 3, &request, NULL, NULL, &count, &problem),
                     ERR_TIMEOUT);
    assert_non_null(strstr(problem.text, "shard 3 hangs: process "));
    assert_non_null(strstr(problem.text, "has not moved for 6"));
    assert_true(mono_time_until(system_mono_time(), begun) >=
                (int64_t)CONTROL_CLIENT_HUNG_MSEC * 1000);
    page.page->seen_mono_usec = INT64_MAX; /* it moves, as far as it says */
    assert_int_equal(control_client_ask(&dir, 3, &request, NULL, NULL, &count, &problem),
                     ERR_TIMEOUT);
    assert_string_equal(problem.text, "shard 3 has not answered for 3.0 s");
    assert_true(mono_time_until(system_mono_time(), begun) >=
                (int64_t)CONTROL_CLIENT_WAIT_MSEC * 1000);
    close(listener);
    counter_page_close(&page);
    state_dir_close(&dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(answers_come_in_order, temp_dir_setup, temp_dir_teardown),
        cmocka_unit_test_setup_teardown(refusals_are_told, temp_dir_setup, temp_dir_teardown),
        cmocka_unit_test_setup_teardown(nonsense_is_not_believed, temp_dir_setup,
                                        temp_dir_teardown),
        cmocka_unit_test_setup_teardown(who_is_not_there, temp_dir_setup, temp_dir_teardown),
        cmocka_unit_test_setup_teardown(who_hangs_is_given_up, temp_dir_setup, temp_dir_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
