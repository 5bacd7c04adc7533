/* http_body.h — bytes that several HTTP answers share, such as figures that many ask for. */
#ifndef RELAY_HTTP_BODY_H
#define RELAY_HTTP_BODY_H

#include <stddef.h>

struct http_body;

/* http_body_take makes one of |len| bytes that malloc gave, and owns them from now on, also when it
 * fails. NULL when |data| is, or there is no memory. The caller holds it. */
struct http_body *http_body_take(char *data, size_t len);

/* http_body_hold counts one more that needs it, http_body_release one less: the last frees it.
 * NULL is fine. */
struct http_body *http_body_hold(struct http_body *body);
void http_body_release(struct http_body *body);

/* Its bytes, for as long as it is held. */
const char *http_body_data(const struct http_body *body);
size_t http_body_len(const struct http_body *body);

#endif
