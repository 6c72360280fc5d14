/* customhouse: one table of commands. `serve` supervises; most others ask a running server. */
#include <stdio.h>
#include <string.h>

#include "base/customhouse/commands/commands.h"

#define JSON                                                                                       \
    {                                                                                              \
        "--json", NULL, false, false, "answer in JSON"                                             \
    }
#define REPOSITORY                                                                                 \
    {                                                                                              \
        "--repository", "NAME", false, false, "of this repository; needed where several have it"   \
    }
#define WHAT_TEXT                                                                                  \
    "WHAT is pypi:NAME, conda:NAME, NAME==VERSION, a file name, a URL of this server or of an\n"   \
    "upstream, or sha256:HEX. Of a conda package that several subdirs have, SUBDIR/NAME is one."

#define NEW_SITE_OPTIONS                                                                           \
    {"--listen", "HOST:PORT", false, true,                                                         \
     "where clients connect, instead of what the configuration\n"                                  \
     "                          says (a new installation: 127.0.0.1:8080); written at init"},      \
        {"--insecure-http", NULL, false, false, "permit plain HTTP on other than loopback"},       \
        {"--pypi-upstream", "URL", false, false,                                                   \
         "index that a new installation mirrors (default: that of\n"                               \
         "                          this host's pip)"},                                            \
        {"--conda-channel", "NAME|URL", false, false,                                              \
         "channel that a new installation mirrors as well, as a\n"                                 \
         "                          repository of its name (a NAME: of the host that conda\n"      \
         "                          itself asks); nothing is asked of it before a client does"},   \
    {                                                                                              \
        "--approver", "NAME[:UID]", false, false,                                                  \
            "user of a new installation who decides on exceptions, and\n"                          \
            "                          who that is on this host; root and who starts the\n"        \
            "                          server are operators only then"                             \
    }

static const struct option init_options[] = {NEW_SITE_OPTIONS};
static const struct option serve_options[] = {
    NEW_SITE_OPTIONS,
    {"--admin-listen", "HOST:PORT", false, false,
     "where the administrative interface listens (default: what the\n"
     "                          configuration says, else 127.0.0.1, one port above the first\n"
     "                          that clients use); none: nowhere"},
};
static const struct option list_options[] = {JSON};
static const struct option explain_options[] = {REPOSITORY, JSON};
static const struct option sbom_options[] = {
    {"--format", "FORMAT", false, false,
     "cyclonedx (1.6, the default) or spdx (2.3); both are JSON"},
    REPOSITORY,
};
static const struct option gate_options[] = {
    {"--environment", "ENV", false, false,
     "prod or preprod; the images' repositories must be of it"},
    {"--platform", "PLATFORM", false, false,
     "of an index, the image for this one (default: for each\n"
     "                          that its repository lists); all: each image in it"},
    {"--wait", "SECONDS", false, false,
     "have what is not known or not inspected yet fetched and\n"
     "                          inspected, and wait so long at most (default: 0)"},
    {"--discard", NULL, false, false,
     "have what was pushed here and is denied taken from its\n"
     "                          repository, with all tags of it"},
    {"--sarif", "FILE", false, false, "write what was found there, too, in SARIF 2.1.0"},
    {"--junit", "FILE", false, false, "and the images as test cases, in JUnit's XML"},
    REPOSITORY,
    JSON,
};
static const struct option runtime_options[] = {
    {"--environment", "ENV", false, false, "only what was admitted for this one: prod, preprod"},
    {"--namespace", "NAME", false, false, "only what was admitted in this one"},
    {"--all", NULL, false, false, "list: what is still allowed, too"},
    {"--delete", NULL, false, false, "sweep: have the pods deleted that are found"},
    {"--kubernetes", "URL", false, false,
     "sweep: the cluster's API server (https://HOST:PORT);\n"
     "                          default: as a pod knows it by its service account"},
    {"--kubernetes-ca", "FILE", false, false,
     "sweep: the certificates that its own is from, in PEM"},
    {"--kubernetes-token", "FILE", false, false,
     "sweep: one that has the token of a service account"},
    {"--repository", "NAME", false, false, "only what is of this one"},
    JSON,
};
static const struct option queue_options[] = {
    {"--audited", NULL, false, false, "instead, what is served only because its repository audits"},
    JSON,
};
static const struct option rescan_options[] = {
    {"--all", NULL, false, false, "everything that was ever decided on"},
    {"--wait", NULL, false, false,
     "say what becomes of each file, and who fetched what is withdrawn"},
    REPOSITORY,
    JSON,
};
#define EXPIRES                                                                                    \
    {                                                                                              \
        "--expires", "WHEN", false, false,                                                         \
            "a date (2030-01-31), a time (2030-01-31T12:00:00Z), days (30d)\n"                     \
            "                          or hours (12h); default: what was asked for, or as the "    \
            "policy\n"                                                                             \
            "                          says"                                                       \
    }
#define EVIDENCE                                                                                   \
    {                                                                                              \
        "--evidence", "SHOWN", false, false,                                                       \
            "what a first run, or `exceptions show`, has shown; without it\n"                      \
            "                          nothing with findings is approved"                          \
    }
static const struct option approve_options[] = {
    {"--reason", "TEXT", false, false, "why; needed unless somebody else's request is approved"},
    EXPIRES,
    EVIDENCE,
    REPOSITORY,
    JSON,
};
static const struct option exceptions_options[] = {
    {"--reason", "TEXT", false, false, "request, renew, reject, revoke: why"}, EXPIRES,    EVIDENCE,
    {"--all", NULL, false, false, "list: those that have ended, too"},         REPOSITORY, JSON,
};
static const struct option deny_options[] = {
    {"--reason", "TEXT", true, false, "why; shown to those who are refused"},
    {"--expires", "WHEN", false, false, "a date (2030-01-31) or days (30d); default: never"},
    REPOSITORY,
    JSON,
};

static const struct option keys_options[] = {
    {"--reason", "TEXT", false, false, "rotate: why; shown with the key"},
    JSON,
};
static const struct option verify_options[] = {
    {"--key", "PEM", true, false, "the public key of the environment's approvals"},
    {"--environment", "ENV", true, false, "what the file is to be used in"},
    {"--bundle", "FILE", false, false,
     "the approval (default: FILE.vsa.sigstore.json, FILE.vsa.json\n"
     "                          or FILE.approval.sigstore.json beside it)"},
    {"--withdrawals", "FILE", false, false, "the signed list of what was withdrawn"},
    {"--withdrawals-key", "PEM", false, false,
     "the key that signs the list, where it is not --key any more"},
    JSON,
};

static const struct option own_options[] = {
    {"--upstream", "UPSTREAM", false, false, "give the name to this upstream of the repository"},
    {"--accept-older", NULL, false, false,
     "the owner has begun to count anew: its next answer counts,\n"
     "                          although it says that it is older than what is known"},
    {"--reason", "TEXT", false, false, "why; needed to change something"},
    REPOSITORY,
    JSON,
};

static const struct option user_options[] = {
    {"--name", "TEXT", false, false, "add: who that is, in words"},
    {"--service", NULL, false, false, "add: a program's account, which decides nothing"},
    {"--uid", "UID", false, false,
     "add: who has this uid (or account) on this host is the user,\n"
     "                          for these commands; revoke: only that"},
    {"--reason", "TEXT", false, false, "revoke: why"},
    JSON,
};

static const struct option group_options[] = {
    {"--role", "ROLE", false, false,
     "reader, requester, reviewer, approver, auditor, operator,\n"
     "                          scanner, scanner-reader or publisher"},
    {"--repository", "NAME", false, false, "where the role holds (default: in all)"},
    {"--environment", "NAME", false, false, "prod or preprod (default: both)"},
    {"--reason", "TEXT", false, false, "revoke: why"},
    JSON,
};

static const struct option token_options[] = {
    {"--user", "USER", false, false, "whose; a user's own needs no right"},
    {"--audience", "AUDIENCE", false, false, "add: what it is for: pull, push, scanner or admin"},
    {"--expires", "WHEN", false, false,
     "add: a date (2030-01-31) or a number of days (default: 90d),\n"
     "                          at most 366 days ahead"},
    {"--label", "TEXT", false, false, "add: where it is used"},
    {"--reason", "TEXT", false, false, "revoke: why"},
    JSON,
};

static const struct option inspect_options[] = {
    {"--profile", "PROFILE", false, false,
     "wheel, sdist, conda, conda-tar (.tar.bz2), oci-layer,\n"
     "                          oci-manifest, oci-index, oci-config, oci-statement,\n"
     "                          oci-empty, oci-blob (any file by its bytes), zip, tar\n"
     "                          (the bare archive), or auto (default)"},
    {"--rules", "DIR", false, true, "a folder of YARA rules, besides those that are shipped"},
    {"--files-from", "LIST", false, false, "a file with a path per line; -: standard input"},
    {"--sarif", "FILE", false, false, "write the findings there, too, in SARIF 2.1.0"},
    JSON,
};

static const struct option policy_options[] = {
    {"--against", "FILE", false, false,
     "test: a requirements file, uv.lock, poetry.lock, pylock.toml,\n"
     "                          the output of pip freeze, environment.yml, pixi.lock,\n"
     "                          conda-lock.yml or an explicit list of conda, line by line"},
    REPOSITORY,
    {"--reason", "TEXT", false, false, "set: why; shown in the history"},
    JSON,
};

static const struct option audit_options[] = {
    {"--key", "VKEY", false, false,
     "verify: whose signature the checkpoint must have (default: the\n"
     "                          key that the log's first entry names)"},
    {"--witness", "VKEY", false, true,
     "verify: who must have cosigned a checkpoint of it (default: those\n"
     "                          of the configuration are counted)"},
    {"--kind", "KIND", false, false, "search: decision, ruling, served, refused, policy, ..."},
    {"--what", "TEXT", false, false,
     "search: part of a project or file name, or the beginning of\n"
     "                          a digest"},
    {"--who", "TEXT", false, false,
     "search: part of a person, address or reason; erase: the\n"
     "                          person or address"},
    {"--from", "TIME", false, false, "search: from this day or time on (UTC)"},
    {"--to", "TIME", false, false, "search: up to this day or time"},
    {"--entry", "NUMBER", false, false, "erase: all texts of this entry"},
    {"--reason", "TEXT", false, false, "erase, accept: why; it is entered"},
};

static const struct option witness_options[] = {
    {"--state", "DIR", true, false, "a folder of its own, made where it is missing"},
    {"--listen", "HOST:PORT", true, false, "where logs ask it"},
    {"--log", "VKEY[@ORIGIN]", false, true,
     "key of a log whose checkpoints it cosigns (customhouse audit\n"
     "                          search --kind genesis shows it), and the log's origin where that\n"
     "                          is not the key's name; again for a key that takes its place"},
    {"--logs", "FILE", false, false,
     "the same, a line each, read again on SIGHUP as certificate\n"
     "                          and key are"},
    {"--name", "NAME", false, false,
     "what it signs as, written at its first start (default: made\n"
     "                          of its key): best a host name of yours, and a path"},
    {"--host-name", "NAME", false, true, "also answer requests for this host"},
    {"--tls-certificate", "FILE", false, false, "speak TLS: PEM, the chain, leaf first"},
    {"--tls-key", "FILE", false, false, "and its key"},
    {"--insecure-http", NULL, false, false, "permit plain HTTP on other than loopback"},
};

#define OPTIONS(list) .options = (list), .option_count = CH_ARRAY_LEN(list)

static const struct command_row commands[] = {
    {.name = "serve",
     .summary = "Serve clients until SIGTERM; SIGHUP reads the configuration again.",
     .text = "An empty or missing folder becomes an installation first.",
     OPTIONS(serve_options),
     .run = command_serve},
    {.name = "init",
     .summary = "Make a new installation without serving.",
     OPTIONS(init_options),
     .run = command_init},
    {.name = "check",
     .summary = "Check configuration, policy and credentials as a whole.",
     .run = command_check},
    {.name = "status",
     .summary = "Show the processes, the store and what is going on.",
     OPTIONS(list_options),
     .remote = true,
     .run = command_remote},
    {.name = "queue",
     .summary = "List what is being fetched and inspected, and what is held.",
     OPTIONS(queue_options),
     .remote = true,
     .run = command_remote},
    {.name = "explain",
     .words = "WHAT",
     .summary = "Say what is served and what is not, which rule says so, and until when.",
     .text = WHAT_TEXT,
     OPTIONS(explain_options),
     .remote = true,
     .run = command_remote},
    {.name = "sbom",
     .words = "ARTIFACT",
     .summary = "Print what a file or an image is made of, by what its inspection found.",
     .text = "ARTIFACT is a file's name or address, NAME==VERSION of a version of one file, "
             "sha256:HEX,\n"
             "or an image: NAME:TAG or NAME@sha256:HEX.",
     OPTIONS(sbom_options),
     .remote = true,
     .run = command_remote},
    {.name = "gate",
     .words = "IMAGE...",
     .summary = "Say whether images may run in an environment, for a pipeline to go on or not.",
     .text =
         "IMAGE is NAME:TAG, NAME@sha256:HEX, the same behind the host of this server and a\n"
         "repository, or behind that of a registry that it mirrors, the address of a manifest, or\n"
         "sha256:HEX. A tag is the digest that it stands for now, which is printed. Exit status:\n"
         "  0  each is allowed there, by its digest, and the audit log has it\n"
         "  1  at least one is not, not known, or not inspected yet: all that is known of it is\n"
         "     printed, with the log's entry of each decision and the proof of that\n"
         "  2  a mistake in the command\n"
         "  3  no answer: no server there, no right to ask, or a report that could not be written",
     OPTIONS(gate_options),
     .remote = true,
     .run = command_gate},
    {.name = "approve",
     .words = "WHAT",
     .summary = "Approve an exception: let something pass that the policy holds.",
     .text = WHAT_TEXT
     " Or the number of an exception that was\n"
     "asked for. All of it is fetched and inspected first. Who approves is another person than\n"
     "who asked: of what nobody has asked for, this is the request. Until an approver is named,\n"
     "and only while the server listens on loopback alone, it is both. A range (\"NAME>=1,<2\")\n"
     "lifts holds for age and licence only. What a release needs and cannot be had is named, and\n"
     "not approved.",
     OPTIONS(approve_options),
     .remote = true,
     .run = command_remote},
    {.name = "deny",
     .words = "WHAT",
     .summary = "Refuse something, whatever the policy says.",
     .text = WHAT_TEXT
     " A range is read widely: \">1.0\"\n"
     "denies 1.0.post1 and 1.0+local, \"<2\" 2.0rc1, which clients do not take by these words.",
     OPTIONS(deny_options),
     .remote = true,
     .run = command_remote},
    {.name = "exceptions",
     .words = "list|show|request|approve|reject|revoke|renew [WORD...]",
     .summary = "Ask for exceptions from the policy, decide on them, and end them.",
     .text = "list: those that are asked for or in force.\n"
             "show NUMBER: one, step by step, and what an approver has to read.\n"
             "request WHAT: asks for one, which grants nothing. WHAT as of `customhouse approve`.\n"
             "approve NUMBER: as `customhouse approve`.\n"
             "reject NUMBER: one that is asked for. revoke NUMBER: one that is in force, at once.\n"
             "renew NUMBER: asks for another that takes the place of one in force.",
     OPTIONS(exceptions_options),
     .remote = true,
     .run = command_remote},
    {.name = "runtime",
     .words = "list|sweep",
     .summary = "Find what clusters were told may run, and may not any more.",
     .text =
         "list: images that were admitted and whose approval has ended since, with the namespaces\n"
         "  and when.\n"
         "sweep: the pods there that run one all the same, by the image ids in their status.\n"
         "  Nothing is deleted without --delete. Exit status: 0 no pod runs one any more, 1 some "
         "do,\n"
         "  or not all could be looked at.",
     OPTIONS(runtime_options),
     .remote = true,
     .run = command_runtime},
    {.name = "fetched-by",
     .words = "WHAT",
     .summary = "List the clients who got something.",
     .text = WHAT_TEXT,
     OPTIONS(explain_options),
     .remote = true,
     .run = command_remote},
    {.name = "rescan",
     .words = "[WHAT]",
     .summary = "Inspect again what is known already.",
     .text = WHAT_TEXT
     "\nWithout WHAT: says how far the rescan is that follows new rules by itself; with\n"
     "--wait does what is left of it at once.",
     OPTIONS(rescan_options),
     .remote = true,
     .run = command_remote},
    {.name = "own",
     .words = "[NAME]",
     .summary = "Show which upstream owns a name, or give it to another one.",
     .text =
         "The first upstream that has a name owns it; no other is asked for it. Given to another "
         "one,\n"
         "files of the former owner are no longer answered under the name. Without NAME: all.",
     OPTIONS(own_options),
     .remote = true,
     .run = command_remote},
    {.name = "policy",
     .words = "show|test|propose|proposals|agree|withdraw|set|history|diff [WORD...]",
     .summary = "Show the policy, try another one, put it in force, and look back.",
     .text =
         "show: what is in force, defaults and lines included, and since when.\n"
         "test [NEW.yaml]: what would change among all known files, and (--against) what "
         "becomes of\n"
         "  a lock file's lines. Nothing is changed. Exit status 1: something gets worse.\n"
         "propose NEW.yaml: says what changes, and that who may change the policy agrees to it:\n"
         "  then who has its files may set it.\n"
         "proposals [N]: what is proposed; what one would change, and who has agreed to it.\n"
         "agree N: says what it changes, and that another one agrees to just that; exceptions:\n"
         "  two_approvers: always asks for two. withdraw N: takes back what you have agreed to.\n"
         "set NEW.yaml: says what changes, then puts it in the place of policy.yaml, and in "
         "force.\n"
         "history: what was in force since when, by whom and why.\n"
         "diff [A [B]]: what differs in meaning and as text; A, B: numbers of the history or\n"
         "  digests (default: the one before, and the one in force).",
     OPTIONS(policy_options),
     .remote = true,
     .run = command_policy},
    {.name = "audit",
     .words = "verify|search|export|erase|accept|settle",
     .summary =
         "Check, search and write out the audit log, without the server; erase whom it names.",
     .text =
         "verify: recomputes the whole tree, compares hashes, checkpoint and database in both\n"
         "  directions, and names what was altered. Exit status: 0 as logged, 1 altered, 2 not\n"
         "  readable.\n"
         "search: entries as lines of JSON, with the persons and texts that were not erased.\n"
         "export: all entries, a line each, byte for byte.\n"
         "erase: the texts that entries have only commitments to, by the server. The log stands\n"
         "  without them, and says that they were erased.\n"
         "accept: entries that wait in the database under no seal of the log's key are signed on\n"
         "  your word, by the server: after an upgrade, or when the key was lost.\n"
         "settle: rows about users, groups and tokens that are not as the log says have ended, on\n"
         "  your word, by the server: until then nothing new is given. First restore the newest\n"
         "  backup, if there is one that has them: what was settled does not come back.",
     OPTIONS(audit_options),
     .remote = true,
     .run = command_audit},
    {.name = "keys",
     .words = "list|show|rotate [NAME...]",
     .summary = "List the signing keys, show one, or put a new one in its place.",
     .text = "list: all there ever were, and since when they sign.\n"
             "show NAME: one (PURPOSE-ID), or all of a purpose, with their public halves in PEM.\n"
             "rotate PURPOSE: a new key signs from now on; what the former one signed stands.",
     OPTIONS(keys_options),
     .remote = true,
     .run = command_remote},
    {.name = "user",
     .words = "add|list|revoke [USER...]",
     .summary = "Add users and service accounts, list them, or take one away.",
     .text =
         "add USER: a name of a-z 0-9 . _ -, given once; with --uid and a USER that is there, one "
         "more\n"
         "  uid. What a user may, groups say.\n"
         "revoke USER: with all uids, memberships and tokens, at once.",
     OPTIONS(user_options),
     .remote = true,
     .run = command_remote},
    {.name = "group",
     .words = "add|list|revoke [GROUP [USER...]]",
     .summary = "Say who is in which group, and what that gives.",
     .text = "add GROUP USER...: puts users into it. add GROUP --role ROLE: gives it a role. A "
             "group is\n"
             "  what it has.\n"
             "revoke GROUP USER..., revoke GROUP --role ROLE: takes that away; revoke GROUP: all "
             "of it.\n"
             "Nobody holds operator and approver, over all groups.",
     OPTIONS(group_options),
     .remote = true,
     .run = command_remote},
    {.name = "token",
     .words = "add|list|revoke [ID...]",
     .summary = "Make tokens for programs, list them, or take them back.",
     .text = "add: prints the token, which is not kept and not shown again. Clients give it as "
             "password,\n"
             "  with any user name.\n"
             "revoke ID...: it counts no more, at once.",
     OPTIONS(token_options),
     .remote = true,
     .run = command_remote},
    {.name = "verify",
     .words = "FILE",
     .summary = "Say whether a local file was approved for an environment, without a server.",
     .text =
         "Exit status: 0 it was, 1 it was not, or was withdrawn; 2 usage, or something is "
         "missing.\n"
         "Without --withdrawals nothing says that the approval still stands.\n"
         "After keys rotate, a file that was approved before has --key of then; the list is signed "
         "by the\nkey of now: --withdrawals-key.",
     OPTIONS(verify_options),
     .run = command_verify},
    {.name = "inspect",
     .words = "[FILE...]",
     .summary = "Inspect local files in the same jails, without a server.",
     .text =
         "A file is read as its name says, or as --profile says. Exit status:\n"
         "  0  each file was read to its end, and has nothing above a note\n"
         "  1  the same, and at least one has findings above a note\n"
         "  2  at least one is not readable as what it is read as (it cannot be opened, is empty,\n"
         "     cut off or something else, or its inspection was not finished), or a mistake in\n"
         "     the command; the others are shown all the same",
     OPTIONS(inspect_options),
     .run = command_inspect},
    {.name = "witness",
     .summary = "Cosign the checkpoints of logs elsewhere (C2SP tlog-witness).",
     .text = "Prints its own verifier key, which the logs' configurations need (witnesses). It "
             "keeps what\n"
             "it has cosigned in --state, a folder of its own, and cosigns nothing that "
             "contradicts it.\n"
             "Where that folder is lost, begin with another one: the key must not sign again.\n"
             "It belongs on a machine that whoever runs the log does not run.",
     OPTIONS(witness_options),
     .run = command_witness},
    {.name = "version", .summary = "Print the version.", .run = command_version},
};

static void print_commands(FILE *to)
{
    fprintf(to, "Usage: customhouse COMMAND [OPTION]...\n\nCommands:\n");
    for (size_t i = 0; i < CH_ARRAY_LEN(commands); i++) {
        fprintf(to, "  %-11s %s\n", commands[i].name, commands[i].summary);
    }
    fprintf(to, "\n`customhouse COMMAND --help` says more.\n");
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        print_commands(stderr);
        return 2;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        print_commands(stdout);
        return command_said(0);
    }
    const char *name = strcmp(argv[1], "--version") == 0 ? "version" : argv[1];
    for (size_t i = 0; i < CH_ARRAY_LEN(commands); i++) {
        const struct command_row *row = &commands[i];
        struct args args = {.count = 0};
        struct ch_err err;
        if (strcmp(row->name, name) != 0) {
            continue;
        }
        if (args_parse(row, argc - 2, argv + 2, &args, &err) != CH_OK) {
            return command_failed(&err);
        }
        int status = 0;
        if (args.help) {
            args_print_help(row);
            status = command_said(0);
        } else {
            status = row->run(row, &args);
        }
        args_done(&args);
        return status;
    }
    fprintf(stderr, "customhouse: unknown command (see customhouse --help)\n");
    return 2;
}
