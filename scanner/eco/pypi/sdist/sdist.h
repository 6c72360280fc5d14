/* Inspection of source distributions, packed as TAR or as ZIP.
 *
 * Spec: PyPA source distribution format (PEP 517, 518, 625, 643, 721), core metadata. What runs
 * when it is built is a fact that policy judges (threats.md T10); what steers the installer
 * elsewhere is a finding (T1). */
#ifndef CH_SCANNER_SDIST_H
#define CH_SCANNER_SDIST_H

#include "customhouse/inspector.h"

/* Inspects a whole sdist (profile "sdist"):
 *   MEMBER   all members, in archive order
 *   FACT     install-code (fact.h): "setup.py" where there is one; "setup.py beyond declarations"
 *            when more is in it than sdist_setup.c knows to be a declaration, with setup-beyond
 * saying what ("line N: ..."); "setup.cfg cmdclass NAME", "setup.cfg setup-hooks NAME", "pyproject
 * cmdclass NAME"; "backend-path"; "build-backend MODULE[:OBJECT]" as pyproject.toml names it,
 * setuptools.build_meta where it names none (PEP 517); "build-hook WHAT", a file of the tree that a
 * back end runs, an object that it calls
 *            ("a.b:f"), a module that it imports for a value ("a.b.name"), or a file that it writes
 * where or as what it ought not. Those of ch_metadata_report, and those of the content FINDING
 * tar-..., zip-..., sdist-..., direct-reference, wheel-metadata, those of the content METADATA the
 * bytes of its PKG-INFO The expected project and version are the job's; where it names none, the
 * file name's. Fails only when the answer cannot be written. */
enum ch_code ch_sdist_inspect(const struct ch_scan_job *job, const struct ch_input *in,
                              struct ch_scan_writer *out, struct ch_err *err) CH_MUST_CHECK;

#endif
