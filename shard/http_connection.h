/* http_connection.h — one HTTP connection: its request comes in, its answer goes out.
 *
 *     READING ──► WAITING ──► WRITING ──► LINGERING ──► closed
 *        └ request   └ answer    └ all       └ closed by the client, who has read it
 *          complete    there       written
 *
 * What is done at a time is one system call, or two. When to do it is http_server.c's business.
 */
#ifndef RELAY_HTTP_CONNECTION_H
#define RELAY_HTTP_CONNECTION_H

#include "http_server.h"

#include <stdbool.h>

enum { HTTP_HEAD_MAX = 768 };

enum http_phase { HTTP_CLOSED, HTTP_READING, HTTP_WAITING, HTTP_WRITING, HTTP_LINGERING };

struct http_exchange {
    int fd;
    uint32_t generation; /* tells the connections apart that have this place after each other */
    enum http_phase phase;
    uint32_t awaited; /* what epoll is to say of it: http_server.c */
    struct mono_time accepted;
    struct mono_time deadline; /* then it is closed, whatever it is at */
    unsigned status;           /* of the answer */
    struct http_request request;
    size_t text_len;
    size_t head_len;
    const char *body;
    size_t body_len;
    struct http_body *held; /* has |body|; NULL for parts of the program */
    size_t sent;            /* of head and body */
    char text[HTTP_REQUEST_MAX];
    char head[HTTP_HEAD_MAX];
};

/* http_connection_open begins with |fd|, which is non-blocking and the connection's from now on. */
void http_connection_open(struct http_exchange *exchange, int fd, struct mono_time now);

/* http_connection_close closes and gives back what it holds. */
void http_connection_close(struct http_exchange *exchange);

/* http_connection_read takes what has come of the request. It is WAITING afterwards when it is
 * complete, WRITING when it is refused, CLOSED when the client has gone. */
void http_connection_read(struct http_exchange *exchange);

/* http_connection_write writes a piece of the answer. LINGERING after the last one, CLOSED when the
 * client has gone. */
void http_connection_write(struct http_exchange *exchange, struct mono_time now);

#endif
