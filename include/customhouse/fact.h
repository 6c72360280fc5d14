/* Facts: what inspection says a file is and does, as (name, value) pairs. They are no verdict: policy
 * judges them, and compares those of a release with those of the one approved before it.
 *
 * One table names those that policy may speak of, another one (base/core/fact.c) the forms of their
 * values. Slices of text from the file itself stand in values as they are; whoever shows them escapes
 * them. */
#ifndef CUSTOMHOUSE_FACT_H
#define CUSTOMHOUSE_FACT_H

#include "customhouse/bytes.h"

/* code, "name", whether a new value is a change of capability, description of the value */
#define CH_FACTS(X)                                                                                \
    X(CH_FACT_CAPABILITY, "capability", true,                                                      \
      "what the code can do: network, process, dynamic-code, native-code, credentials, "           \
      "environment, persistence")                                                                  \
    X(CH_FACT_INSTALL_CODE, "install-code", true,                                                  \
      "what runs when it is built or installed: \"setup.py\", \"setup.cfg cmdclass NAME\", "       \
      "\"backend-path\", \"build-backend NAME\"")                                                  \
    X(CH_FACT_INSTALL_CAPABILITY, "install-capability", true,                                      \
      "the same as capability, of the code that runs when it is built or installed")               \
    X(CH_FACT_AUTO_LOAD, "auto-load", true,                                                        \
      "what runs without being imported by name (T17): \"pth NAME\", \"start NAME\", "             \
      "\"entry-point GROUP\", \"sitecustomize\", \"data TARGET\", \"script NAME\", "               \
      "\"top-level NAME\"")                                                                        \
    X(CH_FACT_NATIVE, "native", true, "native code: \"FORMAT MACHINE\", such as \"elf x86-64\"")   \
    X(CH_FACT_LIBRARY, "library", true, "a library that native code loads")                        \
    X(CH_FACT_LICENCE, "licence", false,                                                           \
      "canonical SPDX expression of the whole file; absent when none is stated")                   \
    X(CH_FACT_CONTENT, "content", false, "a type of content that is there: \"notebook\", \"zip\"")

enum ch_fact_code {
#define CH_FACT_ENUM(code, name, capability, text) code,
    CH_FACTS(CH_FACT_ENUM)
#undef CH_FACT_ENUM
    CH_FACT_COUNT
};

struct ch_fact_row {
    const char *name; /* in a stream, in the store, in a policy */
    bool capability;
    const char *text;
};

const struct ch_fact_row *ch_fact_row(enum ch_fact_code code);
const struct ch_fact_row *ch_fact_by_name(struct ch_str name); /* NULL: free-form, no policy */

enum ch_fact_code ch_fact_code_of(const struct ch_fact_row *row);

/* The forms of its values, the telling ones first; NULL-terminated. A form is a word, or ends in "**":
 * then a text of the file's own follows. A scanner writes no other value, so that a policy which asks
 * for another one is a mistake. */
const char *const *ch_fact_forms(enum ch_fact_code code);
bool ch_fact_has_form(enum ch_fact_code code, struct ch_str value);
/* The only type of file that has such facts ("sdist"); NULL: any that is inspected. */
const char *ch_fact_file_type(enum ch_fact_code code);

/* auto-load "script NAME": whether a script of this name would be taken for a common command. */
bool ch_command_is_known(struct ch_str name);
/* auto-load "entry-point GROUP": whether tools load the entries of this group by themselves. */
bool ch_group_loads_by_itself(struct ch_str group);

struct ch_fact {
    struct ch_str name; /* lower case, digits, '-' */
    struct ch_str value;
};

#endif
