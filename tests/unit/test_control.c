/* test_control.c — tests of control.h: a shard's control socket, and clients that mean no good. */
#include "control.h"

#include "control_message.h"
#include "control_socket.h"
#include "round.h"
#include "server_setup.h"
#include "test_client.h"

#include <errno.h>
#include <sys/socket.h>

#include "temp_dir.h"

#define NOBODY 65534

enum {
    SHARD = 3,
    IDLE_MSEC = 300,
    WHOLE_MSEC = 1000,
    CHANNELS = 3000, /* more than a socket buffer holds of their records */
    LOOP_MSEC = 5,
    PATIENCE = 2000, /* loops */
    HEARD_MAX = 1 << 20,
};

struct fixture {
    struct temp_dir *temp;
    struct state_dir dir;
    struct event_base *base;
    struct control *control;
    struct turn_server *server;
    struct server_setup setup;
    struct crypto *crypto;
    struct test_client client;
    struct turn_now now;
    unsigned rounds;
    unsigned closed; /* relays */
    int draining;    /* as was asked for, -1 when it was not */
    bool is_disk_full;
    char heard[HEARD_MAX];
    size_t heard_len;
};

static struct fixture f;

/* Carries out all commands; false when a relay was among them, which has more of them now. */
static bool are_drained(void)
{
    struct turn_command command;
    bool opens = false;
    struct turn_relay_id id = {0};

    while (turn_server_next_command(f.server, &command)) {
        struct answer answer;

        if (command.kind == TURN_COMMAND_OPEN_RELAY) {
            opens = true;
            id = command.relay_id;
        }
        f.closed += command.kind == TURN_COMMAND_CLOSE_RELAY;
        if (command.kind == TURN_COMMAND_SEND) {
            assert_null(answer_read(command.bytes, &answer));
            client_take_answer(&f.client, &answer);
        }
    }
    if (opens)
        turn_server_relay_opened(f.server, f.now, id);
    return !opens;
}

static void drain_commands(void)
{
    while (!are_drained())
        continue;
}

static void ask(uint16_t method, const struct attr *attrs)
{
    struct message message = client_message(&f.client, method, attrs);
    struct turn_relay relay;

    client_build(&f.client, f.crypto, &message);
    (void)turn_server_client_datagram(
        f.server, f.now, &f.client.tuple,
        (struct bytes){.data = f.client.request, .len = f.client.request_len}, TURN_ARRIVAL_FIRST,
        &relay);
    drain_commands();
}

static void bind_channels(unsigned count)
{
    ask(TURN_ALLOCATE, ATTRS(UDP));
    ask(TURN_ALLOCATE, ATTRS(UDP));
    for (unsigned i = 0; i < count; i++) {
        struct transport_addr peer = test_addr("8.8.4.4:1000");

        peer.port = (uint16_t)(peer.port + i);
        ask(TURN_CHANNEL_BIND, ATTRS(CHANNEL(0x4000 + i), PEER(peer)));
    }
    assert_int_equal(turn_server_allocation_count(f.server), 1);
}

static struct turn_now begin(void *context)
{
    assert_ptr_equal(context, &f);
    f.rounds++;
    return f.now;
}

static void on_commands(void *context, struct turn_now now)
{
    (void)context;
    (void)now;
    drain_commands();
}

static enum err set_draining(void *context, bool is_draining, struct problem *problem)
{
    (void)context;
    if (f.is_disk_full) {
        problem_set(problem, "the disk is full");
        return ERR_IO;
    }
    f.draining = is_draining;
    return ERR_OK;
}

static int setup(void **state)
{
    struct problem problem;
    static const struct fixture none = {.draining = -1};

    f = none;
    assert_int_equal(temp_dir_setup(state), 0);
    f.temp = *state;
    f.dir = STATE_DIR_CLOSED;
    assert_int_equal(state_dir_open(f.temp->path, STATE_DIR_SERVE, &f.dir, &problem), ERR_OK);
    f.base = event_base_new();
    assert_int_equal(crypto_new(&f.crypto), ERR_OK);
    server_setup_init(&f.setup);
    f.setup.config.recorded = false;
    f.setup.config.channels_per_allocation = f.setup.config.max_channels = CHANNELS;
    f.now = (struct turn_now){.mono = {.usec = 1000 * USEC_PER_SEC}, .wall = {TEST_WALL_SEC}};
    assert_int_equal(turn_server_new(&f.setup.config, &f.server), ERR_OK);
    client_init(&f.client, f.crypto, test_addr("198.51.100.1:4000"), test_addr("203.0.113.9:3478"),
                TEST_USERNAME, TEST_PASSWORD, TEST_REALM);
    const struct control_config config = {.dir = &f.dir,
                                          .shard = SHARD,
                                          .base = f.base,
                                          .server = f.server,
                                          .idle_msec = IDLE_MSEC,
                                          .whole_msec = WHOLE_MSEC,
                                          .begin = begin,
                                          .on_commands = on_commands,
                                          .set_draining = set_draining,
                                          .context = &f};

    assert_int_equal(control_new(&config, &f.control, &problem), ERR_OK);
    return 0;
}

static int teardown(void **state)
{
    control_free(f.control);
    turn_server_free(f.server);
    crypto_free(f.crypto);
    event_base_free(f.base);
    state_dir_close(&f.dir);
    return temp_dir_teardown(state);
}

/* The event loop has turns for |msec|. */
static void loop(int msec)
{
    const struct timeval time = {.tv_usec = msec * 1000L};

    (void)event_base_loopexit(f.base, &time);
    (void)event_base_dispatch(f.base);
}

static int call(void)
{
    int fd = control_socket_connect(&f.dir, SHARD);

    assert_true(fd >= 0);
    return fd;
}

static void say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* Hears what |fd| is told, until it is hung up on. False when that does not happen. */
static bool hear(int fd)
{
    f.heard_len = 0;
    for (int i = 0; i < PATIENCE; i++) {
        ssize_t len = 0;

        loop(LOOP_MSEC);
        while (f.heard_len < HEARD_MAX - 1 &&
               (len = recv(fd, f.heard + f.heard_len, HEARD_MAX - 1 - f.heard_len, 0)) > 0)
            f.heard_len += (size_t)len;
        f.heard[f.heard_len] = '\0';
        if (len == 0 || (len < 0 && errno == ECONNRESET)) {
            close(fd);
            return true;
        }
    }
    close(fd);
    return false;
}

static void expect(const char *request, const char *answer)
{
    int fd = call();

    say(fd, request);
    assert_true(hear(fd));
    assert_string_equal(f.heard, answer);
}

static void draining_is_begun_and_ended(void **state)
{
    (void)state;
    bind_channels(0);
    expect("1 drain\n", "done 1\n");
    assert_int_equal(f.draining, 1);
    assert_int_equal(f.rounds, 1);
    expect("1 undrain\n", "done 1\n");
    assert_int_equal(f.draining, 0);
    f.is_disk_full = true;
    expect("1 drain\n", "error failed the disk is full\n");
    assert_int_equal(f.draining, 0);
}

static void a_client_is_deleted(void **state)
{
    (void)state;
    bind_channels(2);
    expect("1 delete 198.51.100.1:4001\n", "done 0\n");
    for (int i = 0; i < 2 * CONTROL_DELETES_AT_ONCE; i++) {
        f.client.tuple.server.ip[3]++;
        ask(TURN_ALLOCATE, ATTRS(UDP));
    }
    assert_int_equal(turn_server_allocation_count(f.server), 1 + 2 * CONTROL_DELETES_AT_ONCE);
    int fd = call();

    say(fd, "1 delete 198.51.100.1:4000\n");
    assert_true(hear(fd));
    assert_non_null(strstr(f.heard, "deleted 198.51.100.1:4000>203.0.113.9:3478 5"));
    assert_non_null(strstr(f.heard, "\ndone 9\n"));
    assert_int_equal(turn_server_allocation_count(f.server), 0);
    assert_int_equal(f.closed, 9);
}

static void everything_is_told(void **state)
{
    size_t lines = 0;
    unsigned next = 0;

    (void)state;
    expect("1 records\n", "done 0\n");
    bind_channels(CHANNELS);
    int fd = call();

    say(fd, "1 records\n");
    assert_true(hear(fd));
    for (char *line = f.heard, *newline; (newline = strchr(line, '\n')) != NULL;
         line = newline + 1, lines++) {
        struct control_answer answer;

        assert_int_equal(
            control_answer_read(
                (struct bytes){.data = (uint8_t *)line, .len = (size_t)(newline - line)}, &answer),
            ERR_OK);
        if (answer.kind == CONTROL_ANSWER_DONE) {
            assert_int_equal(answer.count, CHANNELS + 1);
        } else {
            assert_int_equal(answer.record.kind,
                             lines == 0 ? TURN_RECORD_ALLOCATION : TURN_RECORD_CHANNEL);
            next += lines > 0 ? answer.record.channel.number - 0x4000U : 0;
        }
    }
    assert_int_equal(lines, CHANNELS + 2);
    assert_int_equal(next, CHANNELS * (CHANNELS - 1) / 2); /* each number once */
}

static void a_request_may_come_in_pieces(void **state)
{
    int fd = call();

    (void)state;
    say(fd, "1 dr");
    loop(LOOP_MSEC);
    assert_int_equal(f.draining, -1);
    say(fd, "ain\nand what is behind it does not count");
    assert_true(hear(fd));
    assert_string_equal(f.heard, "done 0\n");
}

static void nonsense_is_refused(void **state)
{
    char longer[2 * CONTROL_REQUEST_MAX];

    (void)state;
    expect("2 drain\n", "error version the request is of another version of the control "
                        "protocol\n");
    expect("1 explode\n", "error malformed that is no request\n");
    expect("\n", "error malformed that is no request\n");
    expect("GET / HTTP/1.1\r\n\r\n", "error malformed that is no request\n");
    memset(longer, '1', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    expect(longer, "error malformed the request is too long\n");
    assert_int_equal(f.draining, -1);
    assert_int_equal(f.rounds, 0);
}

static void who_says_nothing_is_cut_off(void **state)
{
    int fd = call();

    (void)state;
    assert_true(hear(fd));
    assert_int_equal(f.heard_len, 0);
}

/* A byte now and then is progress, but not for ever. */
static void who_trickles_is_cut_off(void **state)
{
    int fd = call();
    int sent = 0;

    (void)state;
    while (sent < PATIENCE && send(fd, "1", 1, MSG_NOSIGNAL) == 1) {
        sent++;
        loop(IDLE_MSEC / 4);
    }
    assert_in_range(sent, 1, WHOLE_MSEC / (IDLE_MSEC / 4) + 10);
    close(fd);
}

static void who_never_reads_is_cut_off(void **state)
{
    int fd = call();

    (void)state;
    bind_channels(CHANNELS);
    say(fd, "1 records\n");
    loop(2 * IDLE_MSEC);
    /* What the kernel had taken is there, and then no more. */
    assert_true(hear(fd));
    assert_null(strstr(f.heard, "done"));
    assert_true(f.heard_len > 0);
    expect("1 drain\n", "done 1\n");
}

/* A shard that moves again does not do what was asked for and given up meanwhile. */
static void who_does_not_wait_takes_the_request_back(void **state)
{
    int fd = call();

    (void)state;
    say(fd, "1 drain\n");
    close(fd);
    loop(LOOP_MSEC);
    assert_int_equal(f.draining, -1);
    /* But to have nothing more to say is no way of going. */
    fd = call();
    say(fd, "1 drain\n");
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    assert_true(hear(fd));
    assert_string_equal(f.heard, "done 0\n");
    assert_int_equal(f.draining, 1);
}

static void who_goes_in_the_middle_is_forgotten(void **state)
{
    int fd = call();

    (void)state;
    bind_channels(CHANNELS);
    say(fd, "1 records\n");
    loop(LOOP_MSEC);
    close(fd);
    loop(LOOP_MSEC);
    expect("1 drain\n", "done 1\n");
}

static void there_are_only_so_many(void **state)
{
    int fds[CONTROL_CONNECTIONS_MAX + 4];

    (void)state;
    for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
        fds[i] = call();
        loop(1);
    }
    for (size_t i = CONTROL_CONNECTIONS_MAX; i < sizeof(fds) / sizeof(fds[0]); i++) {
        assert_true(hear(fds[i]));
        assert_string_equal(f.heard, "error busy too many ask at this time\n");
    }
    /* The others are cut off, as they say nothing; then there is room. */
    for (size_t i = 0; i < CONTROL_CONNECTIONS_MAX; i++)
        assert_true(hear(fds[i]));
    expect("1 drain\n", "done 0\n");
}

static void who_may_not_ask_is_told_so(void **state)
{
    char path[TEMP_PATH_MAX];

    (void)state;
    if (geteuid() != 0)
        skip();
    /* As somebody has opened it to all. */
    assert_int_equal(chmod(f.temp->path, 0711), 0);
    assert_int_equal(chmod(temp_dir_path(f.temp, "shard-3.control", path), 0666), 0);
    assert_int_equal(seteuid(NOBODY), 0);
    int fd = control_socket_connect(&f.dir, SHARD);

    assert_int_equal(seteuid(0), 0);
    assert_true(fd >= 0);
    say(fd, "1 drain\n");
    assert_true(hear(fd));
    assert_string_equal(f.heard, "error denied only root and the relay's own user may ask\n");
    assert_int_equal(f.draining, -1);
}

/* A flood of connections costs the shard no more than a few of them would. */
static void only_so_many_a_second_are_accepted(void **state)
{
    int fds[4 * CONTROL_ACCEPTS_PER_SEC];
    size_t count = 0, answered = 0;
    const int64_t begun = clocks_read().mono.usec;

    (void)state;
    for (; count < sizeof(fds) / sizeof(fds[0]); count++) {
        fds[count] = control_socket_connect(&f.dir, SHARD);
        if (fds[count] < 0)
            break;
        say(fds[count], "nonsense\n");
        loop(1);
    }
    const int64_t seconds = (clocks_read().mono.usec - begun) / USEC_PER_SEC;

    for (size_t i = 0; i < count; i++)
        answered += recv(fds[i], (char[1]){0}, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
    assert_in_range(answered, CONTROL_CONNECTIONS_MAX,
                    (uint64_t)(seconds + 1) * CONTROL_ACCEPTS_PER_SEC);
    /* The others have their turn, if they wait. */
    for (size_t i = 0; i < count; i++)
        assert_true(hear(fds[i]));
    expect("1 drain\n", "done 0\n");
}

static void nothing_is_left_open(void **state)
{
    char path[64];
    int fds[3];

    (void)state;
    (void)snprintf(path, sizeof(path), "/proc/self/fd");
    size_t before = temp_dir_count(path);

    for (size_t i = 0; i < 3; i++)
        fds[i] = call();
    loop(LOOP_MSEC);
    say(fds[0], "1 records\n");
    loop(LOOP_MSEC);
    for (size_t i = 0; i < 3; i++)
        close(fds[i]);
    loop(2 * IDLE_MSEC);
    assert_int_equal(temp_dir_count(path), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(draining_is_begun_and_ended),
        TEST(a_client_is_deleted),
        TEST(everything_is_told),
        TEST(a_request_may_come_in_pieces),
        TEST(nonsense_is_refused),
        TEST(who_says_nothing_is_cut_off),
        TEST(who_trickles_is_cut_off),
        TEST(who_never_reads_is_cut_off),
        TEST(who_does_not_wait_takes_the_request_back),
        TEST(who_goes_in_the_middle_is_forgotten),
        TEST(who_may_not_ask_is_told_so),
        TEST(there_are_only_so_many),
        TEST(only_so_many_a_second_are_accepted),
        TEST(nothing_is_left_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
