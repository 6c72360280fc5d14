/* Which packages an image has, by the databases of the tools that installed them. Pure; each reader
 * takes the text of one database and allocates nothing.
 *
 * A database that cannot be read hides what is installed: each reader is strict, and fails with the
 * line and what was expected there. What it told before that stands. */
#ifndef CH_SCANNER_INVENTORY_H
#define CH_SCANNER_INVENTORY_H

#include "customhouse/bytes.h"

enum ch_package_kind {
    CH_PACKAGE_DEB = 1,
    CH_PACKAGE_APK,
    CH_PACKAGE_RPM,
    CH_PACKAGE_GO,    /* a module in a program; the name is its path */
    CH_PACKAGE_NPM,   /* the name with its scope, "@types/node" */
    CH_PACKAGE_MAVEN, /* the name is GROUP:ARTIFACT */
};

/* All slices are borrowed for the call; absent: it does not say. */
struct ch_package {
    enum ch_package_kind kind;
    struct ch_str name; /* never absent, nor is the version */
    struct ch_str
        version; /* as the tool writes it: "1:2.36-9+deb12u4", "3.1.4-r5", "2.6.7-3.azl3" */
    struct ch_str architecture;
    /* What it was built from, which is what advisories speak of; absent: the same. */
    struct ch_str source;
    struct ch_str source_version;
    struct ch_str licence; /* as it is written there, no SPDX expression */
    size_t line;           /* on which its entry begins, from 1; of binary databases the row */
};
typedef void ch_package_fn(void *arg, const struct ch_package *p);

/* var/lib/dpkg/status, and the files of var/lib/dpkg/status.d/ that are no checksums (distroless),
 * which have no Status. What is not installed, or only as its configuration, is left out. Spec:
 * Debian policy 5.1 (control files), 5.6.12 (versions); deb-control(5), dpkg-query(1) for states.
 */
enum ch_code ch_inventory_dpkg(struct ch_str text, ch_package_fn *fn, void *arg,
                               struct ch_err *err) CH_MUST_CHECK;
/* lib/apk/db/installed. Spec: apk's "installed database V2", lines of a letter, ':' and a value. */
enum ch_code ch_inventory_apk(struct ch_str text, ch_package_fn *fn, void *arg,
                              struct ch_err *err) CH_MUST_CHECK;
/* var/lib/rpmmanifest/container-manifest-2 of Azure Linux without rpm: ten fields a line, separated
 * by tabs: name, version-release, two times, vendor, epoch, size, architecture, again the epoch,
 * source package ("(none)": it says nothing). The version is EPOCH:VERSION-RELEASE, without an epoch
 * where there is none; the source is the name of its file. */
enum ch_code ch_inventory_rpm_manifest(struct ch_str text, ch_package_fn *fn, void *arg,
                                       struct ch_err *err) CH_MUST_CHECK;
/* rpmdb.sqlite of var/lib/rpm or usr/lib/sysimage/rpm: table Packages, a header each. Spec: rpm's
 * documentation "Header Format", without the magic; rpmtag.h. The version is EPOCH:VERSION-RELEASE,
 * without an epoch where the header has none. A key that was imported ("gpg-pubkey") is a package.
 */
enum ch_code ch_inventory_rpm_sqlite(struct ch_str file, ch_package_fn *fn, void *arg,
                                     struct ch_err *err) CH_MUST_CHECK;

/* What a Go program was built from, by the record that the linker leaves in it, and by whatever
 * else has that form: nobody hides one by putting another before it. Its own module
 * where that has a version ("(devel)": none), the modules that it depends on, or what replaces
 * them, and the standard library ("stdlib", "1.22.3"). Spec: Go's debug/buildinfo (1.18 and later),
 * and the lines of runtime/debug.BuildInfo. CH_E_NOT_FOUND: there is no such record.
 * CH_E_UNSUPPORTED: one of before 1.18, which has to be followed through the program's memory.
 * Of several it is an error only where none can be read.
 * `line` counts those of the record. */
enum ch_code ch_inventory_go(struct ch_str program, ch_package_fn *fn, void *arg,
                             struct ch_err *err) CH_MUST_CHECK;

/* META-INF/maven/GROUP/ARTIFACT/pom.properties of a jar. Spec: java.util.Properties, of which Maven
 * writes "key=value" lines and comments; anything that would be read otherwise (escapes, lines that
 * go on) is refused. */
enum ch_code ch_inventory_maven(struct ch_str text, ch_package_fn *fn, void *arg,
                                struct ch_err *err) CH_MUST_CHECK;

/* node_modules/.../package.json. Spec: npm's package.json(5): name, version, and license as a text
 * or in its old form. A document without name or version is no package (CH_E_NOT_FOUND): many
 * folders have one for the loader alone. */
enum ch_code ch_inventory_npm(struct ch_str text, ch_package_fn *fn, void *arg,
                              struct ch_err *err) CH_MUST_CHECK;

/* etc/os-release or usr/lib/os-release: what the distribution is called, "debian", and which one it
 * is, "12" (absent: it does not say, or not so). Borrowed from the text. False: it has no ID of the
 * characters that one may have. Spec: os-release(5). */
bool ch_inventory_os_release(struct ch_str text, struct ch_str *ret_id, struct ch_str *ret_version);

#endif
