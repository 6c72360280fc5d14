/* Admission: what the API server of a cluster asks before it runs something, over TLS with its
 * client certificate, on a listener of its own (T25). It reads reviews, asks the keeper about the
 * images in them, and answers; it decides, stores and opens nothing. */
#ifndef PROXY_ADMISSION_ADMISSION_H
#define PROXY_ADMISSION_ADMISSION_H

#include "customhouse/config.h"
#include "customhouse/http.h"
#include "customhouse/loop.h"
#include "proxy/front/single.h"

struct admission;

enum ch_code admission_new(const struct front_site *site, struct admission **ret,
                           struct ch_err *err) CH_MUST_CHECK;
void admission_free(struct admission *a); /* accepts NULL */
struct ch_http_server *admission_server(struct admission *a);
void admission_configure(struct admission *a, const struct ch_config *config);
void admission_set_keeper(struct admission *a, int fd); /* takes fd; the former channel ends */
void admission_drain(struct admission *a);

#endif
