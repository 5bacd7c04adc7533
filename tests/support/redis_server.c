/* redis_server.c — a real redis-server, or sentinel, for one test: started, spoken to, ended. */
#include "redis_server.h"

#include "unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <hiredis/hiredis.h>

enum { ARGS_MAX = 48, START_ATTEMPTS = 5 };

static uint16_t free_port(void)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
    } addr = {.v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(addr);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, &addr.any, sizeof(addr.v4)), 0);
    assert_int_equal(getsockname(fd, &addr.any, &len), 0);
    close(fd);
    return ntohs(addr.v4.sin_port);
}

void redis_server_init(struct redis_server *server, const char *dir, const char *name)
{
    *server = (struct redis_server){.port = free_port()};
    assert_true(snprintf(server->dir, sizeof(server->dir), "%s", dir) < (int)sizeof(server->dir));
    (void)snprintf(server->socket, sizeof(server->socket), "%s/%s.sock", dir, name);
}

/* run starts |args| and reads what it prints until |ready|: false when it ends before. */
static bool run(struct redis_server *server, const char **args, const char *ready)
{
    char line[1024];
    int out[2];

    assert_int_equal(pipe(out), 0);
    fflush(NULL);
    server->pid = fork();
    assert_true(server->pid >= 0);
    if (server->pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)dup2(out[1], STDOUT_FILENO);
        close(out[0]);
        close(out[1]);
        execvp(args[0], (char **)(uintptr_t)args);
        _exit(127);
    }
    close(out[1]);

    FILE *log = fdopen(out[0], "r");

    assert_non_null(log);
    while (fgets(line, sizeof(line), log) != NULL)
        if (strstr(line, ready) != NULL) {
            fclose(log); /* what it prints from now on is lost; it does not mind */
            return true;
        }
    fclose(log);
    (void)waitpid(server->pid, NULL, 0);
    server->pid = 0;
    return false;
}

/* start runs it with |options| until it prints |ready|. */
static void start(struct redis_server *server, const char *const *options, const char *ready)
{
    for (int attempt = 0; attempt < START_ATTEMPTS; attempt++) {
        char port[8];
        const char *args[ARGS_MAX] = {"redis-server",
                                      "--port",
                                      port,
                                      "--bind",
                                      "127.0.0.1",
                                      "--dir",
                                      server->dir,
                                      "--unixsocket",
                                      server->socket,
                                      "--save",
                                      "",
                                      "--appendonly",
                                      "no",
                                      "--enable-debug-command",
                                      "yes",
                                      "--repl-diskless-sync-delay",
                                      "0"};
        size_t count = 0;

        while (args[count] != NULL)
            count++;
        for (size_t i = 0; options != NULL && options[i] != NULL; i++)
            args[count++] = options[i];
        assert_true(count < ARGS_MAX);
        (void)snprintf(port, sizeof(port), "%u", server->port);
        if (run(server, args, ready))
            return;
        /* Somebody took the port in between; the tests do not mind another one. */
        server->port = free_port();
    }
    fail_msg("redis-server does not start");
}

void redis_server_start(struct redis_server *server, const char *const *options)
{
    start(server, options, "Ready to accept connections");
}

void redis_server_start_replica(struct redis_server *server, const struct redis_server *primary)
{
    char where[32];
    const char *const options[] = {"--replicaof", where, NULL};

    (void)snprintf(where, sizeof(where), "127.0.0.1 %u", primary->port);
    start(server, options, "sync: Finished with success");
}

void redis_server_start_sentinel(struct redis_server *server, const struct redis_server *primary)
{
    char path[192];
    const char *args[] = {"redis-server", path, "--sentinel", NULL};
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/sentinel-%u.conf", server->dir, server->port);
    file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file,
            "port %u\nbind 127.0.0.1\ndir %s\nunixsocket %s\n"
            "sentinel monitor main 127.0.0.1 %u 1\n"
            "sentinel down-after-milliseconds main 500\n"
            "sentinel failover-timeout main 3000\n",
            server->port, server->dir, server->socket, primary->port);
    fclose(file);
    if (!run(server, args, "+slave "))
        fail_msg("redis-sentinel does not start");
}

void redis_server_kill(struct redis_server *server)
{
    if (server->pid == 0)
        return;
    assert_int_equal(kill(server->pid, SIGKILL), 0);
    assert_int_equal(waitpid(server->pid, NULL, 0), server->pid);
    server->pid = 0;
}

void redis_server_signal(const struct redis_server *server, int number)
{
    assert_int_equal(kill(server->pid, number), 0);
    if (number == SIGSTOP) /* until it has really stopped */
        assert_int_equal(waitpid(server->pid, NULL, WUNTRACED), server->pid);
}

static redisReply *ask(const struct redis_server *server, const char *format, va_list args)
{
    redisContext *redis = redisConnectUnix(server->socket);
    redisReply *reply;

    assert_non_null(redis);
    assert_int_equal(redis->err, 0);
    if (server->password[0] != '\0')
        freeReplyObject(redisCommand(redis, "AUTH %s", server->password));
    reply = redisvCommand(redis, format, args);
    assert_non_null(reply);
    redisFree(redis);
    return reply;
}

struct redisReply *redis_server_ask(const struct redis_server *server, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    redisReply *reply = ask(server, format, args);
    va_end(args);
    return reply;
}

long long redis_server_do(const struct redis_server *server, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    redisReply *reply = ask(server, format, args);
    va_end(args);
    if (reply->type == REDIS_REPLY_ERROR)
        fail_msg("%s: %s", format, reply->str);
    long long integer = reply->type == REDIS_REPLY_INTEGER ? reply->integer : 0;
    freeReplyObject(reply);
    return integer;
}
