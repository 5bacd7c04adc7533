/* http_portal.c — what readiness and metrics say of the connection to the control plane. */
#include "http_portal.h"

#include "portal/portal_text.h"

void http_portal_read(const struct state_dir *dir, uint64_t now_sec, struct http_portal *ret)
{
    struct problem problem;

    *ret = (struct http_portal){.now_sec = now_sec};
    ret->has_run = portal_status_read(dir, &ret->snapshot, &problem) == ERR_OK;
}

static bool is_connected(const struct http_portal *portal)
{
    return portal->has_run && portal_snapshot_is_connected(&portal->snapshot);
}

static const char *write_sentence(const struct http_portal *portal,
                                  char text[static PORTAL_TEXT_MAX])
{
    return portal_text_write(portal->has_run ? &portal->snapshot : NULL, portal->now_sec, text);
}

bool http_portal_ready(const struct http_portal *portal, bool is_awaited, struct http_text *text)
{
    char sentence[PORTAL_TEXT_MAX];

    if (!is_awaited && is_connected(portal))
        return true;
    http_text_put(text, is_awaited ? "waiting for the control plane's init: " : "control plane: ");
    http_text_put(text, write_sentence(portal, sentence));
    http_text_put(text, "\n");
    return !is_awaited;
}

void http_portal_json(const struct http_portal *portal, const char *key, struct http_json *json)
{
    char sentence[PORTAL_TEXT_MAX];

    http_json_begin(json, key, '{');
    http_json_bool(json, "connected", is_connected(portal));
    http_json_text(json, "summary", write_sentence(portal, sentence));
    http_json_end(json, '}');
}

static void put(struct http_text *text, const char *type, const char *name, const char *help,
                uint64_t value)
{
    http_text_put(text, "# HELP relay_portal_");
    http_text_put(text, name);
    http_text_put(text, " ");
    http_text_put(text, help);
    http_text_put(text, "\n# TYPE relay_portal_");
    http_text_put(text, name);
    http_text_put(text, " ");
    http_text_put(text, type);
    http_text_put(text, "\nrelay_portal_");
    http_text_put(text, name);
    http_text_put(text, " ");
    http_text_number(text, value);
    http_text_put(text, "\n");
}

void http_portal_metrics(const struct http_portal *portal, struct http_text *text)
{
    const struct portal_status *status = &portal->snapshot.status;
    uint64_t answered = status->heartbeat_answered_sec;

    put(text, "gauge", "connected", "1 while the control plane knows this relay",
        is_connected(portal));
    put(text, "gauge", "up", "1 while the portal process is there",
        portal->has_run && portal->snapshot.is_live);
    if (!portal->has_run)
        return;
    put(text, "gauge", "attempts", "Attempts to connect since the last admission, or the start",
        status->attempts);
    put(text, "counter", "admissions_total",
        "Times that the control plane admitted this relay since the portal process started",
        status->admissions);
    put(text, "gauge", "admitted_timestamp_seconds",
        "When the control plane admitted this relay last, since 1970; 0 for never",
        status->admitted_sec);
    if (answered > 0)
        put(text, "gauge", "heartbeat_age_seconds", "How long ago a heartbeat was answered",
            portal->now_sec > answered ? portal->now_sec - answered : 0);
}
