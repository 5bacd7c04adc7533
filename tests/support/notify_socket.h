/* notify_socket.h — the socket of a service manager that a test plays. */
#ifndef RELAY_TESTS_NOTIFY_SOCKET_H
#define RELAY_TESTS_NOTIFY_SOCKET_H

#include "notify.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* What the datagrams so far have said, each ended by a newline; reads them all. */
struct notify_socket {
    int fd;
    char name[64]; /* abstract: "@relay-test-PID" */
    char said[4096];
};

static inline void notify_socket_open(struct notify_socket *manager)
{
    union {
        struct sockaddr any;
        struct sockaddr_un path;
    } addr = {.path = {.sun_family = AF_UNIX}};

    snprintf(manager->name, sizeof(manager->name), "@relay-test-%ld", (long)getpid());
    memcpy(addr.path.sun_path + 1, manager->name + 1, strlen(manager->name + 1));
    manager->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_true(manager->fd >= 0);
    assert_int_equal(
        bind(manager->fd, &addr.any,
             (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(manager->name))),
        0);
    setenv("NOTIFY_SOCKET", manager->name, 1);
}

static inline void notify_socket_close(struct notify_socket *manager)
{
    close(manager->fd);
}

/* Reads what was said since the last call. */
static inline const char *notify_socket_said(struct notify_socket *manager)
{
    size_t len = 0;
    ssize_t count;

    while (len + NOTIFY_TEXT_MAX + 1 < sizeof(manager->said) &&
           (count = recv(manager->fd, manager->said + len, NOTIFY_TEXT_MAX, 0)) >= 0) {
        len += (size_t)count;
        manager->said[len++] = '\n';
    }
    manager->said[len] = '\0';
    return manager->said;
}

#endif
