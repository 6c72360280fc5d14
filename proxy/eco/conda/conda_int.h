/* What the files of the conda ecosystem share. */
#ifndef CH_CONDA_INT_H
#define CH_CONDA_INT_H

#include "customhouse/ecosystem.h"

extern const struct ch_ecosystem ch_ecosystem_conda;

/* Documents of a channel that are not found by Accept: each has its own address. */
enum ch_conda_document {
    CH_CONDA_REPODATA = 1, /* SUBDIR/repodata.json */
    CH_CONDA_REPODATA_ZST, /* SUBDIR/repodata.json.zst */
    CH_CONDA_NOTICES,      /* notices.json */
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

/* Spec: conda's repodata.json, version 1: packages lie beside it (CEP 15). The groups "packages"
 * and "packages.conda" alone; of each record the spelling that was checked (T16). A held one has
 * one more dependency, which nothing fulfils and whose name says why, so that solvers pass over it,
 * and print the name to who asks for it. */
enum ch_code ch_conda_render_repodata(const struct ch_page *page, struct ch_str prefix,
                                      struct ch_buf *out, struct ch_err *err);
/* The subdirs that were asked for so far: {"subdirs":["linux-64","noarch"]}. */
enum ch_code ch_conda_render_root(const struct ch_root_page *page, struct ch_str prefix,
                                  struct ch_buf *out, struct ch_err *err);
/* Spec: CEP 6. Of a channel, not of a subdir: one for each subdir that has something held. */
enum ch_code ch_conda_render_notices(const struct ch_root_page *page, struct ch_str prefix,
                                     struct ch_buf *out, struct ch_err *err);

#endif
