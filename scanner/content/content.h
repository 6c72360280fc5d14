/* What is inside an archive, judged by the bytes of each member: type by content, native code,
 * archives inside, notebooks, Python source and compiled Python, what runs without being asked.
 *
 * The inspector of an archive hands over every member once, in archive order, after the reader
 * verified it. Findings and facts go to the answer. Only the strict jail does this; the second one
 * brings its own opinion of the list, and the rules (scanner/rules). */
#ifndef CH_SCANNER_CONTENT_H
#define CH_SCANNER_CONTENT_H

#include "customhouse/scan.h"

/* When a member's code would run; what is ordinary in one place is not in another. */
enum ch_code_place {
    CH_PLACE_NONE = 0, /* no code that anything runs by itself: documentation, data */
    CH_PLACE_IMPORT,   /* when the package, or a part of it, is imported */
    CH_PLACE_INSTALL,  /* when it is built or installed: setup.py, a build back end in the tree */
    CH_PLACE_INSTALL_IMPORT, /* imported then, and perhaps never called */
    CH_PLACE_START,          /* when any Python starts: .pth, sitecustomize.py */
    CH_PLACE_TEST,           /* tests and examples: looked at, and judged mildly */
    CH_PLACE_PROGRAM,        /* when somebody starts it: a package's __main__.py, for `python -m` */
};

/* What the archive is: where native code may lie, and what an installer makes of its folders. */
enum ch_content_kind {
    CH_CONTENT_BARE = 0, /* an archive by itself: nothing is known about when its members run */
    CH_CONTENT_BUILT, /* a package as it will be installed: a wheel, a conda package */
    CH_CONTENT_SDIST,
};

struct ch_installed; /* installed.h */

struct ch_content_member {
    struct ch_str path; /* as stored in the archive */
    enum ch_member_type type;
    struct ch_str link; /* target of a symbolic link, else absent */
    /* The content; of members larger than member_whole_bytes only the beginning may be here. */
    struct ch_str bytes;
    uint64_t size_bytes;
};

struct ch_content_options {
    const struct ch_scan_job *job; /* its project is the one whose modules may have its name */
    struct ch_scan_writer *out;
    enum ch_content_kind kind;
    struct ch_str project; /* when the job names none: the file name's; any spelling */
    /* What it is for, as platform tags of wheels, compressed ("manylinux_2_17_x86_64.linux_x86_64",
     * "any"); absent when unknown, and then native code may be for any machine. */
    struct ch_str platform;
    bool interpreter;           /* it is Python: the standard library is its own */
    const char *noun;           /* "wheel": what messages call the archive */
    const char *platform_known; /* "the file name": where the platform stands */
    /* Where a member's code would run, as the kind of archive knows it. */
    enum ch_code_place (*place)(void *arg, struct ch_str path);
    /* Where an installer puts a member; NULL: none does so. */
    struct ch_installed (*installed)(void *arg, struct ch_str path);
    /* A member's content again, for what can only be judged in pairs (compiled code and source).
     * False when there is no such member or it is larger than ret's maximum. */
    bool (*read)(void *arg, struct ch_str path, struct ch_buf *ret);
    /* The same before it is handed over, when it is not verified yet; NULL: `read` can do that. */
    bool (*ahead)(void *arg, struct ch_str path, struct ch_buf *ret);
    /* The path as imports see it, within `path`: "a/b.py" below the folder of the top-level modules. NULL:
     * nothing is imported, and what names tests from elsewhere does not count. */
    struct ch_str (*site)(void *arg, struct ch_str path);
    void *arg;
};

struct ch_content;
struct ch_content *ch_content_new(const struct ch_content_options *options);
void ch_content_free(struct ch_content *c); /* accepts NULL */
/* options.platform, where it becomes known later: before members that may be native code. Borrowed. */
void ch_content_set_platform(struct ch_content *c, struct ch_str platform);
/* A member that will be handed over, where its path is known before: what names it may come first. */
void ch_content_expect(struct ch_content *c, struct ch_str path);
/* The same of all members before those calls: which of them run when any Python starts; and after
 * them, before any is handed over: what those import, and the functions that they call, run then,
 * too. */
void ch_content_expect_start(struct ch_content *c, struct ch_str path);
void ch_content_follow_start(struct ch_content *c);
/* Everything in `m` is borrowed for the call. */
void ch_content_see(struct ch_content *c, const struct ch_content_member *m);
/* Of a member that is not handed over, since another one is judged in its stead: what is told of its name alone, and of
 * `bytes` where those say whether it does something at start. */
void ch_content_named(struct ch_content *c, struct ch_str path, struct ch_str bytes);
/* An entry point of a wheel or sdist: what is loaded by itself, scripts named like commands, and the module
 * of its object ("a.b:c"). */
void ch_content_entry_point(struct ch_content *c, struct ch_str group, struct ch_str name,
                            struct ch_str object);
/* The same of the object alone: for who knows it before the members are expected. */
void ch_content_object(struct ch_content *c, struct ch_str object);
/* A member whose content is executed as Python source, whatever its name is: something else leads
 * to it. `start`: when any Python starts. After the members are expected. */
void ch_content_executed(struct ch_content *c, struct ch_str path, bool start);
/* After those: a member that was judged mildly, as what lies among tests is, and that something
 * else names (reach.h). It is to be handed over again by ch_content_see; *ret_path lives as long as
 * `c`. */
bool ch_content_next(struct ch_content *c, struct ch_str *ret_path);
/* After the last member: what needs all of them, and the facts that are said once for the whole. */
void ch_content_end(struct ch_content *c);

#endif
