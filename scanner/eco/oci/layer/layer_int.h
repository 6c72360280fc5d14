/* Inside the inspection of layers. */
#ifndef CH_SCANNER_OCI_LAYER_INT_H
#define CH_SCANNER_OCI_LAYER_INT_H

#include "customhouse/map.h"
#include "scanner/content/content.h"
#include "scanner/content/names.h"
#include "scanner/unpack/tar.h"

/* A folder named site-packages or dist-packages. */
struct layer_site {
    char *folder; /* "usr/lib/python3/dist-packages/" */
    size_t folder_len;
    struct layer *l;
    struct names dist_infos;    /* "usr/lib/python3/dist-packages/foo-1.0.dist-info" */
    struct layer_group *groups; /* one for each of these, and the last for what is none's */
    struct ch_map *tops;        /* by what lies in the folder, "foo" and "foo.py": its group */
    bool starts;                /* something that is none's runs when Python starts */
    /* What content/ says of them: findings go to the answer, with the folder before the member's
     * path; facts nowhere, since what policy asks of a package's facts it asks by the package's
     * name. */
    struct ch_scan_writer *out;
};

/* The files of one Python package: judged by themselves, by their paths below the folder, as those
 * of its wheel. */
struct layer_group {
    struct layer_site *site;
    char *project; /* "foo" */
    struct ch_scan_job job;
    struct ch_content *content; /* NULL: no file of it was seen */
};
/* What lies below such a folder. */
struct layer_file {
    char *own; /* path and, behind it, the link's target */
    struct ch_str path;
    struct layer_group *group; /* NULL: none of a Python package, or not known yet */
    struct ch_str target;      /* where a link leads, cleaned; absent: a file */
    bool hard;                 /* a link to what was there before it */
    uint64_t number;           /* of its entry: of several of one path the last one stays */
    uint64_t size_bytes;
    struct ch_sha256 sha256;
    char *own_bytes;
    struct ch_str bytes;
    bool kept; /* `bytes` are all of it */
    bool deferred;
    bool wanted;                   /* to be seen when the layer is walked again */
    bool found;                    /* it was seen, or what a link leads to */
    struct layer_file *next_alias; /* another link to the same */
};

/* Programs, until it is known which of them packages own. */
enum layer_program_kind { LAYER_PROGRAM = 1, LAYER_SETUID };
struct layer_program {
    char *path;
    enum layer_program_kind kind;
    uint32_t mode;
    bool capability;
};

enum layer_told {
    LAYER_TOLD_SECRET,
    LAYER_TOLD_SECRET_TEST,
    LAYER_TOLD_SETUID,
    LAYER_TOLD_SETUID_UNOWNED,
    LAYER_TOLD_WRITABLE,
    LAYER_TOLD_UNOWNED,
    LAYER_TOLD_INVENTORY,
    LAYER_TOLD_UNREAD,
    LAYER_TOLD_RECORD,
    LAYER_TOLD_PYTHON_LINK,
    LAYER_TOLD_KINDS
};

struct layer {
    const struct ch_scan_job *job;
    struct ch_scan_job content_job; /* of no project and version */
    const struct ch_input *in;
    struct ch_scan_writer *out;
    uint64_t told[LAYER_TOLD_KINDS];
    uint64_t packages;
    uint64_t kept_bytes;
    bool over; /* beyond layer_kept_bytes: said once */
    /* owners.c */
    struct ch_map *owned; /* paths that packages list */
    bool lists;           /* some package lists its paths */
    struct layer_program *programs;
    size_t program_count;
    size_t program_cap;
    /* python.c */
    struct layer_site **sites;
    size_t site_count;
    bool sites_over;        /* beyond layer_sites: said once */
    struct ch_map *site_of; /* by folder */
    struct layer_file **files;
    size_t file_count;
    size_t file_cap;
    struct ch_map *by_path; /* struct layer_file */
    struct ch_map *aliases; /* by target: the first link to it */
    struct ch_map *records; /* by path: the group whose RECORD lists it */
};

/* Told ten times, then as a number (layer_tell_more). */
void layer_tell(struct layer *l, enum layer_told kind, struct ch_str member, const char *fmt, ...)
    CH_PRINTF(4, 5);
void layer_tell_more(struct layer *l);
bool layer_may_keep(struct layer *l, struct ch_str path, size_t bytes);
/* Below usr/share/doc and the like, or among tests: what is there nobody runs. */
bool layer_is_aside(struct ch_str path);

/* --- files.c: what is told of each file by itself --- */
void layer_see_file(struct layer *l, const struct ch_tar_member *m);
/* Of a hard link, too: runtimes give its mode and attributes to the file that it leads to. */
void layer_see_rights(struct layer *l, const struct ch_tar_member *m);
void layer_see_folder(struct layer *l, const struct ch_tar_member *m);

/* --- owners.c: which package owns a file --- */
void layer_see_owners(struct layer *l, const struct ch_tar_member *m);
void layer_keep_program(struct layer *l, const struct ch_tar_member *m,
                        enum layer_program_kind kind);
void layer_judge_programs(struct layer *l);
bool layer_is_owned(const struct layer *l, struct ch_str path);
void layer_owners_done(struct layer *l);

/* --- packages.c, jar.c: which packages it has --- */
struct ch_package;
void layer_package(void *arg, const struct ch_package *p); /* ch_package_fn */
/* The same of a kind that has no list; p->kind is not looked at. */
void layer_package_of(struct layer *l, const char *kind, const struct ch_package *p);
void layer_see_packages(struct layer *l, const struct ch_tar_member *m);
void layer_see_jar(struct layer *l, const struct ch_tar_member *m);
void layer_tell_left_out(struct layer *l);

/* --- carried.c: packages that nobody has installed yet --- */
void layer_see_carried(struct layer *l, const struct ch_tar_member *m);

/* --- python.c: Python packages --- */
void layer_see_python(struct layer *l, const struct ch_tar_member *m);
/* After the last member: what takes another walk. */
void layer_judge_python(struct layer *l, enum ch_stream_format packing);
void layer_python_done(struct layer *l);

/* What was kept of a file in a .dist-info; false: nothing. *ret_path lives as long as the layer. */
bool layer_dist_info_text(const struct layer *l, struct ch_str folder, const char *name,
                          struct ch_str *ret_path, struct ch_str *ret);

/* --- groups.c: which file is of which package --- */
void layer_make_groups(struct layer *l, struct layer_site *s);
/* NULL: of none that is judged. */
struct layer_group *layer_group_of(const struct layer *l, struct layer_site *s, struct ch_str path);
void layer_groups_done(struct layer_site *s);
/* --- dist_info.c: what a Python package says of itself --- */
/* Of a member of "X.dist-info/": that folder, and the name in it. */
bool layer_in_dist_info(struct ch_str below_site, struct ch_str *ret_folder,
                        struct ch_str *ret_name);
/* METADATA or PKG-INFO, as it is met: the package, and what is wrong with it. */
void layer_see_metadata(struct layer *l, const struct ch_tar_member *m);
/* The others, once all is known. `dist_info`: the folder. */
void layer_check_dist_info(struct layer *l, struct layer_group *g, struct ch_str dist_info);
#endif
