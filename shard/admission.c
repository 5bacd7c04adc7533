/* admission.c — has the control plane admitted this relay? */
#include "admission.h"

#include "counter_page.h"
#include "log.h"
#include "portal/portal_status.h"

static void on_look(evutil_socket_t fd, short what, void *arg)
{
    struct admission *admission = arg;

    (void)fd;
    (void)what;
    if (!portal_init_has_come(admission->dir, admission->relay_id))
        return;
    turn_server_admit(admission->server);
    admission->values[SHARD_COUNT_ADMITTED] = 1;
    (void)event_del(&admission->look);
    log_event(LOG_LEVEL_INFO, "admitted by the control plane", NULL);
}

enum err admission_watch(const struct relay_options *options, const struct state_dir *dir,
                         struct event_base *base, struct turn_server *server, uint64_t *values,
                         struct admission *ret)
{
    static const struct timeval interval = {.tv_usec = (suseconds_t)ADMISSION_LOOK_MSEC * 1000};

    *ret = (struct admission){
        .dir = dir, .relay_id = options->relay_id, .server = server, .values = values};
    if (options->portal_url == NULL || portal_init_has_come(dir, options->relay_id)) {
        turn_server_admit(server);
        values[SHARD_COUNT_ADMITTED] = 1;
        return ERR_OK;
    }
    log_event(LOG_LEVEL_INFO, "waiting for the control plane; only Binding is answered", NULL);
    if (event_assign(&ret->look, base, -1, EV_PERSIST, on_look, ret) < 0 ||
        event_add(&ret->look, &interval) < 0)
        return ERR_IO;
    return ERR_OK;
}

void admission_unwatch(struct admission *admission)
{
    if (event_initialized(&admission->look))
        (void)event_del(&admission->look);
}
