/* What is said of a file: a SLSA verification summary in an in-toto statement. Pure: the same input
 * gives the same bytes.
 * Spec: in-toto/attestation, spec/v1/statement.md; SLSA v1.1, verification_summary.md; package
 * URLs: package-url/purl-spec. */
#ifndef CUSTOMHOUSE_STATEMENT_H
#define CUSTOMHOUSE_STATEMENT_H

#include "customhouse/bytes.h"
#include "customhouse/digest.h"

#define CH_STATEMENT_TYPE "https://in-toto.io/Statement/v1"
#define CH_VSA_TYPE       "https://slsa.dev/verification_summary/v1"

/* A level that says less, not more: served only because its repository audits. */
#define CH_VSA_AUDIT_ONLY "GW_AUDIT_ONLY"

struct ch_vsa {
    struct ch_str file_name;
    struct ch_sha256 sha256;
    struct ch_str verifier; /* URI */
    int64_t verified_at_us;
    struct ch_str resource_uri; /* ch_resource_uri_put */
    struct ch_str policy_uri;
    struct ch_sha256 policy;
    struct ch_str evidence_uri;
    struct ch_sha256 evidence; /* zero: nothing was inspected */
    bool passed;
    const struct ch_str *levels; /* when it passed; else the only level is FAILED */
    size_t level_count;
};
void ch_vsa_put(struct ch_buf *b, const struct ch_vsa *vsa);

/* Appends "pkg:pypi/demo@1.2?environment=prod&file_name=demo-1.2-py3-none-any.whl": what was judged
 * and where it may go, so that a summary for one environment is none for another. In canonical
 * form: qualifiers sorted, all but the unreserved characters percent-encoded. `version` may be
 * absent. */
struct ch_resource {
    struct ch_str ecosystem;
    struct ch_str project; /* normalised */
    struct ch_str version;
    struct ch_str file_name;
    struct ch_str environment;
    struct ch_str repository_url; /* of an image: "gw.example/mcr/team/app"; it has no file_name */
    struct ch_str build;  /* where a version has several, "py_0"; these three may be absent */
    struct ch_str subdir; /* where files of many projects lie on pages, the page: it is part of what they are */
    struct ch_str type;   /* there, the form of the file, "conda" */
};
void ch_resource_uri_put(struct ch_buf *b, const struct ch_resource *r);

#endif
