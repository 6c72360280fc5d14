/* What the files of the conda ecosystem share. */
#ifndef CH_CONDA_INT_H
#define CH_CONDA_INT_H

#include "customhouse/ecosystem.h"

extern const struct ch_ecosystem ch_ecosystem_conda;

/* Documents of a channel that are not found by Accept: each has its own address. */
enum ch_conda_document {
    CH_CONDA_REPODATA = 1,    /* SUBDIR/repodata.json */
    CH_CONDA_REPODATA_ZST,    /* SUBDIR/repodata.json.zst */
    CH_CONDA_NOTICES,         /* notices.json */
    CH_CONDA_SHARDS,          /* SUBDIR/repodata_shards.msgpack.zst */
    CH_CONDA_SHARD,           /* SUBDIR/SHA256.msgpack.zst */
    CH_CONDA_CURRENT,         /* SUBDIR/current_repodata.json */
    CH_CONDA_CURRENT_ZST,     /* SUBDIR/current_repodata.json.zst */
    CH_CONDA_RUN_EXPORTS,     /* SUBDIR/run_exports.json */
    CH_CONDA_RUN_EXPORTS_ZST, /* SUBDIR/run_exports.json.zst */
    CH_CONDA_CHANNELDATA,     /* channeldata.json */
};

/* NAME-VERSION-BUILD with an ending of packages: borrows from `file_name`. False: it has no such
 * form. */
struct ch_conda_file {
    struct ch_str project; /* as written */
    struct ch_str version;
    struct ch_str build;
    const char *file_type; /* "conda", "conda-tar" */
};
bool ch_conda_file_split(struct ch_str file_name, struct ch_conda_file *ret);

/* Names of packages that nobody provides: those of virtual packages (CEP 30), of which "__held-..."
 * says in a record why it is held. */
bool ch_conda_is_virtual(struct ch_str name);

/* ch_ecosystem.match_spec. */
enum ch_code ch_conda_match_spec(struct ch_str spec, const struct ch_spec_subject *of,
                                 bool *ret_match, struct ch_err *err);

/* ch_ecosystem.compare_record. */
void ch_conda_compare_record(struct ch_str page, struct ch_str record, const struct ch_fact *facts,
                             size_t count, ch_differs_fn *fn, void *arg);

/* The text of a string as records are spelled: RFC 8785's escapes alone (ch_index_record_ok). */
void ch_conda_put_text(struct ch_buf *b, struct ch_str spelled);

/* The name of a package that nobody provides, and that says why this record is held; appended. */
void ch_conda_put_reason_name(struct ch_buf *out, struct ch_str reason);
/* Whether the file is shown at all, and of which of `file_types` it is. */
bool ch_conda_is_shown(const struct ch_page_file *f, const char **ret_file_type);

/* Spec: CEP 16. What repodata.json says of one project's files, hashes as bytes. Of a project that
 * is larger than clients read (limits shard_bytes) the newest versions; the others are there with
 * what names them alone, and with a dependency that nothing fulfils and that says so. */
extern const struct ch_shards_ops ch_conda_shards;

/* The upstream's documents of what a subdir's packages make others depend on (CEP 12), and of what
 * a channel's packages are: see beside.c. */
extern const struct ch_beside ch_conda_run_exports, ch_conda_channeldata;

/* Spec: conda's repodata.json, version 1: packages lie beside it (CEP 15). The groups "packages"
 * and "packages.conda" alone; of each record the spelling that was checked (T16). A held one has
 * one more dependency, which nothing fulfils and whose name says why, so that solvers pass over it,
 * and print the name to who asks for it. */
enum ch_code ch_conda_render_repodata(const struct ch_page *page, struct ch_str prefix,
                                      struct ch_buf *out, struct ch_err *err);
/* The same form, of those files alone for which kept[i] is set; NULL: of all. */
enum ch_code ch_conda_render_records(const struct ch_page *page, const bool *kept,
                                     struct ch_buf *out, struct ch_err *err);
/* The newest version of each name that can be had, with what these need: see current.c. */
enum ch_code ch_conda_render_current(const struct ch_page *page, struct ch_str prefix,
                                     struct ch_buf *out, struct ch_err *err);
/* The subdirs that were asked for so far: {"subdirs":["linux-64","noarch"]}. */
enum ch_code ch_conda_render_root(const struct ch_root_page *page, struct ch_str prefix,
                                  struct ch_buf *out, struct ch_err *err);
/* Spec: CEP 6. Of a channel, not of a subdir: one for each subdir that has something held. */
enum ch_code ch_conda_render_notices(const struct ch_root_page *page, struct ch_str prefix,
                                     struct ch_buf *out, struct ch_err *err);

#endif
