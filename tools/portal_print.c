/* portal_print.c — the connection to the control plane in what relayctl status prints. */
#include "portal_print.h"

#include "portal/portal_text.h"

/* What the portal process says of itself; NULL when none has run. */
static const struct portal_snapshot *read_snapshot(const struct relay_place *place,
                                                   struct portal_snapshot *snapshot)
{
    struct problem problem;

    return portal_status_read(&place->dir, snapshot, &problem) == ERR_OK ? snapshot : NULL;
}

void portal_print_text(const struct relay_place *place, uint64_t now_sec, FILE *out)
{
    struct portal_snapshot snapshot;
    char text[PORTAL_TEXT_MAX];

    if (place->deployment.relay_id[0] == '\0')
        return;
    fprintf(out, "control plane: %s\nrelay id %s, %s\n",
            portal_text_write(read_snapshot(place, &snapshot), now_sec, text),
            place->deployment.relay_id,
            portal_init_has_come(&place->dir, place->deployment.relay_id) ? "admitted"
                                                                          : "not admitted yet");
}

void portal_print_json(const struct relay_place *place, uint64_t now_sec, struct json_writer *json)
{
    struct portal_snapshot storage;
    const struct portal_snapshot *snapshot = read_snapshot(place, &storage);
    char text[PORTAL_TEXT_MAX];

    if (place->deployment.relay_id[0] == '\0')
        return;
    json_begin_object(json, "control_plane");
    json_text(json, "relay_id", place->deployment.relay_id);
    json_bool(json, "admitted", portal_init_has_come(&place->dir, place->deployment.relay_id));
    json_bool(json, "connected", snapshot != NULL && portal_snapshot_is_connected(snapshot));
    json_text(json, "summary", portal_text_write(snapshot, now_sec, text));
    if (snapshot != NULL) {
        const struct portal_status *status = &snapshot->status;

        json_bool(json, "is_live", snapshot->is_live);
        json_text(json, "state", portal_state_name(status->state));
        json_u64(json, "since", status->since_sec);
        json_u64(json, "connected_at", status->admitted_sec);
        json_u64(json, "lost_at", status->lost_sec);
        json_u64(json, "heartbeat_sent_at", status->heartbeat_sent_sec);
        json_u64(json, "heartbeat_answered_at", status->heartbeat_answered_sec);
        json_u64(json, "attempts", status->attempts);
        json_u64(json, "admissions", status->admissions);
        json_u64(json, "last_error_at", status->error_sec);
        json_text(json, "last_error", status->error);
    }
    json_end_object(json);
}
