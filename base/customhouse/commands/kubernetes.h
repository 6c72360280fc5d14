/* A cluster's API server, as whoever has a service account's token: `runtime sweep` asks it which
 * pods there are, and has them deleted.
 *
 * Spec: Kubernetes API, core/v1 Pod (PodStatus.containerStatuses[].imageID), meta/v1 DeleteOptions.
 */
#ifndef BASE_CUSTOMHOUSE_KUBERNETES_H
#define BASE_CUSTOMHOUSE_KUBERNETES_H

#include <jansson.h>

#include "base/customhouse/options.h"

struct kubernetes {
    char url[1024]; /* without a slash at its end */
    char certificates[4096];
    struct ch_buf token;
};

/* By --kubernetes, --kubernetes-ca and --kubernetes-token; without them by the files and variables
 * that a pod has of its service account. CH_E_USAGE: neither, or not all. */
enum ch_code kubernetes_open(const struct args *args, struct kubernetes *ret,
                             struct ch_err *err) CH_MUST_CHECK;
void kubernetes_close(struct kubernetes *k); /* accepts zeroed memory */
/* Of this path and query. *ret_status 0: it could not be reached, and why stands on stderr; *ret
 * NULL: no JSON. */
enum ch_code kubernetes_get(const struct kubernetes *k, const char *path, int *ret_status,
                            json_t **ret, struct ch_err *err) CH_MUST_CHECK;
/* This very pod, and no later one of its name. */
enum ch_code kubernetes_delete_pod(const struct kubernetes *k, const char *name_space,
                                   const char *pod, const char *uid, int *ret_status,
                                   struct ch_err *err) CH_MUST_CHECK;
/* Whether it is a name as Kubernetes gives them (RFC 1123), and so a part of a path as it is. */
bool kubernetes_is_name(const char *text);

#endif
