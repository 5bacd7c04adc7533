/* test_relay_socket.c — tests of relay_socket.h, on the loopback interface. */
#include "relay_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>

#include "loopback.h"
#include "temp_dir.h"

static int get_int(int fd, int level, int option)
{
    int value = -1;
    socklen_t len = sizeof(value);

    assert_int_equal(getsockopt(fd, level, option, &value, &len), 0);
    return value;
}

static struct relay_binding loopback_binding(void)
{
    const uint8_t v6_ip[16] = {[15] = 1};

    return (struct relay_binding){.v4 = transport_addr_v4(loopback_ip, 0),
                                  .v6 = transport_addr_v6(v6_ip, 0)};
}

/* Opens what |command| says on some port that is free. */
static struct relay_fds open_on_free_port(const struct relay_binding *binding,
                                          struct turn_command *command)
{
    struct relay_fds fds;
    struct relay_failure failure;

    for (command->port = 61000; !relay_sockets_open(binding, command, &fds, &failure);
         command->port++) {
        assert_int_equal(failure.kind, TURN_RELAY_PORT_TAKEN);
        assert_int_not_equal(command->port, 65535);
    }
    return fds;
}

static size_t open_descriptors(void)
{
    return temp_dir_count("/proc/self/fd");
}

static void errno_becomes_what_the_core_understands(void **state)
{
    (void)state;
    assert_int_equal(relay_failure_of(EADDRINUSE), TURN_RELAY_PORT_TAKEN);
    assert_int_equal(relay_failure_of(EACCES), TURN_RELAY_PORT_TAKEN);
    assert_int_equal(relay_failure_of(EAFNOSUPPORT), TURN_RELAY_FAMILY_MISSING);
    assert_int_equal(relay_failure_of(EADDRNOTAVAIL), TURN_RELAY_FAMILY_MISSING);
    assert_int_equal(relay_failure_of(EMFILE), TURN_RELAY_NO_RESOURCES);
    assert_int_equal(relay_failure_of(ENFILE), TURN_RELAY_NO_RESOURCES);
    assert_int_equal(relay_failure_of(ENOMEM), TURN_RELAY_NO_RESOURCES);
    assert_int_equal(relay_failure_of(ENOBUFS), TURN_RELAY_NO_RESOURCES);
}

static void own_address_is_bound_and_a_foreign_one_is_not(void **state)
{
    (void)state;
    const uint8_t foreign_ip[4] = {192, 0, 2, 1}; /* RFC 5737: nobody's */
    struct transport_addr own = transport_addr_v4(loopback_ip, 0);
    struct transport_addr foreign = transport_addr_v4(foreign_ip, 0);
    struct transport_addr any = transport_addr_any(IP_FAMILY_V4, 0);
    struct relay_binding binding = {.v4 = any};
    struct problem problem;

    assert_int_equal(relay_binding_choose(&own, &binding, &problem), ERR_OK);
    assert_true(transport_addr_equal(&binding.v4, &own));
    assert_int_equal(relay_binding_choose(&foreign, &binding, &problem), ERR_OK);
    assert_true(transport_addr_equal(&binding.v4, &any));
    assert_int_equal(binding.v6.family, IP_FAMILY_NONE);
}

static void a_socket_has_its_options(void **state)
{
    (void)state;
    struct relay_binding binding = loopback_binding();
    struct turn_command command = {.families = FAMILY_SET_V4};
    struct relay_fds fds = open_on_free_port(&binding, &command);

    assert_int_equal(fds.v6, -1);
    assert_int_equal(get_int(fds.v4, IPPROTO_IP, IP_MTU_DISCOVER), IP_PMTUDISC_OMIT);
    assert_int_equal(get_int(fds.v4, IPPROTO_IP, IP_RECVERR), 1);
    assert_int_equal(get_int(fds.v4, SOL_SOCKET, SO_REUSEADDR), 0);
    assert_int_equal(get_int(fds.v4, SOL_SOCKET, SO_REUSEPORT), 0);
    close(fds.v4);

    command.dont_fragment = true;
    fds = open_on_free_port(&binding, &command);
    assert_int_equal(get_int(fds.v4, IPPROTO_IP, IP_MTU_DISCOVER), IP_PMTUDISC_PROBE);
    close(fds.v4);
}

static void a_taken_port_is_told_from_a_missing_family(void **state)
{
    (void)state;
    struct relay_binding binding = loopback_binding();
    struct transport_addr taken_addr;
    int taken = loopback_socket(&taken_addr);
    struct turn_command command = {.port = taken_addr.port, .families = FAMILY_SET_V4};
    struct relay_fds fds = {.v4 = -2, .v6 = -2};
    struct relay_failure failure;

    assert_false(relay_sockets_open(&binding, &command, &fds, &failure));
    assert_int_equal(failure.kind, TURN_RELAY_PORT_TAKEN);
    assert_int_equal(failure.error, EADDRINUSE);
    assert_int_equal(fds.v4, -2);

    /* The family that this relay does not have is the reason, whatever else is wrong. */
    binding.v6 = (struct transport_addr){.family = IP_FAMILY_NONE};
    command.families = FAMILY_SET_V6;
    assert_false(relay_sockets_open(&binding, &command, &fds, &failure));
    assert_int_equal(failure.kind, TURN_RELAY_FAMILY_MISSING);
    assert_int_equal(failure.families, FAMILY_SET_V6);
    close(taken);
}

static void a_partial_failure_leaves_nothing_open(void **state)
{
    (void)state;
    struct relay_binding binding = loopback_binding();
    struct transport_addr taken_addr;
    struct turn_command command = {.families = FAMILY_SET_V4};
    struct relay_fds fds;
    struct relay_failure failure;

    /* The first socket opens and the second does not: there is no such family … */
    close(open_on_free_port(&binding, &command).v4);
    command.families = FAMILY_SET_V4 | FAMILY_SET_V6;
    binding.v6 = (struct transport_addr){.family = IP_FAMILY_NONE};
    size_t before = open_descriptors();

    assert_false(relay_sockets_open(&binding, &command, &fds, &failure));
    assert_int_equal(open_descriptors(), before);

    /* … or its port is taken. */
    int taken = loopback_socket(&taken_addr);

    binding = (struct relay_binding){.v4 = transport_addr_v4((const uint8_t[4]){127, 0, 0, 2}, 0),
                                     .v6 = transport_addr_v4(loopback_ip, 0)};
    command.port = taken_addr.port;
    before = open_descriptors();
    assert_false(relay_sockets_open(&binding, &command, &fds, &failure));
    assert_int_equal(failure.kind, TURN_RELAY_PORT_TAKEN);
    assert_int_equal(open_descriptors(), before);
    close(taken);
}

/* The core is told of all at once, and answers 440 rather than trying what is left. */
static void all_missing_families_are_told(void **state)
{
    (void)state;
    struct relay_binding nothing = {.v4 = {.family = IP_FAMILY_NONE}};
    struct turn_command command = {.families = FAMILY_SET_V4 | FAMILY_SET_V6, .port = 61000};
    struct relay_failure failure;
    struct relay_fds fds;

    assert_false(relay_sockets_open(&nothing, &command, &fds, &failure));
    assert_int_equal(failure.kind, TURN_RELAY_FAMILY_MISSING);
    assert_int_equal(failure.families, FAMILY_SET_V4 | FAMILY_SET_V6);
}

/* A socket that a program started by us had would keep its port, or its place in the group. */
static void sockets_end_with_the_program(void **state)
{
    (void)state;
    const enum ip_family families[] = {IP_FAMILY_V4, IP_FAMILY_V6};

    for (size_t i = 0; i < 2; i++) {
        int fd = udp_socket_new(families[i]);

        assert_true(fd >= 0);
        assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
        assert_true((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
        close(fd);
    }
}

static void icmp_errors_are_taken_in_portions(void **state)
{
    (void)state;
    struct transport_addr addr, gone;
    int fd = loopback_socket(&addr);
    struct pollfd wait = {.fd = fd, .events = 0};
    unsigned taken, total = 0;

    assert_int_equal(relay_socket_take_icmp_errors(fd), 0);
    assert_true(udp_socket_set_int(fd, IPPROTO_IP, IP_RECVERR, 1));
    int unreachable = loopback_unreachable(&gone);

    for (unsigned i = 0; i < RELAY_ICMP_BATCH + 4; i++) {
        union socket_addr to;
        socklen_t len = socket_addr_from(&gone, &to);

        /* Every second one reports the error of the one before. */
        if (sendto(fd, "x", 1, 0, &to.any, len) < 0)
            i--;
    }
    assert_int_equal(poll(&wait, 1, 5000), 1);
    while ((taken = relay_socket_take_icmp_errors(fd)) > 0) {
        assert_true(taken <= RELAY_ICMP_BATCH);
        total += taken;
    }
    /* The kernel limits how many ICMP messages it makes a second. */
    assert_true(total > 0);
    wait.revents = 0;
    assert_int_equal(poll(&wait, 1, 0), 0);
    close(unreachable);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errno_becomes_what_the_core_understands),
        cmocka_unit_test(own_address_is_bound_and_a_foreign_one_is_not),
        cmocka_unit_test(a_socket_has_its_options),
        cmocka_unit_test(a_taken_port_is_told_from_a_missing_family),
        cmocka_unit_test(a_partial_failure_leaves_nothing_open),
        cmocka_unit_test(all_missing_families_are_told),
        cmocka_unit_test(sockets_end_with_the_program),
        cmocka_unit_test(icmp_errors_are_taken_in_portions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
