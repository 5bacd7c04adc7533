/* portal_tls.h — whom the connection to the control plane trusts.
 *
 * The context is ours, not libwebsockets': 4.1.6 would add certificates from
 * ../share of the working directory, and takes an IPv6 address for a host name.
 */
#ifndef RELAY_PORTAL_TLS_H
#define RELAY_PORTAL_TLS_H

#include "err.h"
#include "problem.h"

#include <openssl/types.h>
#include <stdbool.h>

enum { PORTAL_TLS_PROBLEM_MAX = 128 };

struct portal_tls {
    SSL_CTX *context;
    const char *host;
    bool is_literal;
    /* Why the last certificate was not trusted, as a sentence; "" when it was. */
    char problem[PORTAL_TLS_PROBLEM_MAX];
};

/*
 * portal_tls_init makes a client context: TLS 1.2 or later, a certificate that is valid for |host|
 * (an IP address when |is_literal|) and signed by one of the system's authorities, or, with a
 * |ca_file|, by one of that file alone. |host| and |tls| must outlive the context.
 *   ERR_OK, ERR_RANGE (the file holds no certificate), ERR_CRYPTO. |problem| is written with
 *   every error and calls the file "it".
 */
enum err portal_tls_init(struct portal_tls *tls, const char *host, bool is_literal,
                         const char *ca_file, struct problem *problem) MUST_CHECK;

/* portal_tls_free frees the context. Zeroed is fine. */
void portal_tls_free(struct portal_tls *tls);

#endif
