/* deployment_file.h — what a relay was started with, kept in the state directory for its tools.
 *
 * An operator's shell does not have the relay's environment: here relayctl finds the registry,
 * the instance and the shards. The registry's URL may hold a password, so the file is kept like
 * the auth secret (private_file.h). Lines of text, `name value`:
 *
 *     deployment 1
 *     version 0.1.0
 *     instance relay-7
 *     shards 4
 *     lowest-port 49152
 *     highest-port 65535
 *     http-addr 127.0.0.1:8080          (when it serves HTTP)
 *     auth-secret-file /etc/relay/…     (when it was given one)
 *     relay-id aa93cc3a-…               (when there is a control plane, which calls it so)
 *     coordination redis://…
 */
#ifndef RELAY_DEPLOYMENT_FILE_H
#define RELAY_DEPLOYMENT_FILE_H

#include "err.h"
#include "ownership.h"
#include "problem.h"
#include "record.h"
#include "relay_id.h"
#include "state_dir.h"

#include <stdint.h>

#define DEPLOYMENT_FILE "deployment" /* in the state directory */

enum {
    DEPLOYMENT_VERSION_MAX = 32,
    DEPLOYMENT_HTTP_ADDR_MAX = 128,
    DEPLOYMENT_PATH_MAX = 512,
    DEPLOYMENT_SHARDS_MAX = 65535,
};

/* Wipe it with deployment_wipe. */
struct deployment {
    char version[DEPLOYMENT_VERSION_MAX]; /* of the relay that wrote it */
    char instance[HOST_NAME_MAX_LEN + 1];
    uint32_t shards;
    uint16_t lowest_port; /* of the host */
    uint16_t highest_port;
    char http_addr[DEPLOYMENT_HTTP_ADDR_MAX];   /* empty: none */
    char auth_secret_file[DEPLOYMENT_PATH_MAX]; /* absolute; empty: none was given */
    char relay_id[RELAY_ID_TEXT_LEN];           /* empty: there is no control plane */
    char coordination[COORDINATION_URL_MAX + 1];
};

/*
 * deployment_file_write makes the file say |deployment|; one that says so already is left alone.
 * Every shard does it when it starts, so that the last one started is right. Waits for the disk.
 *   ERR_OK, ERR_RANGE (a text holds a control character), ERR_IO.
 * |problem| is written with every error, and names no value.
 */
enum err deployment_file_write(const struct state_dir *dir, const struct deployment *deployment,
                               struct problem *problem) MUST_CHECK;

/*
 * deployment_file_read reads it back. Lines of an unknown name are ignored.
 *   ERR_OK         |ret| is complete and within its ranges
 *   ERR_NOT_FOUND  no relay has started here, or one that wrote none
 *   ERR_AUTH       owner or mode are unsafe
 *   ERR_MALFORMED  no such file
 *   ERR_IO         the system refused
 * |problem| is written with every error.
 */
enum err deployment_file_read(const struct state_dir *dir, struct deployment *ret,
                              struct problem *problem) MUST_CHECK;

/* deployment_wipe makes the password unreadable. */
void deployment_wipe(struct deployment *deployment);

#endif
