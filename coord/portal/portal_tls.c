/* portal_tls.c — whom the connection to the control plane trusts. */
#include "portal/portal_tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

/* Judges the certificate chain in the place of libssl, to say ourselves which host it is for. */
static int verify(X509_STORE_CTX *store, void *context)
{
    struct portal_tls *tls = context;
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(store);
    int is_named, is_trusted;

    /* RFC 9525: names are those of subjectAltName alone. */
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
                                               X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    if (tls->is_literal)
        is_named = X509_VERIFY_PARAM_set1_host(param, NULL, 0) == 1 &&
                   X509_VERIFY_PARAM_set1_ip_asc(param, tls->host) == 1;
    else
        is_named = X509_VERIFY_PARAM_set1_host(param, tls->host, 0) == 1;
    if (!is_named) {
        X509_STORE_CTX_set_error(store, X509_V_ERR_OUT_OF_MEM);
        return 0;
    }
    is_trusted = X509_verify_cert(store) == 1;
    (void)snprintf(tls->problem, sizeof(tls->problem), "%s",
                   is_trusted ? ""
                              : X509_verify_cert_error_string(X509_STORE_CTX_get_error(store)));
    return is_trusted;
}

enum err portal_tls_init(struct portal_tls *tls, const char *host, bool is_literal,
                         const char *ca_file, struct problem *problem)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());

    *tls = (struct portal_tls){.context = context, .host = host, .is_literal = is_literal};
    if (context == NULL || SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
        (ca_file == NULL && SSL_CTX_set_default_verify_paths(context) != 1)) {
        problem_set(problem, "TLS cannot be set up: %s", ERR_reason_error_string(ERR_peek_error()));
        portal_tls_free(tls);
        return ERR_CRYPTO;
    }
    if (ca_file != NULL && SSL_CTX_load_verify_file(context, ca_file) != 1) {
        problem_set(problem, "it cannot be read, or holds no certificate in PEM form");
        ERR_clear_error();
        portal_tls_free(tls);
        return ERR_RANGE;
    }
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(context, verify, tls);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    (void)SSL_CTX_set_mode(context, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    return ERR_OK;
}

void portal_tls_free(struct portal_tls *tls)
{
    SSL_CTX_free(tls->context);
    tls->context = NULL;
}
