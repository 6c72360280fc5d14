/* Inside the reader of manifests. */
#ifndef CH_SCANNER_OCI_MANIFEST_INT_H
#define CH_SCANNER_OCI_MANIFEST_INT_H

#include "scanner/eco/oci/manifest.h"
#include "scanner/json/json.h"

/* Most clients are written in Go, whose decoder takes "Layers" or "layerſ" for "layers" when
 * nothing else does: such a key is one thing to them and nothing to others. `known` ends with NULL.
 * CH_E_FORMAT: names the key that is known only so. */
enum ch_code ch_oci_check_keys(const struct ch_json *object, const char *const *known,
                               struct ch_err *err) CH_MUST_CHECK;

#endif
