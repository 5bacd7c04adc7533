/* test_http_server.c — tests of http_server.h over loopback: routes, limits, and a taken address.
 */
#include "http_server.h"

#include "counter_page.h"
#include "sockaddr.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "unit.h"

enum {
    PATIENCE_MSEC = 10000,
    LARGE_LEN = 4 * 1024 * 1024,
    ANSWER_MAX = LARGE_LEN + 4096,
    STEP_ANSWERS_MAX = 11 /* new connections in one of eight steps, and seven others */
};

struct fixture {
    struct event_base *base;
    struct http_server *server;
    int port_holder; /* keeps the port for the server: bound, not listening */
    struct transport_addr addr;
    uint64_t values[COUNTER_PAGE_VALUES];
    bool may_answer;
    struct http_body *large;
    char answer[ANSWER_MAX];
};

static void on_small(void *context, struct http_exchange *exchange)
{
    (void)context;
    http_respond_text(exchange, HTTP_STATUS_OK, http_exchange_request(exchange)->query);
}

static void on_slow(void *context, struct http_exchange *exchange)
{
    (void)context;
    (void)usleep(1000);
    http_respond_text(exchange, HTTP_STATUS_OK, "");
}

static void on_large(void *context, struct http_exchange *exchange)
{
    struct fixture *fixture = context;

    http_respond(exchange, HTTP_STATUS_OK, "application/octet-stream", fixture->large);
}

static void on_part(void *context, struct http_exchange *exchange)
{
    (void)context;
    http_respond_static(exchange, HTTP_STATUS_OK, "text/css", "a{}", 3);
}

static void on_later(void *context, struct http_exchange *exchange)
{
    struct fixture *fixture = context;

    if (fixture->may_answer)
        http_respond_text(exchange, HTTP_STATUS_OK, "at last");
}

static int bound_socket(const struct transport_addr *addr, bool can_be_shared)
{
    union socket_addr socket_addr;
    socklen_t len = socket_addr_from(addr, &socket_addr);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int one = 1;

    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)), 0);
    if (can_be_shared)
        assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)), 0);
    assert_int_equal(bind(fd, &socket_addr.any, len), 0);
    return fd;
}

static void start(struct fixture *fixture)
{
    static struct http_route routes[] = {
        {.path = "/small", .handle = on_small}, {.path = "/large", .handle = on_large},
        {.path = "/slow", .handle = on_slow},   {.path = "/part", .handle = on_part},
        {.path = "/later", .handle = on_later},
    };
    const struct http_server_config config = {.base = fixture->base,
                                              .addr = fixture->addr,
                                              .routes = routes,
                                              .route_count = sizeof(routes) / sizeof(routes[0]),
                                              .values = fixture->values};

    for (size_t i = 0; i < config.route_count; i++)
        routes[i].context = fixture;
    assert_int_equal(http_server_new(&config, &fixture->server), ERR_OK);
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    union socket_addr bound;
    socklen_t len = sizeof(bound);
    char *large = malloc(LARGE_LEN);

    assert_non_null(fixture);
    assert_non_null(large);
    memset(large, 'x', LARGE_LEN);
    fixture->large = http_body_take(large, LARGE_LEN);
    fixture->base = event_base_new();
    fixture->addr = transport_addr_v4((uint8_t[]){127, 0, 0, 1}, 0);
    fixture->port_holder = bound_socket(&fixture->addr, true);
    assert_int_equal(getsockname(fixture->port_holder, &bound.any, &len), 0);
    assert_true(socket_addr_to(&bound, len, &fixture->addr));
    start(fixture);
    assert_int_equal(fixture->values[SHARD_COUNT_HTTP_LISTENING], 1);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    http_server_free(fixture->server);
    assert_int_equal(fixture->values[SHARD_COUNT_HTTP_CONNECTIONS], 0);
    event_base_free(fixture->base);
    http_body_release(fixture->large);
    if (fixture->port_holder >= 0)
        close(fixture->port_holder);
    free(fixture);
    return 0;
}

static int64_t now_msec(void)
{
    struct timespec now;

    assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &now), 0);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void turn(struct fixture *fixture)
{
    assert_true(event_base_loop(fixture->base, EVLOOP_NONBLOCK) >= 0);
}

static int connect_client(struct fixture *fixture)
{
    union socket_addr socket_addr;
    socklen_t len = socket_addr_from(&fixture->addr, &socket_addr);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(connect(fd, &socket_addr.any, len), 0);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return fd;
}

static void send_text(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* All that comes until the server closes; then closes |fd|. */
static const char *answer_on(struct fixture *fixture, int fd)
{
    int64_t deadline = now_msec() + PATIENCE_MSEC;
    size_t len = 0;

    for (;;) {
        ssize_t got = recv(fd, fixture->answer + len, sizeof(fixture->answer) - 1 - len, 0);

        if (got == 0 || (got < 0 && errno == ECONNRESET))
            break;
        if (got > 0)
            len += (size_t)got;
        assert_true(now_msec() < deadline);
        turn(fixture);
    }
    close(fd);
    fixture->answer[len] = '\0';
    return fixture->answer;
}

static const char *answer_to(struct fixture *fixture, const char *request)
{
    int fd = connect_client(fixture);

    send_text(fd, request);
    return answer_on(fixture, fd);
}

static void begins(const char *answer, const char *words)
{
    if (strncmp(answer, words, strlen(words)) != 0)
        fail_msg("%.200s", answer);
}

static const char *body_of(const char *answer)
{
    const char *end = strstr(answer, "\r\n\r\n");

    assert_non_null(end);
    return end + 4;
}

static void a_route_answers_with_headers_that_keep_it_safe(void **state)
{
    const char *answer = answer_to(*state, "GET /small?hello HTTP/1.1\r\nHost: localhost\r\n\r\n");

    begins(answer, "HTTP/1.1 200 OK\r\n");
    assert_string_equal(body_of(answer), "hello");
    assert_non_null(strstr(answer, "\r\nContent-Length: 5\r\n"));
    assert_non_null(strstr(answer, "\r\nCache-Control: no-store\r\n"));
    assert_non_null(strstr(answer, "\r\nContent-Security-Policy: default-src 'self';"));
    assert_non_null(strstr(answer, "\r\nX-Content-Type-Options: nosniff\r\n"));
    assert_non_null(strstr(answer, "\r\nConnection: close\r\n"));
}

static void head_has_no_body(void **state)
{
    struct fixture *fixture = *state;
    const char *answer =
        answer_to(fixture, "HEAD /small?hello HTTP/1.1\r\nHost: localhost\r\n\r\n");

    begins(answer, "HTTP/1.1 200 OK\r\n");
    assert_non_null(strstr(answer, "\r\nContent-Length: 5\r\n"));
    assert_string_equal(body_of(answer), "");
    answer = answer_to(fixture, "GET /part HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_non_null(strstr(answer, "\r\nCache-Control: no-cache\r\n"));
    assert_string_equal(body_of(answer), "a{}");
}

static void what_is_not_there_is_refused(void **state)
{
    struct fixture *fixture = *state;

    begins(answer_to(fixture, "GET /smal HTTP/1.0\r\n\r\n"), "HTTP/1.1 404 ");
    begins(answer_to(fixture, "GET /small/ HTTP/1.0\r\n\r\n"), "HTTP/1.1 404 ");
    begins(answer_to(fixture, "HELLO\r\n"), "HTTP/1.1 400 ");
    const char *answer = answer_to(fixture, "DELETE /small HTTP/1.0\r\n\r\n");

    begins(answer, "HTTP/1.1 405 ");
    assert_non_null(strstr(answer, "\r\nAllow: GET, HEAD\r\n"));
    begins(answer_to(fixture, "GET /small HTTP/1.1\r\nHost: example.net\r\n\r\n"), "HTTP/1.1 421 ");
    assert_int_equal(fixture->values[SHARD_COUNT_HTTP_REFUSED], 5);
    assert_int_equal(fixture->values[SHARD_COUNT_HTTP_REQUESTS], 0);
}

/* What comes behind a request must not reset the connection before its answer is read. */
static void more_than_a_request_is_answered_once(void **state)
{
    struct fixture *fixture = *state;
    int fd = connect_client(fixture);

    for (unsigned i = 0; i < 1000; i++)
        send_text(fd, "GET /small?hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_string_equal(body_of(answer_on(fixture, fd)), "hello");
    fd = connect_client(fixture);
    send_text(fd, "POST /small HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20000\r\n\r\n");
    for (unsigned i = 0; i < 1000; i++)
        send_text(fd, "a body of that length");
    begins(answer_on(fixture, fd), "HTTP/1.1 413 ");
    /* What the kernel has yet to send would go with the connection. */
    int few = 65536;

    fd = connect_client(fixture);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &few, sizeof(few)), 0);
    send_text(fd, "GET /large HTTP/1.0\r\n\r\n");
    turn(fixture);
    send_text(fd, "and more");
    assert_int_equal(strlen(body_of(answer_on(fixture, fd))), LARGE_LEN);
}

static void a_request_may_come_in_pieces_and_its_client_stop_sending(void **state)
{
    static const char request[] = "GET /small?hello HTTP/1.1\r\nHost: localhost\r\n\r\n";
    struct fixture *fixture = *state;
    int fd = connect_client(fixture);

    for (size_t i = 0; i < sizeof(request) - 1; i++) {
        assert_int_equal(send(fd, request + i, 1, MSG_NOSIGNAL), 1);
        turn(fixture);
    }
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    assert_string_equal(body_of(answer_on(fixture, fd)), "hello");
}

static void a_large_answer_arrives_whole(void **state)
{
    struct fixture *fixture = *state;
    const char *body = body_of(answer_to(fixture, "GET /large HTTP/1.0\r\n\r\n"));

    assert_int_equal(strspn(body, "x"), LARGE_LEN);
    assert_int_equal(strlen(body), LARGE_LEN);
}

static void an_answer_may_come_later(void **state)
{
    struct fixture *fixture = *state;
    int fd = connect_client(fixture);

    send_text(fd, "GET /later HTTP/1.0\r\n\r\n");
    for (unsigned i = 0; i < 20; i++)
        turn(fixture);
    assert_int_equal(recv(fd, fixture->answer, 1, 0), -1);
    http_server_retry(fixture->server);
    assert_int_equal(recv(fd, fixture->answer, 1, 0), -1);
    fixture->may_answer = true;
    http_server_retry(fixture->server);
    assert_string_equal(body_of(answer_on(fixture, fd)), "at last");
}

static void who_does_nothing_gives_way(void **state)
{
    enum { IDLE = 100 };
    struct fixture *fixture = *state;
    int idle[IDLE];

    for (unsigned i = 0; i < IDLE; i++) {
        idle[i] = connect_client(fixture);
        send_text(idle[i], "GET /sma");
    }
    begins(answer_to(fixture, "GET /small HTTP/1.0\r\n\r\n"), "HTTP/1.1 200 ");
    assert_true(fixture->values[SHARD_COUNT_HTTP_CONNECTIONS] <= HTTP_CONNECTIONS_MAX);
    assert_true(fixture->values[SHARD_COUNT_HTTP_GAVE_WAY] >= IDLE - HTTP_CONNECTIONS_MAX);
    for (unsigned i = 0; i < IDLE; i++)
        close(idle[i]);
}

/* Connections on which nothing comes are kept by the kernel, and cost nothing here. */
static void who_says_nothing_is_not_even_taken(void **state)
{
    enum { SILENT = 100 };
    struct fixture *fixture = *state;
    int silent[SILENT];

    for (unsigned i = 0; i < SILENT; i++)
        silent[i] = connect_client(fixture);
    begins(answer_to(fixture, "GET /small HTTP/1.0\r\n\r\n"), "HTTP/1.1 200 ");
    assert_true(fixture->values[SHARD_COUNT_HTTP_CONNECTIONS] <= 1); /* the one just answered */
    for (unsigned i = 0; i < SILENT; i++)
        close(silent[i]);
}

/* Whoever has asked goes before whoever has not. */
static void who_is_being_answered_stays(void **state)
{
    enum { IDLE = 2 * HTTP_CONNECTIONS_MAX };
    struct fixture *fixture = *state;
    int idle[IDLE];
    int reader = connect_client(fixture);

    send_text(reader, "GET /large HTTP/1.0\r\n\r\n");
    for (unsigned i = 0; i < IDLE; i++) {
        idle[i] = connect_client(fixture);
        send_text(idle[i], "G");
    }
    begins(answer_to(fixture, "GET /small HTTP/1.0\r\n\r\n"), "HTTP/1.1 200 ");
    assert_int_equal(strlen(body_of(answer_on(fixture, reader))), LARGE_LEN);
    for (unsigned i = 0; i < IDLE; i++)
        close(idle[i]);
}

/* However much there is to do, other events of the loop have their turn. */
static void work_is_bounded(void **state)
{
    enum { CLIENTS = 300 };
    struct fixture *fixture = *state;
    int clients[CLIENTS];
    int64_t began = now_msec();

    for (unsigned i = 0; i < CLIENTS; i++) {
        clients[i] = connect_client(fixture);
        send_text(clients[i], "GET /slow HTTP/1.0\r\n\r\n");
    }
    while (fixture->values[SHARD_COUNT_HTTP_REQUESTS] < CLIENTS) {
        uint64_t before = fixture->values[SHARD_COUNT_HTTP_REQUESTS];

        turn(fixture);
        assert_true(fixture->values[SHARD_COUNT_HTTP_REQUESTS] - before <= STEP_ANSWERS_MAX);
    }
    /* Each answer took a millisecond, so each window had no more than its first steps. */
    assert_true((now_msec() - began) / HTTP_WINDOW_MSEC >= CLIENTS / STEP_ANSWERS_MAX - 1);
    for (unsigned i = 0; i < CLIENTS; i++)
        begins(answer_on(fixture, clients[i]), "HTTP/1.1 200 ");
}

/* Nor when all that is missing of many requests comes at once. */
static void work_on_requests_in_pieces_is_bounded(void **state)
{
    struct fixture *fixture = *state;
    int clients[HTTP_CONNECTIONS_MAX];

    for (unsigned i = 0; i < HTTP_CONNECTIONS_MAX; i++) {
        clients[i] = connect_client(fixture);
        send_text(clients[i], "GET /slow HTTP/1.0\r\n");
    }
    while (fixture->values[SHARD_COUNT_HTTP_CONNECTIONS] < HTTP_CONNECTIONS_MAX)
        turn(fixture);
    turn(fixture);
    for (unsigned i = 0; i < HTTP_CONNECTIONS_MAX; i++)
        send_text(clients[i], "\r\n");
    while (fixture->values[SHARD_COUNT_HTTP_REQUESTS] < HTTP_CONNECTIONS_MAX) {
        uint64_t before = fixture->values[SHARD_COUNT_HTTP_REQUESTS];

        turn(fixture);
        assert_true(fixture->values[SHARD_COUNT_HTTP_REQUESTS] - before <= STEP_ANSWERS_MAX);
    }
    for (unsigned i = 0; i < HTTP_CONNECTIONS_MAX; i++)
        begins(answer_on(fixture, clients[i]), "HTTP/1.1 200 ");
}

/* Whoever has them answered may be in the middle of something else. */
static void nobody_is_answered_out_of_turn(void **state)
{
    struct fixture *fixture = *state;
    int clients[HTTP_CONNECTIONS_MAX];

    for (unsigned i = 0; i < HTTP_CONNECTIONS_MAX; i++) {
        clients[i] = connect_client(fixture);
        send_text(clients[i], "GET /later HTTP/1.0\r\n\r\n");
    }
    while (fixture->values[SHARD_COUNT_HTTP_CONNECTIONS] < HTTP_CONNECTIONS_MAX)
        turn(fixture);
    fixture->may_answer = true;
    http_server_retry(fixture->server);
    assert_int_equal(fixture->values[SHARD_COUNT_HTTP_REQUESTS], 0);
    for (unsigned i = 0; i < HTTP_CONNECTIONS_MAX; i++)
        assert_string_equal(body_of(answer_on(fixture, clients[i])), "at last");
}

static void an_address_that_is_taken_is_tried_again(void **state)
{
    struct fixture *fixture = *state;
    int64_t deadline = now_msec() + PATIENCE_MSEC;

    http_server_free(fixture->server);
    close(fixture->port_holder);
    fixture->port_holder = -1;
    int other = bound_socket(&fixture->addr, false);

    assert_int_equal(listen(other, 1), 0);
    start(fixture);
    assert_int_equal(fixture->values[SHARD_COUNT_HTTP_LISTENING], 0);
    close(other);
    while (fixture->values[SHARD_COUNT_HTTP_LISTENING] == 0) {
        assert_true(now_msec() < deadline);
        assert_int_equal(event_base_loop(fixture->base, EVLOOP_ONCE), 0);
    }
    begins(answer_to(fixture, "GET /small HTTP/1.0\r\n\r\n"), "HTTP/1.1 200 ");
}

/* Waits for the listening socket, in few turns: a loop that spins takes thousands. */
static void wait_listening(struct fixture *fixture)
{
    enum { TURNS_MAX = 50 };

    for (unsigned i = 0; fixture->values[SHARD_COUNT_HTTP_LISTENING] == 0; i++) {
        assert_true(i < TURNS_MAX);
        assert_int_equal(event_base_loop(fixture->base, EVLOOP_ONCE), 0);
    }
}

static void being_out_of_descriptors_is_waited_out(void **state)
{
    struct fixture *fixture = *state;
    struct rlimit before;
    int clients[2] = {connect_client(fixture), connect_client(fixture)};
    int next = dup(clients[1]);

    assert_true(next >= 0);
    close(next);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    for (unsigned i = 0; i < 2; i++)
        send_text(clients[i], "GET /small HTTP/1.0\r\n\r\n");
    const struct rlimit none_left = {.rlim_cur = (rlim_t)next, .rlim_max = before.rlim_max};

    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none_left), 0);
    while (fixture->values[SHARD_COUNT_HTTP_LISTENING] == 1)
        turn(fixture);
    wait_listening(fixture);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    begins(answer_to(fixture, "GET /small HTTP/1.0\r\n\r\n"), "HTTP/1.1 200 ");
    for (unsigned i = 0; i < 2; i++)
        close(clients[i]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_route_answers_with_headers_that_keep_it_safe),
        TEST(head_has_no_body),
        TEST(what_is_not_there_is_refused),
        TEST(more_than_a_request_is_answered_once),
        TEST(a_request_may_come_in_pieces_and_its_client_stop_sending),
        TEST(a_large_answer_arrives_whole),
        TEST(an_answer_may_come_later),
        TEST(who_does_nothing_gives_way),
        TEST(who_says_nothing_is_not_even_taken),
        TEST(who_is_being_answered_stays),
        TEST(work_is_bounded),
        TEST(work_on_requests_in_pieces_is_bounded),
        TEST(nobody_is_answered_out_of_turn),
        TEST(an_address_that_is_taken_is_tried_again),
        TEST(being_out_of_descriptors_is_waited_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
