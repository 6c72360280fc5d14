/* The scanner's side of an ecosystem: what bytes mean. Runs only in the jail.
 *
 * Adding an ecosystem: `ch_inspector_NAME` in scanner/eco/NAME/, `ch_ecosystem_NAME` in proxy/eco/NAME/, the name
 * in deploy/cmake/ecosystems.cmake, a corpus folder. */
#ifndef CUSTOMHOUSE_INSPECTOR_H
#define CUSTOMHOUSE_INSPECTOR_H

#include "customhouse/scan.h"

/* The input: mapped read-only. Its bytes come from outside; a fault while reading ends the jail. */
struct ch_input {
    int fd;
    const uint8_t *ptr; /* NULL when empty */
    size_t len;
};

/* A reader of one kind of document. The job says what is expected (project, version, file name, address of the
 * document: each may be absent); the records go to `out`, all but END, which the worker writes. It holds no state
 * between jobs, opens nothing, and needs memory within the job's limit whatever the bytes are.
 *
 * CH_OK: all that is to be said was said. Anything else is "no answer": an index stays as it was, an artifact is
 * held. So what is wrong with an artifact is a finding and CH_OK; what is wrong with an index is an error that
 * says where, and an index is written whole or not at all, since a file that is missing from it counts as removed
 * (T5). CH_E_UNSUPPORTED: no reader for the job's profile. */
typedef enum ch_code ch_inspect_fn(const struct ch_scan_job *job, const struct ch_input *in,
                                   struct ch_scan_writer *out, struct ch_err *err);

/* Files that are artifacts wherever they lie, by the end of their name. */
struct ch_inspector_carried {
    const char *ending; /* ".whl" */
    const char *profile;
};

struct ch_inspector {
    const char *ecosystem; /* "pypi"; equals the proxy side's name */

    /* What libraries load at first use from files that no jail can open. Called once, in the parent, before it is
     * confined. NULL: nothing. */
    void (*warm_up)(void);

    /* --- the upstream's documents; the profile is what page_profile of the proxy side said of their type --- */
    /* A page: INDEX_HEAD, then INDEX_FILE in the page's order, each with an absolute address; FACT "skipped" for
     * what cannot be named or fetched. A file twice with different content, or another page than the job's `project`
     * names: an error. On a page of many projects (ch_ecosystem.is_page) each file says whose it is, and its record is
     * written in the one spelling of ch_index_record_ok, whatever the upstream's was (T16). */
    /* A document beside pages (struct ch_beside, whose profile it is): INDEX_ENTRY, none twice, in any order. */
    ch_inspect_fn *parse_index;
    ch_inspect_fn *parse_details; /* what the page leaves out: as parse_index. NULL: there is none */

    /* --- artifacts; the profile is what `split` of the proxy side said of the file's name --- */
    /* The first opinion, by our own readers: MEMBER for each member in the archive's order, FINDING, FACT, and
     * METADATA at most once (what resolvers may see of it). */
    ch_inspect_fn *inspect;
    /* The second, by other libraries, in a jail of its own: MEMBER and FINDING. ALLOW needs both lists of members
     * to be the same (T2), so it must read the same archive in the same way: ch_second_opinion, or ch_second_list
     * of scanner/unpack/second.h for another kind. NULL: no artifact of it is ever allowed. */
    ch_inspect_fn *second_opinion;
    /* A metadata document that came apart from its artifact: METADATA, FINDING, FACT. NULL where sidecar_url is. */
    ch_inspect_fn *inspect_metadata;
    /* The last bytes of an artifact: METADATA, or FACT "metadata-range" for where it lies. NULL: metadata cannot be
     * had without the whole. */
    ch_inspect_fn *inspect_tail;
    /* Which of its artifacts are known by their names alone: they are inspected inside others, too (an image's layer).
     * Ends with an `ending` of NULL. NULL: none. */
    const struct ch_inspector_carried *carried;
};

/* NULL: unknown. "archive" is found too: profiles "zip" and "tar" of no ecosystem. */
const struct ch_inspector *ch_inspector_find(struct ch_str ecosystem);
const struct ch_inspector *ch_inspector_at(size_t i); /* ecosystems only; NULL past the end */

/* Lists the members of an archive with libarchive: of profiles "wheel", "sdist", "zip" and "tar". */
enum ch_code ch_second_opinion(const struct ch_scan_job *job, const struct ch_input *in,
                               struct ch_scan_writer *out, struct ch_err *err) CH_MUST_CHECK;

#endif
