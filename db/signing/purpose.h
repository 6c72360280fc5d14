/* What keys are for. A purpose is the key's name: in files, in `customhouse keys`, under /-/keys/.
 */
#ifndef CUSTOMHOUSE_PURPOSE_H
#define CUSTOMHOUSE_PURPOSE_H

#include "customhouse/config.h"
#include "db/signing/public_key.h"

#define CH_PURPOSE_BYTES    64
#define CH_PURPOSES_MAX     64

#define CH_PURPOSE_EVIDENCE "evidence" /* statements on what was not approved */
#define CH_PURPOSE_LOG      "log"      /* checkpoints of the audit log */
#define CH_PURPOSE_TOKEN    "token"    /* tokens of clients of registries (scoped.h) */

struct ch_purpose {
    char name[CH_PURPOSE_BYTES];
    enum ch_key_kind kind;
};

/* "approve-ENVIRONMENT-file": approvals of files for that environment, and nothing else (T23). */
void ch_purpose_approve_file(const char *environment, char ret[CH_PURPOSE_BYTES]);
/* "approve-ENVIRONMENT-image": likewise of container images, where a repository of it has any. */
void ch_purpose_approve_image(const char *environment, char ret[CH_PURPOSE_BYTES]);
/* All that a site of this configuration needs, each once; returns how many, at most
 * CH_PURPOSES_MAX. */
size_t ch_purposes(const struct ch_config *config, struct ch_purpose ret[CH_PURPOSES_MAX]);

#endif
