/* Inside the sdist inspector. "Tree" is the archive without the one folder at its top: "setup.py".
 */
#ifndef CH_SCANNER_SDIST_INT_H
#define CH_SCANNER_SDIST_INT_H

#include "base/toml/toml.h"
#include "customhouse/map.h"
#include "scanner/content/content.h"
#include "scanner/content/names.h"
#include "scanner/source/token.h"

/* A member that is kept until all have been seen: Python source, and what tells how to build. */
struct sdist_file {
    char *own;          /* path, link and bytes */
    struct ch_str path; /* in the archive */
    struct ch_str tree; /* in the tree: the end of `path` */
    struct ch_str bytes;
    enum ch_member_type type;
    struct ch_str link;
    bool deferred;   /* the content inspection has not seen it yet */
    bool at_install; /* runs when the sdist is built or installed */
    bool to_follow;  /* is on the list below */
    unsigned steps;  /* imports between it and what is run by name; see SDIST_CALLED */
    struct sdist_file *next_install; /* of the list of those whose imports are to be followed */
};

struct sdist {
    const struct ch_scan_job *job;
    struct ch_scan_writer *out;
    struct ch_content *content;
    struct ch_str name; /* of the file name; absent when it is none */
    struct ch_str version;
    struct ch_str top; /* the folder, absent while there is none */
    char *top_own;
    bool scattered; /* members beside that folder: said once */
    struct sdist_file **files;
    size_t count;
    size_t cap;
    uint64_t kept_bytes;
    bool over;                     /* beyond sdist_kept_bytes: said once */
    struct ch_map *by_tree;        /* path in the tree -> struct sdist_file */
    struct ch_map *links;          /* path in the tree -> struct sdist_link */
    struct sdist_link *first_link; /* in archive order */
    struct sdist_link *last_link;
    struct ch_map *mapped;  /* package of package_dir -> its folder, a string of its own */
    struct names roots;     /* folders that are the top of what is installed, or put on sys.path */
    struct names folders;   /* ... that are packages, or files, under another name */
    bool listed;            /* ... and the back end looks for no others, ... */
    bool alone;             /* ... nor does anything else install some */
    bool packaged;          /* setup.py lists all packages by name */
    struct ch_buf settings; /* keys and texts of pyproject.toml, without tools that build nothing */
    struct names backends;  /* folders of backend-path: on sys.path while it is built */
    struct names objects;   /* of entry points: what they name is known once all source is */
    struct names tools;     /* build files that are no Python, by what they are for: "build.rs" */
    struct sdist_file *to_follow;
    unsigned steps; /* of what is marked now */
};

void sdist_report(struct sdist *s, enum ch_finding_code code, struct ch_str member, const char *fmt,
                  ...) CH_PRINTF(4, 5);
/* FACT install-code "WHAT" or "WHAT NAME". */
void sdist_install_code(struct sdist *s, const char *what, struct ch_str name);
/* A kept regular file; NULL when there is none of that path in the tree. */
struct sdist_file *sdist_find(const struct sdist *s, struct ch_str tree);

/* sdist_links.c: a symbolic or hard link. */
struct sdist_link {
    struct sdist_link *next;
    char *tree;
    char *target; /* where it leads in the tree */
};
void sdist_note_link(struct sdist *s, struct ch_str tree, const struct ch_content_member *m);
/* Where the path leads when it is a link, or below one; false: it is not, or leads in a circle. */
bool sdist_resolve(const struct sdist *s, struct ch_str tree, struct ch_buf *ret);
/* As sdist_find, over links, too. */
struct sdist_file *sdist_source(const struct sdist *s, struct ch_str tree);
/* After the build was checked: what links to modules and packages lead to is judged as that. */
void sdist_judge_links(struct sdist *s);
void sdist_links_done(struct sdist *s);

/* sdist_build.c: pyproject.toml, setup.cfg, *.egg-info: facts, direct references, what runs. */
void sdist_check_build(struct sdist *s);
/* Reports one requirement of `member` when it names an address, or when `strict` and malformed. */
void sdist_check_requirement(struct sdist *s, struct ch_str member, struct ch_str requirement,
                             bool strict);

/* sdist_hooks.c: what back ends run by their own settings: facts, what runs. `root` of
 * pyproject.toml. */
void sdist_check_hooks(struct sdist *s, const struct ch_toml_node *root, struct ch_str backend);
/* hatch.toml at the root of the tree, which stands for [tool.hatch] of pyproject.toml. */
void sdist_check_hatch_file(struct sdist *s);
/* sdist_roots.c: where packages lie that are not where their names say. `package` empty: all of
 * them. */
void sdist_maps_package(struct sdist *s, struct ch_str package, struct ch_str folder);
void sdist_maps_root(struct sdist *s, struct ch_str folder);
/* A package ("a", "a.b") or module that is installed by its name. Of packages only those at the top
 * count: what is called tests within another one is judged as in a wheel. */
void sdist_installs_package(struct sdist *s, struct ch_str package);
void sdist_installs_module(struct sdist *s, struct ch_str module);
void sdist_read_setup_roots(struct sdist *s);                            /* of setup.py */
void sdist_read_roots(struct sdist *s, const struct ch_toml_node *root); /* of pyproject.toml */
void sdist_read_hatch_roots(struct sdist *s,
                            const struct ch_toml_node *hatch); /* of hatch.toml, too */
/* Whether it lies in such a folder, or is such a file; *ret_below is the rest of the path, `tree`
 * if not. */
bool sdist_is_mapped(const struct sdist *s, struct ch_str tree, struct ch_str *ret_below);
bool sdist_is_named(const struct sdist *s, struct ch_str tree); /* the file itself is such */
struct ch_str sdist_below_root(const struct sdist *s, struct ch_str tree);

/* sdist_entry_points.c: those of *.egg-info and setup.py; of pyproject.toml; a group of setup.cfg.
 */
void sdist_check_built_entry_points(struct sdist *s);
void sdist_check_entry_points(struct sdist *s, struct ch_str member,
                              const struct ch_toml_node *root);
void sdist_cfg_entry_points(struct sdist *s, struct ch_str member, struct ch_str group,
                            struct ch_str value);

/* sdist_tools.c: what version tools, and back ends that are no Python, run of the tree. */
bool sdist_is_tool_file(struct ch_str tree); /* told of all members before; text of these is kept */
void sdist_note_tool_file(struct sdist *s, struct ch_str tree);
void sdist_check_setup_tools(struct sdist *s); /* of setup.py */
/* sdist_compilers.c: settings that name compilers and what they read. `tool` of pyproject.toml. */
/* Whether one of the flags in the text loads or starts something when it compiles. */
bool sdist_has_flag(struct ch_str text);
void sdist_check_compilers(struct sdist *s, const struct ch_toml_node *tool);
void sdist_check_tools(struct sdist *s, const struct ch_toml_node *root, struct ch_str backend);
/* "a.b.name" that setuptools reads as a literal, or imports a.b for: then a fact. */
void sdist_reads_attribute(struct sdist *s, struct ch_str dotted);
/* A folder or file of the tree: no way out, nothing absolute. "." is the tree itself. */
bool sdist_is_inside(struct ch_str path);
/* The path without "./" before and "/" behind; empty for the tree itself. */
struct ch_str sdist_clean(struct ch_str path);
/* FACT install-code "build-hook WHAT"; of a file or folder that is run, of an object "a.b:c" too.
 */
void sdist_hook(struct sdist *s, struct ch_str what);
void sdist_hook_file(struct sdist *s, struct ch_str path);
void sdist_hook_object(struct sdist *s, struct ch_str object);
/* A file that the build writes from a template (empty: a plain one of its own). */
void sdist_hook_written(struct sdist *s, struct ch_str path, struct ch_str template);
/* Absent when it is no text, or NULL. */
struct ch_str sdist_toml_text(const struct ch_toml_node *n);
const struct ch_toml_node *sdist_toml_child(const struct ch_toml_node *n); /* accepts NULL */

/* sdist_static.c: whether the first that Python source says of `name` is, at its top level, NAME =
 * LITERAL. */
bool sdist_assigns_literal(struct ch_str source, struct ch_str name);
/* The same with a text that is not empty, and without an annotation; ... */
bool sdist_assigns_text(struct ch_str source, struct ch_str name);
bool sdist_has_docstring(
    struct ch_str source); /* ... whether it begins with one that is not blank */
/* Whether a template of Python gives nothing but assignments of literals and of "{fields}". */
bool sdist_template_only_assigns(struct ch_str source);

/* sdist_tokens.c: a Python file as a list. Past its end there is END. */
struct sdist_tokens {
    struct ch_source_text source;
    struct ch_token *list; /* END last */
    size_t count;
    uint32_t errors;
};
void sdist_tokens_init(struct sdist_tokens *t, struct ch_str bytes);
void sdist_tokens_done(struct sdist_tokens *t);
const struct ch_token *sdist_token_at(const struct sdist_tokens *t, size_t i);
struct ch_str sdist_token_text(const struct sdist_tokens *t, size_t i);
bool sdist_token_is(const struct sdist_tokens *t, size_t i, uint8_t type, const char *text);

/* sdist_arguments.c: one argument of setup(): each text that stands in what is written for it, with
 * the key before it
 * ({"KEY": "VALUE"}, {"KEY": ["VALUE", ...]}, dict(KEY="VALUE")), empty where there is none. False:
 * some of it is computed, and so not known. Borrowed for the call. */
typedef void sdist_argument_fn(void *arg, struct ch_str key, struct ch_str value);
bool sdist_setup_argument(struct ch_str source, const char *name, sdist_argument_fn *each,
                          void *arg);

/* sdist_setup.c: whether setup.py only declares. *ret_why (initialised) says what is more. */
bool sdist_setup_is_declarations(struct sdist *s, struct ch_str source, struct ch_buf *ret_why);
/* sdist_references.c: direct references in the arguments of setup(), and in any text of the form
 * "NAME @ URL". */
void sdist_setup_references(struct sdist *s, struct ch_str member, struct ch_str source);

/* Of what is run by name, and what that imports, all functions may be called. What those import in
 * turn (whole packages, often) is taken as imported. */
enum { SDIST_CALLED = 1 };

/* sdist_place.c: what is run at install time, and where everything else runs. */
void sdist_runs(struct sdist *s, struct ch_str tree);          /* this file, when it is there */
void sdist_runs_module(struct sdist *s, struct ch_str dotted); /* the files of "a.b" */
/* A folder of backend-path: its back end "a.b" is run, and all else in it may be imported. Where it
 * has no such module, all of it counts as run. */
void sdist_runs_backend(struct sdist *s, struct ch_str folder, struct ch_str dotted);
void sdist_imports_module(struct sdist *s,
                          struct ch_str dotted); /* ... for a value, without a call */
/* The files of "a.b" in whatever folder they lie: settings may map packages to others. */
void sdist_imports_files(struct sdist *s, struct ch_str dotted);
void sdist_imports_folder(struct sdist *s, struct ch_str folder);
/* Whether there are such files, and `is` holds for each. */
bool sdist_module_is(const struct sdist *s, struct ch_str dotted,
                     bool (*is)(struct ch_str source, struct ch_str name), struct ch_str name);
void sdist_runs_folder(struct sdist *s, struct ch_str folder); /* all Python in it */
void sdist_follow_imports(struct sdist *s);                    /* what those import from the tree */
/* Whether `import dotted` at the root of the tree takes a file of the tree. */
bool sdist_has_module(const struct sdist *s, struct ch_str dotted);
enum ch_code_place sdist_place(const struct sdist *s, struct ch_str path);
struct ch_str sdist_tree(const struct sdist *s,
                         struct ch_str path); /* below the archive's one folder */
/* The path in the archive as imports see it once it is installed: below the tree, its "src" or
 * "lib". */
struct ch_str sdist_site(const struct sdist *s, struct ch_str path);

#endif
