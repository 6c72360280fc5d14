/* The proxy's side of an ecosystem: what URLs and names mean, what an index looks like. Pure code
 * without I/O, linked by gateway and keeper. `ch_ecosystems` is the only list of them; the scanner's
 * side is struct ch_inspector (inspector.h). */
#ifndef CUSTOMHOUSE_ECOSYSTEM_H
#define CUSTOMHOUSE_ECOSYSTEM_H

#include "customhouse/bytes.h"
#include "customhouse/fact.h"
#include "customhouse/finding.h"
#include "customhouse/index.h"
#include "customhouse/message.h"

enum ch_target_kind {
    CH_TARGET_NONE = 0, /* 404 */
    CH_TARGET_ROOT,     /* the list of projects */
    CH_TARGET_PROJECT,  /* a page, or one of its documents */
    CH_TARGET_FILE,     /* a file, or its metadata (part) */
    CH_TARGET_ANY_PAGE, /* the same, on whichever known page lists it: `project` is whose it is */
    CH_TARGET_MOVED,    /* 301 to `location`: trailing slash, un-normalised name */
};

/* What a file of a version that is had whole is of it. */
enum ch_whole {
    CH_WHOLE_PART = 0,
    CH_WHOLE_ALL,  /* it stands for all of it: an image's manifest */
    CH_WHOLE_LIST, /* it lists other versions, each a whole of its own: an index of images */
};

struct ch_clients_ops;

/* What people push to a hosted repository (ch_repository.hosted): a document, and the parts that it names, which came
 * before it. Pure. */
struct ch_push_ops {
    /* The page of a document: by its name there; of a tag, by its digest (tag absent), or (both absent) of all tags.
     * False: that is no page's name, or has no room. */
    bool (*page_of)(struct ch_str project, struct ch_str tag, const struct ch_sha256 *sha256, char *ret,
                    size_t ret_size);
    /* The reverse; *ret_sha256 is zero and *ret_tag absent where the page is of the other. */
    bool (*page_is)(struct ch_str page, struct ch_str *ret_project, struct ch_str *ret_tag,
                    struct ch_sha256 *ret_sha256);
    /* What "sha256:HEX" or a tag in an address says: one of both. False: neither. */
    bool (*reference_is)(struct ch_str reference, struct ch_str *ret_tag, struct ch_sha256 *ret_sha256);
    /* A digest, but of an algorithm by which nothing is known here: well formed, and of nothing. */
    bool (*is_other_digest)(struct ch_str reference);
    /* Tags that the service alone writes: signatures and what else is attached (T23). */
    bool (*is_ours)(struct ch_str tag);
    /* The scanner's profile for a document of this media type. NULL: none that can be pushed. */
    const char *(*document_profile)(struct ch_str media_type);
    /* The page of all tags as a registry would send it, and its media type. `tags`: each ends in a NUL. */
    void (*put_tags)(struct ch_buf *b, struct ch_str project, struct ch_str tags);
    const char *tags_type;
};

/* A file as match specs see it; what is absent is not known. */
struct ch_spec_subject {
    struct ch_str page;    /* on pages of many projects */
    struct ch_str project; /* normalised */
    struct ch_str version;
    struct ch_str build;
    struct ch_str file_name;
    struct ch_str record;
};

/* `evidence` as that of struct ch_finding: escaped, at most CH_EVIDENCE_MAX bytes. */
typedef void ch_differs_fn(void *arg, enum ch_finding_code code, struct ch_str evidence);

/* The files of a whole, as their page lists them, and what inspection found in each. */
struct ch_parts {
    size_t count;
    struct ch_str (*file_name)(void *ctx, size_t i);
    /* NULL: nothing by the inspector and rules in force yet. They live during the call. */
    const struct ch_fact *(*facts)(void *ctx, size_t i, size_t *ret_count);
    void *ctx;
};

struct ch_target {
    enum ch_target_kind kind;
    enum ch_part part;
    const char *why; /* NONE: what its client is told; NULL: that there is no such address */
    /* PROJECT and ROOT: 0, the page in the format that Accept asks for; else its document, which is formats[document - 1]
     * of the ecosystem whatever Accept says. */
    unsigned document;
    char project[256];   /* the page's name: normalised, where it is a project's */
    char file_name[512]; /* as the page lists it, or what is_meant takes for it */
    char location[768];  /* MOVED: absolute path on this server, percent-encoded */
};

/* What a file name says. All slices borrow from the name or point to constants. */
struct ch_release {
    char version[160];          /* as in the name; empty when it could not be split */
    const char *file_type;      /* one of the ecosystem's file_types: "wheel", "sdist", "egg", "other" */
    const char *profile;        /* how it is inspected ("wheel"); NULL: no inspector */
    struct ch_str python_tags;  /* wheels: compressed tag sets, else absent */
    struct ch_str abi_tags;
    struct ch_str platform_tags;
};

/* What a release asks to be installed with it. Slices borrow from the fact that says so. */
struct ch_dependency {
    bool asked;             /* false: only an extra asks for it, and that was not asked for */
    char project[256];      /* normalised */
    struct ch_str extras;   /* of that project, as written; absent: none */
    struct ch_str versions; /* for match_version; absent: any will do */
    struct ch_str version;  /* the only one that will do, where that is said so; else absent */
    bool prereleases;       /* it names one, so that resolvers take others, too, though finals fit */
    struct ch_str on;       /* the condition, as written, where clients differ in it; absent: always needed */
};

/* One representation of an index. */
struct ch_index_format {
    const char *media_type; /* sent as Content-Type */
    const char *accepts;    /* comma-separated media types that ask for it */
    /* Renders into `out` (bounded by its max). `prefix` is the repository's path, "/pypi". NULL: no document of a page. */
    enum ch_code (*render_page)(const struct ch_page *page, struct ch_str prefix, struct ch_buf *out,
                                struct ch_err *err);
    enum ch_code (*render_root)(const struct ch_root_page *page, struct ch_str prefix,
                                struct ch_buf *out, struct ch_err *err);
    /* The document is what is rendered under zstd: a representation of its own ("repodata.json.zst"), which no content
     * coding is laid upon. */
    bool zstd;
    /* Few clients ask for it, and of a very large page it takes a while to make: it is made once one has. */
    bool rare;
    /* It is the upstream's own, and what it says is reduced: render_page is NULL then. NULL: it is made of pages alone. */
    const struct ch_beside *beside;
};

/* A document of an upstream's own beside its pages, reduced to what is shown of them here. It is fetched once somebody has
 * asked for it. An ecosystem has at most one of each page, and one of all. Pure. */
struct ch_beside {
    bool of_all;         /* of all pages of a repository: an address of the repository's; else of one page */
    const char *profile; /* as those of page_profile, for its reader in the jail */
    /* As ch_ecosystem.page_url; `page` is absent where it is of all. */
    enum ch_code (*url)(struct ch_str base, struct ch_str page, unsigned form, struct ch_buf *url);
    /* Of these entries what is about something that these pages show: the one, or those of all that are known here, in
     * order of their names. `entries` are in order (ch_index_entry_cmp), none twice. */
    enum ch_code (*render)(const struct ch_page *pages, size_t page_count, const struct ch_index_entry *entries,
                           size_t entry_count, struct ch_buf *out, struct ch_err *err);
};

struct ch_shard {
    struct ch_str project;
    struct ch_sha256 sha256; /* of its bytes, as they are sent */
};

/* A page of many projects in parts: one for each of them, named by the digest of its bytes, and an index of those. What is
 * rendered is packed with zstd, in one frame that states its size, and has no other form. Pure. */
struct ch_shards_ops {
    unsigned index_document, shard_document; /* as in ch_target; of a shard, file_name has its digest in lower hex */
    /* `page` has one project's files alone. CH_E_NOT_FOUND: none of them is shown. CH_E_LIMIT: they do not fit into what
     * clients read: the page has no such form then. */
    enum ch_code (*render)(const struct ch_page *page, struct ch_buf *out, struct ch_err *err);
    enum ch_code (*render_index)(struct ch_str page, const struct ch_shard *shards, size_t count, struct ch_buf *out,
                                 struct ch_err *err);
};

/* Every function is pure and bounded, whatever bytes it is given: names and URLs come from clients and from
 * upstreams. Required unless it says NULL.
 *
 * A page is the unit that an upstream is asked for, that is parsed at once, judged and rendered under one generation:
 * (repository, page). It is a project's, and called like it; or, where is_page is not NULL, a document of many projects
 * (Conda: a subdir), whose records say each whose they are (ch_index_file.project). Store, log, URLs and intakes know a
 * file by its page and its name, which is on the page once; policy, denials, exceptions and refusals by its project.
 * All documents of a page are formats of one snapshot. */
struct ch_ecosystem {
    const char *name; /* configuration key; the row of deploy/cmake/ecosystems.cmake */
    bool made_up;     /* for trees with tests: what is shipped does not speak of it */
    const char *const *file_types; /* what split may call a file; NULL-terminated */
    /* Of file_types: what is built where it is installed, and what of the same version needs no building (T10). NULL:
     * there is no such type. */
    const char *source_type;
    const char *built_type;
    /* The only one of file_types in which inspection can find this (ch_finding_row). NULL: any, or none. */
    const char *(*type_of_finding)(uint32_t code);
    /* How names of files end, by which a word of a command is taken for one; NULL-terminated. */
    const char *const *file_endings;
    /* How its files are inspected: what `split` gives as profile; NULL-terminated. Names differ from those of
     * other ecosystems and from "zip" and "tar": `inspect --profile` knows them by it. */
    const char *const *profiles;
    /* Those of them by which an inspection says the same of the same bytes wherever they lie: it looks at no project, version
     * or name (T6). NULL-terminated; NULL: none. */
    const char *const *shared_profiles;

    /* --- names --- */
    /* The one spelling that stands for all that clients may write. False: no project's name. Idempotent. */
    bool (*normalise)(struct ch_str raw, char *ret, size_t ret_size);
    /* Whether an upstream may have a page of this name, that lists files of many projects. NULL: a page is a project's,
     * named as `normalise` has it. */
    bool (*is_page)(struct ch_str name);
    /* The one project whose files such a page lists, where its name says it: borrowed from it. NULL: pages are of many. */
    struct ch_str (*page_project)(struct ch_str page);
    /* What a file's name says. Never fails: a name that says nothing has file type "other", no version and no
     * profile, and is held. `project` is normalised: its own. */
    void (*split)(struct ch_str project, struct ch_str file_name, struct ch_release *ret);
    /* The project, normalised, of a release file of which nothing but the name is known; false when
     * the name has no such form. */
    bool (*project_of)(struct ch_str file_name, char *ret, size_t ret_size);
    /* Addresses say less of a file than its name: whether what classify gave as file_name stands for this file of the
     * page. NULL: they say the name. */
    bool (*is_meant)(struct ch_str asked, const struct ch_index_file *file);
    /* Where a file can lie that stands for what is asked of the project on no named page (CH_TARGET_ANY_PAGE): what names
     * of such pages begin with, and on them the file's. False: on none. NULL: nothing is asked for so. Where it is
     * there decided_on is, too. */
    bool (*linked_by)(struct ch_str project, struct ch_str asked, struct ch_buf *ret_page, struct ch_buf *ret_file);
    /* A page may be a pointer (a tag): the page on which such a file of it is decided, for every address alike; empty:
     * on none, so that it is never had. False: on this one. NULL: always so. */
    bool (*decided_on)(struct ch_str page, struct ch_str file_name, char *ret, size_t ret_size);
    const char *never_why; /* what who asks for one that is decided on none is told. NULL: that it is not there */
    /* All files of a version are one thing (an image): each of them is had where all of them may be, and no file
     * without the others. What is signed is signed of the whole. */
    bool whole_versions;
    /* Of these; by the file's name. NULL where whole_versions is false. */
    enum ch_whole (*whole)(struct ch_str file_name);
    /* The name of the facts that inspection writes of a LIST, one for each version that it lists, which its value begins
     * with, a blank behind it; and the page on which such a one of the same project lies; false: it is none. */
    const char *listed_fact;
    bool (*listed_page)(struct ch_str page, struct ch_str version, char *ret, size_t ret_size);

    /* --- versions --- */
    /* A total order over any two texts, as clients of the ecosystem have it: < 0, 0 (the same version), > 0. */
    int (*compare_versions)(struct ch_str a, struct ch_str b);
    /* What resolvers take only when nothing else fits. NULL: there are none. */
    bool (*is_prerelease)(struct ch_str version);
    /* Whether the specifier takes the version. "==VERSION" is one in every ecosystem: commands name one version by
     * it. CH_E_FORMAT: no specifier; the text says what was expected. */
    enum ch_code (*match_version)(struct ch_str spec, struct ch_str version, bool *ret_match,
                                  struct ch_err *err);
    /* The same of what a person denies by it: at least what match_version takes, and what else they would be
     * surprised to see pass. NULL: match_version. */
    enum ch_code (*match_denied)(struct ch_str spec, struct ch_str version, bool *ret_match,
                                 struct ch_err *err);
    /* Calls `fn` with versions such that whatever answers any version gives to these specifiers, one of
     * them gives the same. False when that cannot be said of them. */
    bool (*sample_versions)(const struct ch_str *specs, size_t count,
                            void (*fn)(void *arg, struct ch_str version), void *arg);

    /* Whether the match spec, by which users and policies name files of the ecosystem, is about this one. `of` NULL: it
     * is only read. CH_E_FORMAT: no spec, or one that asks for what a policy says otherwise; the text has the column
     * and what was expected. CH_E_MISMATCH: what it asks for is not known of the file. NULL: there are none. */
    enum ch_code (*match_spec)(struct ch_str spec, const struct ch_spec_subject *of, bool *ret_match,
                               struct ch_err *err);

    /* --- what a file needs beside itself --- */
    /* The name of the facts that inspection writes of it, one each. NULL: it writes none. */
    const char *dependency_fact;
    /* What the value of such a fact says, where these extras ("a,b") of its own project are asked for; absent: none.
     * False: nothing that could be read. NULL where dependency_fact is. */
    bool (*read_dependency)(struct ch_str value, struct ch_str extras, struct ch_dependency *ret);

    /* --- what a page's record tells clients of a file, against the facts that inspection found in it. `fn` is called for
     * each difference; what is said in it lives during the call. NULL: records tell nothing of their own. --- */
    void (*compare_record)(struct ch_str page, struct ch_str record, const struct ch_fact *facts, size_t fact_count,
                           ch_differs_fn *fn, void *arg);
    /* --- the same of a file of a whole (whole_versions), by what the others say of it. It asks for what was found in
     * others, and for nothing twice removed: what one is compared with is compared with none that is compared with it.
     * NULL: they say nothing of each other. --- */
    void (*compare_parts)(const struct ch_parts *whole, size_t file, ch_differs_fn *fn, void *arg);

    /* --- what a URL means: decoded segments after the repository's name (no empty one, no "." or ".."); `directory`
     * says whether the path ended in a slash. *ret is written whole; kind NONE: 404. A FILE names the project and
     * the file that the page lists, and every path to the same file names it alike (one decision). --- */
    void (*classify)(struct ch_str repository, const struct ch_str *segments, size_t count,
                     bool directory, struct ch_target *ret);
    const struct ch_index_format *formats; /* in order of preference when q ties */
    size_t format_count;
    /* The page in parts, beside its formats. NULL: there are none. Only where explains_held: what stands in for a held file
     * may be of another part. */
    const struct ch_shards_ops *shards;
    /* A part of a page in its first format, as a client asks for one: of the page's names, in their order (bytes), at most
     * `most` behind `last` (absent: from the first on). *ret_next is the last of them where more follow, else absent; it
     * lives as long as `page`. NULL: pages are had whole alone. */
    enum ch_code (*render_part)(const struct ch_page *page, struct ch_str last, uint64_t most, struct ch_buf *out,
                                struct ch_str *ret_next, struct ch_err *err);
    /* What clients are told that a file is, and the header in which they are told its digest, "sha256:HEX". NULL: bytes,
     * as all files are; there is none. */
    const char *(*media_type)(struct ch_str file_name);
    const char *digest_header;
    /* Its clients wait for so long for a file that is being inspected, and follow no redirect meanwhile. 0: as the
     * client's name says. */
    uint32_t hold_ms;
    /* Its addresses begin with this part, before the repository's name ("v2"), and errors are told in `errors`, a list of
     * code and message. NULL: with the repository's name. */
    const char *path_prefix;
    /* A held file stays on its page as CH_LIST_HELD with the reason, whatever else can be had: its record tells
     * resolvers to pass over it. False: as CH_LIST_YANKED where another one stands in for it, else plainly. */
    bool explains_held;

    /* --- the upstream: each appends an absolute URL; CH_E_LIMIT when the buffer is full --- */
    const char *page_accept; /* Accept header for a page */
    const char *file_accept; /* for a file. NULL: whatever it is */
    /* A page may lie there in several forms, counted from 0 (repodata.json.zst, repodata.json): each says the same, and
     * the next is asked for where one is not found (404, 410). CH_E_NOT_FOUND: there is no such form. */
    enum ch_code (*page_url)(struct ch_str base, struct ch_str project, unsigned form, struct ch_buf *url);
    /* Both may be NULL: there is no such document. Without sidecar_url no file is said to have metadata. */
    enum ch_code (*details_url)(struct ch_str api_base, struct ch_str project, struct ch_buf *url);
    enum ch_code (*sidecar_url)(struct ch_str file_url, struct ch_buf *url);
    /* The scanner's profile for a page of this Content-Type (without parameters). NULL: not a page we can read. */
    const char *(*page_profile)(struct ch_str content_type);

    /* --- asking ahead: which of the page's eligible files this client will most likely want next.
     * Writes at most `max` indices into page->files, best first; returns how many. `eligible[i]` says
     * whether files[i] may be asked for. NULL: nothing is asked ahead. --- */
    size_t (*wanted_next)(const struct ch_page *page, const bool *eligible, struct ch_str user_agent,
                          size_t *ret_indices, size_t max);

    /* NULL: no repository of it can be hosted. */
    const struct ch_push_ops *push;

    /* Its clients may send a token in front of the path, /t/TOKEN/REPOSITORY/... */
    bool token_in_path;

    /* Appends the line that a user needs ("pip install --index-url http://.../pypi/simple/ ..."). */
    void (*usage_line)(struct ch_str origin, struct ch_str repository, struct ch_buf *out);

    /* Which clients can take a file. NULL: nothing is said of that, and no file ever stands in for a held one. */
    const struct ch_clients_ops *clients;
};

extern const struct ch_ecosystem *const ch_ecosystems[]; /* NULL-terminated */
const struct ch_ecosystem *ch_ecosystem_find(struct ch_str name); /* NULL: unknown */
/* CH_OK: the ecosystem knows what the specifier says. CH_E_FORMAT: it does not; the text says what was expected. A
 * specifier that rules share is read by the ecosystem of the repository that a file is asked for in. */
enum ch_code ch_ecosystem_reads(const struct ch_ecosystem *eco, struct ch_str spec,
                                struct ch_err *err) CH_MUST_CHECK;
bool ch_ecosystem_is_page(const struct ch_ecosystem *eco, struct ch_str name);
/* Of one page, or of all. NULL: it has none. */
const struct ch_beside *ch_ecosystem_beside(const struct ch_ecosystem *eco, bool of_all);
bool ch_ecosystem_is_source(const struct ch_ecosystem *eco, const char *file_type);
bool ch_ecosystem_is_built(const struct ch_ecosystem *eco, const char *file_type);
/* Whether no version at all answers to the specifier; false also when that cannot be said. */
bool ch_ecosystem_has_no_version(const struct ch_ecosystem *eco, struct ch_str spec);
/* sample_versions of ecosystems for which it was not worked out: it cannot be said. */
bool ch_ecosystem_no_samples(const struct ch_str *specs, size_t count,
                             void (*fn)(void *arg, struct ch_str version), void *arg);

#endif
