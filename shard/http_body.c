/* http_body.c — bytes that several HTTP answers share, such as figures that many ask for. */
#include "http_body.h"

#include <stdlib.h>

struct http_body {
    char *data;
    size_t len;
    unsigned holders;
};

struct http_body *http_body_take(char *data, size_t len)
{
    struct http_body *body = data != NULL ? malloc(sizeof(*body)) : NULL;

    if (body == NULL)
        free(data);
    else
        *body = (struct http_body){.data = data, .len = len, .holders = 1};
    return body;
}

struct http_body *http_body_hold(struct http_body *body)
{
    if (body != NULL)
        body->holders++;
    return body;
}

void http_body_release(struct http_body *body)
{
    if (body == NULL || --body->holders > 0)
        return;
    free(body->data);
    free(body);
}

const char *http_body_data(const struct http_body *body)
{
    return body->data;
}

size_t http_body_len(const struct http_body *body)
{
    return body->len;
}
