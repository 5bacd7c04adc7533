/* http_owner_query.c — reads what /api/owner is asked for. */
#include "http_owner.h"

#include "record.h"
#include "text_parse.h"

#include <string.h>

enum { VALUE_MAX = TRANSPORT_ADDR_TEXT_MAX };

enum err http_owner_query_read(const struct http_request *request, struct http_owner_query *ret)
{
    char client[VALUE_MAX], port[VALUE_MAX];
    struct http_owner_query query = {.relay_port = 0};
    uint64_t number;

    /* One parameter and nothing else: what is misspelt is not to be passed over. */
    if (strchr(request->query, '&') != NULL)
        return ERR_MALFORMED;
    if (http_request_parameter(request, "client", client, sizeof(client)) != NULL) {
        if (record_addr_read(bytes_of_text(client), &query.client) != ERR_OK ||
            query.client.port == 0)
            return ERR_MALFORMED;
    } else if (http_request_parameter(request, "relay_port", port, sizeof(port)) != NULL) {
        if (text_parse_u64(port, strlen(port), 1, UINT16_MAX, &number) != ERR_OK)
            return ERR_MALFORMED;
        query.relay_port = (uint16_t)number;
    } else {
        return ERR_MALFORMED;
    }
    *ret = query;
    return ERR_OK;
}
