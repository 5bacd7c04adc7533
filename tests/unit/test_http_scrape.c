/* test_http_scrape.c — tests of http_scrape.h: the metrics of a large host, a part at a time. */
#include "http_scrape.h"

#include "counter_page.h"
#include "round.h"
#include "sockaddr.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

#include "temp_dir.h"

enum { SHARDS = 100, CLIENTS = 3, ANSWER_MAX = 4 * 1024 * 1024, TURNS_MAX = 1000000 };

struct fixture {
    struct temp_dir *temp;
    struct state_dir dir;
    struct counter_writer pages[SHARDS];
    struct event_base *base;
    struct http_scrape *scrape;
    struct http_server *server;
    struct transport_addr addr;
    int port_holder; /* bound, not listening: keeps the port for the server */
    uint64_t values[COUNTER_PAGE_VALUES];
    char answer[ANSWER_MAX];
};

static int socket_on(const struct transport_addr *addr,
                     int (*act)(int fd, const struct sockaddr *addr, socklen_t len))
{
    union socket_addr socket_addr;
    socklen_t len = socket_addr_from(addr, &socket_addr);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int one = 1;

    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)), 0);
    assert_int_equal(act(fd, &socket_addr.any, len), 0);
    return fd;
}

static int bind_to(int fd, const struct sockaddr *addr, socklen_t len)
{
    return bind(fd, addr, len);
}

static int connect_to(int fd, const struct sockaddr *addr, socklen_t len)
{
    return connect(fd, addr, len);
}

static void make_pages(struct fixture *fixture)
{
    for (uint32_t k = 0; k < SHARDS; k++) {
        struct problem problem;
        int64_t holder;

        assert_int_equal(counter_page_create(&fixture->dir, k, SHARDS, clocks_read(),
                                             &fixture->pages[k], &holder, &problem),
                         ERR_OK);
        fixture->pages[k].page->values[TURN_COUNT_ALLOCATIONS] = k;
    }
}

static void on_retry(void *context)
{
    struct fixture *fixture = context;

    http_server_retry(fixture->server);
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    char path[TEMP_PATH_MAX];
    struct problem problem;
    void *temp = NULL;

    assert_non_null(fixture);
    assert_int_equal(temp_dir_setup(&temp), 0);
    fixture->temp = temp;
    assert_int_equal(state_dir_open(temp_dir_path(fixture->temp, "state", path), STATE_DIR_SERVE,
                                    &fixture->dir, &problem),
                     ERR_OK);
    make_pages(fixture);
    fixture->base = event_base_new();
    const struct http_scrape_config config = {.base = fixture->base,
                                              .dir = &fixture->dir,
                                              .shards = SHARDS,
                                              .since = clocks_read().mono,
                                              .retry = on_retry,
                                              .context = fixture};

    fixture->scrape = http_scrape_new(&config);
    assert_non_null(fixture->scrape);
    fixture->addr = transport_addr_v4((uint8_t[]){127, 0, 0, 1}, 0);
    fixture->port_holder = socket_on(&fixture->addr, bind_to);
    union socket_addr bound;
    socklen_t len = sizeof(bound);

    assert_int_equal(getsockname(fixture->port_holder, &bound.any, &len), 0);
    assert_true(socket_addr_to(&bound, len, &fixture->addr));
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    void *temp = fixture->temp;

    http_server_free(fixture->server);
    http_scrape_free(fixture->scrape);
    event_base_free(fixture->base);
    close(fixture->port_holder);
    for (uint32_t k = 0; k < SHARDS; k++)
        counter_page_close(&fixture->pages[k]);
    state_dir_close(&fixture->dir);
    free(fixture);
    return temp_dir_teardown(&temp);
}

static void serve(struct fixture *fixture)
{
    static struct http_route route = {.path = "/metrics", .handle = http_scrape_handle};
    const struct http_server_config config = {.base = fixture->base,
                                              .addr = fixture->addr,
                                              .routes = &route,
                                              .route_count = 1,
                                              .values = fixture->values};

    route.context = fixture->scrape;
    assert_int_equal(http_server_new(&config, &fixture->server), ERR_OK);
}

static int ask(struct fixture *fixture)
{
    static const char request[] = "GET /metrics HTTP/1.0\r\n\r\n";
    int fd = socket_on(&fixture->addr, connect_to);

    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL), sizeof(request) - 1);
    return fd;
}

/* All that comes on |fd| until the server closes. */
static const char *answer_on(struct fixture *fixture, int fd)
{
    size_t len = 0;
    ssize_t got = -1;

    for (unsigned i = 0; got != 0; i++) {
        got = recv(fd, fixture->answer + len, ANSWER_MAX - 1 - len, 0);
        assert_true(got >= 0 || errno == EAGAIN);
        len += got > 0 ? (size_t)got : 0;
        assert_true(i < TURNS_MAX);
        assert_true(event_base_loop(fixture->base, got > 0 ? EVLOOP_NONBLOCK : EVLOOP_ONCE) >= 0 ||
                    got == 0);
    }
    close(fd);
    fixture->answer[len] = '\0';
    return fixture->answer;
}

static void many_are_answered_with_what_is_written_once_in_parts(void **state)
{
    struct fixture *fixture = *state;
    int clients[CLIENTS];
    unsigned turns = 0;

    serve(fixture);
    for (size_t i = 0; i < CLIENTS; i++)
        clients[i] = ask(fixture);
    while (fixture->values[SHARD_COUNT_HTTP_REQUESTS] == 0) {
        assert_int_equal(event_base_loop(fixture->base, EVLOOP_ONCE), 0);
        assert_true(turns++ < TURNS_MAX);
    }
    /* The loop had its turns meanwhile; and nobody was answered before the others. */
    assert_true(turns > 3);
    assert_int_equal(fixture->values[SHARD_COUNT_HTTP_REQUESTS], CLIENTS);
    for (size_t i = 0; i < CLIENTS; i++) {
        const char *answer = answer_on(fixture, clients[i]);

        assert_non_null(strstr(answer, "\nrelay_allocations{shard=\"99\"} 99\n"));
        assert_non_null(strstr(answer, "\nrelay_relay_send_batch_count{shard=\"99\"} 0\n"));
    }
}

static void who_goes_meanwhile_costs_nothing(void **state)
{
    struct fixture *fixture = *state;

    serve(fixture);
    close(ask(fixture));
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(event_base_loop(fixture->base, EVLOOP_ONCE), 0);
    assert_non_null(strstr(answer_on(fixture, ask(fixture)), "\nrelay_shard_up{shard=\"0\"} 1\n"));
}

static void an_end_in_the_middle_leaves_nothing_behind(void **state)
{
    struct fixture *fixture = *state;

    serve(fixture);
    int client = ask(fixture);

    assert_int_equal(event_base_loop(fixture->base, EVLOOP_ONCE), 0);
    close(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(many_are_answered_with_what_is_written_once_in_parts,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_goes_meanwhile_costs_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_end_in_the_middle_leaves_nothing_behind, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
