/* Upstream project pages into INDEX records: PEP 503 HTML and PEP 691 JSON, and the legacy JSON API
 * document that states what an HTML page leaves out.
 *
 * Spec: the "Simple repository API" living specification (PEP 503, 592, 629, 658, 691, 700, 714,
 * 792). Unknown keys and attributes are ignored, wrong types are errors that name the field, and
 * what contradicts itself is a lying page: no answer. Files that cannot be named or fetched (a link
 * whose text is not its last path segment, an address that is not http) are left out, each with a
 * FACT "skipped" (its name) and a FACT "skipped-for" (the field that is why). */
#ifndef CH_SCANNER_PYPI_PAGE_H
#define CH_SCANNER_PYPI_PAGE_H

#include "customhouse/inspector.h"

typedef enum ch_code ch_page_parse_fn(const struct ch_scan_job *job, const struct ch_input *in,
                                      struct ch_scan_writer *out, struct ch_err *err);

/* Profile "page-json" or "page-html", chosen by the keeper from Content-Type. INDEX_HEAD first,
 * then INDEX_FILE in page order; nothing is written unless the whole page is good. */
ch_page_parse_fn ch_page_parse;
/* /pypi/NAME/json; INDEX_HEAD and INDEX_FILE records. */
ch_page_parse_fn ch_details_parse;

ch_page_parse_fn ch_page_parse_json;
ch_page_parse_fn ch_page_parse_html;

/* --- collecting a page, for the parsers --- */

struct ch_page_skipped {
    struct ch_str what;
    const char *field; /* as the page's JSON form calls it */
};

struct ch_page_draft {
    const struct ch_scan_job *job;
    struct ch_scan_writer *out;
    struct ch_index_head head; /* filled by the parser */
    struct ch_index_file *files;
    size_t count, cap;
    struct ch_page_skipped *skipped;
    size_t skipped_count, skipped_cap;
    void **kept; /* memory that the slices borrow from */
    size_t kept_count, kept_cap;
};
void ch_page_draft_init(struct ch_page_draft *d, const struct ch_scan_job *job,
                        struct ch_scan_writer *out);
void ch_page_draft_done(struct ch_page_draft *d);
struct ch_str ch_page_keep(struct ch_page_draft *d,
                           struct ch_str s); /* a copy that lives as long */
/* Checks the project's name against the job and remembers it. CH_E_MISMATCH: another project. */
enum ch_code ch_page_set_project(struct ch_page_draft *d, struct ch_str name,
                                 struct ch_err *err) CH_MUST_CHECK;
/* Starts a file: resolves `href` against `base`. A file that must be left out gives CH_OK and
 * *ret NULL. The pointer is good until the next one is started. */
enum ch_code ch_page_add(struct ch_page_draft *d, struct ch_str file_name, struct ch_str base,
                         struct ch_str href, struct ch_index_file **ret,
                         struct ch_err *err) CH_MUST_CHECK;
/* `field`: a literal, what of the entry could not be read. */
void ch_page_skip(struct ch_page_draft *d, struct ch_str what, const char *field);
/* One stated hash, `name` as hashlib spells it. Of those that are not sha256 the strongest is kept;
 * names of no known kind are passed over. False: malformed, or another value of the same kind. */
bool ch_page_hash(struct ch_str name, struct ch_str hex, struct ch_sha256 *sha256,
                  struct ch_alias *alias) CH_MUST_CHECK;
/* How a sidecar of these hashes may be had. One that only an alias is stated for is taken from the
 * file itself: nothing would verify it. */
enum ch_sidecar ch_page_sidecar(const struct ch_sha256 *sha256, const struct ch_alias *alias);
/* At most text_bytes, cut between characters. */
struct ch_str ch_page_clip(struct ch_str s);
/* "active", ...; false for a status that is not PEP 792's. */
bool ch_page_status(struct ch_str s, enum ch_project_status *ret);
/* "1.0": CH_E_UNSUPPORTED for another major version, CH_E_FORMAT for what is no version. */
enum ch_code ch_page_check_version(struct ch_str api_version, struct ch_err *err) CH_MUST_CHECK;
/* Refuses a page that names a file twice with different content, drops plain repetitions, and
 * writes all records. */
enum ch_code ch_page_finish(struct ch_page_draft *d, struct ch_err *err) CH_MUST_CHECK;

#endif
