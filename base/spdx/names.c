#include "base/spdx/spdx_int.h"
#include "customhouse/limits.h"

static int lower(char c)
{
    return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : (unsigned char)c;
}

static int compare_nocase(struct ch_str a, const char *b)
{
    size_t i = 0;
    for (; i < a.len && b[i] != '\0'; i++) {
        if (lower(a.ptr[i]) != lower(b[i])) {
            return lower(a.ptr[i]) - lower(b[i]);
        }
    }
    return i < a.len ? 1 : b[i] != '\0' ? -1 : 0;
}

static const char *find(const struct ch_spdx_id *list, size_t count, struct ch_str id)
{
    size_t low = 0;
    while (low < count) {
        size_t middle = low + (count - low) / 2;
        int order = compare_nocase(id, list[middle].id);
        if (order == 0) {
            return list[middle].id;
        }
        if (order > 0) {
            low = middle + 1;
        } else {
            count = middle;
        }
    }
    return NULL;
}

const char *ch_spdx_find_licence(struct ch_str id)
{
    return find(ch_spdx_licences, ch_spdx_licences_count, id);
}

const char *ch_spdx_find_exception(struct ch_str id)
{
    return find(ch_spdx_exceptions, ch_spdx_exceptions_count, id);
}

const char *ch_spdx_licence_at(size_t i)
{
    return i < ch_spdx_licences_count ? ch_spdx_licences[i].id : NULL;
}

const char *ch_spdx_exception_at(size_t i)
{
    return i < ch_spdx_exceptions_count ? ch_spdx_exceptions[i].id : NULL;
}

struct alias {
    const char *text;
    const char *id;
};

/* Only those that mean one identifier: "BSD License", "Apache Software License" or "GPLv3" could be
 * several (PEP 639, "License" classifiers), and stand for none. */
#define OSI "License :: OSI Approved :: "
static const struct alias classifiers[] = {
    {OSI "Attribution Assurance License", "AAL"},
    {OSI "Blue Oak Model License (BlueOak-1.0.0)", "BlueOak-1.0.0"},
    {OSI "Boost Software License 1.0 (BSL-1.0)", "BSL-1.0"},
    {OSI "CEA CNRS Inria Logiciel Libre License, version 2.1 (CeCILL-2.1)", "CECILL-2.1"},
    {OSI "CMU License (MIT-CMU)", "MIT-CMU"},
    {OSI "Common Development and Distribution License 1.0 (CDDL-1.0)", "CDDL-1.0"},
    {OSI "Common Public License", "CPL-1.0"},
    {OSI "Eclipse Public License 1.0 (EPL-1.0)", "EPL-1.0"},
    {OSI "Eclipse Public License 2.0 (EPL-2.0)", "EPL-2.0"},
    {OSI "Educational Community License, Version 2.0 (ECL-2.0)", "ECL-2.0"},
    {OSI "European Union Public Licence 1.0 (EUPL 1.0)", "EUPL-1.0"},
    {OSI "European Union Public Licence 1.1 (EUPL 1.1)", "EUPL-1.1"},
    {OSI "European Union Public Licence 1.2 (EUPL 1.2)", "EUPL-1.2"},
    {OSI "GNU Affero General Public License v3 or later (AGPLv3+)", "AGPL-3.0-or-later"},
    {OSI "GNU General Public License v2 or later (GPLv2+)", "GPL-2.0-or-later"},
    {OSI "GNU General Public License v3 or later (GPLv3+)", "GPL-3.0-or-later"},
    {OSI "GNU Lesser General Public License v3 or later (LGPLv3+)", "LGPL-3.0-or-later"},
    {OSI "Historical Permission Notice and Disclaimer (HPND)", "HPND"},
    {OSI "IBM Public License", "IPL-1.0"},
    {OSI "ISC License (ISCL)", "ISC"},
    {OSI "MIT License", "MIT"},
    {OSI "MIT No Attribution License (MIT-0)", "MIT-0"},
    {OSI "MirOS License (MirOS)", "MirOS"},
    {OSI "Motosoto License", "Motosoto"},
    {OSI "Mozilla Public License 1.0 (MPL)", "MPL-1.0"},
    {OSI "Mozilla Public License 1.1 (MPL 1.1)", "MPL-1.1"},
    {OSI "Mozilla Public License 2.0 (MPL 2.0)", "MPL-2.0"},
    {OSI "Mulan Permissive Software License v2 (MulanPSL-2.0)", "MulanPSL-2.0"},
    {OSI "Nethack General Public License", "NGPL"},
    {OSI "Nokia Open Source License", "Nokia"},
    {OSI "Open Group Test Suite License", "OGTSL"},
    {OSI "Open Software License 3.0 (OSL-3.0)", "OSL-3.0"},
    {OSI "PostgreSQL License", "PostgreSQL"},
    {OSI "Python Software Foundation License", "PSF-2.0"},
    {OSI "Ricoh Source Code Public License", "RSCPL"},
    {OSI "SIL Open Font License 1.1 (OFL-1.1)", "OFL-1.1"},
    {OSI "Sleepycat License", "Sleepycat"},
    {OSI "Sun Public License", "SPL-1.0"},
    {OSI "The Unlicense (Unlicense)", "Unlicense"},
    {OSI "Universal Permissive License (UPL)", "UPL-1.0"},
    {OSI "University of Illinois/NCSA Open Source License", "NCSA"},
    {OSI "Vovida Software License 1.0", "VSL-1.0"},
    {OSI "X.Net License", "Xnet"},
    {OSI "Zero-Clause BSD (0BSD)", "0BSD"},
    {OSI "zlib/libpng License", "Zlib"},
    {"License :: Aladdin Free Public License (AFPL)", "Aladdin"},
    {"License :: CC0 1.0 Universal (CC0 1.0) Public Domain Dedication", "CC0-1.0"},
    {"License :: CeCILL-B Free Software License Agreement (CECILL-B)", "CECILL-B"},
    {"License :: CeCILL-C Free Software License Agreement (CECILL-C)", "CECILL-C"},
};

/* In lower case, blanks single, without "the " before. */
static const struct alias texts[] = {
    {"mit license", "MIT"},
    {"mit license (mit)", "MIT"},
    {"apache 2", "Apache-2.0"},
    {"apache 2.0", "Apache-2.0"},
    {"apache v2", "Apache-2.0"},
    {"apache v2.0", "Apache-2.0"},
    {"apache-2", "Apache-2.0"},
    {"apache license 2.0", "Apache-2.0"},
    {"apache 2.0 license", "Apache-2.0"},
    {"apache-2.0 license", "Apache-2.0"},
    {"apache license v2.0", "Apache-2.0"},
    {"apache license version 2.0", "Apache-2.0"},
    {"apache license, version 2.0", "Apache-2.0"},
    {"apache software license 2.0", "Apache-2.0"},
    {"apache software license version 2.0", "Apache-2.0"},
    {"bsd 2-clause", "BSD-2-Clause"},
    {"bsd 2-clause license", "BSD-2-Clause"},
    {"2-clause bsd", "BSD-2-Clause"},
    {"2-clause bsd license", "BSD-2-Clause"},
    {"simplified bsd", "BSD-2-Clause"},
    {"simplified bsd license", "BSD-2-Clause"},
    {"bsd 3-clause", "BSD-3-Clause"},
    {"bsd 3-clause license", "BSD-3-Clause"},
    {"bsd-3-clause license", "BSD-3-Clause"},
    {"3-clause bsd", "BSD-3-Clause"},
    {"3-clause bsd license", "BSD-3-Clause"},
    {"new bsd", "BSD-3-Clause"},
    {"new bsd license", "BSD-3-Clause"},
    {"modified bsd", "BSD-3-Clause"},
    {"modified bsd license", "BSD-3-Clause"},
    {"mpl 2.0", "MPL-2.0"},
    {"mpl2.0", "MPL-2.0"},
    {"mplv2", "MPL-2.0"},
    {"mplv2.0", "MPL-2.0"},
    {"mozilla public license 2.0", "MPL-2.0"},
    {"mozilla public license 2.0 (mpl 2.0)", "MPL-2.0"},
    {"mozilla public license, version 2.0", "MPL-2.0"},
    {"isc license", "ISC"},
    {"unlicense", "Unlicense"},
    {"psf-2.0", "PSF-2.0"},
    {"gplv2+", "GPL-2.0-or-later"},
    {"gpl v2 or later", "GPL-2.0-or-later"},
    {"gplv3+", "GPL-3.0-or-later"},
    {"gpl v3 or later", "GPL-3.0-or-later"},
    {"lgplv3+", "LGPL-3.0-or-later"},
    {"agplv3+", "AGPL-3.0-or-later"},
    {"boost software license 1.0", "BSL-1.0"},
    {"eclipse public license 2.0", "EPL-2.0"},
    {"eclipse public license v2.0", "EPL-2.0"},
};

/* Names of several licences: of versions, or of "only" and "or later". */
static const struct alias classifier_families[] = {
    {OSI "Academic Free License (AFL)", "AFL-*"},
    {OSI "Apache Software License", "Apache-*"},
    {OSI "Artistic License", "Artistic-*"},
    {OSI "BSD License", "BSD-* 0BSD"},
    {OSI "GNU Affero General Public License v3", "AGPL-3.0*"},
    {OSI "GNU General Public License (GPL)", "GPL-*"},
    {OSI "GNU General Public License v2 (GPLv2)", "GPL-2.0*"},
    {OSI "GNU General Public License v3 (GPLv3)", "GPL-3.0*"},
    {OSI "GNU Lesser General Public License v2 (LGPLv2)", "LGPL-2.*"},
    {OSI "GNU Lesser General Public License v2 or later (LGPLv2+)", "LGPL-2.*"},
    {OSI "GNU Lesser General Public License v3 (LGPLv3)", "LGPL-3.0*"},
    {OSI "GNU Library or Lesser General Public License (LGPL)", "LGPL-*"},
    {OSI "Zope Public License", "ZPL-*"},
};

/* In lower case, as above. */
static const struct alias text_families[] = {
    {"apache", "Apache-*"},
    {"apache license", "Apache-*"},
    {"apache software license", "Apache-*"},
    {"bsd", "BSD-* 0BSD"},
    {"bsd license", "BSD-* 0BSD"},
    {"gpl", "GPL-*"},
    {"gnu gpl", "GPL-*"},
    {"gnu general public license", "GPL-*"},
    {"gplv2", "GPL-2.0*"},
    {"gpl v2", "GPL-2.0*"},
    {"gpl-2", "GPL-2.0*"},
    {"gnu gpl v2", "GPL-2.0*"},
    {"gnu general public license v2", "GPL-2.0*"},
    {"gnu general public license v2 (gplv2)", "GPL-2.0*"},
    {"gplv3", "GPL-3.0*"},
    {"gpl v3", "GPL-3.0*"},
    {"gpl-3", "GPL-3.0*"},
    {"gnu gpl v3", "GPL-3.0*"},
    {"gnu gplv3", "GPL-3.0*"},
    {"gnu general public license v3", "GPL-3.0*"},
    {"gnu general public license v3.0", "GPL-3.0*"},
    {"gnu general public license v3 (gplv3)", "GPL-3.0*"},
    {"lgpl", "LGPL-*"},
    {"gnu lgpl", "LGPL-*"},
    {"lgplv2", "LGPL-2.*"},
    {"lgplv3", "LGPL-3.0*"},
    {"gnu lesser general public license v3 (lgplv3)", "LGPL-3.0*"},
    {"agpl", "AGPL-*"},
    {"agplv3", "AGPL-3.0*"},
    {"gnu affero general public license v3", "AGPL-3.0*"},
};

static const char *find_alias(const struct alias *list, size_t count, struct ch_str text)
{
    for (size_t i = 0; i < count; i++) {
        if (ch_str_eq(text, ch_str_of(list[i].text))) {
            return list[i].id;
        }
    }
    return NULL;
}

const char *ch_spdx_of_classifier(struct ch_str classifier)
{
    return find_alias(classifiers, CH_ARRAY_LEN(classifiers), ch_str_trim(classifier));
}

/* The row of a text: trimmed, in lower case, with single blanks, without "the ". */
static const char *find_text(const struct alias *list, size_t count, struct ch_str licence)
{
    struct ch_str text = ch_str_trim(licence);
    const char *id = NULL;
    struct ch_buf folded;
    ch_buf_init(&folded, ch_limits.licence_bytes);
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] != ' ' || text.ptr[i - 1] != ' ') { /* trimmed: never the first */
            ch_buf_putc(&folded, (char)lower(text.ptr[i]));
        }
    }
    struct ch_str name = ch_buf_str(&folded);
    if (!folded.failed) { /* longer than any of these */
        name = ch_str_starts(name, CH_STR("the ")) ? ch_str_sub(name, 4, name.len) : name;
        id = find_alias(list, count, name);
    }
    ch_buf_done(&folded);
    return id;
}

const char *ch_spdx_of_text(struct ch_str licence)
{
    const char *id = ch_spdx_find_licence(ch_str_trim(licence));
    return id != NULL ? id : find_text(texts, CH_ARRAY_LEN(texts), licence);
}

const char *ch_spdx_family_of_classifier(struct ch_str classifier)
{
    const char *id = ch_spdx_of_classifier(classifier);
    return id != NULL ? id
                      : find_alias(classifier_families, CH_ARRAY_LEN(classifier_families),
                                   ch_str_trim(classifier));
}

/* Titles that only such licences have. "Lesser" stands before what it contains. */
static const struct alias titles[] = {
    {"affero general public license", "AGPL-*"},  {"lesser general public license", "LGPL-*"},
    {"library general public license", "LGPL-*"}, {"gnu general public license", "GPL-*"},
    {"server side public license", "SSPL-*"},     {"business source license", "BUSL-*"},
    {"elastic license", "Elastic-*"},
};

/* Of a text that begins with its title, or goes on behind it: its first line says what it is. */
static const char *find_title(struct ch_str licence)
{
    struct ch_str rest = ch_str_trim(licence);
    struct ch_str line;
    struct ch_buf folded;
    const char *id = NULL;
    if (!ch_str_split(&rest, '\n', &line)) {
        return NULL;
    }
    ch_buf_init(&folded, ch_limits.licence_bytes);
    for (size_t i = 0; i < line.len && i < ch_limits.licence_bytes; i++) {
        ch_buf_putc(&folded, (char)lower(line.ptr[i]));
    }
    for (size_t i = 0; id == NULL && i < CH_ARRAY_LEN(titles); i++) {
        size_t at;
        id = ch_str_find(ch_buf_str(&folded), ch_str_of(titles[i].text), &at) ? titles[i].id : NULL;
    }
    ch_buf_done(&folded);
    return id;
}

const char *ch_spdx_family_of_text(struct ch_str licence)
{
    const char *id = find_text(text_families, CH_ARRAY_LEN(text_families), licence);
    return id != NULL ? id : find_title(licence);
}

bool ch_spdx_family_has(const char *family, struct ch_str id)
{
    struct ch_str rest = ch_str_of(family);
    struct ch_str one;
    while (ch_str_split(&rest, ' ', &one)) {
        bool open = ch_str_ends(one, CH_STR("*"));
        if (open ? ch_str_starts(id, ch_str_sub(one, 0, one.len - 1)) : ch_str_eq(id, one)) {
            return true;
        }
    }
    return false;
}
