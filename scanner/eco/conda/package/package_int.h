/* Inside the inspection of conda packages. */
#ifndef CH_SCANNER_CONDA_PACKAGE_INT_H
#define CH_SCANNER_CONDA_PACKAGE_INT_H

#include "customhouse/map.h"
#include "scanner/content/content.h"
#include "scanner/content/installed.h"
#include "scanner/content/names.h"
#include "scanner/unpack/tar.h"

struct ch_zip;

/* A member of the inner archives. */
struct conda_file {
    struct ch_str path; /* of a folder without the slash at its end */
    struct ch_str link; /* of a symbolic or hard link, else absent */
    enum ch_member_type type;
    bool hard_link; /* of type OTHER */
    bool info;      /* below info/: no part of the environment */
    bool listed;    /* info/paths.json has it */
    bool binary;    /* begins like native code of ELF or Mach-O */
    bool kept;      /* `bytes` are all of it */
    bool deferred;  /* source that content/ sees once all members are known */
    bool wanted;    /* to be seen by content/ when the archives are read again */
    uint64_t size_bytes;
    struct ch_sha256 sha256;
    struct ch_str bytes;
    struct conda_file
        *target; /* the file that a link leads to; NULL: it is none, or leads elsewhere */
    struct conda_file *alias;      /* of a file: the first link to it ... */
    struct conda_file *next_alias; /* ... and the next one to the same */
    char *own;                     /* path and link */
    char *own_bytes;
};

struct conda_package {
    const struct ch_scan_job *job;
    struct ch_scan_job content_job; /* the same, about the Python project */
    const struct ch_input *in;
    struct ch_scan_writer *out;
    struct ch_content *content;
    struct ch_zip *zip; /* of .conda; NULL: a .tar.bz2 */
    struct ch_str name; /* as the file name has them; absent when it is none */
    struct ch_str version;
    struct ch_str build;
    struct ch_str stem;        /* NAME-VERSION-BUILD */
    struct conda_file **files; /* in archive order */
    size_t count;
    size_t cap;
    uint64_t kept_bytes;
    bool over;              /* beyond conda_kept_bytes: said once */
    struct ch_map *by_path; /* struct conda_file */
    struct ch_map *folded;  /* the same in lower case */
    struct ch_map *wanted;  /* by path: files that are to be seen, or links to them */
    struct ch_map *folders; /* paths of all folders; NULL: not asked for yet */
    struct names
        dist_infos;       /* "lib/python3.12/site-packages/foo-1.0.dist-info", in archive order */
    bool in_info;         /* the archive info-STEM.tar.zst is walked */
    bool platform_known;  /* info/index.json was read, and content/ knows what the package is for */
    bool python;          /* noarch: python */
    bool moved;           /* the same, as soon as info/index.json was seen */
    uint64_t records_odd; /* files that differ from a RECORD */
};

void conda_report(struct conda_package *p, enum ch_finding_code code, struct ch_str member,
                  const char *fmt, ...) CH_PRINTF(4, 5);

/* --- members.c --- */
/* A member of an inner archive, once, in archive order (ch_tar_seen_fn). */
void conda_see(void *arg, const struct ch_tar_member *m);
/* The content that is judged of a file or of what a link leads to; false when it was not kept. */
bool conda_bytes(const struct conda_file *f, struct ch_str *ret);
void conda_see_content(struct conda_package *p, const struct conda_file *f, struct ch_str bytes);
/* To be seen when the archives are read again. */
void conda_want(struct conda_package *p, struct conda_file *f);
/* What waited until all members were known. */
void conda_see_deferred(struct conda_package *p);
bool conda_is_source(struct ch_str path);
void conda_members_done(struct conda_package *p);
/* A text that was kept; false when there is none. One that is too large is reported. */
bool conda_text(struct conda_package *p, struct ch_str path, struct ch_str *ret);

/* --- place.c --- */
/* Where an installer puts a member. */
struct ch_installed conda_installed(struct ch_str path);
/* When its code runs. */
enum ch_code_place conda_place(struct ch_str path);
/* ".NAME-post-link.sh" in bin/, ".bat" in Scripts/; whatever NAME is, since some installers take
 * any. */
bool conda_is_link_script(struct ch_str path);
/* Of a member of a *.dist-info folder in site-packages: that folder, and the name in it. */
bool conda_in_dist_info(struct ch_str path, struct ch_str *ret_folder, struct ch_str *ret_name);
/* The same of all by which Python knows what is installed (importlib.metadata, pkg_resources), in
 * every folder of sys.path: *.dist-info/, *.egg-info/, *.egg/EGG-INFO/, and files *.egg-info, which
 * are their own folder, and whose name is absent. */
bool conda_describes(struct ch_str path, struct ch_str *ret_folder, struct ch_str *ret_name);
/* Named like such a folder or file, wherever it lies: its part up to there. */
bool conda_is_description(struct ch_str path, struct ch_str *ret_folder);
/* In a folder of sys.path one that is followed to what describes packages, or is a packed one: "*.egg",
 * "*.egg-link". */
bool conda_is_egg(struct ch_str path);
/* Relative, without "..", ".", empty parts, backslashes, drives and control characters. */
bool conda_path_is_inside(struct ch_str path);
/* `relative`, from `folder` (absent: the top), without "." and ".."; false when it leads out. */
bool conda_join(struct ch_str folder, struct ch_str relative, struct ch_buf *ret);

/* --- project.c --- */
/* The Python project that a package of this name is; mostly the same name. */
struct ch_str conda_project(struct ch_str name);
bool conda_is_interpreter(struct ch_str name);

/* --- links.c: what each link leads to, and what is judged for that --- */
void conda_follow_links(struct conda_package *p);

/* --- package_json.c: each reads its file of info/ and reports --- */
void conda_check_index(struct conda_package *p);
void conda_check_paths(struct conda_package *p);
void conda_check_link(struct conda_package *p);
/* Of the text of info/index.json what the package is for: told to content/, before native code is
 * judged. */
void conda_see_index(struct conda_package *p, struct ch_str text);

/* --- python.c: *.dist-info, *.egg-info --- */
void conda_check_python(struct conda_package *p);

#endif
