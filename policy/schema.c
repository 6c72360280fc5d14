/* Every key of policy.yaml. */
#include "schema.h"

#include "policy_int.h"

enum {
    FORMAT_VERSION = 1,
    COOL_DOWN_MAX_DAYS = 3650,
    CONFIRM_MAX_HOURS = 168,
    AGE_MAX_DAYS = 36500,
    REASON_MAX = 120,
};

static const char *const modes[] = {[CH_MODE_ALLOW_LIST] = "allow-list",
                                    [CH_MODE_QUARANTINE] = "quarantine",
                                    [CH_MODE_AUDIT] = "audit",
                                    NULL};
static const char *const lookups[] = {
    [CH_LOOKUP_NEVER] = "never", [CH_LOOKUP_UPSTREAM] = "upstream", NULL};
static const char *const severities[] = {[CH_SEVERITY_INFO] = "info",
                                         [CH_SEVERITY_LOW] = "low",
                                         [CH_SEVERITY_MEDIUM] = "medium",
                                         [CH_SEVERITY_HIGH] = "high",
                                         NULL};
static const char *const sdists[] = {[CH_SDISTS_NEVER] = "never",
                                     [CH_SDISTS_WHEN_NO_WHEEL] = "when-no-wheel",
                                     [CH_SDISTS_ALWAYS] = "always",
                                     NULL};
static const char *const thens[] = {[CH_THEN_HOLD] = "hold", [CH_THEN_ALLOW] = "allow", NULL};
static const char *const change_holds[] = {[CH_CHANGES_CAPABILITY] = "capability",
                                           [CH_CHANGES_COMBINED] = "combined",
                                           [CH_CHANGES_NONE] = "none",
                                           NULL};
static const char *const two_approvers[] = {[CH_TWO_APPROVERS_ALWAYS] = "always",
                                            [CH_TWO_APPROVERS_CRITICAL] = "critical",
                                            [CH_TWO_APPROVERS_NEVER] = "never",
                                            NULL};
static const char *const actions[] = {
    [CH_RULE_HOLD] = "hold", [CH_RULE_ALLOW] = "allow", [CH_RULE_DENY] = "deny", NULL};
static const char *const likenesses[] = {"distance",   "swap",     "separator",
                                         "look-alike", "combined", NULL};
static const char *const unknown_licence[] = {"unknown", NULL};
static const char *const liftable[] = {"cool-down",  "finding", "rule",    "identity",
                                       "build-code", "name",    "licence", NULL};
const char *const ch_policy_change_names[] = {"capability", "size", "maintainer", "silence", NULL};

#define END                                                                                        \
    {                                                                                              \
        .key = NULL                                                                                \
    }
#define S(field) .offset = offsetof(struct ch_settings, field)
#define R(field) .offset = offsetof(struct ch_rule, field)

/* --- settings --- */

static const struct ch_key cool_down_keys[] = {
    {.key = "ecosystems",
     .type = CH_KEY_NUMBERS,
     S(cool_down_ecosystems),
     .max = COOL_DOWN_MAX_DAYS,
     .unit = "days",
     .doc = "Days by ecosystem, where they differ: {pypi: 10}"},
    {.key = "trusted",
     .type = CH_KEY_PROJECTS,
     S(trusted),
     .doc = "Projects that wait for trusted_days only: names, patterns, $LISTs."},
    {.key = "trusted_days",
     .type = CH_KEY_NUMBER,
     S(trusted_days),
     .max = COOL_DOWN_MAX_DAYS,
     .unit = "days",
     .def = "1",
     .doc = "Days for trusted projects."},
    {.key = "fix_days",
     .type = CH_KEY_NUMBER,
     S(fix_days),
     .max = COOL_DOWN_MAX_DAYS,
     .unit = "days",
     .def = "0",
     .doc = "Days for a version that an advisory names as the fix of a known vulnerability."},
    END};

static const struct ch_key build_keys[] = {
    {.key = "sdists",
     .type = CH_KEY_CHOICE,
     S(sdists),
     .choices = sdists,
     .def = "when-no-wheel",
     .doc = "Source distributions pass: when-no-wheel (only of versions that have no wheel),\n"
            "always, or never."},
    {.key = "code",
     .type = CH_KEY_CHOICE,
     S(build_code),
     .choices = thens,
     .def = "hold",
     .doc = "What runs when an sdist is built and is not permitted below: hold or allow."},
    {.key = "permit",
     .type = CH_KEY_PATTERNS,
     S(build_permit),
     .fact = CH_FACT_INSTALL_CODE + 1u,
     .def = "setup.py, build-backend setuptools.build_meta, "
            "build-backend setuptools.build_meta:__legacy__, build-backend hatchling.build, "
            "build-backend flit_core.buildapi, build-backend poetry.core.masonry.api, "
            "build-backend pdm.backend, build-backend pdm.pep517.api, build-backend maturin, "
            "build-backend mesonpy, build-backend scikit_build_core.build, build-backend uv_build, "
            "build-backend sipbuild.api",
     .doc = "What may run then: values of install-code, or patterns of them. A setup.py that does\n"
            "more than it has to is \"setup.py beyond declarations\" as well."},
    END};

static const struct ch_key auto_load_keys[] = {
    {.key = "then",
     .type = CH_KEY_CHOICE,
     S(auto_load),
     .choices = thens,
     .def = "hold",
     .doc = "hold or allow. Known ways of known projects pass (the list comes with the program)."},
    {.key = "old_after_days",
     .type = CH_KEY_NUMBER,
     S(auto_load_days),
     .max = AGE_MAX_DAYS,
     .unit = "days",
     .def = "180",
     .doc = "A project that is this old may have what it always had; of any project, what the\n"
            "release approved before it did not have is held."},
    END};

static const struct ch_key change_keys[] = {
    {.key = "hold",
     .type = CH_KEY_CHOICE,
     S(changes),
     .choices = change_holds,
     .def = "combined",
     .doc = "combined: what runs at install time or by itself, native code, network, process or\n"
            "credential access that is new, when the maintainer is new too or the release follows\n"
            "a long silence. capability: whatever it can do that the release approved before it\n"
            "could not. none: rules alone."},
    END};

static const struct ch_key name_keys[] = {{.key = "then",
                                           .type = CH_KEY_CHOICE,
                                           S(names),
                                           .choices = thens,
                                           .def = "hold",
                                           .doc = "hold or allow."},
                                          {.key = "young_days",
                                           .type = CH_KEY_NUMBER,
                                           S(names_days),
                                           .min = 1,
                                           .max = AGE_MAX_DAYS,
                                           .unit = "days",
                                           .def = "180",
                                           .doc = "Only projects younger than this are held."},
                                          {.key = "anonymous_days",
                                           .type = CH_KEY_NUMBER,
                                           S(names_anonymous_days),
                                           .min = 1,
                                           .max = AGE_MAX_DAYS,
                                           .unit = "days",
                                           .def = "365",
                                           .doc = "The same of projects that say neither who made them nor where they are at\n"
                                                  "home, if it is more. What they say shortens nothing: anybody can say it."},
                                          END};

static const struct ch_key licence_keys[] = {
    {.key = "permit",
     .type = CH_KEY_LICENCES,
     S(licence_permit),
     .doc =
         "If given, only these: SPDX identifiers, patterns, $LISTs. Of an OR one side is enough."},
    {.key = "forbid",
     .type = CH_KEY_LICENCES,
     S(licence_forbid),
     .doc = "Not these; with an exception (WITH) only if permit names the two together."},
    {.key = "unknown",
     .type = CH_KEY_CHOICE,
     S(licence_unknown),
     .choices = thens,
     .def = "allow",
     .doc = "Files that state no licence we can read: hold or allow."},
    END};

static const struct ch_key exception_keys[] = {
    {.key = "default_days",
     .type = CH_KEY_NUMBER,
     S(exception_days),
     .min = 1,
     .max = COOL_DOWN_MAX_DAYS,
     .unit = "days",
     .def = "30",
     .doc = "How long an exception lasts when nobody says otherwise."},
    {.key = "max_days",
     .type = CH_KEY_NUMBER,
     S(exception_max_days),
     .min = 1,
     .max = COOL_DOWN_MAX_DAYS,
     .unit = "days",
     .def = "365",
     .doc = "None lasts longer; it can be renewed."},
    {.key = "two_approvers",
     .type = CH_KEY_CHOICE,
     S(exception_approvers),
     .choices = two_approvers,
     .def = "critical",
     .doc = "When two persons have to approve, neither of whom asked: critical (it covers a finding\n"
            "of severity high, a file that the upstream took away, or one whose sibling is denied\n"
            "as an attack), always, or never."},
    END};

/* --- lists --- */

const struct ch_key ch_policy_list_kinds[] = {
    {.key = "projects", .type = CH_KEY_PROJECTS, .min = 1, .doc = "Project names and patterns."},
    {.key = "licences",
     .type = CH_KEY_LICENCES,
     .min = 1,
     .doc = "SPDX licence identifiers and patterns."},
    {.key = "patterns",
     .type = CH_KEY_PATTERNS,
     .min = 1,
     .doc = "Values of facts, and patterns of them."},
    {.key = "specs", .type = CH_KEY_SPECS, .min = 1, .doc = "Match specs of conda."},
    END};

/* --- the whole file --- */

const struct ch_key ch_policy_keys[] = {
    {.key = "version",
     .type = CH_KEY_FORMAT,
     .min = FORMAT_VERSION,
     .max = FORMAT_VERSION,
     .def = "1",
     .doc = "Version of this format."},
    {.key = "mode",
     .type = CH_KEY_CHOICE,
     S(mode),
     .choices = modes,
     .def = "quarantine",
     .doc =
         "quarantine: what nothing holds passes. allow-list: only what an allow rule below\n"
         "matches. audit: what would be held passes, and is recorded as it would have been; what\n"
         "is denied as an attack or by a person, and what is not inspected, still does not pass."},
    {.key = "lookup",
     .type = CH_KEY_CHOICE,
     S(lookup),
     .choices = lookups,
     .def = "upstream",
     .doc =
         "never, with mode allow-list: names that no allow rule lists are not even sent upstream."},
    {.key = "cool_down_days",
     .type = CH_KEY_NUMBER,
     S(cool_down_days),
     .max = COOL_DOWN_MAX_DAYS,
     .unit = "days",
     .def = "7",
     .doc =
         "Files pass once they have been public for this many days. Most malicious releases are\n"
         "found and taken down within a week. 0: no cool-down."},
    {.key = "cool_down",
     .type = CH_KEY_SECTION,
     .section = cool_down_keys,
     .doc = "Who waits for less, or more."},
    {.key = "index_confirm_hours",
     .type = CH_KEY_NUMBER,
     S(index_confirm_hours),
     .max = CONFIRM_MAX_HOURS,
     .unit = "hours",
     .def = "1",
     .doc =
         "A file is released by time only if the upstream index was seen to list it at the end of\n"
         "its cool-down, or at most this many hours before: what was taken down meanwhile stays\n"
         "held."},
    {.key = "release_yanked",
     .type = CH_KEY_BOOL,
     S(release_yanked),
     .def = "false",
     .doc = "Whether files that the upstream marks as yanked are released by time."},
    {.key = "require_hash",
     .type = CH_KEY_BOOL,
     S(require_hash),
     .def = "false",
     .doc = "Hold files for which the upstream index states no sha256."},
    {.key = "hold_weak_hash",
     .type = CH_KEY_BOOL,
     S(hold_weak_hash),
     .def = "true",
     .doc = "Hold files for which the upstream index states only an md5 or sha1 hash: two files with\n"
            "one such hash can be made."},
    {.key = "require_external_verdict",
     .type = CH_KEY_BOOL,
     S(require_external_verdict),
     .def = "false",
     .doc = "Hold images until an external scanner says Passed of them (PATCH /acr/v1/...), beside all\n"
            "else that holds them. Failed holds in any case."},
    {.key = "hold_findings",
     .type = CH_KEY_CHOICE,
     S(hold_findings),
     .choices = severities,
     .def = "high",
     .doc = "Irregular findings from this severity on hold a file until a person approves it:\n"
            "info, low, medium or high."},
    {.key = "build",
     .type = CH_KEY_SECTION,
     .section = build_keys,
     .doc = "Source distributions run code of the project on the machine that installs them."},
    {.key = "auto_load",
     .type = CH_KEY_SECTION,
     .section = auto_load_keys,
     .doc = "What runs without being imported by name: .pth files, plug-ins, start-up files."},
    {.key = "changes",
     .type = CH_KEY_SECTION,
     .section = change_keys,
     .doc = "What a release can do that the one approved before it could not."},
    {.key = "names",
     .type = CH_KEY_SECTION,
     .section = name_keys,
     .doc = "Young projects that are named much like a well-known one."},
    {.key = "licences",
     .type = CH_KEY_SECTION,
     .section = licence_keys,
     .doc =
         "Licences as the package states them. An expression is evaluated: of OR one side has to\n"
         "be permitted, of AND both."},
    {.key = "exceptions",
     .type = CH_KEY_SECTION,
     .section = exception_keys,
     .doc = "What people let pass although it is held: each with a reason, an end, and approvers."},
    {.key = "lists",
     .type = CH_KEY_LISTS,
     .section = ch_policy_list_kinds,
     .doc =
         "Lists that are spoken of as $NAME, by kind: projects, licences, patterns, specs. Each is a\n"
         "list, or {file: NAME}: a file beside this one with an entry per line, # for comments."},
    {.key = "environments",
     .type = CH_KEY_OVERRIDES,
     .doc =
         "Other settings for the repositories of an environment: {preprod: {cool_down_days: 1}}.\n"
         "All keys above but version and lists."},
    {.key = "repositories",
     .type = CH_KEY_OVERRIDES,
     .doc = "Other settings for a repository: {pypi: {mode: audit}}. They go before those of its\n"
            "environment."},
    {.key = "rules", .type = CH_KEY_RULES, .doc = "Rules, in order."},
    END};

/* --- rules --- */

#define FACT(code, word, show, text)                                                               \
    {                                                                                              \
        .key = (word), .type = CH_KEY_PATTERNS, R(facts[code]), .min = 1, .fact = (code) + 1u,     \
        .example = (show), .doc = (text)                                                                              \
    }

const struct ch_key ch_policy_rule_keys[] = {
    {.key = "name",
     .type = CH_KEY_RULE_NAME,
     R(name),
     .max = CH_RULE_NAME_MAX,
     .doc = "Shown in refusals."},
    {.key = "project",
     .type = CH_KEY_PROJECTS,
     R(projects),
     .min = 1,
     .example = "[flask, acme-*]",
     .doc = "* stands for text without \"-\", ** for any\ntext, $NAME for a list"},
    {.key = "version",
     .type = CH_KEY_VERSION,
     R(version),
     .example = "\">=1.2,<2\"",
     .doc = "specifier"},
    {.key = "match",
     .type = CH_KEY_SPECS,
     R(specs),
     .min = 1,
     .example = "[\"numpy >=1,<2\", \"mkl[build=*_intel]\"]",
     .doc = "match specs of conda, $NAME for a list"},
    {.key = "repository",
     .type = CH_KEY_NAMES,
     R(repositories),
     .min = 1,
     .example = "[pypi]",
     .doc = "names"},
    {.key = "environment",
     .type = CH_KEY_NAMES,
     R(environments),
     .min = 1,
     .example = "prod",
     .doc = "of the repository"},
    {.key = "ecosystem",
     .type = CH_KEY_ECOSYSTEMS,
     R(ecosystems),
     .min = 1,
     .example = "[pypi]",
     .doc = "names"},
    {.key = "file_type",
     .type = CH_KEY_FILE_TYPES,
     R(file_types),
     .min = 1,
     .example = "[wheel, sdist]",
     .doc = "wheel, sdist, egg, conda, conda-tar, manifest, index,\nconfig, layer, statement, other"},
    {.key = "larger_than",
     .type = CH_KEY_SIZE,
     R(larger_than),
     .max = UINT64_MAX / 2,
     .example = "500MiB",
     .doc = "size of the file"},
    {.key = "older_than_days",
     .type = CH_KEY_NUMBER,
     R(older_than_days),
     .min = 1,
     .max = AGE_MAX_DAYS,
     .unit = "days",
     .example = "30",
     .doc = "public for longer"},
    {.key = "younger_than_days",
     .type = CH_KEY_NUMBER,
     R(younger_than_days),
     .min = 1,
     .max = AGE_MAX_DAYS,
     .unit = "days",
     .example = "30",
     .doc = "public for less"},
    {.key = "finding",
     .type = CH_KEY_FINDINGS,
     R(findings),
     .min = 1,
     .example = "[zip-comment, irregular/medium]",
     .doc = "names, CLASS, SEVERITY (and above),\nCLASS/SEVERITY"},
    {.key = "upstream_yanked",
     .type = CH_KEY_BOOL,
     R(yanked),
     .example = "true",
     .doc = "marked as yanked by the upstream"},
    FACT(CH_FACT_CAPABILITY, "capability", "[network, process]",
         "what its code can do: network, process,\ndynamic-code, native-code, credentials,\n"
         "environment, persistence"),
    FACT(CH_FACT_INSTALL_CODE, "install_code", "[setup.py, \"setup.cfg **\"]",
         "what runs when it is built or installed"),
    FACT(CH_FACT_INSTALL_CAPABILITY, "install_capability", "network", "what that code can do"),
    FACT(CH_FACT_AUTO_LOAD, "auto_load", "[\"pth **\", \"entry-point pytest11\"]",
         "what runs without being imported by name"),
    FACT(CH_FACT_NATIVE, "native", "\"elf x86-64\"", "native code: \"FORMAT MACHINE\""),
    FACT(CH_FACT_LIBRARY, "library", "libcurl**", "a library that native code loads"),
    {.key = "licence",
     .type = CH_KEY_LICENCES,
     R(facts[CH_FACT_LICENCE]),
     .min = 1,
     .choices = unknown_licence,
     .example = "[AGPL-3.0-only, unknown]",
     .doc = "hold, deny: it cannot be used without one of\nthese, or states none (unknown); allow: "
            "these\nare enough"},
    FACT(CH_FACT_CONTENT, "content", "notebook", "a type of content that is in it"),
    {.key = "changed",
     .type = CH_KEY_CHANGES,
     R(changed),
     .min = 1,
     .example = "[maintainer, capability/network]",
     .doc =
         "against the release approved before it:\ncapability (any), size, maintainer, silence,\n"
         "install-code, install-capability, auto-load,\nnative, library, or FACT/VALUE"},
    {.key = "likeness",
     .type = CH_KEY_CHOICES,
     R(likeness),
     .min = 1,
     .choices = likenesses,
     .example = "[swap]",
     .doc = "its name is much like a well-known one:\ndistance, swap, separator, look-alike, "
            "combined"},
    {.key = "has_wheel",
     .type = CH_KEY_BOOL,
     R(has_wheel),
     .example = "true",
     .doc = "the version has a wheel"},
    {.key = "fixes_vulnerability",
     .type = CH_KEY_BOOL,
     R(fixes_vulnerability),
     .example = "true",
     .doc = "an advisory names this version as the fix"},
    {.key = "then",
     .type = CH_KEY_CHOICE,
     R(then),
     .choices = actions,
     .doc = "hold, deny, or allow."},
    {.key = "lifts",
     .type = CH_KEY_CHOICES,
     R(lifts),
     .choices = liftable,
     .doc = "With then: allow, the holds that it lifts: cool-down, finding, rule, identity,\n"
            "build-code, name, licence."},
    {.key = "reason",
     .type = CH_KEY_TEXT,
     R(reason),
     .max = REASON_MAX,
     .doc = "What the user reads: one line."},
    END};
