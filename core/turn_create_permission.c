/* turn_create_permission.c — CreatePermission in the default profile: success without effect.
 *
 * Only bound channels pass data here, so a permission would change nothing.
 * Clients that ask for one all the same get the answer they wait for, with or
 * without an allocation.
 */
#include "turn_internal.h"

void turn_handle_create_permission(struct turn_server *server, const struct turn_request *request)
{
    turn_reply_success(server, &request->reply);
}
