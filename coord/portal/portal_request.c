/* portal_request.c — the header fields that we add to the upgrade request. */
#include "portal/portal_request.h"

#include "crypto.h"

#include <string.h>

static bool put_field(unsigned char **at, const unsigned char *end, const char *name,
                      const char *value, size_t len)
{
    size_t name_len = strlen(name);

    if ((size_t)(end - *at) < name_len + len + 2)
        return false;
    memcpy(*at, name, name_len);
    memcpy(*at + name_len, value, len);
    memcpy(*at + name_len + len, "\r\n", 2);
    *at += name_len + len + 2;
    return true;
}

bool portal_request_write(struct portal_request *request, const char *user_agent,
                          unsigned char **at, size_t room)
{
    const unsigned char *end = *at + room;

    if (!put_field(at, end, "User-Agent: ", user_agent, strlen(user_agent)) ||
        !put_field(at, end, "X-Authorization: Bearer ", request->token.text, request->token.len))
        return false;
    request->sent_len = request->token.len;
    request->sent = *at - request->token.len - 2; /* the line end */
    portal_token_wipe(&request->token);
    return true;
}

void portal_request_wipe(struct portal_request *request)
{
    portal_token_wipe(&request->token);
    if (request->sent != NULL)
        crypto_wipe(request->sent, request->sent_len);
    request->sent = NULL;
}
